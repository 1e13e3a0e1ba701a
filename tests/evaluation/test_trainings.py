"""Intervals over trainings and sequences together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from relevome.errors import InputError
from relevome.evaluation.statistics import crossed_interval


def test_by_hand() -> None:
    """Two trainings of three sequences: T = 6, S = 26, R = 2; 30 / 6 is the variance of the mean."""
    values = np.array([[1.0, 2.0, 9.0], [3.0, 6.0, 9.0]])
    # rows 4 and 6 about 5, columns 2, 4 and 9, what is left [0, -1, 1] and its negative
    squares = np.array([3 * 2.0, 2 * (9 + 1 + 16) / 2, 4 / 2])
    assert squares.tolist() == [6, 26, 2]
    freedom = 30**2 / (36 / 1 + 26**2 / 2 + 4 / 2)
    reach = stats.t.ppf(0.975, freedom) * np.sqrt(30 / 6)
    np.testing.assert_allclose(crossed_interval(values), [5, 5 - reach, 5 + reach])


def test_values_that_are_the_same_everywhere_have_no_width() -> None:
    assert crossed_interval(np.full((3, 4), 0.7)) == pytest.approx((0.7, 0.7, 0.7))


@pytest.mark.parametrize(("of_trainings", "of_sequences"), [(1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_intervals_cover_the_mean(of_trainings: float, of_sequences: float) -> None:
    """Of 1,000 studies with five trainings of 40 sequences 95% cover; where nothing differs, a few more."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        effects = rng.normal(0, of_trainings, (5, 1)) + rng.normal(0, of_sequences, 40)
        mean, low, high = crossed_interval(effects + rng.normal(0, 1, (5, 40)))
        assert low < mean < high
        covered += low <= 0 <= high
    assert 930 <= covered <= 985


def test_sequences_alone_are_not_enough() -> None:
    """Trainings that differ widen the interval, however many sequences there are."""
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (5, 1)) + rng.normal(0, 0.1, (5, 4000))
    _, low, high = crossed_interval(values)
    assert high - low > stats.t.ppf(0.975, 4) * values.mean(1).std(ddof=1) / np.sqrt(5)


@pytest.mark.parametrize("values", [np.zeros((1, 5)), np.zeros((5, 1)), np.array([[1.0, np.nan], [0, 0]])])
def test_too_few_or_not_finite(values: np.ndarray) -> None:
    with pytest.raises(InputError, match="expected two or more trainings and sequences, all finite"):
        crossed_interval(values)
