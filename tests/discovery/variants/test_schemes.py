"""Schemes of masked models against loops written out: one sequence at a time through the network itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from relevome.data.variants.variant import Variant
from relevome.data.variants.windows import VariantWindowing
from relevome.discovery.variants.schemes import check_scheme, scheme_effects
from relevome.errors import InputError
from relevome.models.hugging_face import load_model
from tests.toys import TOYS

SCHEMES = ["wild-type-marginal", "masked-marginal", "pseudo-likelihood"]
MODELS = ["esm-masked", "protbert-masked", "letters-masked"]


def windows(letters, *variants, width=None) -> Any:
    return [VariantWindowing(width).around(one, lambda a, b: letters[a:b], len(letters)) for one in variants]


def effects(*asked) -> Any:
    return scheme_effects(*asked)


def changed(letters, *places, by):
    """One variant: the letters from the first place to the last, others at the places."""
    first, last = min(places), max(places) + 1
    new = list(letters)
    for place in places:
        new[place] = by if letters[place] != by else "C"
    return Variant("p", first, letters[first:last], "".join(new)[first:last], id="".join(map(str, places)))


def logs(model, letters, masked=()):
    """Log-probabilities (letters, tokens) of the network for one sequence, written as its tokenizer wants."""
    hf = model.tokenizer.hf
    text = " ".join(letters) if model.tokenizer.style == "blanks" else letters
    ids = list(hf(text)["input_ids"])
    for place in masked:
        ids[place + 1] = hf.mask_token_id
    with torch.no_grad():
        logits = model.module(input_ids=torch.tensor([ids])).logits[0, 1:-1]
    return logits.log_softmax(-1).numpy()


def token(model, letter):
    return model.tokenizer.hf.convert_tokens_to_ids(letter)


def by_hand(model, scheme, old, new):
    """Log-likelihoods of both, of sequences that the model takes as a whole."""
    if scheme == "pseudo-likelihood":
        return [sum(logs(model, x, [i])[i, token(model, x[i])] for i in range(len(x))) for x in (old, new)]
    places = [i for i in range(len(old)) if old[i] != new[i]]
    found = logs(model, old, places if scheme == "masked-marginal" else ())
    return [sum(found[i, token(model, x[i])] for i in places) for x in (old, new)]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", MODELS)
def test_they_are_their_formulas(toy_model, name, scheme):
    model = toy_model(name)
    letters = TOYS[name].sequences(13, seed=4)[0].letters
    by = model.alphabet.letters[3]
    given = [changed(letters, 4, by=by), changed(letters, 0, by=by), changed(letters, 12, by=by),
             changed(letters, 5, 6, by=by), changed(letters, 2, 9, by=by)]  # fmt: skip
    found: Any = scheme_effects(model, scheme, windows(letters, *given), False)
    for variant, (effect,) in zip(given, found, strict=True):
        new = letters[: variant.start] + variant.alt + letters[variant.end :]
        expected = by_hand(model, scheme, letters, new)
        np.testing.assert_allclose([effect.ref_score, effect.alt_score], expected, rtol=1e-9)
        assert effect.delta_score == pytest.approx(expected[1] - expected[0], abs=1e-9)
        assert (effect.target, effect.target_index) == ("log-likelihood", None)


@pytest.mark.parametrize(
    ("name", "alt"), [("esm-masked", "{0}KW"), ("protbert-masked", ""), ("letters-masked", "TT")]
)
def test_pseudo_likelihood_is_of_both_lengths(toy_model, name, alt):
    """An insertion, a deletion and both: of the windows of either allele as a whole."""
    model = toy_model(name)
    letters = TOYS[name].sequences(13, seed=4)[0].letters
    variant = Variant("p", 5, letters[5:8], alt.format(letters[5:8]) or letters[5])
    new = letters[:5] + variant.alt + letters[8:]
    ((effect,),) = effects(model, "pseudo-likelihood", windows(letters, variant), False)
    expected = by_hand(model, "pseudo-likelihood", letters, new)
    assert len(new) != len(letters)
    np.testing.assert_allclose([effect.ref_score, effect.alt_score], expected, rtol=1e-9)


def test_pseudo_likelihood_is_a_mean_over_both_shifted_windows(toy_model):
    model, letters = toy_model("letters-masked"), "ACGTTGCATGCATT"
    variant = Variant("c", 6, "C", "CGG")
    shifted = VariantWindowing(8, "both", "N").around(variant, lambda a, b: letters[a:b], len(letters))
    ((effect,),) = effects(model, "pseudo-likelihood", [shifted], False)
    assert [one.letters for one in shifted.alternatives] == ["GTTGCGGA", "TGCGGATG"]
    each = [by_hand(model, "pseudo-likelihood", "GTTGCATG", one.letters)[1] for one in shifted.alternatives]
    assert effect.alt_score == pytest.approx(np.mean(each), abs=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_both_strands_are_averaged(toy_model, scheme):
    model = toy_model("letters-masked")
    letters = TOYS["letters-masked"].sequences(9, seed=1)[0].letters
    variant = changed(letters, 3, 4, by="T")
    new = letters[:3] + variant.alt + letters[5:]
    ((effect,),) = effects(model, scheme, windows(letters, variant), True)
    turn = str.maketrans("ACGT", "TGCA")
    other = [x[::-1].translate(turn) for x in (letters, new)]
    pairs = by_hand(model, scheme, letters, new), by_hand(model, scheme, *other)
    np.testing.assert_allclose([effect.ref_score, effect.alt_score], np.mean(pairs, axis=0), rtol=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_long_proteins_are_read_in_windows_that_overlap(toy_model, scheme):
    """38 residues fit: windows begin at 0, 19 and 38, and the last ends where the protein does."""
    model = toy_model("protbert-masked")
    letters = TOYS["protbert-masked"].sequences(70, seed=2)[0].letters
    spans = [(0, 38), (19, 57), (38, 70)]

    def one(x, place, masked):
        first, end = max(
            (span for span in spans if span[0] <= place < span[1]),
            key=lambda span: min(place - span[0], span[1] - 1 - place),
        )
        inside = [i - first for i in masked if first <= i < end]
        return logs(model, x[first:end], inside)[place - first]

    for places in ([3], [25], [28, 44], [69]):
        variant = changed(letters, *places, by="W")
        new = letters[: variant.start] + variant.alt + letters[variant.end :]
        ((effect,),) = effects(model, scheme, windows(letters, variant), False)
        if scheme == "pseudo-likelihood":
            expected = [sum(one(x, i, [i])[token(model, x[i])] for i in range(70)) for x in (letters, new)]
        else:
            hidden = places if scheme == "masked-marginal" else []
            read = {i: one(letters, i, hidden) for i in places}
            expected = [sum(read[i][token(model, x[i])] for i in places) for x in (letters, new)]
        np.testing.assert_allclose([effect.ref_score, effect.alt_score], expected, rtol=1e-9)


@pytest.mark.parametrize(("scheme", "passes"), [("wild-type-marginal", 1), ("masked-marginal", 3)])
def test_passes_are_as_few_as_they_can_be(toy_model, monkeypatch, scheme, passes):
    model = toy_model("protbert-masked")
    letters = TOYS["protbert-masked"].sequences(13, seed=4)[0].letters
    seen = []
    forward = type(model.module).forward

    def counted(self, input_ids, **named):
        seen.extend(map(tuple, input_ids.tolist()))
        return forward(self, input_ids=input_ids, **named)

    given = [changed(letters, place, by=by) for place in (1, 4, 9) for by in "KWY"]
    monkeypatch.setattr(type(model.module), "forward", counted)
    scheme_effects(model, scheme, windows(letters, *given), False)
    assert len(seen) == len(set(seen)) == passes


def test_indels_and_letters_without_a_token_have_no_score(toy_model):
    model = toy_model("protbert-masked")
    given = [
        Variant("p", 1, "K", "KA", "longer"),
        Variant("p", 1, "K", "J", "odd"),
        Variant("p", 1, "K", "A"),
    ]
    found: Any = scheme_effects(model, "wild-type-marginal", windows("MKV", *given), False)
    said = "'longer' is an insertion or a deletion, of which wild-type-marginal says nothing"
    assert f"{said}: expected a substitution, or --scheme pseudo-likelihood" in str(found[0])
    assert "the model has no token for 'J'" in str(found[1])
    assert not isinstance(found[2], InputError)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("protbert", "--scheme is of masked language models, and this is a model of whole sequences"),
        ("dnabert2-masked", "tokens of several letters: expected one that masks single letters"),
    ],
)
def test_models_without_a_scheme_are_refused(toy_model, name, said):
    with pytest.raises(InputError, match=said):
        check_scheme(toy_model(name))


def test_sapiens_says_what_its_authors_have_it_say(shared):
    """Probabilities by its own package, of a heavy chain with nothing masked (Prihoda et al. 2022)."""
    table: Any = pd.read_csv(shared / "data" / "antibodies" / "sapiens1_probabilities.tsv.gz", sep="\t")
    chain = table[(table["chain"] == "H") & (table["antibody"] == "AntiCD28")].sort_values("index0")
    letters = "".join(chain["parental"])
    model = load_model(shared / "models" / "sapiens" / "checkpoint_vh.pt", device="cpu")
    others = {place: "Y" if letters[place] == "W" else "W" for place in range(0, len(letters), 7)}
    given = [Variant("p", place, letters[place], other) for place, other in others.items()]
    found: Any = scheme_effects(model, "wild-type-marginal", windows(letters, *given), False)
    for variant, (effect,) in zip(given, found, strict=True):
        said = chain.iloc[variant.start]
        assert np.exp(effect.ref_score) == pytest.approx(said[variant.ref], abs=1e-5)
        assert np.exp(effect.alt_score) == pytest.approx(said[variant.alt], abs=1e-5)
