"""Stretches of relevance, and how many of them are false."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._planted_relevance import planted_relevance
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.discovery.motifs.exchange import exchanged
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.segments import segments
from relevome.discovery.motifs.seqlets import NullMaps, seqlets
from relevome.discovery.motifs.target_decoy import at_least, decoy_rates
from relevome.errors import InputError


def letter_by_letter(scores: np.ndarray, bounds: list[int], drop: float) -> list[tuple[int, int, float]]:
    """From each first positive letter on, until the sum is gone or has dropped."""
    found = []
    for first, last in pairwise(bounds):
        at = first
        while at < last:
            if scores[at] <= 0:
                at += 1
                continue
            sums = np.cumsum(scores[at:last])
            peaks = np.maximum.accumulate(sums)
            over = np.flatnonzero((sums <= 0) | (peaks - sums > drop))
            stop = int(over[0]) if len(over) else len(sums) - 1
            best = int(sums[: stop + 1].argmax())
            found.append((at, at + best + 1, float(sums[best])))
            at += stop + 1
    return found


@given(
    st.lists(st.integers(-6, 5), min_size=1, max_size=60),
    st.lists(st.integers(1, 59), max_size=3),
    st.integers(0, 9),
    st.sampled_from([1, 7, 1_000_000]),
)
def test_segments_are_those_found_letter_by_letter(
    scores: list[int], cuts: list[int], drop: int, at_a_time: int
) -> None:
    bounds = sorted({0, len(scores), *(cut for cut in cuts if cut < len(scores))})
    with mock.patch("relevome.discovery.motifs.segments._BLOCK", at_a_time):
        found = segments(np.array(scores, dtype=float), np.array(bounds), float(drop))
    expected = letter_by_letter(np.array(scores, dtype=float), bounds, drop)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


@given(st.lists(st.integers(0, 9), max_size=25), st.lists(st.integers(0, 9), max_size=25))
def test_rates_are_the_smallest_over_all_bars(scores: list[int], decoys: list[int]) -> None:
    found = decoy_rates(np.array(scores, dtype=float), np.array(decoys, dtype=float), 0.5)
    for score, rate in zip(scores, found, strict=True):
        bars = [bar for bar in scores if bar <= score]
        rates = [
            min(1.0, 0.5 * (1 + sum(d >= bar for d in decoys)) / sum(s >= bar for s in scores))
            for bar in bars
        ]
        assert rate == pytest.approx(min(rates))
    counts = at_least(np.array(decoys, dtype=float), np.array(scores, dtype=float))
    assert counts.tolist() == [sum(d >= score for d in decoys) for score in scores]


@pytest.fixture(scope="module")
def planted() -> tuple[LetterMaps, NullMaps]:
    """Half of all sequences are cut, so that lengths differ."""
    made = planted_relevance(3, 150, 150)
    cut = [120 if i % 2 else 150 for i in range(150)]
    sequences = [
        Sequence(one.id, one.letters[:end], DNA) for one, end in zip(made.sequences, cut, strict=True)
    ]
    relevance = [values[:end] for values, end in zip(made.relevance, cut, strict=True)]
    return LetterMaps.of(sequences, relevance), NullMaps("shuffles", LetterMaps.of(made.shuffles, made.noise))


def test_relevance_of_either_sign_is_found_by_itself(planted: tuple[LetterMaps, NullMaps]) -> None:
    maps, null = planted
    found = seqlets(maps, [null])
    assert (found.sign == 1).sum() > 100
    assert (found.sign == -1).sum() > 30
    assert (found.q <= 0.05).all()
    assert (np.diff(found.score) <= 0).all()
    lengths = np.diff(maps.bounds)
    assert (found.end <= lengths[found.sequence]).all()
    for row in range(len(found)):
        first = maps.bounds[found.sequence[row]]
        values = maps.relevance[first + found.start[row] : first + found.end[row]]
        assert found.sign[row] * values.mean() > 0.3
    other = seqlets(
        replace(maps, relevance=-maps.relevance),
        [NullMaps("n", replace(null.maps, relevance=-null.maps.relevance))],
    )
    for name in ("sequence", "start", "end", "q"):
        for sign in (1, -1):
            ours, theirs = getattr(found, name)[found.sign == sign], getattr(other, name)[other.sign == -sign]
            np.testing.assert_array_equal(ours, theirs)


def test_a_seqlet_exceeds_every_null(planted: tuple[LetterMaps, NullMaps]) -> None:
    maps, null = planted
    itself = NullMaps("the same relevance", maps)
    found = seqlets(maps, [null, itself])
    assert len(found) == 0
    assert found.nulls == ("shuffles", "the same relevance")
    assert found.least[0] < 0.05
    assert found.least[1] >= 1.0


def test_only_a_null_with_its_own_scale_may_have_any(planted: tuple[LetterMaps, NullMaps]) -> None:
    maps, null = planted
    large = replace(null.maps, relevance=1000 * null.maps.relevance)
    own, other = (seqlets(maps, [NullMaps("n", one, own_scale=True)]).q for one in (null.maps, large))
    np.testing.assert_array_equal(own, other)
    assert len(seqlets(maps, [NullMaps("n", large)])) == 0


def test_the_scale_of_relevance_does_not_matter(planted: tuple[LetterMaps, NullMaps]) -> None:
    maps, null = planted
    found = seqlets(maps, [null])
    scaled = seqlets(
        replace(maps, relevance=64 * maps.relevance),
        [NullMaps("n", replace(null.maps, relevance=64 * null.maps.relevance))],
    )
    np.testing.assert_array_equal(found.q, scaled.q)
    np.testing.assert_array_equal(found.start, scaled.start)


def test_one_letter_of_any_size_is_no_seqlet(planted: tuple[LetterMaps, NullMaps]) -> None:
    maps, null = planted
    rng = np.random.default_rng(0)
    values = rng.normal(size=len(maps.codes)).astype(np.float32)
    noise = NullMaps(
        "n", replace(null.maps, relevance=rng.normal(size=len(null.maps.codes)).astype(np.float32))
    )
    spikes = rng.permutation(len(values))[:200]
    values[spikes] = 1e6
    assert len(seqlets(replace(maps, relevance=values), [noise])) == 0
    runs = np.unique((spikes[:60, None] + np.arange(8)).clip(0, len(values) - 1))
    values[runs] = 1e6
    assert len(seqlets(replace(maps, relevance=values), [noise])) > 40


@pytest.mark.parametrize(("every", "found_all"), [(10, True), (6, True), (4, True), (2, False)])
def test_equal_relevance_is_ranked_in_the_middle(every: int, found_all: bool) -> None:
    """One letter in ``every`` has relevance of 1, eight in a row; ranks of ties start at half of that."""
    rng = np.random.default_rng(0)
    width = 8 * every
    sequences = [Sequence(f"s{i}", "".join(rng.choice(list("ACGT"), width)), DNA) for i in range(100)]
    values = [np.r_[np.zeros(width // 4), np.ones(8), np.zeros(width - 8 - width // 4)] for _ in sequences]
    maps = LetterMaps.of(sequences, values)
    null = NullMaps("none", replace(maps, relevance=np.zeros_like(maps.relevance)))
    found = seqlets(maps, [null])
    assert found.candidates == (100 if found_all else 0, 0)
    assert len(found) == found.candidates[0]
    if found_all:
        assert set(zip(found.start.tolist(), found.end.tolist(), strict=True)) == {
            (width // 4, width // 4 + 8)
        }
        letters = 100 * width
        share = (letters / every / 2 + 1) / (letters + 1)
        np.testing.assert_allclose(found.score, 8 * (-np.log(share) - 2))


def test_ties_are_no_better_than_the_mean_of_their_ranks() -> None:
    rng = np.random.default_rng(1)
    sequences = [Sequence(f"s{i}", "".join(rng.choice(list("ACGT"), 100)), DNA) for i in range(300)]
    smooth = [rng.normal(size=100) for _ in sequences]
    steps = [np.ceil(4 * one) / 4 for one in smooth]
    null = [rng.normal(size=100) for _ in sequences]
    for values, beside in ((smooth, null), (steps, [np.ceil(4 * one) / 4 for one in null])):
        maps, other = LetterMaps.of(sequences, values), LetterMaps.of(sequences, beside)
        found = seqlets(maps, [NullMaps("n", other)])
        assert found.candidates[0] > 50
        assert len(found) == 0


def test_tokens_that_say_nothing_are_no_seqlets_if_they_are_exchanged_whole() -> None:
    rng = np.random.default_rng(0)
    sizes = [rng.integers(2, 7, 40) for _ in range(150)]
    units = [np.repeat(np.arange(40), one) for one in sizes]
    sequences = [
        Sequence(f"s{i}", "".join(rng.choice(list("ACGT"), len(one))), DNA) for i, one in enumerate(units)
    ]
    values = [rng.normal(size=40)[one] for one in units]
    maps = LetterMaps.of(sequences, values, units)
    whole = seqlets(maps, [NullMaps("tokens", exchanged(maps, rng, 2))])
    assert len(whole) == 0
    letters = replace(maps, units=None)
    assert len(seqlets(letters, [NullMaps("letters", exchanged(letters, rng, 2))])) > 100


@pytest.mark.parametrize(
    ("nulls", "fdr", "message"),
    [
        ([], 0.05, "no null was given"),
        (["protein"], 0.05, "null 'p' is protein: expected dna"),
        (["dna"], 0.0, "false discovery rate 0.0: expected more than 0"),
        (["dna"], float("nan"), "false discovery rate nan"),
    ],
)
def test_what_makes_no_sense_is_refused(nulls: list[str], fdr: float, message: str) -> None:
    maps = LetterMaps.of([Sequence("one", "ACGT", DNA)], [np.ones(4)])
    protein = LetterMaps.of([Sequence("p", "KV", PROTEIN)], [np.ones(2)])
    made = {"protein": NullMaps("p", protein), "dna": NullMaps("d", maps)}
    with pytest.raises(InputError, match=message):
        seqlets(maps, [made[one] for one in nulls], fdr)
