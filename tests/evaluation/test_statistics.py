"""Intervals and tests against formulas, exact enumeration, and how often they are right."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.statistics import (
    adjusted,
    bootstrap_interval,
    compare,
    paired_test,
    share_interval,
    student_interval,
    superiority,
)

SIMULATIONS = 1000
LETTERS, INSIDE = 100, 12


def random_scores(metric: str, sequences: int, seed: int) -> np.ndarray:
    """A localisation metric of random relevance: one row for every simulation, one value per sequence."""
    rng = np.random.default_rng(seed)
    compute = metrics[metric].compute
    compute = getattr(compute, "__wrapped__", compute)  # the shapes need no check a hundred thousand times
    mask = np.isin(np.arange(LETTERS), np.arange(60, 60 + INSIDE))
    relevance = rng.normal(size=(SIMULATIONS, sequences, LETTERS)).astype(np.float32)
    return np.array([[compute(one, mask) for one in run] for run in relevance])


def chance(metric: str) -> float:
    harmonic = sum(1 / n for n in range(1, LETTERS + 1))
    return {
        "auroc": 0.5,
        "average-precision": (harmonic + (LETTERS - harmonic) * (INSIDE - 1) / (LETTERS - 1)) / LETTERS,
        "mass-accuracy": INSIDE / LETTERS,
        "rank-accuracy": INSIDE / LETTERS,
        "point-biserial": 0.0,
    }[metric.removeprefix("absolute-")]


@pytest.mark.parametrize("metric", [name for name, one in metrics.items() if one.kind == "localisation"])
def test_the_interval_of_random_relevance_covers_chance_in_95_of_100_runs(metric: str) -> None:
    intervals = [
        bootstrap_interval(run, seed=s, draws=1000, bounds=metrics[metric].bounds)
        for s, run in enumerate(random_scores(metric, 25, 1))
    ]
    covered = np.mean([low <= chance(metric) <= high for _, low, high in intervals])
    assert abs(covered - 0.95) <= 0.02


@pytest.mark.parametrize("metric", ["mass-accuracy", "rank-accuracy"])
def test_the_paired_test_of_random_relevance_rejects_in_5_of_100_runs(metric: str) -> None:
    first, second = (random_scores(metric, 20, seed) for seed in (2, 3))
    found = [paired_test(a, b, seed=s, draws=999) for s, (a, b) in enumerate(zip(first, second, strict=True))]
    assert abs(np.mean(np.array(found) <= 0.05) - 0.05) <= 0.015


def test_the_interval_of_superiority_covers_one_half_for_random_values() -> None:
    pairs = np.random.default_rng(4).exponential(size=(2, SIMULATIONS, 30))
    intervals = [superiority(first, second) for first, second in zip(*pairs, strict=True)]
    assert abs(np.mean([low <= 0.5 <= high for _, low, high in intervals]) - 0.95) <= 0.02


def test_an_interval_surrounds_the_mean_and_repeats_by_its_seed() -> None:
    values = np.random.default_rng(5).beta(5, 2, size=60)
    mean, low, high = bootstrap_interval(values, seed=1)
    assert mean == pytest.approx(values.mean(), abs=1e-12)
    assert low < mean < high
    assert bootstrap_interval(values, seed=1) == (mean, low, high)
    assert bootstrap_interval(values, seed=2) != (mean, low, high)


@pytest.mark.parametrize(("size", "tolerance"), [(15, 0.08), (400, 0.06), (1500, 0.06)])
@pytest.mark.parametrize("level", [0.95, 0.5])
def test_an_interval_of_normal_values_is_as_wide_as_students(
    size: int, tolerance: float, level: float
) -> None:
    values = stats.norm.ppf((np.arange(size) + 0.5) / size)
    _, low, high = bootstrap_interval(values, seed=0, draws=4000, level=level)
    expected = 2 * stats.t.ppf((1 + level) / 2, size - 1) * values.std(ddof=1) / np.sqrt(size)
    assert high - low == pytest.approx(expected, rel=tolerance)


def test_an_interval_leans_where_values_do() -> None:
    values = np.random.default_rng(11).exponential(size=40) ** 2
    mean, low, high = bootstrap_interval(values, seed=0)
    assert high - mean > 1.2 * (mean - low)
    _, turned_low, turned_high = bootstrap_interval(-values, seed=0)
    assert (-turned_high, -turned_low) == pytest.approx((low, high), rel=0.05)


def test_an_interval_is_that_of_weighted_draws_one_by_one() -> None:
    values, weights = np.array([0.2, 0.9, 0.4, 0.5, 0.3, 0.7]), np.random.default_rng(8)
    mean, spread = values.mean(), values.std(ddof=1)
    found, between = [], []
    for drawn in weights.beta(1 / 4, 5 / 12, (500, 6)):
        drawn /= drawn.sum()
        average = np.average(values, weights=drawn)
        variance = np.average((values - average) ** 2, weights=drawn) / (1 - (drawn**2).sum())
        found.append((average - mean) / np.sqrt(variance))
        place = np.arcsin(np.sqrt(average)) - np.arcsin(np.sqrt(mean))
        between.append(place * 2 * np.sqrt(average * (1 - average)) / np.sqrt(variance))
    expected = [mean - np.quantile(found, tail) * spread for tail in (0.9, 0.1)]
    assert bootstrap_interval(values, 8, 500, 0.8)[1:] == pytest.approx(expected, abs=1e-12)
    reach = np.quantile(between, [0.9, 0.1]) * spread / (2 * np.sqrt(mean * (1 - mean)))
    expected = np.sin(np.arcsin(np.sqrt(mean)) - reach) ** 2
    assert bootstrap_interval(values, 8, 500, 0.8, (0.0, 1.0))[1:] == pytest.approx(expected, abs=1e-12)
    # Bounds move with the values: those of a correlation are -1 and 1.
    moved = bootstrap_interval(2 * values - 1, 8, 500, 0.8, (-1.0, 1.0))[1:]
    assert moved == pytest.approx(2 * expected - 1, abs=1e-12)


@pytest.mark.parametrize("size", [6, 1500])
def test_an_interval_of_shares_leans_to_the_middle_and_stays_between_bounds(size: int) -> None:
    values = np.r_[np.zeros(size - size // 5), np.full(size // 5, 0.25)]
    mean, low, high = bootstrap_interval(values, seed=0, bounds=(0.0, 1.0))
    assert 0 <= low < mean < high
    assert high - mean > mean - low
    assert bootstrap_interval([0.0, 1 + 1e-15, 1.0], seed=0, bounds=(0.0, 1.0)).high <= 1
    with pytest.raises(InputError, match=r"values from 0 to 1\.1: expected none beyond 0 and 1"):
        bootstrap_interval([0.0, 1.1], seed=0, bounds=(0.0, 1.0))


@pytest.mark.parametrize("outliers", [1, 2])
def test_an_interval_of_hardly_differing_values_has_ends(outliers: int) -> None:
    values = np.r_[np.ones(40), np.full(outliers, 1 - 1e-9)]
    for seed in range(20):
        mean, low, high = bootstrap_interval(values, seed)
        assert 1 - 1e-9 <= low < mean < high <= 1


def test_an_interval_stays_among_its_values() -> None:
    assert bootstrap_interval([0.25, 0.25, 0.25], seed=0) == (0.25, 0.25, 0.25)
    # Of two values a draw may leave nearly all the weight to one: little short of all there is.
    assert bootstrap_interval([0.2, 0.4], seed=0) == pytest.approx((0.3, 0.2, 0.4), abs=1e-4)
    _, low, high = bootstrap_interval([1, 1, 1, 0.9, 1], seed=0)
    assert 0.9 <= low < high <= 1


@pytest.mark.parametrize("values", [[], [0.5], [0.5, np.nan], [[0.5, 0.4], [0.1, 0.2]]])
def test_statistics_need_two_finite_values(values: list[float]) -> None:
    message = "expected at least two, one per sequence, all finite"
    for refuse in (lambda: bootstrap_interval(values, seed=0), lambda: paired_test(values, values)):
        with pytest.raises(InputError, match=message):
            refuse()


@pytest.mark.parametrize("differences", [(4, 1, 3, -1, 5), (2, 2, 0, -2, 2), (7, 3, 1, 4, 9), (0, 0, 3)])
def test_few_pairs_are_tested_by_all_choices_of_signs(differences: tuple[int, ...]) -> None:
    """Sums that tie count half, and tenths that do not add up exactly tie all the same."""
    seen = abs(sum(differences))
    choices = list(product([1, -1], repeat=len(differences)))
    sums = [abs(sum(np.multiply(differences, signs))) for signs in choices]
    expected = np.mean([(one > seen) + (one == seen) / 2 for one in sums])
    first = np.linspace(0.3, 0.9, len(differences))
    second = first - np.array(differences) / 10
    assert paired_test(first, second) == pytest.approx(expected, abs=1e-12)
    assert paired_test(second, first) == pytest.approx(expected, abs=1e-12)


def test_drawn_signs_agree_with_all_choices_of_signs() -> None:
    """Twelve pairs with many ties, against the exact distribution of their sum."""
    difference = np.array([1, 1, 2, -1, 3, 1, 0, 2, -1, 1, 1, -2]) / 6
    exact = paired_test(difference, np.zeros(12), draws=2**12)
    drawn = [paired_test(difference, np.zeros(12), seed, draws=2**12 - 1) for seed in range(40)]
    assert len(set(drawn)) > 1
    assert np.mean(drawn) == pytest.approx(exact, abs=5 * np.sqrt(exact / 2**12 / 40))


def test_many_pairs_are_tested_like_students_t_by_drawn_signs() -> None:
    rng = np.random.default_rng(9)
    first = rng.normal(size=200)
    second = first + rng.normal(0.13, 1, size=200)
    expected = stats.ttest_rel(first, second).pvalue
    assert paired_test(first, second) == pytest.approx(expected, abs=0.015)
    assert paired_test(first, first + 1, draws=499) == pytest.approx(0.5 / 500)


def test_equal_values_do_not_differ() -> None:
    found = compare([0.5, 0.7, 0.1], [0.5, 0.7, 0.1])
    assert (found.n, found.p) == (3, 1)
    assert found.difference == (0, 0, 0)
    assert found.superiority.mean == 0.5


def test_a_comparison_says_how_much_and_how_often() -> None:
    found = compare([0.9, 0.8, 0.7, 0.5], [0.6, 0.6, 0.8, 0.5], seed=3)
    assert found.difference.mean == pytest.approx(0.1)
    assert found.difference == pytest.approx(bootstrap_interval([0.3, 0.2, -0.1, 0.0], seed=3))
    assert found.superiority.mean == pytest.approx((2 + 0.5) / 4)
    assert found.p == paired_test([0.9, 0.8, 0.7, 0.5], [0.6, 0.6, 0.8, 0.5])


def test_the_interval_of_superiority_is_wilsons() -> None:
    first, second = np.zeros(20), np.r_[np.ones(3), -np.ones(17)]
    expected = stats.binomtest(17, 20).proportion_ci(method="wilson")
    assert superiority(first, second) == pytest.approx((17 / 20, expected.low, expected.high), abs=1e-12)
    assert superiority(first, second - 5).high == 1
    assert superiority(first, second - 5).low < 0.9


def test_values_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(InputError, match="3 values beside 2: expected one pair per sequence"):
        compare([1, 2, 3], [1, 2])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # p m / rank, and never more than that of a larger p; by: times 1 + 1/2 + 1/3 + 1/4
        ("bh", [0.04, 0.08, 0.08, 0.5]),
        ("by", [0.04 * 25 / 12, 0.08 * 25 / 12, 0.08 * 25 / 12, 1]),
    ],
)
def test_four_p_values_by_hand(method: str, expected: list[float]) -> None:
    assert adjusted([0.01, 0.06, 0.04, 0.5], method) == pytest.approx(expected)


def test_corrections_refuse_what_is_no_probability() -> None:
    assert adjusted([]) == []
    with pytest.raises(InputError, match=r"p-values \[0.5, 1.5\]: expected numbers from 0 to 1"):
        adjusted([0.5, 1.5])
    with pytest.raises(InputError, match="unknown correction 'bonferroni': expected bh or by"):
        adjusted([0.5], "bonferroni")


def test_a_share_of_few_has_the_interval_of_wilson() -> None:
    """9 of 12 (Wilson 1927), worked out by hand: centre 0.6890, reach 0.2215."""
    assert share_interval([1.0] * 9 + [0.0] * 3) == pytest.approx((0.75, 0.4677, 0.9111), abs=1e-4)
    every = share_interval([1.0] * 12)
    assert every == pytest.approx((1.0, 12 / (12 + 1.959964**2), 1.0), abs=1e-6)
    with pytest.raises(InputError, match="expected none beyond 0 and 1"):
        share_interval([0.5, 1.5])


def test_a_mean_of_few_in_two_heaps_has_the_interval_of_student() -> None:
    values = [2.0] * 9 + [-2.5] * 3
    spread = np.sqrt((9 * 1.125**2 + 3 * 3.375**2) / 11 / 12)  # about their mean, 0.875
    reach = 2.200985 * spread  # the quantile of 11 degrees of freedom, from a table
    assert student_interval(values) == pytest.approx((0.875, 0.875 - reach, 0.875 + reach), abs=1e-6)
    assert student_interval([3.0, 3.0]) == (3.0, 3.0, 3.0)


def test_probabilities_in_two_heaps_are_covered_where_they_are_few() -> None:
    rng = np.random.default_rng(0)

    def drawn(count: int) -> np.ndarray:
        logits = rng.normal(np.where(rng.random(count) < 0.75, 3.0, -3.0))
        return 1 / (1 + np.exp(-logits))

    truth = drawn(400_000).mean()
    found = [share_interval(drawn(12)) for _ in range(SIMULATIONS)]
    assert np.mean([low <= truth <= high for _, low, high in found]) >= 0.95
