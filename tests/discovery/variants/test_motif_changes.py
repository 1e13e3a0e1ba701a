"""Motifs that come or go: against every word, every place and every sum written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from relevome.data.motif_matches import best_match_on_either_strand
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.data.variants.columns import allele_columns
from relevome.data.variants.variant import Variant, trimmed
from relevome.data.variants.windows import VariantWindowing, VariantWindows
from relevome.discovery.variants.motif_changes import STEP, ScannedMotif, motif_library
from relevome.discovery.variants.why import AlleleReading, RelevanceChange
from relevome.errors import InputError
from tests.discovery.variants.test_token_breaks import tokens

TURN = str.maketrans("ACGT", "TGCA")


def motif(name: str, width: int, seed: int) -> Motif:
    """Random, with some letters that are never there."""
    draw = np.random.default_rng(seed).dirichlet([0.3] * 4, width)
    draw[draw < 0.05] = 0
    return Motif(name, name, draw / draw.sum(1, keepdims=True), DNA)


def change(text: str, start: int, ref: int, alt: str) -> RelevanceChange:
    """A change whose difference of relevance is the number of the column, from 1 on."""
    windows = VariantWindowing(None).around(
        Variant("c", start, text[start : start + ref], alt), lambda a, b: text[a:b], len(text)
    )
    assert isinstance(windows, VariantWindows)
    columns = allele_columns(windows, windows.alternatives[0])
    worth = 1.0 + np.arange(len(columns))
    reading = AlleleReading(tokens("A"), False, worth, columns.reference)
    return RelevanceChange(
        columns, worth, worth, worth, worth, worth, (0.0, 0.0), (0.0, 0.0), (reading, reading)
    )  # fmt: skip


def bits(one: Motif, word: str) -> float:
    """Log odds against equally likely letters, rounded letter by letter."""
    shares = [(one.probabilities[at]["ACGT".index(x)] + 0.01) / 1.04 for at, x in enumerate(word)]
    return float(sum(np.rint(np.log2(4 * share) / STEP) for share in shares)) * STEP


def share(one: Motif, score: float) -> float:
    """Of all words."""
    words = ["".join(word) for word in itertools.product("ACGT", repeat=len(one))]
    return sum(bits(one, word) >= score for word in words) / len(words)


def holds(at: int, width: int, first: int, own: int) -> bool:
    """Whether a place holds one of the letters that differ, or both beside where none is."""
    if not own:
        return at <= first - 1 and at + width >= first + 1
    return at < first + own and at + width > first


def test_p_is_the_share_of_all_words():
    for width, seed in ((1, 0), (4, 1), (6, 2)):
        one = motif("m", width, seed)
        scanned = ScannedMotif(one)
        for word in ("ACGTAC"[:width], one.consensus, "TTTTTT"[:width]):
            found = scanned.scores(np.array(["ACGT".index(x) for x in word]))[0, 0]
            assert found * STEP == pytest.approx(bits(one, word), abs=1e-12)
            assert scanned.p(int(found)) == pytest.approx(share(one, bits(one, word)), abs=1e-12)
    assert scanned.p(int(found) - 10**6) == 1.0


def test_scores_are_those_of_the_best_match():
    """To the rounding, the same best place as known motifs are put in where nobody knows their sites."""
    text = "".join(np.random.default_rng(3).choice(list("ACGT"), 60))
    for seed in range(20):
        one = motif("m", 7, seed)
        scores = ScannedMotif(one).scores(np.array(["ACGT".index(x) for x in text]))
        (site,) = best_match_on_either_strand(one, Sequence("s", text, DNA))
        assert scores["+-".index(site.strand), site.start] >= scores.max() - len(one)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("length", "alt"), [(1, None), (4, ""), (1, "GGT"), (2, "CAAT"), (3, "NA")])
def test_against_every_place_of_both_alleles(seed, length, alt):
    draw = np.random.default_rng(seed)
    text = "".join(draw.choice(list("ACGT"), 40))
    start = int(draw.integers(0, 40 - length))
    new = "ACGT"["ACGT".index(text[start]) - 1] if alt is None else text[start] + alt
    found = change(text, start, length, new)
    motifs = [motif(f"m{number}", 3 + number, 50 * seed + number) for number in range(4)]
    count, gained, lost = motif_library(motifs, DNA, 0.2).changes(found, DNA)
    shared, ref, alt = trimmed(text[start : start + length], new)
    first = start + shared
    texts = [text, text[:first] + alt + text[first + len(ref) :]]
    best: dict[str, list[tuple[float, int, str] | None]] = {}
    total, p = 0, {}
    for one in motifs:
        best[one.name], width = [], len(one)
        for whole, own in zip(texts, (len(ref), len(alt)), strict=True):
            places = []
            for at in range(len(whole) - width + 1):
                if holds(at, width, first, own):
                    total += 2
                    word = whole[at : at + width]
                    if "N" not in word:
                        places += [
                            (bits(one, word), -at, "+"),
                            (bits(one, word.translate(TURN)[::-1]), -at, "-"),
                        ]
            best[one.name].append(max(places, default=None, key=lambda place: place[0]))
        p[one.name] = [1.0 if place is None else share(one, place[0]) for place in best[one.name]]
    assert count == total
    for change_of, gone, there in ((gained, 0, 1), (lost, 1, 0)):
        some = [name for name in p if p[name][there] <= 0.2 and p[name][there] < p[name][gone]]
        if not some:
            assert change_of is None
            continue
        name = min(some, key=lambda name: (p[name][there] / p[name][gone], p[name][there]))
        assert change_of is not None
        assert change_of.motif == name
        assert (change_of.ref_p, change_of.alt_p) == pytest.approx(tuple(p[name]), abs=1e-12)
        scores = [None if place is None else place[0] for place in best[name]]
        assert (change_of.ref_score, change_of.alt_score) == pytest.approx(tuple(scores), abs=1e-9)
        one = next(one for one in motifs if one.name == name)
        letters = (found.columns.ref_letters, found.columns.alt_letters)[there]
        word = letters[change_of.start : change_of.end].replace("-", "")
        word = word if change_of.strand == "+" else word.translate(TURN)[::-1]
        assert len(word) == len(one)
        assert bits(one, word) == pytest.approx(scores[there], abs=1e-9)
        assert change_of.relevance == sum(range(change_of.start + 1, change_of.end + 1))
        away = []
        for at in range(len(text) - len(one) + 1):
            word = text[at : at + len(one)]
            away += (
                []
                if holds(at, len(one), first, len(ref))
                else [bits(one, word), bits(one, word.translate(TURN)[::-1])]
            )
        least = scores[there]
        assert least is not None
        as_good = sum(score >= least - 1e-9 for score in away)
        assert change_of.window_p == pytest.approx((1 + as_good) / (1 + len(away)), abs=1e-12)


def test_a_motif_that_is_put_in_is_gained_and_then_lost():
    one = Motif("TGACTCA", "TGACTCA", np.eye(4)[["ACGT".index(x) for x in "TGACTCA"]], DNA)
    text = "CCGATTGACGCACCGT"
    there = text[:9] + "T" + text[10:]
    count, gained, lost = motif_library([one], DNA).changes(change(text, 9, 1, "T"), DNA)
    assert (count, lost) == (2 * 2 * 7, None)
    assert gained is not None
    assert (gained.motif, gained.start, gained.end) == ("TGACTCA", 5, 12)
    assert gained.alt_p == 4.0**-7
    assert gained.ref_p > 4.0**-7
    _, gained, lost = motif_library([one], DNA).changes(change(there, 9, 1, "G"), DNA)
    assert gained is None
    assert lost is not None
    assert lost.ref_p == 4.0**-7


def test_what_is_refused():
    one = motif("m", 3, 0)
    with pytest.raises(InputError, match="motif 'm' is dna, and the model reads protein"):
        motif_library([one], PROTEIN)
    with pytest.raises(InputError, match="--motif-p 0: expected a share above 0, at most 1"):
        motif_library([one], DNA, 0.0)
