"""What lies around places: letters, and their relevance of one sign."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.discovery.motifs.maps import MISSING, LetterMaps


@dataclass(frozen=True, eq=False)
class Spots:
    """Letters of maps that windows are around, and whether each window is turned to the other strand.

    ``centre`` counts letters of all sequences, ``sequence`` is the one that each lies in.
    """

    centre: Int[np.ndarray, " places"]
    sequence: Int[np.ndarray, " places"]
    turned: Bool[np.ndarray, " places"]


def letters_around(
    maps: LetterMaps, places: Spots, half: int, complements: Int[np.ndarray, " alphabet"] | None
) -> tuple[Int[np.ndarray, "places wide"], Float[np.ndarray, "places wide"]]:
    """Letters and relevance from ``half`` before the centre on, ``2 half`` of them.

    Turned, the centre is the letter before the middle, so that a place and its turned self are the same
    letters. `MISSING` with relevance 0 off the sequence.
    """
    offsets = np.arange(-half, half)
    at = places.centre[:, None] + np.where(places.turned[:, None], -1 - offsets, offsets)
    first, last = maps.bounds[places.sequence, None], maps.bounds[places.sequence + 1, None]
    off = (at < first) | (at >= last)
    at = np.where(off, 0, at)
    codes = maps.codes[at].astype(np.int64)
    if complements is not None:
        other = np.append(complements, MISSING)[codes]  # MISSING, -1, is the last
        codes = np.where(places.turned[:, None], other, codes)
    return np.where(off, MISSING, codes), np.where(off, 0, maps.relevance[at])


def moved(spots: Spots, shift: Int[np.ndarray, "..."], turned: Bool[np.ndarray, "..."]) -> Spots:
    """Spots whose windows, turned and shifted to the right, are those before."""
    now = spots.turned ^ turned
    return replace(spots, centre=spots.centre + np.where(now, shift, -shift).astype(np.int64), turned=now)


def contributions(
    codes: Int[np.ndarray, "places wide"], relevance: Float[np.ndarray, "places wide"], alphabet: int
) -> Float[np.ndarray, "places wide alphabet"]:
    """The relevance of every letter in the column of the letter that is there."""
    result = np.zeros((*codes.shape, alphabet), dtype=np.float32)
    rows, columns = np.nonzero(codes >= 0)
    result[rows, columns, codes[rows, columns]] = relevance[rows, columns]
    return result


def letter_counts(codes: Int[np.ndarray, "places wide"], alphabet: int) -> Float[np.ndarray, "wide alphabet"]:
    """How many places have each letter, at each letter of the window."""
    return np.stack([(codes == letter).sum(0) for letter in range(alphabet)], axis=1).astype(np.float64)
