"""Means over sequences, beside a loop over dictionaries and the intervals of `relevome.evaluation`."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.discovery.profile.means import column_means, letter_means, position_means
from relevome.evaluation.statistics import student_interval

LETTERS = "ACGT"
POSITIONS = range(-3, 4)


@pytest.fixture(scope="module")
def rows():
    """Thirty rows of twelve sequences; one position that none has, one that only one has."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 7)).astype(np.float32)
    codes = rng.integers(-1, 5, size=(30, 7)).astype(np.int8)
    codes[:, 2], codes[:, 5] = -1, -1
    codes[4, 5] = 1
    values[codes < 0] = np.nan
    sizes = [1, 4, 2, 3, 1, 5, 2, 2, 1, 4, 3, 2]
    return values, codes, np.repeat(np.arange(12), sizes), np.cumsum([0, *sizes[:-1]])


def by_hand(values, counted, of):
    """Of every sequence with a value its own mean: the sample of a position."""
    mine = {}
    for value, yes, sequence in zip(values, counted, of, strict=True):
        if yes:
            mine.setdefault(sequence, []).append(float(value))
    return [sum(some) / len(some) for some in mine.values()]


def numbers(values):
    """What has to be there."""
    assert None not in values
    return np.array(values, dtype=np.float64)


def test_means_are_over_sequences_with_students_interval(rows):
    values, codes, of, firsts = rows
    found = position_means(POSITIONS, values, codes, firsts)
    assert [one.position for one in found] == [*POSITIONS]
    for at, one in enumerate(found):
        there = codes[:, at] >= 0
        sample = by_hand(values[:, at], there, of)
        assert (one.sequences, one.rows, one.without) == (len(sample), there.sum(), 30 - there.sum())
        if len(sample) > 1:
            np.testing.assert_allclose(numbers(one[1:4]), student_interval(sample), rtol=1e-10)
    assert found[2][1:] == (None, None, None, 0, 0, 30)
    assert found[5][1:] == (pytest.approx(float(values[4, 5])), None, None, 1, 1, 29)


def test_every_letter_has_a_mean_where_it_stands(rows):
    values, codes, of, firsts = rows
    found = {
        (one.position, one.letter): one for one in letter_means(POSITIONS, values, codes, firsts, LETTERS)
    }
    for at, position in enumerate(POSITIONS):
        for code, letter in enumerate(LETTERS):
            sample = by_hand(values[:, at], codes[:, at] == code, of)
            one = found.pop((position, letter), None)
            assert (one is None) == (not sample)
            if one is not None:
                assert one.sequences == len(sample)
                assert one.mean == pytest.approx(np.mean(sample), rel=1e-10)
            if one is not None and len(sample) > 1:
                np.testing.assert_allclose(numbers(one[2:5]), student_interval(sample), rtol=1e-10)
    assert found == {}


def test_rows_of_one_sequence_count_once():
    """Two sites at 1 and 3, another sequence at 10: the mean is that of 2 and 10."""
    values = np.array([[1.0], [3.0], [10.0]], dtype=np.float32)
    found = column_means(values, np.ones((3, 1), dtype=bool), np.array([0, 2]))
    assert (found.mean.tolist(), found.sequences.tolist()) == ([6.0], [2])
    # t(0.975, 1) = 12.706 times the standard error, 4
    np.testing.assert_allclose(found.high - found.mean, 12.7062 * 4, rtol=1e-5)
