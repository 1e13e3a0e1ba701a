"""This machine: this process, or several of it at once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any

from relevome.engines.base import AHEAD, Crew, Result, Work, engines, own_cores, threads_of
from relevome.errors import InputError

_LOOK = 1.0  # seconds between two looks of a worker at whether its parent is still there

_held: list[Callable[[Any], Any]] = []  # in a worker: what it does with every shard


@engines.register("local")
@dataclass(frozen=True)
class Local:
    """Computes on this machine, in this process or in several.

    Attributes:
        workers: Processes. Each holds the model once and computes whole shards, with its share of the threads
            of this one. 1: this process itself, one shard after another, in their order. Default: 1.

    Raises:
        InputError: For fewer workers than one, and while shards are computed for a worker that was killed,
            as for want of memory. What was written before stays.
    """

    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise InputError(f"--workers {self.workers}: expected at least 1")

    def map(
        self, task: Callable[[Work], Result], shards: Iterable[tuple[int, Work]]
    ) -> Iterator[tuple[int, Result]]:
        """See `Engine`."""
        if self.workers > 1:
            yield from _by_workers(self.workers, task, iter(shards))
            return
        for number, work in shards:
            yield number, task(work)

    def crew(self) -> Crew:
        """See `Crew`."""
        return Crew(self.workers, threads_of(self.workers), own_cores())


def _by_workers(
    workers: int, task: Callable[[Work], Result], shards: Iterator[tuple[int, Work]]
) -> Iterator[tuple[int, Result]]:
    """Results as they come from processes that are handed `AHEAD` shards each."""
    from cloudpickle import dumps
    from loky import ProcessPoolExecutor
    from loky.process_executor import TerminatedWorkerError

    first = [*islice(shards, 1)]
    if not first:
        return
    pool = ProcessPoolExecutor(
        workers, initializer=_begin, initargs=(dumps(task), os.getpid(), threads_of(workers)), timeout=None
    )
    waiting: dict[Future[Result], int] = {}
    try:
        while True:
            for number, work in [*first, *islice(shards, AHEAD * workers - len(waiting) - len(first))]:
                waiting[pool.submit(_do, work)] = number
            first = []
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    except TerminatedWorkerError as error:
        raise InputError(
            f"one of {workers} workers was killed, perhaps for want of memory: run the same command again "
            "with fewer --workers or a smaller --batch-size; what was finished is kept"
        ) from error
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _begin(task: bytes, parent: int, threads: int) -> None:
    """In a worker, once: keep the task, and end when the parent does."""
    import torch
    from cloudpickle import loads

    torch.set_num_threads(threads)
    _held.append(loads(task))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End at once when the parent is gone, so that nobody writes beside the command that goes on."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


def _do(work: Any) -> Any:
    """In a worker: one shard."""
    return _held[0](work)
