"""This machine: this process, or several of it at once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from relevome.engines.base import AHEAD, Crew, Mapped, Result, Work, engines, own_cores, threads_of
from relevome.errors import InputError

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

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
        with self.opened(task) as mapped:
            yield from mapped(shards)

    @contextmanager
    def opened(self, task: Callable[[Work], Result]) -> Iterator[Mapped[Work, Result]]:
        """See `opened`. Processes start with the first shard, and end with the block."""
        if self.workers == 1:
            yield lambda shards: ((number, task(work)) for number, work in shards)
            return
        crew = _Processes(self.workers, task)
        try:
            yield crew.map
        finally:
            crew.end()

    def crew(self) -> Crew:
        """See `Crew`."""
        return Crew(self.workers, threads_of(self.workers), own_cores())


class _Processes:
    """Processes that hold a task, and are handed `AHEAD` shards each."""

    def __init__(self, workers: int, task: Callable[[Any], Any]) -> None:
        self._workers, self._task = workers, task
        self._pool: ProcessPoolExecutor | None = None

    def map(self, shards: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Results as they come. Raises InputError where a worker was killed, now or in an earlier map."""
        from loky.process_executor import TerminatedWorkerError

        left, waiting = iter(shards), dict[Future[Any], int]()
        try:
            while True:
                for number, work in islice(left, AHEAD * self._workers - len(waiting)):
                    waiting[self._started().submit(_do, work)] = number
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    yield waiting.pop(future), future.result()
        except TerminatedWorkerError as error:
            raise InputError(
                f"one of {self._workers} workers was killed, perhaps for want of memory: run the same "
                "command again with fewer --workers or a smaller --batch-size; what was finished is kept"
            ) from error
        finally:
            for future in waiting:  # of a map that was left before its end
                future.cancel()

    def _started(self) -> ProcessPoolExecutor:
        from cloudpickle import dumps
        from loky import ProcessPoolExecutor

        if self._pool is None:
            given = dumps(self._task), os.getpid(), threads_of(self._workers)
            self._pool = ProcessPoolExecutor(self._workers, initializer=_begin, initargs=given, timeout=None)
        return self._pool

    def end(self) -> None:
        """End all of them, also those that compute."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)


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
