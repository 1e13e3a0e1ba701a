"""Effects of variants against loops written out: slices of strings, one prediction at a time, subtraction."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

import relevome
from relevome.data.sequences import Sequence
from relevome.data.variants.genes import Gene
from relevome.data.variants.variant import Variant
from relevome.data.variants.windows import VariantWindowing
from relevome.discovery.variants.letters import letter_effects
from relevome.discovery.variants.sequences import sequence_effects
from relevome.errors import InputError
from relevome.models.base import Target
from relevome.models.light.cnn import Cnn

CONTIG = "".join(np.random.default_rng(3).choice(list("ACGT"), 40))
# start, length of the reference, alternative: SNV, MNV, insertions, deletions, complex; at both ends, too
ALLELES = [
    (0, 1, "G"), (39, 1, "A"), (20, 1, "T"), (12, 3, "GGG"), (20, 1, "{0}A"), (20, 1, "{0}ACCA"),
    (39, 1, "{0}T"), (20, 4, "{0}"), (0, 3, "{0}"), (36, 4, "{0}"), (20, 3, "CT"), (20, 2, "TGCA"),
    (5, 1, "G{0}"),
]  # fmt: skip
WIDTH = 16


def variants():
    for start, length, alt in ALLELES:
        ref = CONTIG[start : start + length]
        alt = alt.format(ref[0])
        if ref != alt:
            yield Variant("c", start, ref, alt)


def read(start, end):
    return CONTIG[start:end]


def windows(anchored, gene=None, width=WIDTH) -> Any:
    windowing = VariantWindowing(width, anchored, "N")
    return [windowing.around(one, read, len(CONTIG), gene) for one in variants()]


def by_hand(variant, anchored):
    """The reference's window, and those of the alternative, out of the whole changed sequence."""
    padded = "N" * 30 + CONTIG + "N" * 30
    changed = "N" * 30 + CONTIG[: variant.start] + variant.alt + CONTIG[variant.end :] + "N" * 30
    first = 30 + variant.start - WIDTH // 2
    grown = len(variant.alt) - len(variant.ref)
    left, right = changed[first : first + WIDTH], changed[first + grown : first + grown + WIDTH]
    both = [left, right] if grown else [left]
    longer = changed[first : first + WIDTH + grown]
    shifted = {"left": [left], "right": [right], "both": both, "ends": [longer]}
    return padded[first : first + WIDTH], shifted[anchored]


def complement(letters):
    return letters[::-1].translate(str.maketrans("ACGT", "TGCA"))


def one(model, letters) -> Any:
    return model.predict([Sequence("x", letters, model.alphabet)])[0]


