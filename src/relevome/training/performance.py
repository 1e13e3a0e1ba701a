"""How well predictions agree with labels, for every task of training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Num, Shaped
from scipy import stats
from sklearn import metrics

from relevome.training.labels import TrainingTask

CLASSIFICATION = ("accuracy", "mcc", "f1", "auroc", "average_precision")
REGRESSION = ("pearson", "spearman", "rmse")


def performance(
    task: TrainingTask, logits: Float[np.ndarray, "*items outputs"], truth: Shaped[np.ndarray, "..."]
) -> dict[str, float]:
    """Scores by name: accuracy, mcc, f1, auroc, average_precision; or pearson, spearman, rmse.

    ``truth`` is as ``LabelScheme.encode`` gives it; letters with -100 are left out. Of two classes the
    second is the positive one; of more, and of multi-label, auroc, average_precision and f1 are means
    over the outputs that have both positives and negatives (f1: over all). Accuracy of multi-label
    counts sequences with every output right, mcc counts outputs. What is undefined is NaN, as is
    everything of a model that gives no numbers.
    """
    if not np.isfinite(logits).all():
        return dict.fromkeys(REGRESSION if task == "regression" else CLASSIFICATION, math.nan)
    if task == "regression":
        return _regression(logits.reshape(-1), truth.reshape(-1))
    if task == "multi-label":
        return _agreement(truth == 1, logits > 0) | _ranking(truth == 1, logits)
    kept = truth != -100
    logits, truth = logits[kept], truth[kept]
    if logits.shape[-1] == 2:
        margin = logits[:, 1] - logits[:, 0]
        return _agreement(truth == 1, margin > 0) | _ranking((truth == 1)[:, None], margin[:, None])
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    one_against_rest = truth[:, None] == np.arange(logits.shape[-1])
    return _agreement(truth, logits.argmax(axis=-1)) | _ranking(
        one_against_rest, odds / odds.sum(axis=-1, keepdims=True)
    )


def _agreement(truth: Shaped[np.ndarray, "..."], guess: Shaped[np.ndarray, "..."]) -> dict[str, float]:
    """From class indices (items), or whether each is positive: (items), or (items, outputs)."""
    average = "binary" if truth.dtype == bool and truth.size == len(truth) else "macro"
    varies = bool((truth != truth.flat[0]).any())
    zero: Any = 0  # the stub of f1_score knows words only
    return {
        "accuracy": float(metrics.accuracy_score(truth, guess)),
        "mcc": float(metrics.matthews_corrcoef(truth.reshape(-1), guess.reshape(-1))) if varies else math.nan,
        "f1": float(metrics.f1_score(truth, guess, average=average, zero_division=zero)),
    }


def _ranking(
    positive: Bool[np.ndarray, "items outputs"], scores: Float[np.ndarray, "items outputs"]
) -> dict[str, float]:
    columns = [(p, s) for p, s in zip(positive.T, scores.T, strict=True) if p.any() and not p.all()]
    return {
        "auroc": _mean([metrics.roc_auc_score(*column) for column in columns]),
        "average_precision": _mean([metrics.average_precision_score(*column) for column in columns]),
    }


def _regression(predicted: Num[np.ndarray, "items"], truth: Num[np.ndarray, "items"]) -> dict[str, float]:
    varies = len(truth) > 1 and np.ptp(truth) > 0 and np.ptp(predicted) > 0
    ranks = stats.rankdata(truth), stats.rankdata(predicted)
    return {
        "pearson": float(np.corrcoef(truth, predicted)[0, 1]) if varies else math.nan,
        "spearman": float(np.corrcoef(*ranks)[0, 1]) if varies else math.nan,
        "rmse": float(np.sqrt(np.mean((truth - predicted) ** 2))),
    }


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan
