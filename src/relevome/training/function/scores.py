"""How well functions of proteins are predicted: Fmax, Smin and precision-recall over all labels at once.

Fmax is protein-centric (Radivojac et al. 2013, Nature Methods 10:221, online methods); Smin is the least
semantic distance (Clark and Radivojac 2013, Bioinformatics 29:i53, eq. 4 to 8).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit, softmax
from sklearn.metrics import average_precision_score

from relevome.training.function.labels import FunctionLabels

FUNCTION = ("fmax", "smin", "micro_average_precision")

# Thresholds as CAFA draws them, 0.01 apart.
_THRESHOLDS = np.arange(1, 101) / 100


@dataclass(frozen=True, eq=False)
class Outputs:
    """What is known of the outputs: ``implies[a, b]``, that who has a has b, and ``information`` in bits."""

    implies: Bool[np.ndarray, "outputs outputs"]
    information: Float[np.ndarray, "outputs"]

    def scores(
        self, logits: Float[np.ndarray, "proteins outputs"], truth: np.ndarray, one_class: bool
    ) -> dict[str, float]:
        """Scores by name; ``truth`` is a class index (one class) or 0 or 1 for every output.

        Probabilities are raised to those of what implies an output. Proteins without any label among the
        outputs count for micro_average_precision only. What is undefined is NaN.
        """
        if not np.isfinite(logits).all():
            return dict.fromkeys(FUNCTION, math.nan)
        chance = softmax(logits, axis=1) if one_class else expit(logits)
        known = truth[:, None] == np.arange(logits.shape[1]) if one_class else truth == 1
        chance = self._consistent(chance)
        some = known.any(axis=1)
        return {
            "fmax": fmax(chance[some], known[some]),
            "smin": smin(chance[some], known[some], self.information),
            "micro_average_precision": float(average_precision_score(known.ravel(), chance.ravel()))
            if known.any()
            else math.nan,
        }

    def _consistent(self, chance: Float[np.ndarray, "proteins outputs"]) -> np.ndarray:
        """Every output at least as probable as any that implies it."""
        raised = chance.copy()
        for output, below in enumerate(self.implies.T):
            raised[:, output] = chance[:, below].max(axis=1)
        return raised


def fmax(chance: Float[np.ndarray, "proteins outputs"], known: Bool[np.ndarray, "proteins outputs"]) -> float:
    """The largest harmonic mean of precision and recall over all thresholds.

    Recall is the mean over all proteins, precision over those with any prediction at the threshold.
    """
    best = 0.0 if len(known) else math.nan
    for threshold in _THRESHOLDS:
        guess = chance >= threshold
        right, made = (guess & known).sum(axis=1), guess.sum(axis=1)
        if right.any():
            precision = (right[made > 0] / made[made > 0]).mean()
            recall = (right / known.sum(axis=1)).mean()
            best = max(best, 2 * precision * recall / (precision + recall))
    return float(best)


def smin(
    chance: Float[np.ndarray, "proteins outputs"],
    known: Bool[np.ndarray, "proteins outputs"],
    information: Float[np.ndarray, "outputs"],
) -> float:
    """The smallest distance, in bits, of remaining uncertainty and misinformation over all thresholds."""
    if not len(known):
        return math.nan
    distances = [
        math.hypot(
            float(((known & (chance < threshold)) @ information).mean()),
            float(((~known & (chance >= threshold)) @ information).mean()),
        )
        for threshold in _THRESHOLDS
    ]
    return min(distances)


def outputs_of(names: tuple[str, ...], labels: FunctionLabels, training: Iterable[frozenset[str]]) -> Outputs:
    """What the training proteins, each by all its classes, tell of the outputs.

    The information of a class is -log2 of its share among the proteins that have all classes right above it.
    """
    proteins = list(training)
    implies = np.array([[other in labels.above(name)[0] for other in names] for name in names])
    information = []
    for name in names:
        parents = labels.above(name)[1]
        with_parents = [classes for classes in proteins if parents <= classes]
        share = sum(name in classes for classes in with_parents) / max(len(with_parents), 1)
        information.append(-math.log2(share) if share else math.nan)
    return Outputs(implies, np.abs(information))
