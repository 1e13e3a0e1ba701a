"""Sites that stand out: neighbouring letters whose relevance is above a threshold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from relevome.errors import InputError
from relevome.results.quantile import relevance_quantile
from relevome.results.run.reader import Run


class HighSite(NamedTuple):
    """Neighbouring letters, 0-based and half-open, and the highest relevance in them, in logits."""

    start: int
    end: int
    peak: float


def check_quantile(quantile: float) -> None:
    """Raises InputError for what is no share of letters."""
    if not 0 <= quantile <= 1:
        raise InputError(f"quantile is {quantile}: expected a share of letters from 0 to 1")


def site_threshold(run: Run, target: str, threshold: float | None, quantile: float) -> float:
    """``threshold``, or the relevance that ``quantile`` of all letters of the target do not exceed."""
    return relevance_quantile(run, target, quantile) if threshold is None else threshold


def high_sites(values: Float32[np.ndarray, " letters"], threshold: float) -> list[HighSite]:
    """The sites of one sequence, from left to right."""
    above = np.concatenate([[False], values > threshold, [False]])
    borders = np.flatnonzero(np.diff(above)).tolist()
    return [
        HighSite(first, last, float(str(values[first:last].max())))
        for first, last in zip(borders[::2], borders[1::2], strict=True)
    ]
