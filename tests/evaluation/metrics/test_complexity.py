"""Complexity against hand-computed cases, Quantus, and the order that everybody expects."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.complexity import effective_letters, entropy, inverse_simpson, sparseness

Compute = Callable[[np.ndarray], float]

NAMES = {
    "entropy": entropy,
    "effective-letters": effective_letters,
    "inverse-simpson": inverse_simpson,
    "sparseness": sparseness,
}
every_metric = pytest.mark.parametrize("name", NAMES)
vectors = st.lists(st.floats(-9, 9), min_size=1, max_size=9).map(np.array)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        # Shares 1/2, 1/4, 1/4, 0, by hand:
        (entropy, 1.5 * np.log(2)),
        (effective_letters, 2**1.5),
        (inverse_simpson, 1 / (1 / 4 + 1 / 16 + 1 / 16)),
        # Mean absolute difference of all 16 pairs over twice the mean: (4*1/4 + 2*1/2 + 4*1/4) / 16 * 2
        (sparseness, 3 / 8),
    ],
)
def test_four_letters_by_hand(compute: Compute, expected: float) -> None:
    assert compute(floats(-2, 0, 1, -1)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("compute", "one", "even"),
    [
        (entropy, 0, np.log(7)),
        (effective_letters, 1, 7),
        (inverse_simpson, 1, 7),
        (sparseness, 6 / 7, 0),
    ],
)
def test_one_letter_and_all_letters_are_the_ends(compute: Compute, one: float, even: float) -> None:
    assert compute(np.eye(7)[2] * -3) == pytest.approx(one, abs=1e-12)
    assert compute(np.full(7, 0.3)) == pytest.approx(even, abs=1e-12)
    assert compute(np.zeros(7)) == pytest.approx(even, abs=1e-12)


@every_metric
def test_one_letter_is_sparser_than_a_few_than_random_than_uniform(name: str) -> None:
    rng = np.random.default_rng(4)
    few = (np.arange(50) < 5) + 0.05 * rng.normal(size=50)
    found = [NAMES[name](v) for v in (np.eye(50)[9], few, rng.normal(size=50), np.ones(50))]
    assert found == sorted(found, reverse=metrics[name].higher_is_better)
    assert len(set(found)) == 4


@given(vectors, st.sampled_from([1e-300, 1e-3, 1e300]))
def test_neither_scale_nor_sign_nor_order_matters(values: np.ndarray, factor: float) -> None:
    values[np.abs(values) < 1e-3] = 0  # or they vanish at the smallest factor
    for compute in NAMES.values():
        assert compute(-values[::-1] * factor) == pytest.approx(compute(values), abs=1e-9)


@given(vectors)
def test_gini_is_the_mean_difference_over_all_pairs(values: np.ndarray) -> None:
    sizes = np.abs(values)
    expected = 0.0
    if sizes.sum() > 0:
        sizes = sizes / sizes.max()
        expected = np.abs(sizes[:, None] - sizes).mean() / (2 * sizes.mean())
    assert sparseness(values) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("letters", [2, 31, 300])
def test_quantus_says_the_same(letters: int) -> None:
    from quantus import Complexity, Sparseness  # slow to import

    relevance = np.random.default_rng(letters).standard_t(3, size=letters)
    for theirs, ours in ((Complexity, entropy), (Sparseness, sparseness)):
        # works in place, and adds up to 1e-7 to each value against division by zero
        found = theirs(disable_warnings=True).evaluate_batch(np.zeros((1, letters)), np.abs(relevance)[None])
        assert ours(relevance) == pytest.approx(found[0], abs=1e-6)


@every_metric
def test_every_metric_is_registered(name: str) -> None:
    metric = metrics[name]
    assert (metric.name, metric.kind, metric.needs) == (name, "complexity", ("relevance",))
    assert metric.higher_is_better is (name == "sparseness")
    assert metric.compute is NAMES[name]
    assert metric.source
    assert metric.chance
    assert not metric.ordered


@every_metric
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (floats(1, np.nan), "value 2 of the relevance is nan: expected a finite number"),
        (floats(), r"relevance of shape \(0,\): expected one value per letter or token"),
    ],
)
def test_a_bad_case_is_refused(name: str, values: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        NAMES[name](values)
