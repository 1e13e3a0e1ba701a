"""Shards of variants: stretches of what is given, by number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from relevome.jobs.running.cuts import cut
from relevome.jobs.running.shards import ShardResult
from relevome.models.base import Model
from relevome.results.parts.part import total
from relevome.results.parts.pieces import Keeping, Outcome, Pieces

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


def carried_out(
    shard: VariantShard[Item],
    model: Model,
    pieces: Pieces | None,
    letters_of: Callable[[Item], int],
    most_letters: int,
    outcomes: Callable[[list[Item]], Iterable[Outcome]],
) -> ShardResult:
    """The result of a shard, of which what is finished is kept meanwhile.

    Args:
        shard: The variants.
        model: Who is asked.
        pieces: Where what is finished is kept, and was.
        letters_of: Letters of the windows of a variant.
        most_letters: How many are asked about at once, beyond the first variant.
        outcomes: What came of some variants.
    """
    keeping = Keeping(pieces, shard.number)
    every, letters = range(len(shard.items)), 0
    for _, places in cut(every, lambda place: letters_of(shard.items[place]), sys.maxsize, most_letters):
        if keeping.known.keys() >= set(places):
            continue
        letters += sum(letters_of(shard.items[place]) for place in places)
        # all of a group, also what is known of it: rounding is that of a group that was never stopped
        for place, outcome in zip(places, outcomes([shard.items[n] for n in places]), strict=True):
            if place not in keeping.known:
                keeping.add(place, outcome)
    known = [keeping.known[place] for place in range(len(shard.items))]
    rows = [row for outcome in known for row in outcome.rows]
    return ShardResult(rows, total(one.counts for one in known), model.batch_sizes.on_record(), letters)
