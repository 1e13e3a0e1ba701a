"""Means and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from relevome.discovery.mean_interval import above_zero, interval_columns, mean_interval


def test_intervals_are_those_of_student() -> None:
    values = np.random.default_rng(0).normal(1.0, 2.0, size=(11, 3))
    found = mean_interval(values, 0.9)
    for column in range(3):
        own = values[:, column]
        low, high = stats.t.interval(0.9, 10, own.mean(), stats.sem(own))
        assert (found.mean[column], found.low[column], found.high[column]) == pytest.approx(
            (own.mean(), low, high)
        )
    assert np.isnan(mean_interval(values[:0]).mean).all()
    one = mean_interval(values[:1])
    np.testing.assert_array_equal(one.mean, values[0])
    assert np.isnan(one.low).all()


def test_columns_are_named_by_what_they_are_of() -> None:
    first, second = np.array([1.0, 3.0]), np.array([2.0, 2.0])
    row = interval_columns({"fall": first, "matched": second})
    names = ("fall", "matched")
    assert [*row] == [name + end for name in names for end in ("", "_low", "_high")]
    low, high = stats.t.interval(0.95, 1, 2.0, 1.0)
    assert [*row.values()] == pytest.approx([2.0, low, high, 2.0, 2.0, 2.0])


def test_p_is_that_of_student() -> None:
    values = np.random.default_rng(0).normal(0.3, 1.0, 13)
    for given in (values, -values):
        _, expected = stats.ttest_1samp(given, 0, alternative="greater")
        assert above_zero(given) == pytest.approx(expected)
    assert [above_zero(np.full(4, same)) for same in (2.0, 0.0, -2.0)] == [0, 1, 1]
    assert np.isnan(above_zero(values[:1]))
