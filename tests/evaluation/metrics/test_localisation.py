"""Localisation metrics against hand-computed cases, brute force and chance."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, permutations, product
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.metrics.localisation import (
    auroc,
    average_precision,
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
        ([1, np.nan, 3], "#..", "value 2 of the relevance is nan: expected a finite number"),
        ([1, 2, -np.inf], "#..", "value 3 of the relevance is -inf"),
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
    assert metric.needs == ("relevance", "mask")
    assert metric.source
    assert metric.chance


@every_metric
def test_truth_beats_noisy_truth_beats_chance_beats_the_inverse(compute: Compute) -> None:
    rng = np.random.default_rng(13)
    mask = np.arange(97) % 8 == 3
    noisy = [compute(mask + rng.normal(size=97) / 2, mask) for _ in range(50)]
    random = [compute(rng.normal(size=97), mask) for _ in range(50)]
    inverted = [compute(-1.0 * mask + rng.normal(size=97) / 2, mask) for _ in range(50)]
    assert compute(mask.astype(float), mask) == pytest.approx(1, abs=1e-12)
    assert max(noisy) < 1
    assert min(noisy) > fmean(random) > fmean(inverted)


@given(small)
def test_scikit_learn_ranks_the_same(case: tuple[list[int], list[bool]]) -> None:
    values, mask = floats(*case[0]), np.array(case[1])
    assert auroc(values, mask) == pytest.approx(roc_auc_score(mask, values), abs=1e-12)
    assert average_precision(values, mask) == pytest.approx(average_precision_score(mask, values), abs=1e-12)


def test_quantus_says_the_same() -> None:
    from quantus import AUC, RelevanceMassAccuracy, RelevanceRankAccuracy  # slow to import

    rng = np.random.default_rng(6)
    relevance, mask = rng.standard_t(3, size=(5, 41)), rng.random((5, 41)) < 0.3
    # Quantus adds negative relevance to the mass, so that shares may leave 0 to 1: it gets none.
    positive = np.clip(relevance, 0, None)
    for theirs, ours, values in (
        (AUC, auroc, relevance),
        (RelevanceRankAccuracy, rank_accuracy, relevance),
        (RelevanceMassAccuracy, mass_accuracy, positive),
    ):
        expected = theirs(disable_warnings=True).evaluate_batch(a_batch=values.copy(), s_batch=mask)
        found = [ours(*pair) for pair in zip(values, mask, strict=True)]
        assert found == pytest.approx(list(expected), abs=1e-12)
    assert [mass_accuracy(*pair) for pair in zip(relevance, mask, strict=True)] == pytest.approx(
        [mass_accuracy(*pair) for pair in zip(positive, mask, strict=True)], abs=1e-12
    )


@pytest.mark.parametrize("inside", [1, 2, 5])
def test_the_chance_of_average_precision_is_its_mean_over_all_orders(inside: int) -> None:
    mask, order = np.arange(6) < inside, floats(*range(6))
    found = fmean(average_precision(floats(*p), mask) for p in permutations(order))
    harmonic = sum(1 / n for n in range(1, 7))
    assert found == pytest.approx((harmonic + (6 - harmonic) * (inside - 1) / 5) / 6, abs=1e-12)
