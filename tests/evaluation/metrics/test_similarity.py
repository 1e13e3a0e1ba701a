"""Similarity against hand-computed cases, SciPy, and the order that everybody expects."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.similarity import cosine, pearson, spearman, top_k_overlap

Compute = Callable[..., float]

NAMES = {"pearson": pearson, "spearman": spearman, "cosine": cosine, "top-k-overlap": top_k_overlap}
every_metric = pytest.mark.parametrize("name", NAMES)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


pairs = st.integers(2, 9).flatmap(
    lambda size: st.tuples(*[st.lists(st.integers(-3, 3), min_size=size, max_size=size)] * 2)
)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        # 3, 1, 2, -2 beside 1, 2, 3, -2: both have mean 1 and sum of squares 18
        (pearson, (2 * 0 + 0 * 1 + 1 * 2 + 3 * 3) / 14),
        (spearman, 1 - 6 * (2**2 + 1**2 + 1**2 + 0) / (4 * 15)),
        (cosine, (3 + 2 + 6 + 4) / 18),
    ],
)
def test_four_letters_by_hand(compute: Compute, expected: float) -> None:
    assert compute(floats(3, 1, 2, -2), floats(1, 2, 3, -2)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("k", "expected"), [(1, 0), (2, 1 / 2), (3, 1), (0.5, 1 / 2), (0.01, 0)])
def test_letters_at_the_top_of_both_are_counted(k: float, expected: float) -> None:
    assert top_k_overlap(floats(3, 1, 2, -2), floats(1, 2, 3, -2), k) == pytest.approx(expected, abs=1e-12)


def test_letters_that_tie_share_the_last_places() -> None:
    # letter 0 has one place, letters 1 to 3 a third of the other; letters 2 and 3 have the two in the other
    assert top_k_overlap(floats(9, 5, 5, 5), floats(0, 0, 1, 1), 2) == pytest.approx((1 / 3 + 1 / 3) / 2)


@given(pairs)
def test_correlations_are_those_of_scipy(pair: tuple[list[int], list[int]]) -> None:
    first, second = floats(*pair[0]), floats(*pair[1])
    if len(set(pair[0])) > 1 and len(set(pair[1])) > 1:
        assert pearson(first, second) == pytest.approx(stats.pearsonr(first, second)[0], abs=1e-12)
        assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second)[0], abs=1e-12)
    else:
        assert pearson(first, second) == spearman(first, second) == 0


@every_metric
def test_identical_is_more_similar_than_noisy_than_random_than_inverted(name: str) -> None:
    rng, compute = np.random.default_rng(6), NAMES[name]
    truth = rng.normal(size=83)
    same = compute(truth, truth.copy())
    noisy = compute(truth, truth + rng.normal(size=83) / 2)
    random = float(np.mean([compute(truth, rng.normal(size=83)) for _ in range(50)]))
    assert same == pytest.approx(1, abs=1e-12)
    assert same > noisy > random > compute(truth, -truth)


@every_metric
@given(pairs)
def test_neither_scale_nor_who_is_first_matters(name: str, pair: tuple[list[int], list[int]]) -> None:
    first, second = floats(*pair[0]), floats(*pair[1])
    expected = NAMES[name](first, second)
    for factor in (1e-300, 1e300):
        assert NAMES[name](second * factor, first / 7) == pytest.approx(expected, abs=1e-9)


@every_metric
def test_identical_ties_overlap_fully_and_flat_relevance_gives_a_number(name: str) -> None:
    tied = floats(2, 2, 0, 0, 2, 1, 1)
    assert NAMES[name](tied, tied) == pytest.approx(1, abs=1e-12)
    assert NAMES[name](np.zeros(7), tied) == pytest.approx(3 / 7 if name == "top-k-overlap" else 0)


def test_random_overlap_is_the_share_of_places() -> None:
    rng = np.random.default_rng(8)
    found = [top_k_overlap(rng.normal(size=60), rng.normal(size=60), 9) for _ in range(400)]
    assert abs(np.mean(found) - 9 / 60) < 5 * np.std(found) / 20


@every_metric
def test_every_metric_is_registered(name: str) -> None:
    metric = metrics[name]
    assert (metric.name, metric.kind, metric.needs) == (name, "similarity", ("relevance", "other"))
    assert metric.higher_is_better
    assert metric.compute is NAMES[name]
    assert metric.source
    assert metric.chance


@every_metric
def test_other_lengths_and_other_numbers_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="3 values beside another of 2: expected the same letters or tokens"):
        NAMES[name](floats(1, 2, 3), floats(1, 2))
    with pytest.raises(InputError, match="value 1 of the relevance is inf"):
        NAMES[name](floats(1, 2), floats(np.inf, 2))


@pytest.mark.parametrize("k", [0, -1, 4, 0.0, 1.0, 2.5])
def test_a_k_that_is_neither_share_nor_number_is_refused(k: float) -> None:
    with pytest.raises(InputError, match=f"k is {k} of 3 letters: expected a share above 0 and below 1"):
        top_k_overlap(floats(1, 2, 3), floats(1, 2, 3), k)
