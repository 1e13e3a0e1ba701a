"""Where a head looks."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.discovery.attention_heads import explained_by_distance, profile
from relevome.results.attention_heads.heads import Profile, shortest_stretch

DISTANCES = np.arange(5) - 2


def test_a_profile_is_the_mean_over_windows() -> None:
    sites, controls = np.array([[0.1, 0.5, 0.2, 0.1, 0.1], [0.3, 0.3, 0.2, 0.1, 0.1]]), np.full((3, 5), 0.2)
    found = profile(DISTANCES, sites, controls)
    np.testing.assert_allclose(found.sites, [0.2, 0.4, 0.2, 0.1, 0.1])
    assert (found.peak, found.gain, found.half) == (-1, -1, (-2, -1))


def test_what_all_windows_share_is_no_gain() -> None:
    position = np.array([0.1, 0.6, 0.1, 0.15, 0.05])
    assert Profile(DISTANCES, position, position, 1.0).gain is None
    more = position + np.array([0, 0, 0, 0.01, 0])
    found = Profile(DISTANCES, more, position, 1.0)
    assert (found.peak, found.gain) == (-1, 1)


def test_distance_explains_all_of_a_head_that_looks_alike_everywhere() -> None:
    assert explained_by_distance(np.tile([0.1, 0.7, 0.2], (4, 1))) == pytest.approx(1)
    assert np.isnan(explained_by_distance(np.full((4, 3), 1 / 3)))


def test_distance_explains_nothing_where_letters_alone_count() -> None:
    assert explained_by_distance(np.array([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx(0)


def test_the_share_explained_is_one_minus_the_variance_within_distances() -> None:
    weights = np.random.default_rng(0).random((7, 5))
    within = sum(((column - column.mean()) ** 2).sum() for column in weights.T)
    total = ((weights - weights.mean()) ** 2).sum()
    assert explained_by_distance(weights) == pytest.approx(1 - within / total)


def test_the_shortest_stretch_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        values = rng.random(9) ** 4
        start, end = shortest_stretch(values, 0.5)
        lengths = [
            j - i for i in range(9) for j in range(i + 1, 10) if values[i:j].sum() >= 0.5 * values.sum()
        ]
        assert end - start == min(lengths)
        assert values[start:end].sum() >= 0.5 * values.sum() - 1e-12


def test_a_stretch_of_numbers_whose_sum_is_none() -> None:
    assert shortest_stretch(np.array([1e308, 0.0, 1.5e308, 1.5e308]), 0.5) == (2, 4)


def test_half_of_what_is_brought_is_half_of_what_raises_the_logit() -> None:
    values = np.array([-9.0, 1.0, 0.5, -9.0, 3.0])
    where = profile(np.arange(-2, 3), np.tile(values, (2, 1)), np.zeros((2, 5)))
    assert where.half == (2, 2)
    lowering = profile(np.arange(-2, 3), -np.ones((2, 5)), np.zeros((2, 5)))
    assert lowering.half == (-2, 2)
