"""Relevance in random order among letters of one kind, without that of sites."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int


class ExchangedValues:
    """Random orders of values among those of one kind.

    Values that are left out come up nowhere: in their place are others of the same kind, drawn at random;
    where a kind has no others, those of the same group; and where a group has none, they stay.

    Args:
        values: What is exchanged, in logits.
        kinds: Values of the same number may be exchanged.
        groups: The group that a value is of; a kind has values of one group only.
        left_out: Which values are those of sites.
    """

    def __init__(
        self,
        values: Float[np.ndarray, " letters"],
        kinds: Int[np.ndarray, " letters"],
        groups: Int[np.ndarray, " letters"],
        left_out: Bool[np.ndarray, " letters"],
    ) -> None:
        # by kind, and within a kind first what is kept
        order = np.lexsort((left_out, kinds))
        self._order, self._values, self._kinds = order, values[order], kinds[order]
        kept, missing = np.flatnonzero(~left_out[order]), np.flatnonzero(left_out[order])
        groups = groups[order]
        by_group = kept[np.argsort(groups[kept], kind="stable")]
        self._missing = missing
        self._same_kind = _Pools(kept, self._kinds[kept], self._kinds[missing])
        self._same_group = _Pools(by_group, groups[by_group], groups[missing])

    def draw(self, rng: np.random.Generator) -> Float[np.ndarray, " letters"]:
        """One random order, in the places of the values as they were given."""
        filled = self._values.copy()
        filled[self._missing] = self._values[self._sources(rng)]
        mixed = rng.permutation(len(filled))
        mixed = mixed[np.argsort(self._kinds[mixed], kind="stable")]
        drawn = np.empty_like(filled)
        drawn[self._order] = filled[mixed]
        return drawn

    def _sources(self, rng: np.random.Generator) -> Int[np.ndarray, " missing"]:
        """Whose values stand in for what is left out."""
        share = rng.random(len(self._missing))
        instead = self._same_group.draw(share, self._missing)
        return self._same_kind.draw(share, instead)


class _Pools:
    """Of each of what is missing those that may stand in for it: a block of places, sorted by a key."""

    def __init__(self, places: np.ndarray, keys: np.ndarray, wanted: np.ndarray) -> None:
        self._places = places
        self._first = np.searchsorted(keys, wanted, "left")
        self._size = np.searchsorted(keys, wanted, "right") - self._first

    def draw(self, share: np.ndarray, instead: np.ndarray) -> np.ndarray:
        """The one at a share of each block, from 0 to 1; for blocks that are empty what is given instead."""
        if not len(self._places):
            return instead
        at = np.minimum(self._first + (share * self._size).astype(np.int64), len(self._places) - 1)
        return np.where(self._size > 0, self._places[at], instead)
