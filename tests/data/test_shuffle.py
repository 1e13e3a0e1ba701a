"""Shuffles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from relevome.data.sequences import DNA, PROTEIN
from relevome.data.shuffle import (
    Segments,
    dinucleotide_shuffle,
    dinucleotide_shuffle_around,
    shuffle,
    shuffle_around,
)

Around = Callable[[str, Segments, np.random.Generator], tuple[str, tuple[int, ...]]]

SEEDS = st.integers(0, 2**32)
SEQUENCES = st.one_of(st.text(DNA.all_letters, max_size=60), st.text(PROTEIN.letters, max_size=60))


@st.composite
def with_kept(draw: st.DrawFn) -> tuple[str, Segments]:
    letters = draw(st.text(DNA.letters, min_size=2, max_size=50))
    ends = sorted(draw(st.sets(st.integers(0, len(letters)), max_size=6)))
    spans = list(zip(ends[::2], ends[1::2], strict=False))
    return letters, tuple((start, end) for start, end in spans if end - start >= 2)


def pairs(letters: str) -> Counter[tuple[str, str]]:
    return Counter(pairwise(letters))


@given(SEQUENCES, SEEDS)
def test_a_shuffle_keeps_the_letters(letters: str, seed: int) -> None:
    assert Counter(shuffle(letters, np.random.default_rng(seed))) == Counter(letters)


@given(SEQUENCES, SEEDS)
def test_a_dinucleotide_shuffle_keeps_every_pair_and_both_ends(letters: str, seed: int) -> None:
    shuffled = dinucleotide_shuffle(letters, np.random.default_rng(seed))
    assert pairs(shuffled) == pairs(letters)
    assert Counter(shuffled) == Counter(letters)
    assert (shuffled[:1], shuffled[-1:]) == (letters[:1], letters[-1:])


def enumerated(start: str, left: Counter[tuple[str, str]]) -> Iterator[str]:
    """Every sequence that begins with ``start`` and uses up all pairs that are left, by trying all."""
    if not left.total():
        yield start
    for pair in list(left):
        if left[pair] and pair[0] == start[-1]:
            yield from enumerated(start + pair[1], left - Counter([pair]))


@pytest.mark.parametrize("letters", ["AACAGATCA", "ACGTACGCTA", "ACACTCATA", "AAAACAAGA", "MKMLKMMK"])
def test_every_sequence_with_the_same_pairs_is_equally_likely(letters: str) -> None:
    possible = sorted(enumerated(letters[0], pairs(letters)))
    rng = np.random.default_rng(11)
    drawn = Counter(dinucleotide_shuffle(letters, rng) for _ in range(150 * len(possible)))
    assert len(possible) > 3
    assert set(drawn) == set(possible)
    assert chisquare([drawn[p] for p in possible]).pvalue > 1e-3


def test_every_order_of_letters_is_equally_likely() -> None:
    possible = sorted({"".join(p) for p in permutations("AACGT")})
    rng = np.random.default_rng(12)
    drawn = Counter(shuffle("AACGT", rng) for _ in range(100 * len(possible)))
    assert chisquare([drawn[p] for p in possible]).pvalue > 1e-3


@given(with_kept(), SEEDS)
def test_kept_segments_move_whole_and_all_pairs_are_kept(case: tuple[str, Segments], seed: int) -> None:
    letters, kept = case
    shuffled, starts = dinucleotide_shuffle_around(letters, kept, np.random.default_rng(seed))
    assert pairs(shuffled) == pairs(letters)
    found = [shuffled[s : s + end - start] for s, (start, end) in zip(starts, kept, strict=True)]
    assert found == [letters[start:end] for start, end in kept]


@given(with_kept(), SEEDS)
def test_kept_segments_move_whole_and_all_letters_are_kept(case: tuple[str, Segments], seed: int) -> None:
    letters, kept = case
    shuffled, starts = shuffle_around(letters, kept, np.random.default_rng(seed))
    assert Counter(shuffled) == Counter(letters)
    found = [shuffled[s : s + end - start] for s, (start, end) in zip(starts, kept, strict=True)]
    assert found == [letters[start:end] for start, end in kept]


@pytest.mark.parametrize(("around", "shared"), [(shuffle_around, 0), (dinucleotide_shuffle_around, 1)])
def test_kept_segments_share_at_most_an_end(around: Around, shared: int) -> None:
    rng = np.random.default_rng(3)
    overlaps = set()
    for _ in range(400):
        _, (first, second) = around("ACCTGATTTGCAAGGCTTAA", ((2, 6), (6, 11)), rng)
        overlaps.add(min(first + 4, second + 5) - max(first, second))
    assert max(overlaps) == shared


def test_a_kept_segment_of_one_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="expected two letters or more"):
        dinucleotide_shuffle_around("ACGT", ((1, 2),), np.random.default_rng(0))


def test_the_same_seed_gives_the_same_shuffle() -> None:
    letters = "ACCTGATTTGCAAGGCTTAA"
    first, again, other = (dinucleotide_shuffle(letters, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first == again != other
