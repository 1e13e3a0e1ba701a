"""Complexity: on how few letters does relevance rest?

All metrics take the relevance of one sequence, over letters or over tokens (read token for letter below),
and read its absolute values: they ask how relevance is spread, not which way it points. None depends on
the scale of relevance, and none on its order. Where relevance is 0 everywhere it counts as evenly spread.
Few letters are called better, since people can read them; that they are the right ones only localisation
and faithfulness tell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from scipy import special

from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.units import check_finite
from relevome.placement import scaled

Relevance: TypeAlias = Float[np.ndarray, " letters"]
Compute: TypeAlias = Callable[[Relevance], float]

HILL = "Hill 1973, Ecology 54:427-432, doi 10.2307/1934352"


def _complexity(name: str, higher_is_better: bool, chance: str, source: str) -> Callable[[Compute], Compute]:
    def enter(compute: Compute) -> Compute:
        entry = Metric(name, "complexity", higher_is_better, compute, source, chance=chance, ordered=False)
        metrics.register(name)(entry)
        return compute

    return enter


@_complexity(
    "entropy",
    False,
    "log N for N letters equally relevant",
    "Bhatt, Weller, Moura 2020, IJCAI, arXiv 2005.00631",
)
def entropy(relevance: Relevance) -> float:
    """Complexity: entropy (in nats) of relevance as shares of its total, from 0 for one letter to log N."""
    return float(special.entr(_shares(relevance)).sum())


@_complexity("effective-letters", False, "N for N letters equally relevant", f"{HILL}, order 1")
def effective_letters(relevance: Relevance) -> float:
    """How many equally relevant letters would be as complex: the exponential of the entropy, from 1 to N."""
    return float(np.exp(entropy(relevance)))


@_complexity("inverse-simpson", False, "N for N letters equally relevant", f"{HILL}, order 2")
def inverse_simpson(relevance: Relevance) -> float:
    """Effective number of letters that heeds the strongest most: 1 over the sum of squared shares, 1 to N."""
    shares = _shares(relevance)
    return float(1 / (shares @ shares))


@_complexity(
    "sparseness",
    True,
    "0 for letters equally relevant",
    "Chalasani et al. 2020, ICML (PMLR 119:1383-1391), arXiv 1810.06583; Gini 1912",
)
def sparseness(relevance: Relevance) -> float:
    """Gini index of relevance, from 0 for letters equally relevant to 1 - 1/N for one letter."""
    shares = np.sort(_shares(relevance))
    letters = len(shares)
    return float((2 * np.arange(1, letters + 1) - letters - 1) @ shares / letters)


def _shares(relevance: Relevance) -> Relevance:
    """Absolute relevance as shares of its total."""
    check_finite(relevance)
    magnitude = np.abs(scaled(relevance))
    if not magnitude.any():
        return np.full(len(magnitude), 1 / len(magnitude))
    return magnitude / magnitude.sum()
