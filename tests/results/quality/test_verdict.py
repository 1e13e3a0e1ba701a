"""What a quality is worth: every threshold, chance by brute force, and differences of two models."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from relevome.results.quality.record import ModelQuality
from relevome.results.quality.verdict import (
    QualityLevel,
    auroc_chance_error,
    auroc_error,
    same_test,
    verdict,
    weaker,
)


def binary(auroc: float, negatives: int = 200, positives: int = 200, **scores: float) -> ModelQuality:
    metrics = {"auroc": auroc, **scores}
    return ModelQuality(
        "binary",
        "test",
        metrics,
        examples=negatives + positives,
        positives=(negatives, positives),
        sha256="a",
    )


@pytest.mark.parametrize(
    ("auroc", "mcc", "level"),
    [
        (0.97, 0.8, "good"), (0.7, 0.2, "good"), (0.69, 0.8, "weak"), (0.97, 0.19, "weak"),
        (0.55, 0.1, "chance"), (0.3, 0.8, "chance"),
    ],
)  # fmt: skip
def test_two_classes_are_judged_by_rank_and_by_agreement(auroc: float, mcc: float, level: str) -> None:
    judged = verdict(binary(auroc, mcc=mcc))
    assert judged.level == level
    assert judged.below == (level != "good")
    assert bool(judged.reason) == judged.below


def test_chance_has_the_spread_of_the_statistic_under_all_orders() -> None:
    """By brute force: the AUROC of random scores has the standard deviation that is said."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], [12, 7])
    drawn = [roc_auc_score(truth, rng.permutation(19)) for _ in range(4000)]
    assert auroc_chance_error([(7, 12)]) == pytest.approx(np.std(drawn), rel=0.04)
    assert auroc_chance_error([(7, 12)]) == math.sqrt(20 / (12 * 7 * 12))


def test_few_examples_are_above_chance_by_luck_and_many_are_not() -> None:
    assert verdict(binary(0.75, 8, 8, mcc=0.5)).level == "chance"
    assert verdict(binary(0.75, 80, 80, mcc=0.5)).level == "good"
    guess = 0.5 + 1.959963984540054 * math.sqrt(17 / (12 * 8 * 8))
    assert f"by luck up to {guess:.3f}".rstrip("0") in verdict(binary(0.75, 8, 8)).reason


def test_nobody_counted_so_chance_has_no_spread() -> None:
    assert verdict(ModelQuality("binary", "test", {"auroc": 0.501})).level == "weak"
    assert verdict(ModelQuality("binary", "test", {"auroc": 0.5})).level == "chance"


def test_the_mean_over_outputs_spreads_no_more_than_is_said() -> None:
    """Brute force, outputs that are ranked all alike: then the means add up, and else less."""
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], [6, 10, 14])
    alike, apart = [], []
    for _ in range(1500):
        order, orders = rng.permutation(30), [rng.permutation(30) for _ in range(3)]
        alike.append(np.mean([roc_auc_score(truth == i, order) for i in range(3)]))
        apart.append(np.mean([roc_auc_score(truth == i, orders[i]) for i in range(3)]))
    found = ModelQuality("multi-class", "test", {"auroc": 0.6}, examples=30, positives=(6, 10, 14))
    assert found.contests == [(6, 24), (10, 20), (14, 16)]
    assert auroc_chance_error(found.contests) > max(np.std(alike), np.std(apart))


def test_of_several_labels_every_output_has_its_own_negatives_and_agreement_is_not_asked() -> None:
    found = ModelQuality("multi-label", "test", {"auroc": 0.8, "mcc": 0.1}, {}, 100, positives=(30, 0, 70))
    assert found.contests == [(30, 70), (70, 30)]
    assert verdict(found).level == "good"
    assert verdict(replace(found, task="multi-class")).level == "weak"


@pytest.mark.parametrize(("mcc", "level"), [(0.05, "chance"), (0.15, "weak"), (0.4, "good")])
def test_without_ranks_agreement_decides(mcc: float, level: QualityLevel) -> None:
    """Its chance is that of chi-squared with one degree of freedom: n r^2 of 3.84."""
    found = ModelQuality("binary", "test", {"mcc": mcc}, examples=400, positives=(200, 200))
    assert verdict(found).level == level
    assert (stats.chi2.sf(400 * mcc**2, 1) > 0.05) == (level == "chance")


