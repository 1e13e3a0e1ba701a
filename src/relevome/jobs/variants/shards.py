"""Shards of variants: stretches of what is given, by number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from relevome.jobs.running.cuts import cut

Item = TypeVar("Item")


@dataclass(frozen=True)
class VariantShard(Generic[Item]):
    """A stretch of the variants, by its number, with how many ``letters`` their windows have."""

    number: int
    items: list[Item]
    letters: int = 0

    @property
    def sequences(self) -> int:
        """How many variants are in it."""
        return len(self.items)


def variant_shards(
    items: Iterable[Item], letters_of: Callable[[Item], int], most: int, most_letters: int
) -> Iterator[VariantShard[Item]]:
    """Stretches of at most ``most`` variants and, beyond the first, ``most_letters`` of windows."""
    for number, some in cut(items, letters_of, most, most_letters):
        yield VariantShard(number, some, sum(map(letters_of, some)))


def together(places: Iterable[int], letters: Callable[[int], int], most: int) -> Iterator[list[int]]:
    """Places of variants that are asked about at once: beyond the first, at most so many letters."""
    return (some for _, some in cut(places, letters, sys.maxsize, most))
