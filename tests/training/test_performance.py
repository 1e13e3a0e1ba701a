from __future__ import annotations

import math

import numpy as np
import pytest

from relevome.training.performance import performance


def chance_of_ranking_higher(scores: np.ndarray, positive: np.ndarray) -> float:
    """AUROC by its meaning: over all pairs of a positive and a negative, ties count half."""
    pairs = [(p > n) + (p == n) / 2 for p in scores[positive] for n in scores[~positive]]
    return float(np.mean(pairs))


def mean_precision_at_positives(scores: np.ndarray, positive: np.ndarray) -> float:
    """Average precision without ties: the precision at the rank of each positive, averaged."""
    ranked = positive[np.argsort(-scores)]
    return float(np.mean([ranked[: i + 1].mean() for i in np.flatnonzero(ranked)]))


def test_binary_scores_equal_a_count_by_hand() -> None:
    margin = np.array([2.0, 1.0, 0.5, -0.5, -1.0, -3.0, 0.7])
    truth = np.array([1, 1, 0, 1, 0, 0, 0])
    logits = np.stack([np.zeros(7), margin], axis=1) + 5
    found = performance("binary", logits, truth)
    tp, fp, fn, tn = 2, 2, 1, 2
    assert found["accuracy"] == pytest.approx((tp + tn) / 7)
    assert found["f1"] == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert found["mcc"] == pytest.approx((tp * tn - fp * fn) / math.sqrt(4 * 3 * 4 * 3))
    assert found["auroc"] == pytest.approx(chance_of_ranking_higher(margin, truth == 1))
    assert found["average_precision"] == pytest.approx(mean_precision_at_positives(margin, truth == 1))


def test_multi_class_scores_are_means_over_classes() -> None:
    draw = np.random.default_rng(2)
    logits, truth = draw.normal(size=(40, 3)), draw.integers(0, 3, size=40)
    found = performance("multi-class", logits, truth)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    guess = logits.argmax(1)
    one_against_rest = [(shares[:, k], truth == k) for k in range(3)]
    f1 = [
        2 * ((guess == k) & (truth == k)).sum() / ((guess == k).sum() + (truth == k).sum()) for k in range(3)
    ]
    assert found["accuracy"] == pytest.approx((guess == truth).mean())
    assert found["f1"] == pytest.approx(np.mean(f1))
    assert found["auroc"] == pytest.approx(np.mean([chance_of_ranking_higher(*x) for x in one_against_rest]))
    assert found["average_precision"] == pytest.approx(
        np.mean([mean_precision_at_positives(*x) for x in one_against_rest])
    )


def test_mcc_of_several_classes_is_the_correlation_of_indicators() -> None:
    draw = np.random.default_rng(4)
    logits, truth = draw.normal(size=(31, 4)), draw.integers(0, 4, size=31)
    x, y = np.eye(4)[logits.argmax(1)], np.eye(4)[truth]
    x, y = x - x.mean(0), y - y.mean(0)
    expected = (x * y).sum() / math.sqrt((x * x).sum() * (y * y).sum())
    assert performance("multi-class", logits, truth)["mcc"] == pytest.approx(expected)


def test_multi_label_counts_whole_sequences_and_single_outputs() -> None:
    logits = np.array([[1.0, -1, 2], [-1, -2, 1], [3, 1, -1], [-2, 2, -3]])
    truth = np.array([[1.0, 0, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]])
    found = performance("multi-label", logits, truth)
    assert found["accuracy"] == 2 / 4
    tp, fp, fn, tn = 5, 1, 1, 5
    assert found["mcc"] == pytest.approx((tp * tn - fp * fn) / (6 * 6))
    assert found["f1"] == pytest.approx(np.mean([4 / 5, 2 / 3, 1]))
    columns = [(logits[:, k], truth[:, k] == 1) for k in range(3)]
    assert found["auroc"] == pytest.approx(np.mean([chance_of_ranking_higher(*c) for c in columns]))


def test_multi_label_with_one_output_is_scored_as_binary() -> None:
    logits, truth = np.array([[1.0], [-1], [2], [3]]), np.array([[1.0], [1], [0], [1]])
    both = performance("binary", np.hstack([np.zeros((4, 1)), logits]), truth[:, 0])
    assert performance("multi-label", logits, truth) == both


def test_token_scores_leave_out_padding_and_special_tokens() -> None:
    draw = np.random.default_rng(6)
    logits, truth = draw.normal(size=(5, 9, 3)), draw.integers(0, 3, size=(5, 9))
    truth[:, 0] = truth[3:, 6:] = -100
    kept = [(b, t) for b in range(5) for t in range(9) if truth[b, t] != -100]
    flat = performance("multi-class", np.array([logits[i] for i in kept]), np.array([truth[i] for i in kept]))
    assert len(kept) == 34
    assert performance("token", logits, truth) == flat


def test_regression_scores_equal_their_formulas() -> None:
    draw = np.random.default_rng(8)
    truth = draw.normal(size=23)
    guess = truth**3 + draw.normal(size=23)
    found = performance("regression", guess[:, None], truth)

    def correlation(x: np.ndarray, y: np.ndarray) -> float:
        x, y = x - x.mean(), y - y.mean()
        return float((x * y).sum() / math.sqrt((x**2).sum() * (y**2).sum()))

    ranks = [np.array([(x < one).sum() for one in x], dtype=float) for x in (guess, truth)]
    assert found["pearson"] == pytest.approx(correlation(guess, truth))
    assert found["spearman"] == pytest.approx(correlation(*ranks))
    assert found["rmse"] == pytest.approx(
        math.sqrt(sum((g - t) ** 2 for g, t in zip(guess, truth, strict=True)) / 23)
    )


def test_what_is_undefined_is_nan_and_no_warning() -> None:
    one_class = performance("binary", np.array([[0.0, 1], [0, 2]]), np.array([1, 1]))
    assert math.isnan(one_class["auroc"])
    assert math.isnan(one_class["average_precision"])
    assert math.isnan(one_class["mcc"])
    assert one_class["accuracy"] == 1
    diverged = performance("binary", np.array([[0.0, 1], [0, math.nan]]), np.array([1, 0]))
    assert all(map(math.isnan, diverged.values()))
    flat = performance("regression", np.zeros((3, 1)), np.array([1.0, 2, 3]))
    assert math.isnan(flat["pearson"])
    assert flat["rmse"] == pytest.approx(math.sqrt(14 / 3))


def test_an_output_without_positives_is_left_out_of_the_mean() -> None:
    logits = np.array([[2.0, 1, 0], [0, 3, 1], [1, 2, 0], [2, 0, 1]])
    truth = np.array([0, 1, 1, 0])
    assert performance("multi-class", logits, truth)["auroc"] == 1
