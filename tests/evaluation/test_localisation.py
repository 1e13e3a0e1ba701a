"""Localisation metrics against hand-computed cases, brute force and chance."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, product
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.errors import InputError
from relevome.evaluation import Metric, metrics
from relevome.evaluation.localisation import (
    auroc,
    average_precision,
    bootstrap_interval,
    mass_accuracy,
    point_biserial,
    rank_accuracy,
)

Compute = Callable[[np.ndarray, np.ndarray], float]

ALL = [auroc, average_precision, mass_accuracy, rank_accuracy, point_biserial]
NAMES = {
    "auroc": auroc,
    "average-precision": average_precision,
    "mass-accuracy": mass_accuracy,
    "rank-accuracy": rank_accuracy,
    "point-biserial": point_biserial,
}
every_metric = pytest.mark.parametrize("compute", ALL, ids=lambda compute: compute.__name__)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def marks(pattern: str) -> np.ndarray:
    """``..##.`` covers letters 2 and 3."""
    return np.array([mark == "#" for mark in pattern])


# Few different values, so that ties are the rule; both kinds of letter are always there.
small = st.integers(2, 7).flatmap(
    lambda size: st.tuples(
        st.lists(st.integers(-2, 2), min_size=size, max_size=size),
        st.lists(st.booleans(), min_size=size, max_size=size).filter(lambda mask: 0 < sum(mask) < size),
    )
)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        # Relevance 5, 1, 2, -2 with letters 0 and 1 inside, by hand:
        (auroc, 3 / 4),  # 5 beats 2 and -2, 1 beats -2 but not 2
        (average_precision, (1 / 1 + 2 / 3) / 2),  # inside letters are the first and third in order
        (mass_accuracy, 6 / 8),  # (5 + 1) / (5 + 1 + 2); the -2 has no mass
        (rank_accuracy, 1 / 2),  # the two most relevant are letters 0 and 2
        # mean 1.5; inside mean 3, outside mean 0; standard deviation sqrt(25 / 4) = 2.5
        (point_biserial, (3 - 0) / 2.5 * 0.5),
    ],
)
def test_four_letters_by_hand(compute: Compute, expected: float) -> None:
    assert compute(floats(5, 1, 2, -2), marks("##..")) == pytest.approx(expected, abs=1e-12)


@every_metric
def test_all_relevance_on_the_site_is_best(compute: Compute) -> None:
    assert compute(floats(0, 0, 3, 3, 0), marks("..##.")) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [(auroc, 0.5), (average_precision, 0.4), (mass_accuracy, 0.4), (rank_accuracy, 0.4), (point_biserial, 0)],
)
@pytest.mark.parametrize("value", [0.0, 0.7, -0.7])
def test_relevance_that_tells_nothing_gives_chance(compute: Compute, expected: float, value: float) -> None:
    assert compute(np.full(5, value), marks(".#..#")) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("compute", "chance"),
    [
        (auroc, 0.5),
        (average_precision, 0.25),
        (mass_accuracy, 0.25),
        (rank_accuracy, 0.25),
        (point_biserial, 0),
    ],
)
def test_random_relevance_gives_chance(compute: Compute, chance: float) -> None:
    rng = np.random.default_rng(3)
    mask = np.arange(200) < 50
    found = [compute(rng.normal(size=200), mask) for _ in range(400)]
    # Five standard errors; average precision lies a little above the share of letters inside.
    slack = 0.015 if compute is average_precision else 0
    assert abs(fmean(found) - chance) < 5 * np.std(found) / 20 + slack


@given(small)
def test_auroc_is_the_share_of_pairs_in_order(case: tuple[list[int], list[bool]]) -> None:
    values, mask = case
    inside = [value for value, covered in zip(values, mask, strict=True) if covered]
    outside = [value for value, covered in zip(values, mask, strict=True) if not covered]
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in product(inside, outside)]
    assert auroc(floats(*values), np.array(mask)) == pytest.approx(fmean(wins), abs=1e-12)


@given(small)
def test_rank_accuracy_is_the_mean_over_all_ways_to_break_ties(case: tuple[list[int], list[bool]]) -> None:
    values, mask = case
    letters, places = range(len(values)), sum(mask)
    largest = sorted(values, reverse=True)[:places]
    choices = [
        c for c in combinations(letters, places) if sorted((values[i] for i in c), reverse=True) == largest
    ]
    shares = [Fraction(sum(mask[i] for i in choice), places) for choice in choices]
    expected = float(sum(shares) / len(shares))
    assert rank_accuracy(floats(*values), np.array(mask)) == pytest.approx(expected, abs=1e-12)


