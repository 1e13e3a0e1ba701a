"""Means by position over sequences, with their intervals: of all letters, and of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int8
from scipy import stats

from relevome.results.profile.profile import LetterMean, PositionMean

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class ColumnMeans:
    """Of every position the mean over sequences, the ends of its interval, and how many sequences there are.

    Not a number where there are too few: none for a mean, fewer than two for an interval.
    """

    mean: Float[np.ndarray, " positions"]
    low: Float[np.ndarray, " positions"]
    high: Float[np.ndarray, " positions"]
    sequences: Int[np.ndarray, " positions"]


def column_means(
    values: Float32[np.ndarray, "rows positions"],
    counted: Bool[np.ndarray, "rows positions"],
    firsts: Int[np.ndarray, " sequences"],
) -> ColumnMeans:
    """Means over sequences, and their 95% intervals by Student's t (1908, Biometrika 6:1-25).

    A sequence with several rows counts once, with the mean of those that are counted at a position; with n
    such sequences the interval is the mean plus and minus t(0.975, n - 1) s / sqrt(n). Each position is by
    itself: the bands hold at any one position, not at all of them together.

    Args:
        values: Relevance of all rows, those of one sequence under each other.
        counted: Which values count.
        firsts: The first row of every sequence, from the top.
    """
    each = np.add.reduceat(counted, firsts, axis=0, dtype=np.int64)
    sums = np.add.reduceat(np.where(counted, values, 0), firsts, axis=0, dtype=np.float64)
    there = each > 0
    n = there.sum(0)
    own = np.divide(sums, each, out=np.zeros_like(sums), where=there)
    mean = _divided(own.sum(0), n)
    squares = np.where(there, own - np.where(n, mean, 0.0), 0.0) ** 2
    error = np.sqrt(_divided(_divided(squares.sum(0), n - 1), n))
    reach = stats.t.ppf((1 + LEVEL) / 2, np.maximum(n - 1, 1)) * error
    return ColumnMeans(mean, mean - reach, mean + reach, n)


def _divided(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Not a number where there is nothing to divide by."""
    return np.divide(values, by, out=np.full(len(values), np.nan), where=by > 0)


def position_means(
    positions: Sequence[int],
    values: Float32[np.ndarray, "rows positions"],
    codes: Int8[np.ndarray, "rows positions"],
    firsts: Int[np.ndarray, " sequences"],
) -> tuple[PositionMean, ...]:
    """The mean at every position, see `column_means`; ``codes`` are -1 where a row has no letter."""
    there = codes >= 0
    found, rows = column_means(values, there, firsts), there.sum(0).tolist()
    mean, low, high = map(_listed, (found.mean, found.low, found.high))
    return tuple(
        PositionMean(
            position, mean[i], low[i], high[i], int(found.sequences[i]), rows[i], len(values) - rows[i]
        )
        for i, position in enumerate(positions)
    )


def letter_means(
    positions: Sequence[int],
    values: Float32[np.ndarray, "rows positions"],
    codes: Int8[np.ndarray, "rows positions"],
    firsts: Int[np.ndarray, " sequences"],
    letters: str,
) -> tuple[LetterMean, ...]:
    """The mean of every letter at every position where a sequence has it, by position.

    ``codes`` are places in ``letters``; others, of IUPAC codes or of no letter, belong to none.
    """
    found = [column_means(values, codes == code, firsts) for code in range(len(letters))]
    ends = [[*map(_listed, (one.mean, one.low, one.high))] for one in found]
    kept = []
    for at, position in enumerate(positions):
        for letter, one, (means, lows, highs) in zip(letters, found, ends, strict=True):
            mean, count = means[at], int(one.sequences[at])
            if mean is not None:
                kept.append(LetterMean(position, letter, mean, lows[at], highs[at], count))
    return tuple(kept)


def _listed(values: Float[np.ndarray, " positions"]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
