"""Whether a pattern is more frequent than in a null, by counting."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from relevome.data.sequences import DNA, Sequence
from relevome.discovery.motifs.frequency import _of_sign, more_frequent
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.patterns import SeqletPattern
from relevome.discovery.motifs.seqlets import NullMaps

BOX, LETTERS = "TATAAT", 60


def maps(with_box: int, without: int, sign: int = 1) -> LetterMaps:
    """Sequences of C, of which some have the box with relevance 1 and others one letter with a hundredth."""
    sequences, values = [], []
    for number in range(with_box + without):
        letters, relevance = list("C" * LETTERS), np.zeros(LETTERS)
        if number < with_box:
            letters[20:26] = list(BOX)
            relevance[20:26] = sign
        else:
            letters[30], relevance[30] = "T", 0.01 * sign
        sequences.append(Sequence(f"s{number}", "".join(letters), DNA))
        values.append(relevance)
    return LetterMaps.of(sequences, values)


def pattern(seqlets: int, sign: int = 1) -> SeqletPattern:
    counts = np.zeros((len(BOX), 4))
    counts[np.arange(len(BOX)), ["ACGT".index(letter) for letter in BOX]] = seqlets
    places = np.arange(seqlets)
    return SeqletPattern(
        DNA,
        sign,
        counts,
        sign * counts / seqlets,
        places,
        np.full(seqlets, 20),
        np.zeros(seqlets, dtype=bool),
    )


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("there", "length"), [(3, 40), (12, 40), (30, 80)])
def test_p_and_ratio_are_those_of_counting(there: int, length: int, sign: int) -> None:
    """25 seqlets are all the places of the run; the null has so many."""
    run, null = maps(25, 15, sign), maps(there, length - there, sign)
    p, ratio = _of_sign(run, [pattern(25, sign)], [NullMaps("n", null)], True)
    chance = 40 / (40 + length)
    expected = sum(comb(24 + m, m) * chance**25 * (1 - chance) ** m for m in range(there + 1))
    assert p[0] == pytest.approx(expected, rel=1e-9)
    assert ratio[0] == pytest.approx(25 / there * length / 40)


def test_what_is_in_the_null_as_often_is_left_out() -> None:
    run, one = maps(25, 15), pattern(25)
    few, many, half = (NullMaps("n", maps(count, 40 - count)) for count in (3, 25, 13))
    assert more_frequent(run, [one], [few], 0.05, True).tolist() == [True]
    assert more_frequent(run, [one], [many], 0.05, True).tolist() == [False]
    assert more_frequent(run, [one], [few, many], 0.05, True).tolist() == [False]
    assert more_frequent(run, [one], [half], 0.05, True).tolist() == [False]  # less than twice as often
    assert more_frequent(run, [], [few], 0.05, True).tolist() == []


def test_a_pattern_without_any_place_is_left_out() -> None:
    nothing = LetterMaps.of([Sequence("s", "C" * LETTERS, DNA)], [np.zeros(LETTERS)])
    assert more_frequent(nothing, [pattern(25)], [NullMaps("n", nothing)], 0.05, True).tolist() == [False]
