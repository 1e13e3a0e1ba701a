"""How well predictions agree with labels, for every task of training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Num, Shaped
from scipy import stats
from sklearn import metrics

from relevome.models.labels import TrainingTask

CLASSIFICATION = ("accuracy", "mcc", "auroc", "average_precision", "f1")
REGRESSION = ("pearson", "spearman", "rmse")


def performance(
    task: TrainingTask, logits: Float[np.ndarray, "*items outputs"], truth: Shaped[np.ndarray, "..."]
) -> dict[str, float]:
    """Scores by name: accuracy, mcc, auroc, average_precision, f1; or pearson, spearman, rmse.

    ``truth`` is as ``LabelScheme.encode`` gives it; letters with -100 are left out. Of two classes the
    second is the positive one; of more, and of multi-label, auroc, average_precision and f1 are means
    over the outputs that have both positives and negatives (f1: over all). Accuracy of multi-label
    counts sequences with every output right, mcc counts outputs. What is undefined is NaN.
    """
    if task == "regression":
        return _regression(logits.reshape(-1), truth.reshape(-1))
    if task == "multi-label":
        return _classification(truth.astype(int), (logits > 0).astype(int), logits)
    kept = truth != -100
    logits, truth = logits[kept], truth[kept].astype(int)
    if logits.shape[-1] == 2:
        margin = logits[:, 1] - logits[:, 0]
        return _classification(truth, (margin > 0).astype(int), margin[:, None])
    rest = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return _classification(truth, logits.argmax(axis=-1), rest / rest.sum(axis=-1, keepdims=True))


def _classification(
    truth: Int[np.ndarray, "*items"],
    predicted: Int[np.ndarray, "*items"],
    scores: Float[np.ndarray, "items outputs"],
) -> dict[str, float]:
    """From class indices, or a 0 or 1 for every output, and one ranking score per output."""
    outputs = scores.shape[1]
    positives = np.arange(outputs) == truth[:, None] if outputs > 1 else truth[:, None] == 1
    if truth.ndim == 2:
        positives = truth == 1
    columns = [k for k in range(outputs) if 0 < positives[:, k].sum() < len(positives)]
    average = "binary" if truth.ndim == 1 and outputs == 1 else "macro"
    zero: Any = 0  # the stub of f1_score knows words only
    return {
        "accuracy": float(metrics.accuracy_score(truth, predicted)),
        "mcc": float(metrics.matthews_corrcoef(truth.reshape(-1), predicted.reshape(-1))),
        "auroc": _mean([metrics.roc_auc_score(positives[:, k], scores[:, k]) for k in columns]),
        "average_precision": _mean(
            [metrics.average_precision_score(positives[:, k], scores[:, k]) for k in columns]
        ),
        "f1": float(metrics.f1_score(truth, predicted, average=average, zero_division=zero)),
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
