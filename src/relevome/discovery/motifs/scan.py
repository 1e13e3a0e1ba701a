"""How much of each pattern the relevance of every window has, on both strands."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch.nn import functional

from relevome.discovery.motifs.alignment import turn
from relevome.discovery.motifs.maps import LetterMaps, complement_codes
from relevome.discovery.motifs.patterns import SeqletPattern

_CHUNK = 200_000  # letters at a time


class Scored(NamedTuple):
    """Windows: their first letters in the array of all, the pattern, the strand, and the score."""

    place: Int[np.ndarray, " windows"]
    pattern: Int[np.ndarray, " windows"]
    turned: Bool[np.ndarray, " windows"]
    score: Float[np.ndarray, " windows"]


@dataclass(frozen=True)
class RelevanceScale:
    """What relevance counts as: ``factor`` times as much, of either sign ``caps`` of it at most.

    ``caps`` are for positive and for negative relevance, after it was multiplied.
    """

    caps: tuple[float, float]
    factor: tuple[float, float] = (1.0, 1.0)


def scores(
    maps: LetterMaps, patterns: Many[SeqletPattern], scale: RelevanceScale, both_strands: bool
) -> Iterator[tuple[int, Float[np.ndarray, "patterns strands places"]]]:
    """Scores of all windows, some letters at a time, with the number of the first; patterns have one sign.

    The score of a window is the sum over its letters of the square root of relevance of the pattern's sign
    times the value of the same letter in the pattern's `shape`. -inf where a window would not lie within one
    sequence.
    """
    sign, widths = patterns[0].sign, np.array([len(one) for one in patterns])
    width = int(widths.max())
    kernels = torch.from_numpy(_kernels(patterns, width, both_strands))
    letters = np.arange(len(maps.alphabet.letters))[:, None]
    for start in range(0, len(maps.codes), _CHUNK):
        stop = min(start + _CHUNK, len(maps.codes))
        here = slice(start, min(stop + width - 1, len(maps.codes)))
        signal = np.where(
            maps.codes[here] == letters, _weights(maps.relevance[here], sign, scale), np.float32(0)
        )
        signal = np.pad(signal, ((0, 0), (0, stop - start + width - 1 - signal.shape[1])))
        values = functional.conv1d(torch.from_numpy(signal)[None], kernels)[0].numpy()
        values = values.reshape(len(patterns), -1, stop - start)
        places = np.arange(start, stop)
        left = maps.bounds[np.searchsorted(maps.bounds, places, side="right")] - places
        for pattern, off in enumerate(left < widths[:, None]):  # beyond the sequence's end
            values[pattern, :, off] = -np.inf
        yield start, values


def windows_above(
    maps: LetterMaps,
    patterns: Many[SeqletPattern],
    scale: RelevanceScale,
    bars: Float[np.ndarray, " patterns"],
    both_strands: bool,
) -> Scored:
    """All windows whose score reaches the bar of the pattern; patterns have one sign."""
    parts: list[tuple[np.ndarray, ...]] = []
    for start, values in scores(maps, patterns, scale, both_strands):
        pattern, strand, place = np.nonzero(values >= bars[:, None, None])
        parts.append((place + start, pattern, strand == 1, values[pattern, strand, place]))
    return Scored(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def bars(
    maps: LetterMaps, patterns: Many[SeqletPattern], scale: RelevanceScale, top: float, both_strands: bool
) -> Float[np.ndarray, " patterns"]:
    """The score that a share ``top`` of windows reaches, of the first 200,000 letters."""
    _, values = next(scores(maps, patterns, scale, both_strands))
    flat = values.reshape(len(patterns), -1)
    return np.array([_upper(row[np.isfinite(row)], top) for row in flat])


def _upper(values: Float[np.ndarray, " windows"], top: float) -> float:
    """Above 0: a window without any relevance of the pattern is none."""
    tiny = float(np.finfo(np.float32).tiny)
    return max(float(np.quantile(values, 1 - top)), tiny) if len(values) else tiny


def without_overlap(found: Scored, widths: Int[np.ndarray, " patterns"], letters: int) -> Scored:
    """The best windows of which no two share a letter; of equal scores the first, by pattern and place."""
    taken = np.zeros(letters, dtype=bool)
    order = np.lexsort((found.turned, found.place, found.pattern, -found.score))
    kept = np.zeros(len(order), dtype=bool)
    ends = found.place + widths[found.pattern]
    for one, start, end in zip(
        order.tolist(), found.place[order].tolist(), ends[order].tolist(), strict=True
    ):
        if not (taken[start] or taken[end - 1] or taken[start:end].any()):
            taken[start:end] = True
            kept[one] = True
    return Scored(*(column[kept] for column in found))


def _kernels(
    patterns: Many[SeqletPattern], width: int, both_strands: bool
) -> Float[np.ndarray, "kernels alphabet width"]:
    """Of each pattern its contributions, then those turned, from their first place on."""
    complements = complement_codes(patterns[0].alphabet) if both_strands else None
    made: list[np.ndarray] = []
    for one in patterns:
        kernel = one.shape[None]
        strands = [kernel] if complements is None else [kernel, turn(kernel, complements)]
        made += [np.pad(strand[0].T, ((0, 0), (0, width - len(one)))) for strand in strands]
    return np.stack(made).astype(np.float32)


def _weights(
    relevance: Float[np.ndarray, " letters"], sign: int, scale: RelevanceScale
) -> Float[np.ndarray, " letters"]:
    side = 0 if sign > 0 else 1
    return np.sqrt(np.clip(sign * scale.factor[side] * relevance, 0, scale.caps[side])).astype(np.float32)
