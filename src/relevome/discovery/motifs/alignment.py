"""How alike windows of contributions are where one lies best on the other, on either strand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

Windows = Float[np.ndarray, "windows places alphabet"]
_ROWS = 1024  # windows compared at a time


class BestFits(NamedTuple):
    """Of every window of one kind with every one of another.

    Attributes:
        similarity: The largest cosine over all shifts, and over both strands where there are two.
        shift: How many letters the other lies to the right there.
        turned: Whether the other is turned there.
    """

    similarity: Float[np.ndarray, "ours others"]
    shift: Int[np.ndarray, "ours others"]
    turned: Bool[np.ndarray, "ours others"]


def turn(windows: Windows, complements: Int[np.ndarray, " alphabet"]) -> Windows:
    """The other strand of every window."""
    return windows[:, ::-1][:, :, complements]


def align(
    ours: Float[np.ndarray, "ours places alphabet"],
    others: Float[np.ndarray, "others places alphabet"],
    reach: int,
    complements: Int[np.ndarray, " alphabet"] | None,
) -> BestFits:
    """Where each of ``others`` is most like each of ``ours``.

    Cosine of whole windows, so that what lies off the other counts as unlike it; 0 for a window of nothing.
    Others are shifted by up to ``reach`` letters either way, and turned as well where ``complements`` of
    letters are given. Of equal shifts the least comes first, and the strand as it is.
    """
    shape = (len(ours), len(others))
    best = BestFits(np.full(shape, -2, np.float32), np.zeros(shape, np.int16), np.zeros(shape, bool))
    left, right = _unit(ours), _unit(others)
    strands = [(False, right)] if complements is None else [(False, right), (True, turn(right, complements))]
    places = ours.shape[1]
    reach = min(reach, places - 1)
    for shift in sorted(range(-reach, reach + 1), key=abs):
        here, there = (
            slice(max(shift, 0), places + min(shift, 0)),
            slice(max(-shift, 0), places - max(shift, 0)),
        )
        for turned, strand in strands:
            flat = np.ascontiguousarray(strand[:, there]).reshape(len(others), -1).T
            for rows in _slices(len(ours)):
                values = np.ascontiguousarray(left[rows, here]).reshape(-1, flat.shape[0]) @ flat
                better = values > best.similarity[rows]
                best.similarity[rows][better] = values[better]
                best.shift[rows][better] = shift
                best.turned[rows][better] = turned
    return best


def _slices(count: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS) for start in range(0, count, _ROWS))


def _unit(windows: Windows) -> Windows:
    """Of length 1, in single precision."""
    lengths = np.sqrt(np.einsum("ijk,ijk->i", windows, windows, dtype=np.float64))
    return (windows / np.where(lengths > 0, lengths, 1)[:, None, None]).astype(np.float32)
