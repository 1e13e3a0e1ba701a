"""Relevance as metrics take it: one finite value per letter or token, of any magnitude."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from relevome.errors import InputError
from relevome.placement import scaled


def check_finite(relevance: np.ndarray) -> None:
    """Raises InputError for relevance that is empty, no vector, or not finite."""
    if relevance.ndim != 1 or not len(relevance):
        raise InputError(
            f"relevance of shape {relevance.shape}: expected one value per letter or token, and at least one"
        )
    finite = np.isfinite(relevance)
    if not finite.all():
        place = int(np.flatnonzero(~finite)[0])
        raise InputError(
            f"value {place + 1} of the relevance is {relevance[place]}: expected a finite number"
        )


def correlation(first: Float[np.ndarray, " units"], second: Float[np.ndarray, " units"]) -> float:
    """Pearson correlation; 0 where one of the two is the same everywhere."""
    if first.min() == first.max() or second.min() == second.max():
        return 0.0
    first, second = (one.astype(np.float64) for one in (first, second))
    first, second = scaled(first - first.mean()), scaled(second - second.mean())
    return float(np.clip(first @ second / np.sqrt((first @ first) * (second @ second)), -1, 1))