@given(small)
def test_average_precision_sums_precision_over_steps_of_recall(case: tuple[list[int], list[bool]]) -> None:
    values, mask = case
    expected = 0.0
    for threshold in set(values):
        kept = [covered for value, covered in zip(values, mask, strict=True) if value >= threshold]
        new = sum(covered for value, covered in zip(values, mask, strict=True) if value == threshold)
        expected += new / sum(mask) * sum(kept) / len(kept)
    assert average_precision(floats(*values), np.array(mask)) == pytest.approx(expected, abs=1e-12)


@given(small)
def test_point_biserial_is_the_textbook_formula(case: tuple[list[int], list[bool]]) -> None:
    values, covered = floats(*case[0]), np.array(case[1])
    share, spread = covered.mean(), values.std()
    difference = values[covered].mean() - values[~covered].mean()
    expected = 0 if spread == 0 else difference / spread * np.sqrt(share * (1 - share))
    assert point_biserial(values, covered) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("compute", [auroc, point_biserial])
def test_relevance_against_the_target_ranks_below_none(compute: Compute) -> None:
    against, without = floats(-1, 0, 0, 0.5, 0), floats(0, 0, 0, 0.5, 0)
    assert compute(against, marks("#....")) < compute(without, marks("#...."))


@every_metric
@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_the_unit_of_relevance_does_not_matter(compute: Compute, factor: float) -> None:
    relevance = np.array([0.3, -0.2, 0.9, 0.1, 0.4, 0.4, -0.7], dtype=np.float32)
    scaled = compute((relevance * factor).astype(np.float32), marks(".##..#."))
    assert scaled == pytest.approx(compute(relevance, marks(".##..#.")), rel=1e-5)


@pytest.mark.parametrize("value", [1e308, 5e-324])
@every_metric
def test_sums_neither_overflow_nor_vanish(compute: Compute, value: float) -> None:
    relevance = floats(1, 1, -1, 0)
    assert compute(relevance * value, marks("#..#")) == pytest.approx(compute(relevance, marks("#..#")))


@every_metric
def test_the_arguments_are_left_as_they_were(compute: Compute) -> None:
    relevance, mask = floats(2, -1, 0.5), marks("#.#")
    compute(relevance, mask)
    assert relevance.tolist() == [2, -1, 0.5]
    assert mask.tolist() == [True, False, True]


@every_metric
@pytest.mark.parametrize(
    ("relevance", "pattern", "message"),
    [
        ([1, 2, 3], "...", "the mask covers no letter of 3.*leave this sequence out"),
        ([1, 2, 3], "###", "the mask covers every letter of 3"),
        ([1, np.nan, 3], "#..", "relevance of letter 2 is nan: expected a finite number"),
        ([1, 2, -np.inf], "#..", "relevance of letter 3 is -inf"),
    ],
)
def test_a_bad_case_is_refused(compute: Compute, relevance: list[float], pattern: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compute(floats(*relevance), marks(pattern))


@every_metric
def test_every_metric_is_registered(compute: Compute) -> None:
    name = next(name for name, function in NAMES.items() if function is compute)
    metric = metrics[name]
    assert isinstance(metric, Metric)
    assert (metric.name, metric.kind, metric.higher_is_better) == (name, "localisation", True)
    assert metric.compute is compute
    assert metric.source


def test_an_interval_surrounds_the_mean_and_repeats_by_its_seed() -> None:
    values = np.random.default_rng(5).beta(5, 2, size=60)
    mean, low, high = bootstrap_interval(values, seed=1)
    assert mean == pytest.approx(values.mean(), abs=1e-12)
    assert low < mean < high
    assert bootstrap_interval(values, seed=1) == (mean, low, high)
    assert bootstrap_interval(values, seed=2) != (mean, low, high)


def test_an_interval_has_the_width_of_the_normal_approximation() -> None:
    values = np.random.default_rng(7).normal(size=400)
    for level, quantile in [(0.95, 1.95996), (0.5, 0.67449)]:
        _, low, high = bootstrap_interval(values, seed=0, draws=4000, level=level)
        assert high - low == pytest.approx(2 * quantile * values.std() / 20, rel=0.06)


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    intervals = [
        bootstrap_interval(rng.exponential(size=80), seed=s, draws=200, level=0.8) for s in range(300)
    ]
    covered = sum(low <= 1 <= high for _, low, high in intervals)
    assert 300 * 0.8 - 30 < covered < 300 * 0.8 + 25


def test_an_interval_of_equal_values_has_no_width() -> None:
    assert bootstrap_interval([0.25, 0.25, 0.25], seed=0) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("values", [[], [0.5], [0.5, np.nan], [[0.5, 0.4], [0.1, 0.2]]])
def test_an_interval_needs_two_finite_values(values: list[float]) -> None:
    with pytest.raises(InputError, match="expected at least two, one per sequence, all finite"):
        bootstrap_interval(values, seed=0)