@pytest.mark.parametrize(
    ("rank", "level"), [(0.18, "chance"), (0.25, "weak"), (0.3, "good"), (-0.9, "chance")]
)
def test_numbers_are_judged_by_ranks(rank: float, level: QualityLevel) -> None:
    found = ModelQuality("regression", "test", {"spearman": rank, "pearson": 0.9}, examples=101)
    assert verdict(found).level == level  # 1.96 / sqrt(100) is 0.196


def test_the_spread_of_ranks_is_that_of_all_orders() -> None:
    rng = np.random.default_rng(2)
    drawn = [np.corrcoef(np.arange(26), rng.permutation(26))[0, 1] for _ in range(3000)]
    assert np.std(drawn) == pytest.approx(1 / 5, rel=0.05)


@pytest.mark.parametrize(
    ("precision", "auroc", "level"),
    [(0.17, 0.95, "good"), (0.0019, 0.95, "weak"), (0.0009, 0.95, "chance"), (0.17, 0.65, "weak")],
)
def test_sites_of_a_genome_are_judged_by_precision_too(
    precision: float, auroc: float, level: QualityLevel
) -> None:
    found = ModelQuality(
        "token", "validation", {"auroc": auroc, "average_precision": precision},
        {"auroc": 0.5, "average_precision": 0.001}, 1_000_000, "positions", (999_000, 1000),
    )  # fmt: skip
    assert verdict(found).level == level


@pytest.mark.parametrize(("loss", "level"), [(1.31, "good"), (1.38, "chance"), (1.5, "chance")])
def test_hidden_tokens_are_judged_by_a_guess_by_frequency(loss: float, level: QualityLevel) -> None:
    found = ModelQuality("masked", "validation", {"loss": loss, "accuracy": 0.3}, {"loss": 1.38})
    assert verdict(found).level == level


def test_what_is_not_understood_is_not_below() -> None:
    for found in (ModelQuality(unknown="no one knows"), ModelQuality("x", "test", {"rouge": 0.1})):
        assert verdict(found).level == "unknown"
        assert not verdict(found).below


def test_the_error_of_an_auroc_is_the_published_one() -> None:
    """Written out for A = 0.8, 30 positives, 50 negatives; Q1 = 2/3, Q2 = 0.7111."""
    q1, q2 = 0.8 / 1.2, 1.28 / 1.8
    expected = math.sqrt((0.16 + 29 * (q1 - 0.64) + 49 * (q2 - 0.64)) / 1500)
    assert auroc_error(0.8, 30, 50) == pytest.approx(expected, rel=1e-12)
    assert auroc_error(1.0, 30, 50) == 0


def test_a_model_is_weaker_where_the_difference_is_significant() -> None:
    good, bad = binary(0.97), binary(0.73)
    assert weaker(bad, good)
    assert not weaker(good, bad)
    assert not weaker(bad, bad)
    assert not weaker(binary(0.73, 6, 6), binary(0.97, 6, 6))  # z is 1.6
    z = 0.24 / math.hypot(auroc_error(0.73, 6, 6), auroc_error(0.97, 6, 6))
    assert z < 1.96


def test_models_of_other_examples_are_not_compared() -> None:
    good, bad = binary(0.97), binary(0.73)
    for other in (replace(good, sha256="b"), replace(good, sha256=None), replace(good, table="validation")):
        assert not weaker(bad, other)
        assert not same_test(bad, other)


def test_numbers_are_compared_after_fishers_transformation() -> None:
    one, two = (
        ModelQuality("regression", "test", {"spearman": r}, examples=50, sha256="a") for r in (0.3, 0.65)
    )
    z = (math.atanh(0.65) - math.atanh(0.3)) / math.sqrt(2 * 1.06 / 47)
    assert z > 1.96
    assert weaker(one, two)
    assert not weaker(replace(one, metrics={"spearman": 0.35}), replace(two, metrics={"spearman": 0.6}))
    assert (math.atanh(0.6) - math.atanh(0.35)) / math.sqrt(2 * 1.06 / 47) < 1.96
