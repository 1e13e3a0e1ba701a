"""The strongest pairs of many maps, and how many of them shuffled sequences would have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from relevome.discovery.motifs.target_decoy import decoy_rates
from relevome.results.pairs.maps import KeptMap, strengths
from relevome.results.pairs.settings import PairSettings


class StrongPairs(NamedTuple):
    """The strongest pairs of some maps.

    Attributes:
        numbers: Which map each pair is of.
        i: The first letter of each.
        j: The second letter.
        strength: The larger of both ways round, falling.
        q: The false discovery rate of all pairs that are as strong; None without shuffles.
        pairs: How many pairs there were in all, near ones left out.
        null_pairs: How many there were in shuffles.
    """

    numbers: Int[np.ndarray, " listed"]
    i: Int[np.ndarray, " listed"]
    j: Int[np.ndarray, " listed"]
    strength: Float[np.ndarray, " listed"]
    q: Float[np.ndarray, " listed"] | None
    pairs: int
    null_pairs: int


def strongest(maps: Iterable[tuple[int, KeptMap]], settings: PairSettings) -> StrongPairs:
    """The ``most`` strongest pairs of all maps that are at least ``apart``, each map with its number.

    The false discovery rate of a strength is how many pairs of the shuffled sequences, and one, reach it,
    over how many shuffles there are of each, over how many pairs of the sequences do (see
    `relevome.discovery.motifs.target_decoy`). Maps are held one at a time, and of their pairs the strongest.
    """
    best = np.zeros((0, 4))  # number, i, j, strength
    decoys = np.zeros(0)
    count = nulls = 0
    for number, found in maps:
        i, j, far = _places(len(found.letters), settings.apart)
        strength = strengths(found.values, settings.method)[far].astype(np.float64)
        known = ~np.isnan(strength)
        count += int(known.sum())
        rows = np.column_stack([np.full(len(i), number), i, j, strength])[known]
        best = _top(np.concatenate([best, _top(rows, settings.most)]), settings.most)
        if found.null is not None:
            theirs = found.null[:, far].astype(np.float64).ravel()
            theirs = theirs[~np.isnan(theirs)]
            nulls += len(theirs)
            # what is below all that are listed is never asked about, as long as there are so many
            bar = best[-1, 3] if len(best) == settings.most else -np.inf
            decoys = np.concatenate([decoys, theirs])
            decoys = decoys[decoys >= bar]
    strength = best[:, 3]
    q = None if not settings.shuffles else decoy_rates(strength, decoys, count / nulls if nulls else 1.0)
    numbers, i, j = best[:, :3].astype(np.int64).T
    return StrongPairs(numbers, i, j, strength, q, count, nulls)


def _places(letters: int, apart: int) -> Iterator[np.ndarray]:
    """First and second letters of pairs that are so far apart, and which of all pairs they are."""
    i, j = np.triu_indices(letters, 1)
    far = j - i >= apart
    return iter((i[far], j[far], far))


def _top(rows: Float[np.ndarray, "pairs four"], most: int) -> Float[np.ndarray, "some four"]:
    """The strongest, falling; of equal ones those that came first."""
    return rows[np.argsort(-rows[:, 3], kind="stable")[:most]]
