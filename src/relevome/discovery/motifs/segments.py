"""Stretches of letters whose scores add up to much."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

_BLOCK = 1_000_000  # letters looked at together, and those up to the end of the last one's sequence


class Segments(NamedTuple):
    """Stretches, 0-based and half-open in the array of all letters, and the sum of their scores."""

    start: Int[np.ndarray, " segments"]
    end: Int[np.ndarray, " segments"]
    score: Float[np.ndarray, " segments"]


def segments(
    scores: Float[np.ndarray, " letters"], bounds: Int[np.ndarray, " bounds"], drop: float
) -> Segments:
    """Stretches with a positive sum of scores, from left to right, within the bounds of one sequence each.

    A stretch starts with a positive score, goes on until its sum is 0 or less, or has fallen by more than
    ``drop`` below its largest (the X-drop rule of BLAST: Altschul et al. 1990, J Mol Biol 215:403-410), and
    ends where it was largest. The next one may start behind that fall.
    """
    starts = np.searchsorted(bounds, np.arange(0, len(scores), _BLOCK))
    blocks = np.unique(np.append(starts, len(bounds) - 1)).tolist()
    found = [_of_block(scores, bounds[first : last + 1], drop) for first, last in pairwise(blocks)]
    none = Segments(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    return Segments(*(np.concatenate(column) for column in zip(none, *found, strict=True)))


def _of_block(
    every: Float[np.ndarray, " letters"], bounds: Int[np.ndarray, " bounds"], drop: float
) -> Segments:
    """Those of some sequences: what Python holds of their letters is gone before the next ones."""
    offset = int(bounds[0])
    scores, bounds = every[offset : bounds[-1]], bounds - offset
    edges = np.union1d(np.flatnonzero(np.diff(scores > 0)) + 1, bounds)
    sums = np.add.reduceat(scores, edges[:-1], dtype=np.float64) if len(scores) else np.zeros(0)
    fresh = np.isin(edges[:-1], bounds)
    found: list[tuple[int, int, float]] = []
    begin = stop = 0
    now = best = 0.0
    for start, end, total, first in zip(
        edges[:-1].tolist(), edges[1:].tolist(), sums.tolist(), fresh.tolist(), strict=True
    ):
        if best > 0 and (first or now <= 0 or best - now > drop):
            found.append((begin, stop, best))
            now = best = 0.0
        if total <= 0:
            now += total
            continue
        if best == 0:
            begin, now = start, 0.0
        now += total
        if now > best:
            stop, best = end, now
    if best > 0:
        found.append((begin, stop, best))
    starts, ends, totals = zip(*found, strict=True) if found else ((), (), ())
    first, last = (np.array(column, dtype=np.int64) + offset for column in (starts, ends))
    return Segments(first, last, np.array(totals, dtype=np.float64))
