"""Motifs at roughly known distances before sites, such as the boxes of promoters, from many sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float, Int
from numpy.lib.stride_tricks import sliding_window_view

from relevome.data.motifs import Motif
from relevome.data.simulation.grammar import Unit

FLANK = 3  # letters on both sides that a wider matrix has
ROUNDS = 10
_PSEUDO = 1.0  # of every count of letters, divided up as in the background; of every count of distances


@dataclass(frozen=True, eq=False)
class Boxes:
    """Motifs, their spacers, and how many letters lie between the last one and the site.

    ``wider`` are the same motifs with letters beside them.
    """

    unit: Unit
    gap: Mapping[int, float]
    wider: tuple[Motif, ...]
    sites: int


@dataclass(frozen=True, eq=False)
class _Placed:
    """Where every motif starts in every window, (sites, motifs), and which choice of distances that is."""

    starts: Int[np.ndarray, "sites motifs"]
    choice: Int[np.ndarray, " sites"]


def estimate_boxes(
    codes: Int[np.ndarray, "sites places"],
    site: int,
    first_guess: Unit,
    gap: range,
    background: Float[np.ndarray, " letters"],
    rounds: int = ROUNDS,
) -> Boxes:
    """From a first guess, in turns: where the motifs fit best before every site, and what stands there.

    ``codes`` are windows with their site at letter ``site``, letters by their number. Spacers are those of
    the guess, ``gap`` the letters that may follow the last motif; before anything is counted each gap is as
    likely as any. Windows with a letter that is none, or without room, are left out.
    """
    codes = codes[(codes >= 0).all(1)]
    boxes = Boxes(first_guess, dict.fromkeys(gap, 1 / len(gap)), (), len(codes))
    for _ in range(rounds):
        placed = _placed(codes, site, boxes, background)
        boxes = _counted(codes, placed, boxes, background)
    return boxes


def _choices(boxes: Boxes) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every choice of distances, spacers first and the gap last, with its log probability."""
    ends = (*boxes.unit.spacers, boxes.gap)
    for distances in product(*ends):
        chances = [end[letters] for end, letters in zip(ends, distances, strict=True)]
        if min(chances) > 0:
            yield distances, float(np.log(chances).sum())


def _starts(widths: Sequence[int], distances: Sequence[int], site: int) -> list[int]:
    """Where motifs of these widths start that have these distances behind them."""
    lengths = np.add(widths, distances)
    return [site - int(lengths[i:].sum()) for i in range(len(widths))]


def _placed(
    codes: Int[np.ndarray, "sites places"], site: int, boxes: Boxes, background: np.ndarray
) -> _Placed:
    """Where the sum of log odds and log probabilities is highest in every window."""
    fits = [_fit(codes, motif, background) for motif in boxes.unit.motifs]
    widths = [len(motif) for motif in boxes.unit.motifs]
    choices = list(_choices(boxes))
    starts = np.array([_starts(widths, distances, site) for distances, _ in choices])
    scores = [
        chance + np.sum([fit[:, at] for fit, at in zip(fits, places, strict=True)], axis=0)
        for (_, chance), places in zip(choices, starts, strict=True)
    ]
    best = np.argmax(scores, axis=0)
    return _Placed(starts[best], best)


def _fit(
    codes: Int[np.ndarray, "sites places"], motif: Motif, background: np.ndarray
) -> Float[np.ndarray, "sites starts"]:
    """Log odds of a motif at every letter where it may start."""
    odds = np.log((motif.probabilities + 0.01 * background) / (1.01 * background))
    seen = sliding_window_view(codes, len(motif), axis=1)
    return odds[np.arange(len(motif)), seen].sum(-1)


def _counted(
    codes: Int[np.ndarray, "sites places"], placed: _Placed, boxes: Boxes, background: np.ndarray
) -> Boxes:
    """What stands where the motifs were placed, and at which distances that is."""
    motifs, wider = [], []
    for motif, starts in zip(boxes.unit.motifs, placed.starts.T, strict=True):
        motifs.append(_matrix(codes, starts, range(len(motif)), motif, background))
        wider.append(_matrix(codes, starts, range(-FLANK, len(motif) + FLANK), motif, background))
    chosen = [distances for distances, _ in _choices(boxes)]
    distances = np.array(chosen)[placed.choice]
    ends = [
        _shares(column, list(end))
        for column, end in zip(distances.T, (*boxes.unit.spacers, boxes.gap), strict=True)
    ]
    return Boxes(Unit(tuple(motifs), tuple(ends[:-1])), ends[-1], tuple(wider), len(codes))


def _matrix(
    codes: Int[np.ndarray, "sites places"],
    starts: Int[np.ndarray, " sites"],
    offsets: range,
    motif: Motif,
    background: np.ndarray,
) -> Motif:
    """Frequencies of letters at offsets from the starts, those beyond the windows left out."""
    letters = len(background)
    places = starts[:, None] + np.array(offsets)
    there = (places >= 0) & (places < codes.shape[1])
    seen = np.take_along_axis(codes, places.clip(0, codes.shape[1] - 1), axis=1)
    counts = np.stack([((seen == letter) & there).sum(0) for letter in range(letters)], -1)
    counts = counts + _PSEUDO * background
    return Motif(motif.name, motif.id, counts / counts.sum(1, keepdims=True), motif.alphabet)


def _shares(found: Int[np.ndarray, " sites"], possible: list[int]) -> dict[int, float]:
    counts = np.array([(found == letters).sum() for letters in possible]) + _PSEUDO
    return dict(zip(possible, (counts / counts.sum()).tolist(), strict=True))
