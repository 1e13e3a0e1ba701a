"""Called sites: positions that score more than their neighbours on the same strand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int
from numpy.lib.stride_tricks import sliding_window_view

from relevome.data.contigs import Contig
from relevome.results.annotation.scores import chunks

# Scores of a strand from a start to an end, which may lie outside the contig.
ReadScores = Callable[[int, int], np.ndarray]


class Peaks(NamedTuple):
    """Positions along the strand ``+``, and their scores."""

    positions: Int[np.ndarray, " peaks"]
    scores: Float32[np.ndarray, " peaks"]

    def above(self, threshold: float) -> Peaks:
        """Those that score at least as much."""
        kept = self.scores >= threshold
        return Peaks(self.positions[kept], self.scores[kept])


def peaks(read: ReadScores, contig: Contig, apart: int) -> Iterator[Peaks]:
    """Positions that no other within ``apart`` letters beats, from left to right; of equal ones the first."""
    radius = min(apart, contig.length - 1)
    for start, end in chunks(contig.length):
        scores = read(start - radius, end + radius)
        around = np.where(np.isnan(scores), -np.inf, scores)
        here = around[radius : radius + end - start]
        kept = here > -np.inf
        if radius:
            highest = sliding_window_view(around, radius).max(-1)
            kept &= here > highest[: len(here)]
            kept &= here >= highest[radius + 1 :]
        yield Peaks(start + np.flatnonzero(kept), here[kept])


def close_to(
    positions: Int[np.ndarray, " positions"], others: Int[np.ndarray, " others"], within: int, contig: Contig
) -> Bool[np.ndarray, " positions"]:
    """Which positions have one of the ``others``, sorted, no more than ``within`` letters away.

    On a circle also over its origin.
    """
    if not len(others):
        return np.zeros(len(positions), dtype=bool)
    if contig.circular:
        others = np.concatenate([others - contig.length, others, others + contig.length])
    after = np.searchsorted(others, positions).clip(max=len(others) - 1)
    before = (after - 1).clip(min=0)
    nearest = np.minimum(np.abs(others[after] - positions), np.abs(others[before] - positions))
    return nearest <= within
