"""Localisation: does relevance lie where the known sites are?

All metrics take the relevance and the mask of one sequence. They read relevance as it is signed: a
letter that speaks against the target ranks below one that says nothing, and only positive relevance
has mass. To ask where relevance of either sign lies, pass its absolute values. Where relevance
tells no letter from another, each gives its chance level, never NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from relevome.data.errors import InputError
from relevome.evaluation import Metric, metrics

Relevance: TypeAlias = Float[np.ndarray, " letters"]
Mask: TypeAlias = Bool[np.ndarray, " letters"]
Compute: TypeAlias = Callable[[Relevance, Mask], float]

ARRAS = "Arras et al. 2022, Information Fusion 81:14-40, doi 10.1016/j.inffus.2021.11.008"


def _localisation(name: str, source: str) -> Callable[[Compute], Compute]:
    def enter(compute: Compute) -> Compute:
        metrics.register(name)(Metric(name, "localisation", True, compute, source))
        return compute

    return enter


@_localisation(
    "auroc", "Fawcett 2006, Pattern Recognition Letters 27:861-874, doi 10.1016/j.patrec.2005.10.010"
)
def auroc(relevance: Relevance, mask: Mask) -> float:
    """Probability that a letter inside the mask is more relevant than one outside; ties count half.

    Chance: 0.5. Raises InputError for a mask that covers nothing or everything.
    """
    _check(relevance, mask)
    return float(roc_auc_score(mask, relevance))


@_localisation(
    "average-precision", "Manning, Raghavan, Schütze 2008, Introduction to Information Retrieval, section 8.4"
)
def average_precision(relevance: Relevance, mask: Mask) -> float:
    """Precision averaged over the letters inside the mask, most relevant first, without interpolation.

    Letters that tie enter together, all at the precision that they reach together. Chance: about the
    share of letters inside the mask. Raises InputError for a mask that covers nothing or everything.
    """
    _check(relevance, mask)
    return float(average_precision_score(mask, relevance))


@_localisation("mass-accuracy", ARRAS)
def mass_accuracy(relevance: Relevance, mask: Mask) -> float:
    """Share of the positive relevance that lies inside the mask (relevance mass accuracy).

    Negative relevance counts as 0. Chance: the share of letters inside the mask, which is also given
    where no relevance is positive. Raises InputError for a mask that covers nothing or everything.
    """
    _check(relevance, mask)
    positive = np.clip(_scaled(relevance), 0, None)
    if not positive.any():
        return float(mask.mean())
    return float(positive[mask].sum() / positive.sum())


@_localisation("rank-accuracy", ARRAS)
def rank_accuracy(relevance: Relevance, mask: Mask) -> float:
    """Share of the K most relevant letters that lie inside the mask of K letters (relevance rank accuracy).

    Where letters tie for the last of the K places, the expected value over a random choice among
    them. Chance: the share of letters inside the mask. Raises InputError for a mask that covers
    nothing or everything.
    """
    _check(relevance, mask)
    places = int(mask.sum())
    last = np.sort(relevance)[-places]
    above, tied = relevance > last, relevance == last
    share_of_tied = (places - above.sum()) / tied.sum()
    return float((mask[above].sum() + share_of_tied * mask[tied].sum()) / places)


@_localisation("point-biserial", "Tate 1954, Annals of Mathematical Statistics 25:603-607")
def point_biserial(relevance: Relevance, mask: Mask) -> float:
    """Pearson correlation of relevance with being inside the mask, from -1 to 1.

    Chance: 0, which is also given where relevance is the same at every letter. Raises InputError for
    a mask that covers nothing or everything.
    """
    _check(relevance, mask)
    values = _scaled(relevance)
    if values.min() == values.max():
        return 0.0
    return float(np.corrcoef(values, mask)[0, 1])


def bootstrap_interval(
    values: ArrayLike, seed: int, draws: int = 1000, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean of one value per sequence, and the ends of its bootstrap confidence interval.

    Sequences are drawn with replacement; the ends are percentiles of the means of the draws (Efron,
    Tibshirani 1993, chapter 13), so they stay within the range of the values. Raises InputError for
    fewer than two values or a value that is not finite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise InputError(
            f"a bootstrap interval of {sample.size} values: "
            "expected at least two, one per sequence, all finite"
        )
    found = stats.bootstrap(
        (sample,),
        np.mean,
        n_resamples=draws,
        batch=max(1, 1_000_000 // len(sample)),
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = found.confidence_interval
    return float(sample.mean()), float(low), float(high)


def _scaled(relevance: Relevance) -> Relevance:
    """In units of its largest magnitude, so that no sum or square overflows or vanishes."""
    values = relevance.astype(np.float64)
    largest = np.abs(values).max()
    return values / largest if largest > 0 else values


def _check(relevance: Relevance, mask: Mask) -> None:
    if relevance.shape != mask.shape or relevance.ndim != 1 or mask.dtype != np.bool_:
        raise InputError(
            f"relevance of shape {relevance.shape} with a mask of shape {mask.shape} and type {mask.dtype}: "
            "expected one value and one true or false per letter"
        )
    if not np.isfinite(relevance).all():
        position = int(np.flatnonzero(~np.isfinite(relevance))[0]) + 1
        raise InputError(
            f"relevance of letter {position} is {relevance[position - 1]}: expected a finite number"
        )
    if mask.all() or not mask.any():
        covered = "every letter" if mask.any() else "no letter"
        raise InputError(
            f"the mask covers {covered} of {len(mask)}: localisation needs letters inside and outside known "
            "sites; leave this sequence out"
        )
