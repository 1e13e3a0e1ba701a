"""What of a sequence too long for one glance is shown."""

from __future__ import annotations

from math import ceil

import numpy as np
from jaxtyping import Float


def strongest_windows(relevance: Float[np.ndarray, " letters"], size: int, most: int) -> list[int]:
    """Starts of at most ``most`` windows of ``size`` letters that do not overlap, in order of position.

    Each in turn has the largest sum of absolute relevance among those left, weighted towards the
    middle so that what is relevant stands there. A window without relevance is left out.
    """
    weights = np.bartlett(size + 2)[1:-1]
    strength = np.convolve(np.abs(relevance), weights, mode="valid")
    starts: list[int] = []
    while len(starts) < most and strength.max() > 0:
        best = int(strength.argmax())
        starts.append(best)
        strength[max(0, best - size + 1) : best + size] = 0
    return sorted(starts)


def pooled(relevance: Float[np.ndarray, " letters"], size: int) -> Float[np.ndarray, " bars"]:
    """Of every ``size`` letters in a row, the last ones maybe fewer, the value furthest from zero."""
    padded = np.zeros((ceil(len(relevance) / size), size))
    padded.flat[: len(relevance)] = relevance
    furthest = np.abs(padded).argmax(axis=1)
    return padded[np.arange(len(padded)), furthest]
