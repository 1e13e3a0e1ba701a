"""False discovery rates from what is found where there is nothing to find."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def decoy_rates(
    scores: Float[np.ndarray, " found"], decoys: Float[np.ndarray, " decoys"], share: float
) -> Float[np.ndarray, " found"]:
    """Of every score the smallest false discovery rate at which it is found.

    At a bar, false ones are as many as decoys, and one, reach it, times ``share``, the letters that were
    looked at over the letters of decoys; the rate is that over all that reach the bar (Elias, Gygi 2007,
    Nature Methods 4:207-214; the one by He et al. 2015, arXiv:1501.00537). A score has the least rate of all
    bars that it reaches.
    """
    if not len(scores):
        return np.zeros(0)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    reach = np.searchsorted(-ordered, -ordered, side="right")
    rates = np.minimum((at_least(decoys, ordered) + 1) * share / reach, 1.0)
    result = np.empty(len(scores))
    result[order] = np.minimum.accumulate(rates[::-1])[::-1]
    return result


def at_least(
    decoys: Float[np.ndarray, " decoys"], scores: Float[np.ndarray, " scores"]
) -> Float[np.ndarray, " scores"]:
    """How many decoys have at least each score."""
    return (len(decoys) - np.searchsorted(np.sort(decoys), scores, side="left")).astype(np.float64)
