"""Exact quantiles of all the relevance in a run, in memory that does not grow with it."""

from __future__ import annotations

import math

import numpy as np
import pyarrow.compute as pc
from jaxtyping import Float32, Int64, UInt32

from relevome.results.run.reader import Run

_HALF = 1 << 16


def relevance_quantile(run: Run, target: str, share: float) -> float:
    """The smallest relevance that at least this share of the target's letters does not exceed.

    Two passes over the run: values are counted by the upper half of their bits, then those in the half
    found by their lower half.
    """
    upper = _count(run, target, None)
    rank = max(math.ceil(share * int(upper.sum())), 1)
    high = int(np.searchsorted(np.cumsum(upper), rank))
    lower = _count(run, target, high)
    low = int(np.searchsorted(np.cumsum(lower), rank - int(upper[:high].sum())))
    return _value(high << 16 | low)


def _count(run: Run, target: str, high: int | None) -> Int64[np.ndarray, "halves"]:
    """How many values have each upper half or, among those with the upper half ``high``, each lower half."""
    counts = np.zeros(_HALF, dtype=np.int64)
    for table in run.tables(["target", "relevance"]):
        chosen = table.filter(pc.field("target") == target)["relevance"]
        keys = _keys(chosen.combine_chunks().flatten().to_numpy())
        halves = keys >> 16 if high is None else keys[keys >> 16 == high] & (_HALF - 1)
        counts += np.bincount(halves, minlength=_HALF)
    return counts


def _keys(values: Float32[np.ndarray, "values"]) -> UInt32[np.ndarray, "values"]:
    """Unsigned integers in the order of the floating-point numbers whose bits they rearrange."""
    bits = values.view(np.uint32)
    return np.where(bits >> 31 == 1, ~bits, bits | np.uint32(1 << 31))


def _value(key: int) -> float:
    bits = key & 0x7FFFFFFF if key >> 31 else ~key & 0xFFFFFFFF
    return float(np.uint32(bits).view(np.float32))
