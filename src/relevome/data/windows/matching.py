"""Windows chosen to be made of what others are made of: G and C, and pairs of letters."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from relevome.data.windows.letters import Composition

# Windows that are compared for each, those that are nearest by their share of G and C.
_NEAR = 500
# What a difference in the share of G and C weighs, beside the distance of pairs.
_GC_WEIGHT = 4.0


def nearest(wanted: Composition, pool: Composition, rng: np.random.Generator) -> Int[np.ndarray, " wanted"]:
    """For each of ``wanted`` one of the pool that is like it, none of them twice, which one by one choose.

    In random order each takes, of the 500 that are nearest by their share of G and C and still there, the one
    with the least sum of the distance of pairs (see `pair_distance`) and four times the difference in that
    share. There must be as many in the pool.
    """
    order = np.argsort(pool.gc, kind="stable")
    gc, pairs = pool.gc[order], pool.pairs[order]
    free = np.ones(len(order), dtype=bool)
    chosen = np.zeros(len(wanted.gc), dtype=np.int64)
    for number in rng.permutation(len(chosen)):
        middle = int(np.searchsorted(gc, wanted.gc[number]))
        near = _free_around(free, middle)
        apart = pair_distance(pairs[near], wanted.pairs[number])
        best = near[np.argmin(apart + _GC_WEIGHT * np.abs(gc[near] - wanted.gc[number]))]
        free[best] = False
        chosen[number] = order[best]
    return chosen


def pair_distance(
    one: Float[np.ndarray, "*windows 16"], other: Float[np.ndarray, "*others 16"]
) -> Float[np.ndarray, "*windows"]:
    """Half the sum of absolute differences in shares of pairs: 0 where all are the same, at most 1."""
    return np.abs(one - other).sum(axis=-1) / 2


def likeness(wanted: Composition, found: Composition) -> dict[str, float]:
    """How like windows are to those they are for, one by one, as means.

    ``gc`` is the share of G and C of what was found, ``wanted_gc`` of what it is for, ``gc_difference`` the
    absolute difference of two that belong together, ``pair_distance`` that of `pair_distance`, and
    ``mean_pair_distance`` the distance between the mean shares of pairs of all windows.
    """
    means = [one.pairs.mean(axis=0, keepdims=True) for one in (found, wanted)]
    return {
        "gc": float(found.gc.mean()),
        "wanted_gc": float(wanted.gc.mean()),
        "gc_difference": float(np.abs(found.gc - wanted.gc).mean()),
        "pair_distance": float(pair_distance(found.pairs, wanted.pairs).mean()),
        "mean_pair_distance": float(pair_distance(*means).mean()),
    }


def _free_around(free: np.ndarray, middle: int) -> Int[np.ndarray, " some"]:
    """Some that are still there, on both sides of a place."""
    reach = _NEAR // 2
    while True:
        first, last = max(0, middle - reach), min(len(free), middle + reach)
        found = np.flatnonzero(free[first:last]) + first
        if len(found) >= _NEAR or last - first == len(free):
            return found
        reach *= 2
