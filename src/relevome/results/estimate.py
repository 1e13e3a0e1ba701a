"""A number with its interval, as results keep it."""

from __future__ import annotations

from typing import NamedTuple


class Estimate(NamedTuple):
    """A mean over sequences, or a probability, and the ends of its confidence interval."""

    mean: float
    low: float
    high: float
