"""Which names were seen before, in little memory."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

_BYTES = 12


class Seen:
    """A set of names that holds 12 bytes of a hash of each, so that millions of them take little room.

    Most are in a sorted array; the latest are in a set until they are many enough to be sorted in.
    """

    def __init__(self) -> None:
        self._sorted = np.zeros(0, dtype=f"S{_BYTES}")
        self._latest: set[bytes] = set()

    def add(self, name: str) -> bool:
        """Remember a name; whether it was new."""
        key = blake2b(name.encode(), digest_size=_BYTES).digest()
        if key in self._latest or self._is_sorted_in(key):
            return False
        self._latest.add(key)
        if len(self._latest) > 1_000 + len(self._sorted) // 16:
            self._sorted = np.concatenate([self._sorted, np.array(list(self._latest), self._sorted.dtype)])
            self._sorted.sort()
            self._latest.clear()
        return True

    def _is_sorted_in(self, key: bytes) -> bool:
        wanted = np.array(key, dtype=self._sorted.dtype)
        place = int(self._sorted.searchsorted(wanted))
        return place < len(self._sorted) and bool(self._sorted[place] == wanted)
