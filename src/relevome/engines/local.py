"""This process, one shard after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from relevome.engines.base import Result, Work, engines


@engines.register("local")
@dataclass(frozen=True)
class Local:
    """Computes in this process, one shard after another, in their order."""

    def map(
        self, task: Callable[[Work], Result], shards: Iterable[tuple[int, Work]]
    ) -> Iterator[tuple[int, Result]]:
        """See `Engine`."""
        for number, work in shards:
            yield number, task(work)
