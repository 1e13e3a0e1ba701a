"""What is shown of a sequence too long to be drawn letter by letter."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.report.windows import pooled, strongest_windows


def test_a_bar_is_the_value_furthest_from_zero() -> None:
    relevance = np.array([1.0, -3.0, 2.0, 0.0, 0.0, 0.0, -0.5, 0.25])
    assert pooled(relevance, 3).tolist() == [-3.0, 0.0, -0.5]


def test_bars_of_one_letter_are_the_letters() -> None:
    relevance = np.random.default_rng(2).normal(size=17)
    assert pooled(relevance, 1).tolist() == relevance.tolist()


def test_a_window_has_the_peak_in_its_middle() -> None:
    relevance = np.zeros(90)
    relevance[[20, 70]] = [1.0, -2.0]
    assert strongest_windows(relevance, size=11, most=2) == [15, 65]


def test_the_strongest_of_several_peaks_are_kept_in_order_of_position() -> None:
    relevance = np.zeros(90)
    relevance[[10, 30, 50, 70]] = [3.0, 1.0, -2.0, 4.0]
    assert strongest_windows(relevance, size=7, most=3) == [7, 47, 67]


def test_windows_match_a_search_by_brute_force() -> None:
    rng = np.random.default_rng(4)
    size, most = 6, 3
    weights = [min(i + 1, size - i) for i in range(size)]
    for _ in range(20):
        relevance = rng.normal(size=41)
        starts: list[int] = []
        for _ in range(most):
            free = [s for s in range(41 - size + 1) if all(abs(s - taken) >= size for taken in starts)]
            if free:
                starts.append(max(free, key=lambda s: sum(weights * np.abs(relevance[s : s + size]))))
        assert strongest_windows(relevance, size, most) == sorted(starts)


@pytest.mark.parametrize("relevance", [np.zeros(50), np.eye(50)[3]])
def test_a_window_without_relevance_is_left_out(relevance: np.ndarray) -> None:
    assert len(strongest_windows(relevance, size=10, most=3)) == relevance.sum()


def test_relevance_is_left_as_it_was() -> None:
    relevance = np.array([1.0, -2.0, 3.0, 0.0])
    strongest_windows(relevance, 2, 2)
    pooled(relevance, 2)
    assert relevance.tolist() == [1.0, -2.0, 3.0, 0.0]
