"""What an engine is: a map over shards, whose results may come in any order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar, runtime_checkable

from relevome.options import configured
from relevome.registry import Registry

AHEAD = 2  # shards that are with a worker: the one that it computes, and the next

Work = TypeVar("Work")
Result = TypeVar("Result")

# The map of an engine whose task is known.
Mapped: TypeAlias = Callable[[Iterable[tuple[int, Work]]], Iterator[tuple[int, Result]]]


@runtime_checkable
class Engine(Protocol):
    """What every engine offers: options as the fields of a frozen dataclass, and a map over shards.

    A job cuts its work into shards that depend on the input only, numbers them, and keeps results by number:
    an engine may compute them anywhere, several at once, and give them back in any order.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def map(
        self, task: Callable[[Work], Result], shards: Iterable[tuple[int, Work]]
    ) -> Iterator[tuple[int, Result]]:
        """The result of ``task`` for every shard, with the number of the shard, as they come.

        ``shards`` is lazy and may be long: an engine draws as many as it can use, no more. What a task
        raises is raised here; results that were given before stay valid.
        """
        ...


@dataclass(frozen=True)
class Crew:
    """Those who compute at once: how many workers, the threads of each, and the cores that they share.

    An engine may say it by a method ``crew()``; of one that has none, this process is its only worker.
    """

    workers: int
    threads: int
    cores: int


engines: Registry[type[Engine]] = Registry("engine", "relevome.engines")


def engine_of(engine: Engine | str, **options: Any) -> Engine:
    """An engine as it is, or the one registered under a name, with these options where they are not None.

    Raises InputError for a name that is not registered, and an option that the engine does not have.
    """
    if not isinstance(engine, str):
        return engine
    return configured(engines[engine], f"engine {engine}", options)


def in_order(engine: Engine | str, task: Callable[[Work], Result], works: Iterable[Work]) -> Iterator[Result]:
    """The result of a task for each of some works by an engine, in the order of the works."""
    waiting: dict[int, Result] = {}
    following = 0
    for number, result in engine_of(engine).map(task, enumerate(works)):
        waiting[number] = result
        while following in waiting:
            yield waiting.pop(following)
            following += 1


@contextmanager
def opened(engine: Engine | str, task: Callable[[Work], Result]) -> Iterator[Mapped[Work, Result]]:
    """An engine that is opened once for several lists of shards, all of one task.

    Gives its map, without the task; one list is mapped to its end before the next begins. An engine offers it
    by a method ``opened(task)``, a context whose workers hold the task until it ends; they may start with the
    first shard. One that has none maps every list anew, which has the same results.

    Raises InputError for an engine that is not registered, and as the engine does.
    """
    chosen = engine_of(engine)
    held: Callable[[Callable[[Work], Result]], AbstractContextManager[Mapped[Work, Result]]] | None
    held = getattr(chosen, "opened", None)
    if held is None:
        yield partial(chosen.map, task)
        return
    with held(task) as mapped:
        yield mapped


def crew_of(engine: Engine) -> Crew:
    """Who computes for an engine. Raises InputError where it has to ask a cluster that is not there."""
    told: Callable[[], Crew] | None = getattr(engine, "crew", None)
    return Crew(1, threads_of(1), own_cores()) if told is None else told()


def threads_of(workers: int) -> int:
    """Threads of each of several workers on this machine: their share of those that this process uses."""
    import torch

    return max(1, torch.get_num_threads() // workers)


def own_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
