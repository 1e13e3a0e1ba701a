"""How alike windows of contributions are where one lies best on the other, on either strand."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

Windows = Float[np.ndarray, "windows places alphabet"]
_ROWS, _COLUMNS = 256, 2048  # windows compared at a time: what is known of them stays near the processor


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
    reach = min(reach, ours.shape[1] - 1)
    fits = [
        (shift, turned)
        for shift in sorted(range(-reach, reach + 1), key=abs)
        for turned in ((False,) if complements is None else (False, True))
    ]
    kinds = (
        np.array([shift for shift, _ in fits], np.int16),
        np.array([turned for _, turned in fits], bool),
    )
    for columns in _slices(len(others), _COLUMNS):
        strands = [right[columns]] + ([] if complements is None else [turn(right[columns], complements)])
        placed = [_shifted(strands[turned], -shift).T for shift, turned in fits]
        for rows in _slices(len(ours), _ROWS):
            found = _best([_shifted(left[rows], shift) for shift, _ in fits], placed)
            best.similarity[rows, columns], number = found
            best.shift[rows, columns], best.turned[rows, columns] = (kind[number] for kind in kinds)
    return best


def _best(
    ours: Many[Float[np.ndarray, "ours values"]], others: Many[Float[np.ndarray, "values others"]]
) -> tuple[Float[np.ndarray, "ours others"], Int[np.ndarray, "ours others"]]:
    """The largest product of all pairs, and its number; of equal ones the first."""
    largest = ours[0] @ others[0]
    number = np.zeros(largest.shape, dtype=np.int16)
    values, better = np.empty_like(largest), np.empty(largest.shape, dtype=bool)
    for one, pair in enumerate(zip(ours, others, strict=True)):
        np.matmul(*pair, out=values)
        np.greater(values, largest, out=better)
        np.copyto(number, np.int16(one), where=better)
        np.maximum(values, largest, out=largest)
    return largest, number


def _shifted(windows: Windows, shift: int) -> Float[np.ndarray, "windows values"]:
    """What is left of every window, a row for each, where it lies so many letters to the right of another."""
    places = windows.shape[1]
    left = windows[:, max(shift, 0) : places + min(shift, 0)]
    return np.ascontiguousarray(left).reshape(len(windows), -1)


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]


def _unit(windows: Windows) -> Windows:
    """Of length 1, in single precision."""
    lengths = np.sqrt(np.einsum("ijk,ijk->i", windows, windows, dtype=np.float64))
    return (windows / np.where(lengths > 0, lengths, 1)[:, None, None]).astype(np.float32)
