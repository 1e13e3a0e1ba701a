"""Wilcoxon's test of columns against scipy, and intervals of medians against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from relevome.discovery.signed_rank import false_discovery_rates, median_interval, signed_rank

RNG = np.random.default_rng(5)


def published(column: np.ndarray, **options: object) -> float:
    return float(stats.wilcoxon(column, alternative="greater", **options)[1])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("proteins", [6, 11, 50])
def test_few_proteins_are_exact_as_in_scipy(proteins: int) -> None:
    values = RNG.normal(0.2, 1, size=(proteins, 7))
    expected = [published(column, method="exact") for column in values.T]
    np.testing.assert_allclose(signed_rank(values), expected, rtol=1e-12)


def test_many_proteins_are_normal_as_in_scipy_ties_and_zeros_too() -> None:
    values = np.round(RNG.normal(0.05, 1, size=(301, 5)), 1)
    expected = [published(column[column != 0], method="asymptotic") for column in values.T]
    np.testing.assert_allclose(signed_rank(values), expected, rtol=1e-10)


def test_ties_of_few_proteins_are_counted_in_all_signs() -> None:
    values = np.round(RNG.normal(0.4, 1, size=(9, 6)), 0)
    expected = []
    for column in values.T:
        used = column[column != 0]
        ranks = stats.rankdata(np.abs(used))
        signs = np.arange(2 ** len(used))[:, None] >> np.arange(len(used)) & 1
        expected.append(np.mean(signs @ ranks >= ranks[used > 0].sum() - 1e-9))
    np.testing.assert_allclose(signed_rank(values), expected, rtol=1e-12)


def test_what_is_missing_is_left_out() -> None:
    values = RNG.normal(size=(12, 3))
    values[3:5, 1] = np.nan
    values[:, 2] = np.nan
    found = signed_rank(values)
    assert found[1] == pytest.approx(published(np.delete(values[:, 1], [3, 4])))
    assert found[2] == 1
    assert signed_rank(np.zeros((0, 2))).tolist() == [1, 1]


def test_intervals_are_order_statistics_with_enough_confidence() -> None:
    values = np.arange(20.0)[:, None]
    found = median_interval(values)
    # P(fewer than 6 of 20 tosses) = 0.0207, and of fewer than 7 it is 0.058 (tables of the sign test)
    assert (found.median[0], found.low[0], found.high[0]) == (9.5, 5, 14)
    few = median_interval(np.array([[1.0, np.nan], [5.0, np.nan], [2.0, 4.0]]))
    np.testing.assert_array_equal(few.median, [2, 4])
    np.testing.assert_array_equal((few.low[0], few.high[0]), (1, 5))
    assert np.isnan(median_interval(np.full((3, 1), np.nan)).median[0])


def test_intervals_hold_the_median() -> None:
    held = 0
    for _ in range(40):
        found = median_interval(RNG.exponential(size=(15, 50)))
        held += int(((found.low <= np.log(2)) & (np.log(2) <= found.high)).sum())
    assert 0.95 <= held / 2000 <= 0.98  # 0.965 exactly


def test_false_discovery_rates_are_those_of_scipy() -> None:
    p = RNG.random((3, 4))
    np.testing.assert_allclose(false_discovery_rates(p).ravel(), stats.false_discovery_control(p.ravel()))
    assert false_discovery_rates(np.zeros((0, 4))).shape == (0, 4)
