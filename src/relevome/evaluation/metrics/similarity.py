"""Similarity: do two explanations of one sequence say the same?

All metrics take two vectors of relevance of the same sequence, over its letters or its tokens (read token
for letter below), by two methods, two models, or from two strands. They do not depend on the scale of
either. Higher is more alike, which is better where the two should agree; it does not say that they are
right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float

from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.statistics import correlation
from relevome.evaluation.units import check_finite
from relevome.placement import scaled
from relevome.words import counted

Relevance: TypeAlias = Float[np.ndarray, " letters"]
Other: TypeAlias = Float[np.ndarray, " others"]  # as many, which is checked for users too
Compute = TypeVar("Compute", bound=Callable[..., float])


def _similarity(name: str, chance: str, source: str) -> Callable[[Compute], Compute]:
    def enter(compute: Compute) -> Compute:
        entry = Metric(name, "similarity", True, compute, source, ("relevance", "other"), chance)
        metrics.register(name)(entry)
        return compute

    return enter


@_similarity("pearson", "0", "Pearson 1895, Proceedings of the Royal Society of London 58:240-242")
def pearson(relevance: Relevance, other: Other) -> float:
    """Pearson correlation, from -1 to 1; 0 where one of the two is the same at every letter."""
    _check(relevance, other)
    return correlation(scaled(relevance), scaled(other))


@_similarity("spearman", "0", "Spearman 1904, American Journal of Psychology 15:72-101, doi 10.2307/1412159")
def spearman(relevance: Relevance, other: Other) -> float:
    """Pearson correlation of ranks, from -1 to 1; ties share their mean rank; 0 as for ``pearson``."""
    _check(relevance, other)
    return correlation(_ranks(relevance), _ranks(other))


@_similarity(
    "cosine",
    "what the two means give: 0 where relevance sums to 0, up to 1 where all of it has one sign",
    "Salton, McGill 1983, Introduction to Modern Information Retrieval",
)
def cosine(relevance: Relevance, other: Other) -> float:
    """Cosine of the angle between the two, from -1 to 1; 0 where one of the two is 0 at every letter."""
    _check(relevance, other)
    first, second = scaled(relevance), scaled(other)
    if not (first.any() and second.any()):
        return 0.0
    return float(np.clip(first @ second / np.sqrt((first @ first) * (second @ second)), -1, 1))


@_similarity(
    "top-k-overlap",
    "k / N for the k most relevant of N letters: 0.1 by default; more where letters tie",
    "Ghorbani, Abid, Zou 2019, AAAI 33:3681-3688, doi 10.1609/aaai.v33i01.33013681",
)
def top_k_overlap(relevance: Relevance, other: Other, k: float | int = 0.1) -> float:
    """Share of the k most relevant letters of one that are among the k most relevant of the other.

    ``k`` is a share of all letters (a float below 1) or a number of letters (an integer). Letters that tie
    for the last places share them evenly, and two letters have in common the smaller of their shares, so
    that identical relevance overlaps fully. Raises InputError for a k that is neither.
    """
    _check(relevance, other)
    places = _places(k, len(relevance))
    return float(np.minimum(_among_top(relevance, places), _among_top(other, places)).sum() / places)


def _ranks(relevance: Relevance) -> Relevance:
    """From 1 on, those that tie in the middle: `scipy.stats.rankdata` without its overhead for short rows."""
    _, place, count = np.unique(relevance, return_inverse=True, return_counts=True)
    return (count.cumsum() - (count - 1) / 2)[place]


def _places(k: float | int, letters: int) -> int:
    if isinstance(k, int) and 1 <= k <= letters:
        return k
    if isinstance(k, float) and 0 < k < 1:
        return max(1, round(k * letters))
    raise InputError(
        f"k is {k} of {letters} letters: expected a share above 0 and below 1, or a whole number of letters "
        f"from 1 to {letters}"
    )


def _among_top(relevance: Relevance, places: int) -> Relevance:
    """How much of a place each letter has: 1, 0, or an even share where letters tie for the last ones."""
    last = np.sort(relevance)[-places]
    above, tied = relevance > last, relevance == last
    return above + tied * ((places - above.sum()) / tied.sum())


def _check(relevance: Relevance, other: Other) -> None:
    check_finite(relevance)
    check_finite(other)
    if len(relevance) != len(other):
        raise InputError(
            f"relevance of {counted(len(relevance), 'value')} beside another of {len(other)}: expected the "
            "same letters or tokens; models with other tokens compare at the level of letters"
        )
