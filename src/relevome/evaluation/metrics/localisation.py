"""Localisation: does relevance lie where the known sites are?

All metrics take the relevance and the mask of one sequence, over letters or over tokens (read token for
letter below). They read relevance as it is signed: a letter that speaks against the target ranks below
one that says nothing, and only positive relevance has mass. Each has a twin that asks where relevance of
either sign lies, ``absolute-``. Where relevance tells no letter from another, each gives its chance level,
never NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float

from relevome import placement
from relevome.errors import InputError
from relevome.evaluation import statistics
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.units import check_finite

Relevance: TypeAlias = Float[np.ndarray, " letters"]
Mask: TypeAlias = Bool[np.ndarray, " letters"]
Compute: TypeAlias = Callable[[Relevance, Mask], float]

ARRAS = "Arras et al. 2022, Information Fusion 81:14-40, doi 10.1016/j.inffus.2021.11.008"
ABSOLUTE = "absolute-"
SHARE = "the share of letters inside known sites"


def absolute(metric: Metric) -> Metric:
    """The same of the absolute values of relevance: where that of either sign lies."""

    def compute(relevance: Relevance, mask: Mask) -> float:
        return metric.compute(np.abs(relevance), mask)

    return replace(metric, name=ABSOLUTE + metric.name, compute=compute, absolute=True)


def _localisation(
    name: str, chance: str, source: str, bounds: tuple[float, float] = (0.0, 1.0)
) -> Callable[[Compute], Compute]:
    def enter(compute: Compute) -> Compute:
        needs = ("relevance", "mask")
        entry = Metric(name, "localisation", True, compute, source, needs, chance, bounds=bounds)
        metrics.register(name)(entry)
        metrics.register(ABSOLUTE + name)(absolute(entry))
        return compute

    return enter


@_localisation(
    "auroc", "0.5", "Fawcett 2006, Pattern Recognition Letters 27:861-874, doi 10.1016/j.patrec.2005.10.010"
)
def auroc(relevance: Relevance, mask: Mask) -> float:
    """Probability that a letter inside the mask is more relevant than one outside; ties count half.

    Chance: 0.5. Raises InputError for a mask that covers nothing or everything.
    """
    _check(relevance, mask)
    return float(statistics.auroc(relevance, mask))


@_localisation(
    "average-precision",
    "(h + (N - h)(K - 1) / (N - 1)) / N with h = 1 + 1/2 + ... + 1/N, for K of N letters inside: "
    "a little above K / N",
    "Manning, Raghavan, Schütze 2008, Introduction to Information Retrieval, section 8.4",
)
def average_precision(relevance: Relevance, mask: Mask) -> float:
    """Precision averaged over the letters inside the mask, most relevant first, without interpolation.

    Letters that tie enter together, all at the precision that they reach together. Chance: a little above
    the share of letters inside the mask. Raises InputError for a mask that covers nothing or everything.
    """
    _check(relevance, mask)
    order = np.argsort(relevance)[::-1]
    values = relevance[order]
    last_of_tie = np.append(values[1:] != values[:-1], True)
    entered = np.flatnonzero(last_of_tie) + 1
    hits = np.cumsum(mask[order])[last_of_tie]
    return float((np.diff(hits, prepend=0) * hits / entered).sum() / hits[-1])


@_localisation("mass-accuracy", SHARE, ARRAS)
def mass_accuracy(relevance: Relevance, mask: Mask) -> float:
    """Share of the positive relevance that lies inside the mask (relevance mass accuracy).

    Negative relevance counts as 0. Chance: the share of letters inside the mask, which is also given
    where no relevance is positive. Raises InputError for a mask that covers nothing or everything.
    """
    _check(relevance, mask)
    return _inside(placement.mass_accuracy, relevance, mask)


@_localisation("rank-accuracy", SHARE, ARRAS)
def rank_accuracy(relevance: Relevance, mask: Mask) -> float:
    """Share of the K most relevant letters that lie inside the mask of K letters (relevance rank accuracy).

    Where letters tie for the last of the K places, the expected value over a random choice among
    them. Chance: the share of letters inside the mask. Raises InputError for a mask that covers
    nothing or everything.
    """
    _check(relevance, mask)
    return _inside(placement.rank_accuracy, relevance, mask)


@_localisation("point-biserial", "0", "Tate 1954, Annals of Mathematical Statistics 25:603-607", (-1.0, 1.0))
def point_biserial(relevance: Relevance, mask: Mask) -> float:
    """Pearson correlation of relevance with being inside the mask, from -1 to 1.

    Chance: 0, which is also given where relevance is the same at every letter. Raises InputError for
    a mask that covers nothing or everything.
    """
    _check(relevance, mask)
    return float(np.clip(_inside(placement.point_biserial, relevance, mask), -1, 1))


def _inside(
    weights: Callable[[placement.Rows, int], placement.Rows], relevance: Relevance, mask: Mask
) -> float:
    """What the letters inside add up to."""
    return float(weights(relevance.astype(np.float64)[None], int(mask.sum()))[0, mask].sum())


def _check(relevance: Relevance, mask: Mask) -> None:
    if relevance.shape != mask.shape or relevance.ndim != 1 or mask.dtype != np.bool_:
        raise InputError(
            f"relevance of shape {relevance.shape} with a mask of shape {mask.shape} and type {mask.dtype}: "
            "expected one value and one true or false per letter"
        )
    check_finite(relevance)
    if mask.all() or not mask.any():
        covered = "every letter" if mask.any() else "no letter"
        raise InputError(
            f"the mask covers {covered} of {len(mask)}: localisation needs letters inside and outside known "
            "sites; leave this sequence out"
        )
