"""What the shards of a result in parts will take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Set
from collections.abc import Sequence as List
from typing import Any, Protocol, TypeVar, runtime_checkable

from relevome.engines.base import Engine
from relevome.jobs.running.estimates import Reservoirs, Weight, Work, WorkEstimate, estimate_work
from relevome.jobs.running.shards import ShardResult
from relevome.jobs.running.writing import NumberedShard
from relevome.results.parts.part import Counts, Rows, size_of_part


@runtime_checkable
class ShardOfItems(NumberedShard, Protocol):
    """A shard that says what is in it."""

    @property
    def items(self) -> List[Any]:
        """What is in it."""
        ...


_Shard = TypeVar("_Shard", bound=ShardOfItems)


def estimate_shards(
    made_of: Callable[[int, list[Any]], _Shard],
    every: Iterable[_Shard],
    task: Callable[[_Shard], ShardResult],
    rows: Rows[Any],
    engine: Engine | str,
    size: Callable[[Any], int],
    there: Set[int] = frozenset(),
) -> WorkEstimate:
    """What it will take to compute shards, and to keep their rows, but for those that are ``there``.

    ``made_of`` makes a shard from its number and its items. ``size`` gives the letters of an item, 0 for one
    about which no model is asked.
    """
    reservoirs = Reservoirs(lambda items: made_of(0, items))
    shards: list[Counter[int]] = []
    sequences, begun, known = 0, time.perf_counter(), 0
    for shard in every:
        if shard.number in there:
            known += 1
            continue
        load: Counter[int] = Counter()
        for item in shard.items:
            if letters := size(item):
                load[reservoirs.add(item, letters)] += letters
        shards.append(load)
        sequences += shard.sequences
    reading = time.perf_counter() - begun

    def weigh(rows_of_part: List[Any]) -> Weight:
        return Weight(*size_of_part(rows, rows_of_part, Counts()))

    def carry_out(portion: _Shard) -> List[Any]:
        found = task(portion)
        weigh(found.rows)  # to encode them takes time, too
        return found.rows

    work = Work(shards, reservoirs.strata(), sequences, known, reading)
    return estimate_work(work, carry_out, weigh, engine)
