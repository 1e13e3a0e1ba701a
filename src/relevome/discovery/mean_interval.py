"""Means of one value per sequence, of many columns at once, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student

LEVEL = 0.95

TableRow: TypeAlias = dict[str, int | float]  # by column


class MeanInterval(NamedTuple):
    """Means over sequences and the ends of their confidence intervals; NaN for those of no sequence.

    Of one sequence the ends are NaN.
    """

    mean: Float[np.ndarray, "*columns"]
    low: Float[np.ndarray, "*columns"]
    high: Float[np.ndarray, "*columns"]


def mean_interval(values: Float[np.ndarray, "sequences *columns"], level: float = LEVEL) -> MeanInterval:
    """Means over the first axis, with intervals by Student's t (1908, Biometrika 6:1-25).

    Args:
        values: One for each sequence, or columns of them. A column with a NaN is NaN.
        level: The share of intervals that hold the mean. Default: 0.95.
    """
    n, columns = len(values), values.shape[1:]
    unknown = np.full(columns, np.nan)
    mean = values.mean(0) if n else unknown
    spread = values.std(0, ddof=1) / np.sqrt(n) if n > 1 else unknown
    reach = student.ppf((1 + level) / 2, max(n - 1, 1)) * spread
    return MeanInterval(np.asarray(mean), np.asarray(mean - reach), np.asarray(mean + reach))


def above_zero(values: Float[np.ndarray, " sequences"]) -> float:
    """One-sided p-value of a mean above 0, by Student's t, as the interval is; NaN of fewer than two values.

    A test of signs and ranks would ask whether values are spread alike to both sides of 0. What a few
    sequences lose much of is not, though its mean be 0. Where all values are one, 0 if it is above 0, else 1.
    """
    n = len(values)
    if n < 2:
        return np.nan
    mean, spread = float(values.mean()), float(values.std(ddof=1)) / np.sqrt(n)
    if spread == 0:
        return float(mean <= 0)
    return float(student.sf(mean / spread, n - 1))


def interval_columns(values: Mapping[str, Float[np.ndarray, " sequences"]], level: float = LEVEL) -> TableRow:
    """Of each quantity ``name`` its mean, and ``name_low`` and ``name_high``."""
    found: TableRow = {}
    for name, one in values.items():
        ends = (f"{name}", f"{name}_low", f"{name}_high")
        found |= dict(zip(ends, map(float, mean_interval(one, level)), strict=True))
    return found
