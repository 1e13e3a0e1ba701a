"""An engine for tests that computes from the end, by tasks, works and results that were sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cloudpickle


@dataclass(frozen=True)
class Backwards:
    """All shards from the last to the first, by a task that was sent, and results that come back likewise.

    ``counts`` has how many each map had.
    """

    counts: list[int] = field(default_factory=list)

    def map(self, task: Callable[[Any], Any], shards: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        every, sent = list(shards), cloudpickle.dumps(task)
        self.counts.append(len(every))
        for number, work in reversed(every):
            result = cloudpickle.loads(sent)(cloudpickle.loads(cloudpickle.dumps(work)))
            yield number, cloudpickle.loads(cloudpickle.dumps(result))
