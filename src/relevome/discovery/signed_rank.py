"""Wilcoxon's signed-rank test of many columns at once, and intervals of medians."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.stats import binom, false_discovery_control, norm, rankdata

from relevome.results.relevance_heads.heads import Median

EXACT = 50  # values up to which all signs are counted

Columns = Float[np.ndarray, "proteins columns"]
Row = Float[np.ndarray, " columns"]


def signed_rank(values: Columns) -> Row:
    """One-sided p-value of every column: are values above 0 larger than those below it?

    Values of 0, and those that are NaN, are left out (Wilcoxon 1945, Biometrics Bulletin 1:80-83). With up
    to 50 others p is that of all ways to choose their signs, ranks that tie as they are; with more, that of
    the normal distribution with the same variance. 1 for a column without any.
    """
    known = np.nan_to_num(values)
    used = known != 0
    ranks = np.where(used, rankdata(np.abs(known), axis=0) - (~used).sum(0), 0.0)
    seen, n = (ranks * (known > 0)).sum(0), used.sum(0)
    deviation = np.sqrt((ranks**2).sum(0)) / 2
    p = norm.sf((seen - ranks.sum(0) / 2) / np.where(n > 0, deviation, 1))
    for column in np.flatnonzero(n <= EXACT):
        # Ranks that tie are halves: twice the ranks are whole numbers.
        doubled = np.sort(2 * ranks[used[:, column], column]).round().astype(int)
        p[column] = _tail(tuple(doubled.tolist()), round(2 * seen[column]))
    return np.minimum(p, 1.0)


def _tail(ranks: tuple[int, ...], seen: int) -> float:
    return float(_sums(ranks)[seen:].sum())


@lru_cache(maxsize=256)
def _sums(ranks: tuple[int, ...]) -> Float[np.ndarray, " sums"]:
    """How likely every sum of ranks is, each of which counts with probability 1/2."""
    chances = np.zeros(sum(ranks) + 1)
    chances[0] = 1.0
    for rank in ranks:
        chances[rank:] = (chances[rank:] + chances[: len(chances) - rank]) / 2
        chances[:rank] /= 2
    chances.setflags(write=False)
    return chances


def median_interval(values: Columns, level: float = 0.95) -> Median:
    """Median of every column, and the order statistics that hold it with at least this confidence.

    The k-th smallest and the k-th largest value, where fewer than k heads in n tosses of a fair coin have at
    most probability (1 - level) / 2 (David, Nagaraja 2003, Order Statistics, section 7.1). With fewer than
    six values no k is large enough, and the ends are those of the values. NaN are left out.
    """
    known = (~np.isnan(values)).sum(0)
    ordered = np.sort(values, axis=0)  # NaN last
    reach = np.maximum(binom.ppf((1 - level) / 2, known, 0.5).astype(int), 1)
    picks = (known // 2, (known - 1) // 2, reach - 1, known - reach)
    upper, lower, low, high = (_pick(ordered, pick) for pick in picks)
    return Median((lower + upper) / 2, low, high)


def _pick(ordered: Columns, places: np.ndarray) -> Row:
    return np.take_along_axis(ordered, np.clip(places, 0, len(ordered) - 1)[None], 0)[0]


def false_discovery_rates(p: Float[np.ndarray, "*tests"]) -> Float[np.ndarray, "*tests"]:
    """P-values of many tests by their false discovery rate (Benjamini, Hochberg 1995, JRSS B 57:289-300)."""
    return np.asarray(false_discovery_control(p.ravel())).reshape(p.shape) if p.size else p
