"""Relevance of many sequences in one array, and in another order."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.discovery.motifs.exchange import exchanged
from relevome.discovery.motifs.maps import MISSING, LetterMaps, complement_codes, joined
from relevome.discovery.motifs.windows import Spots, contributions, letters_around
from relevome.errors import InputError

ONE, TWO = Sequence("one", "ACGTN", DNA), Sequence("two", "TTG", DNA)


def maps(seed: int = 0, count: int = 6, length: int = 40) -> LetterMaps:
    """Sequences of unlike lengths; all relevance differs."""
    rng = np.random.default_rng(seed)
    sequences = [
        Sequence(f"s{i}", "".join(rng.choice(list("ACGTN"), length + 3 * i)), DNA) for i in range(count)
    ]
    return LetterMaps.of(sequences, [rng.normal(size=len(one)) for one in sequences])


def test_letters_stand_one_after_the_other() -> None:
    found = LetterMaps.of([ONE, TWO], [np.arange(5.0), np.arange(3.0)])
    assert found.codes.tolist() == [0, 1, 2, 3, MISSING, 3, 3, 2]
    assert found.relevance.tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert found.bounds.tolist() == [0, 5, 8]
    assert found.sequence_of.tolist() == [0] * 5 + [1] * 3
    assert len(found) == 2
    np.testing.assert_allclose(found.frequencies, np.array([2, 2, 3, 4]) / 11)


def test_joined_maps_are_those_of_all_sequences() -> None:
    values = [np.arange(5.0), np.arange(3.0)]
    units = [np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1])]
    whole = LetterMaps.of([ONE, TWO], values, units)
    parts = joined([LetterMaps.of([ONE], values[:1], units[:1]), LetterMaps.of([TWO], values[1:], units[1:])])
    for name in ("codes", "relevance", "bounds", "units"):
        assert getattr(whole, name).tolist() == getattr(parts, name).tolist()
    assert whole.units is not None
    assert whole.units.tolist() == [0, 0, 1, 1, 2, 3, 3, 4]


@pytest.mark.parametrize(
    ("sequences", "values", "message"),
    [
        ([], [], "no sequences with relevance"),
        ([ONE, Sequence("p", "KV", PROTEIN)], [np.zeros(5), np.zeros(2)], "'p' is protein: expected dna"),
        ([ONE], [np.zeros(4)], "'one' has 5 letters and relevance of 4"),
        ([ONE], [np.array([0, 0, np.nan, 0, 0])], "letter 3 of sequence 'one' is no finite number"),
    ],
)
def test_what_does_not_fit_is_refused(
    sequences: list[Sequence], values: list[np.ndarray], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        LetterMaps.of(sequences, values)


@pytest.mark.parametrize("order", [1, 2])
def test_equal_letters_or_pairs_of_one_sequence_exchange_relevance(order: int) -> None:
    given = maps()
    found = exchanged(given, np.random.default_rng(1), copies=2, order=order)
    assert len(found) == 2 * len(given)
    size = len(given.codes)
    for copy in (found.relevance[:size], found.relevance[size:]):
        assert not np.array_equal(copy, given.relevance)
        groups: dict[tuple[int, ...], list[int]] = {}
        for at, (code, row) in enumerate(zip(given.codes.tolist(), given.sequence_of.tolist(), strict=True)):
            first = at == given.bounds[row]
            before = (-9 if first else int(given.codes[at - 1]),) if order == 2 else ()
            groups.setdefault((row, code, *before), []).append(at)
        assert max(map(len, groups.values())) > 2
        for places in groups.values():
            assert sorted(copy[places]) == sorted(given.relevance[places])


def test_orders_among_equal_letters_are_all_as_likely() -> None:
    given = LetterMaps.of([Sequence("a", "AAAC", DNA)], [np.array([1.0, 2, 3, 9])])
    drawn = exchanged(given, np.random.default_rng(0), copies=6000, order=1).relevance.reshape(-1, 4)
    assert (drawn[:, 3] == 9).all()
    counts = Counter(map(tuple, drawn[:, :3].tolist()))
    assert len(counts) == 6
    assert all(abs(one - 1000) < 150 for one in counts.values())  # five standard errors


def test_tokens_of_as_many_letters_exchange_relevance_whole() -> None:
    units = np.array([0, 0, 1, 2, 2, 3, 4, 4])
    values = np.array([5.0, 5, 1, 6, 6, 2, 7, 7])
    given = LetterMaps.of([Sequence("t", "ACGTACGT", DNA)], [values], [units])
    drawn = exchanged(given, np.random.default_rng(0), copies=50).relevance.reshape(-1, 8)
    assert {tuple(one[[0, 3, 6]]) for one in drawn} > {(6, 5, 7), (7, 6, 5)}
    assert {tuple(one[[2, 5]]) for one in drawn} == {(1, 2), (2, 1)}
    assert (drawn[:, [0, 3, 6]] == drawn[:, [1, 4, 7]]).all()


def test_windows_are_cut_at_the_ends_of_their_sequence_and_turned() -> None:
    given = maps()
    complements = complement_codes(DNA)
    rng = np.random.default_rng(2)
    centre = rng.integers(0, len(given.codes), 60)
    turned = rng.random(60) < 0.5
    spots = Spots(centre, given.sequence_of[centre], turned)
    codes, relevance = letters_around(given, spots, 5, complements)
    pairs = {0: 3, 1: 2, 2: 1, 3: 0, MISSING: MISSING}
    for row in range(60):
        at = [int(centre[row]) + i for i in range(-5, 5)]
        inside = [given.bounds[spots.sequence[row]] <= i < given.bounds[spots.sequence[row] + 1] for i in at]
        letters = [int(given.codes[i]) if ok else MISSING for i, ok in zip(at, inside, strict=True)]
        values = [float(given.relevance[i]) if ok else 0.0 for i, ok in zip(at, inside, strict=True)]
        if turned[row]:
            letters, values = [pairs[one] for one in letters[::-1]], values[::-1]
        assert codes[row].tolist() == letters
        assert relevance[row].tolist() == values
    columns = contributions(codes, relevance, 4)
    np.testing.assert_array_equal(columns.sum(2), np.where(codes >= 0, relevance, 0))
    rows, places = np.nonzero(codes >= 0)
    np.testing.assert_array_equal(columns[rows, places, codes[rows, places]], relevance[rows, places])