@pytest.mark.parametrize(("anchored", "both"), [*product(["left", "right", "both", "ends"], [False, True])])
def test_of_whole_sequences(toy_model, anchored, both):
    model = toy_model("cnn")
    target = Target(1, "positive")
    found: Any = sequence_effects(model, [target], windows(anchored), both)
    for variant, (effect,) in zip(variants(), found, strict=True):
        ref, alts = by_hand(variant, anchored)
        strands = [str, complement] if both else [str]
        old = [one(model, turn(ref)) for turn in strands]
        new = [one(model, turn(alt)) for turn in strands for alt in alts]
        logits = [np.mean([x.logits[1] for x in some]) for some in (old, new)]
        chances = [np.mean([x.probabilities[1] for x in some]) for some in (old, new)]
        odds = [np.mean([np.log(p / (1 - p)) for p in (x.probabilities[1] for x in s)]) for s in (old, new)]
        np.testing.assert_allclose([effect.ref_score, effect.alt_score], logits, rtol=1e-9)
        np.testing.assert_allclose(effect.delta_score, logits[1] - logits[0], rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(effect.delta_probability, chances[1] - chances[0], rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(effect.delta_log_odds, odds[1] - odds[0], rtol=1e-6, atol=1e-9)
        assert (effect.gain, effect.target) == (None, "positive")


@pytest.mark.parametrize("both", [False, True])
def test_of_substitutions_only_what_they_change_is_computed(toy_model, monkeypatch, both):
    """The alternative of no substitution of one letter goes through the model; results stay to rounding."""
    model, passed = toy_model("cnn"), []
    plain: Any = sequence_effects(model, [Target(0, ""), Target(1, "")], windows("both"), both)
    monkeypatch.setattr(Cnn, "substitutions_pay", lambda *asked: True)
    own = Cnn.logits_with_substitutions

    def counted(self, input_ids, of, places, ids):
        passed.append((len(input_ids), len(of)))
        return own(self, input_ids, of, places, ids)

    monkeypatch.setattr(Cnn, "logits_with_substitutions", counted)
    quick: Any = sequence_effects(model, [Target(0, ""), Target(1, "")], windows("both"), both)
    for old, new in zip(plain, quick, strict=True):
        for one, other in zip(old, new, strict=True):
            np.testing.assert_allclose(one[2:8], other[2:8], rtol=0, atol=1e-12)
    single = {one.start for one in variants() if len(one.ref) == len(one.alt) == 1}
    assert sum(mutants for _, mutants in passed) == len(single) * (1 + both) == 3 * (1 + both)
    alone: Any = [sequence_effects(model, [Target(0, "")], [one], both)[0] for one in windows("both")]
    for (one, _), (other,) in zip(quick, alone, strict=True):
        np.testing.assert_allclose(one[2:8], other[2:8], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["dnabert", "bpe", "dnabert2"])
def test_of_other_kinds_of_outputs_and_tokens(toy_model, name):
    """Labels that do not exclude each other, and tokens of several letters."""
    model = toy_model(name)
    target = Target(0, "first")
    found: Any = sequence_effects(model, [target], windows("left"), False)
    for variant, (effect,) in zip(variants(), found, strict=True):
        ref, (alt,) = by_hand(variant, "left")
        old, new = one(model, ref), one(model, alt)
        assert effect.delta_score == pytest.approx(float(new.logits[0] - old.logits[0]), abs=1e-9)
        if name == "dnabert":
            p, q = new.probabilities[0], old.probabilities[0]
            assert effect.delta_probability == pytest.approx(p - q, abs=1e-9)
            assert effect.delta_log_odds == pytest.approx(np.log(p / (1 - p)) - np.log(q / (1 - q)), abs=1e-7)
        if name == "bpe":
            assert effect.ref_probability is not None or effect.delta_log_odds is None


def test_of_log_likelihoods(toy_model):
    model = toy_model("llama-causal")
    found: Any = sequence_effects(model, [Target.likelihood()], windows("ends"), False)
    for variant, (effect,) in zip(variants(), found, strict=True):
        ref, (alt,) = by_hand(variant, "ends")
        expected = one(model, alt).likelihood.value - one(model, ref).likelihood.value
        assert effect.delta_score == pytest.approx(expected, abs=1e-9)
        assert (effect.target, effect.target_index, effect.ref_probability) == ("log-likelihood", None, None)


def test_in_a_gene_its_strand_is_read(toy_model):
    model = toy_model("cnn")
    gene = Gene("g", "c", 0, 40, "-")
    found: Any = sequence_effects(model, [Target(0, "")], windows("left", gene), False)
    for variant, (effect,) in zip(variants(), found, strict=True):
        ref, (alt,) = by_hand(variant, "left")
        expected = one(model, complement(alt)).logits[0] - one(model, complement(ref)).logits[0]
        assert effect.delta_score == pytest.approx(float(expected), abs=1e-9)


def test_the_same_letters_are_asked_about_once(toy_model, monkeypatch):
    model = toy_model("cnn")
    asked = []
    forward = type(model.module).forward

    def counted(self, input_ids, **named):
        asked.extend(map(tuple, input_ids.tolist()))
        return forward(self, input_ids, **named)

    monkeypatch.setattr(type(model.module), "forward", counted)
    model.rows(WIDTH)
    asked.clear()
    windowing = VariantWindowing(WIDTH, "both", "N")
    others = [letter for letter in "ACGT" if letter != CONTIG[20]]
    three: Any = [windowing.around(Variant("c", 20, CONTIG[20], alt), read, 40) for alt in others]
    sequence_effects(model, [Target(0, "")], three, False)
    assert len(asked) == len(set(asked)) == 4


def test_a_model_that_fails_at_one_says_at_which(toy_model):
    model = toy_model("protbert")
    windowing = VariantWindowing(None)
    good: Any = windowing.around(Variant("p", 1, "K", "A", "good"), lambda a, b: "MKV"[a:b], 3)
    long: Any = windowing.around(Variant("p", 1, "K", "A", "long"), lambda a, b: ("MK" * 40)[a:b], 80)
    found: Any = sequence_effects(model, [Target(0, "")], [good, long], False)
    assert not isinstance(found[0], InputError)
    assert "sequence 'long' has 82 tokens" in str(found[1])


# Outputs for every letter


@pytest.fixture(scope="module")
def by_letter():
    """Two outputs for every letter, which see five on either side."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = torch.nn.Sequential(
            torch.nn.Conv1d(4, 6, 7, padding=3), torch.nn.Tanh(), torch.nn.Conv1d(6, 3, 5, padding=2)
        ).double()
    return relevome.from_module(network, output="letters", outputs="classes", labels=["no", "up", "down"])


def brought_back(values, variant, first, distance):
    """The rule, letter by letter: what is deleted has 0; what is inserted belongs to the letter before it."""
    ref, alt = variant.ref, variant.alt
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    shared = 0
    while len(ref) - shared > 1 and len(alt) > shared and ref[shared] == alt[shared]:
        shared += 1
    places = {}
    for place in range(-distance, 0):
        places[place] = values[first + place]
    for letter in range(len(ref)):
        places[letter] = values[first + letter] if letter < len(alt) else 0.0
    if len(alt) > len(ref):
        places[len(ref) - 1] = max(values[first + len(ref) - 1 : first + len(alt)])
    for place in range(len(ref), distance + 1):
        places[place] = values[first + len(alt) + place - len(ref)]
    return np.array([places[place] for place in range(-distance, distance + 1)])


@pytest.mark.parametrize(
    ("both", "strand", "distance"), [(False, "+", 4), (False, "-", 4), (True, "+", 4), (False, "+", 1)]
)
def test_of_every_letter(by_letter, both, strand, distance):
    gene = None if both else Gene("g", "c", 0, 40, strand)
    targets = [Target(1, "up"), Target(2, "down")]
    found: Any = letter_effects(by_letter, targets, windows("ends", gene), both, distance)
    turns = [False, True] if both else [strand == "-"]
    for variant, effects in zip(variants(), found, strict=True):
        ref, (alt,) = by_hand(variant, "ends")
        for target, effect in zip(targets, effects, strict=True):
            rises = []
            for turn in turns:
                old, new = (one(by_letter, complement(x) if turn else x).probabilities for x in (ref, alt))
                old, new = (x[::-1, target.index] if turn else x[:, target.index] for x in (old, new))
                at = WIDTH // 2
                there = brought_back(new, variant, at, distance)
                rises.append(there - old[at - distance : at + distance + 1])
            rise = np.mean(rises, axis=0)
            assert effect.gain == pytest.approx(rise.max(), abs=1e-12)
            assert effect.loss == pytest.approx(-rise.min(), abs=1e-12)
            assert effect.gain_at == int(rise.argmax()) - distance
            assert effect.loss_at == int(rise.argmin()) - distance
            assert effect.delta_score is None


def test_windows_must_hold_the_letters_that_are_asked_for(by_letter):
    found: Any = letter_effects(by_letter, [Target(1, "up")], windows("left"), False, 7)
    inserted = [one.variant.growth > 0 for one in windows("left")]
    assert [isinstance(one, InputError) for one in found] == inserted
    failed = next(one for one in found if isinstance(one, InputError))
    assert "windows of 16 letters do not hold 7 on either side of the variant" in str(failed)
