"""A Ray cluster, or one that is started on this machine for the time of a command."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from relevome.engines.base import AHEAD, Crew, Mapped, Result, Work, engines
from relevome.errors import InputError
from relevome.words import counted

RETRIES = 3  # times that a shard whose worker died is given to another

_SHORT = 10.0  # seconds after which it is asked again whether the cluster has room


@engines.register("ray")
@dataclass(frozen=True)
class Ray:
    """Computes on a Ray cluster (extra ``ray``): actors that hold the model once and take whole shards.

    A worker that dies, as by a node that is lost, is started again where there is room, with its shards;
    where there is none, others compute them when they have nothing else to do.

    Attributes:
        address: Of a running cluster, such as ``auto`` or ``ray://host:10001``. None: a cluster on this
            machine, which ends with the command (default).
        workers: Actors. None: as many as the cluster has room for when the command begins (default).
        cpus: Cores of each, which are its threads. Default: 1.
        gpus: Graphics processors of each, or a share of one. Default: 0.

    Raises:
        InputError: For numbers below their least, and when shards are computed: without the package, for a
            cluster that is not there or has no room for one worker, and for a shard at which workers died
            `RETRIES` times. What was written before stays.

    Source: https://docs.ray.io, "Actors" and "Fault tolerance" of Ray 2.
    """

    address: str | None = None
    workers: int | None = None
    cpus: int = 1
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers {self.workers}: expected at least 1")
        if self.cpus < 1 or self.gpus < 0:
            raise InputError(
                f"workers with {counted(self.cpus, 'core')} and {self.gpus:g} GPUs: expected 1 and 0 or more"
            )

    def map(
        self, task: Callable[[Work], Result], shards: Iterable[tuple[int, Work]]
    ) -> Iterator[tuple[int, Result]]:
        """See `Engine`."""
        with self.opened(task) as mapped:
            yield from mapped(shards)

    @contextmanager
    def opened(self, task: Callable[[Work], Result]) -> Iterator[Mapped[Work, Result]]:
        """See `opened`. Actors start with the first shard, and end with the block."""
        crew: list[_Actors] = []
        with ExitStack() as connected:

            def mapped(shards: Iterable[tuple[int, Work]]) -> Iterator[tuple[int, Result]]:
                waiting = iter(shards)
                for first in waiting:
                    if not crew:
                        connected.enter_context(self._cluster())
                        crew.append(self._actors(task))
                    yield from self._by_actors(crew[0], first, waiting)

            try:
                yield mapped
            finally:
                crew.clear()  # actors that nobody holds end, also on a cluster that stays

    def crew(self) -> Crew:
        """See `Crew`. Without ``workers`` the cluster is asked what it has room for."""
        if self.address is None:
            workers = self.workers or max(1, (os.cpu_count() or 1) // self.cpus)
            return Crew(workers, self.cpus, os.cpu_count() or 1)
        workers = self.workers
        if workers is None:
            with self._cluster():
                workers = self._room()
        return Crew(workers, self.cpus, workers * self.cpus)

    @contextmanager
    def _cluster(self) -> Iterator[None]:
        """A connection to the cluster: one that this process has already, or one for this while."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray
        except ImportError as error:
            raise InputError("engine ray needs the extra ray: pip install 'relevome[ray]'") from error
        if ray.is_initialized():
            yield
            return
        mine = {"_node_ip_address": "127.0.0.1", "num_cpus": self._own_cpus()} if self.address is None else {}
        try:
            ray.init(
                address=self.address or "local", include_dashboard=False if mine else None,
                log_to_driver=False, logging_level=logging.ERROR, **mine,
            )  # fmt: skip
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            where = "on this machine" if self.address is None else f"at {self.address}"
            said = " ".join(str(error).split())[:200]
            raise InputError(
                f"there is no Ray cluster {where} ({said}): expected the address of one, such as auto"
            ) from error
        try:
            yield
        finally:
            ray.shutdown()

    def _own_cpus(self) -> int:
        """Cores of a cluster on this machine: all of its own, or as many as are asked for."""
        return max(os.cpu_count() or 1, self.cpus * (self.workers or 1))

    def _actors(self, task: Callable[[Any], Any]) -> _Actors:
        """Workers that will hold a task."""
        import ray
        from cloudpickle import dumps

        sent = [ray.put(dumps(task))]  # held here, so that a worker that is started again finds it
        actor: Any = ray.remote(
            num_cpus=self.cpus, num_gpus=self.gpus, max_restarts=-1, max_task_retries=RETRIES
        )(_Worker)  # fmt: skip
        return _Actors([actor.remote(self.cpus) for _ in range(self.workers or self._room())], sent)

    def _by_actors(
        self, crew: _Actors, first: tuple[int, Any], shards: Iterator[tuple[int, Any]]
    ) -> Iterator[tuple[int, Any]]:
        """Results as they come from actors, each of which is handed `AHEAD` shards once it is there."""
        left = _Queue(first, shards)
        try:
            crew.ask(left)
            while left.more or crew.asked:
                if not crew.asked and not crew.nodes:
                    self._check_room()
                yield from crew.next_result()
                if not left.more:
                    left.give_back(crew.given_up())
                crew.ask(left)
        finally:
            crew.asked.clear()  # of a map that was left before its end

    def _room(self) -> int:
        """How many workers the cluster has room for now, at least one."""
        import ray

        there = ray.cluster_resources()
        rooms = [there.get("CPU", 0) / self.cpus]
        if self.gpus:
            rooms.append(there.get("GPU", 0) / self.gpus)
        return max(1, int(min(rooms)))

    def _check_room(self) -> None:
        """Raises InputError where no node has what one worker needs, and none is on its way."""
        import ray

        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if not any(n.get("CPU", 0) >= self.cpus and n.get("GPU", 0) >= self.gpus for n in nodes):
            raise InputError(
                f"no node of the Ray cluster has {counted(self.cpus, 'core')} and {self.gpus:g} GPUs, which "
                "one worker needs: ask for less, or add a node"
            )


class _Queue:
    """Shards that nobody has yet; lazy."""

    def __init__(self, first: tuple[int, Any], rest: Iterator[tuple[int, Any]]) -> None:
        self._next: tuple[int, Any] | None = first
        self._rest = rest

    @property
    def more(self) -> bool:
        """Whether there are any."""
        return self._next is not None

    def take(self, most: int) -> Iterator[tuple[int, Any]]:
        """So many of them, or as many as there are."""
        for _ in range(most):
            if self._next is None:
                return
            taken, self._next = self._next, next(self._rest, None)
            yield taken

    def give_back(self, shards: list[tuple[int, Any]]) -> None:
        """Some that were taken are nobody's again; of others there are no more."""
        self._rest = iter(shards)
        self._next = next(self._rest, None)


class _Actors:
    """Workers by their number; which of them are there, on which node, and what each is asked."""

    def __init__(self, handles: list[Any], sent: list[Any]) -> None:
        self._handles, self._sent = handles, sent
        self._coming = {one.ready.remote(): number for number, one in enumerate(handles)}
        self.nodes: dict[int, str] = {}
        self.asked: dict[Any, tuple[int, Any, int]] = {}

    def next_result(self) -> Iterator[tuple[int, Any]]:
        """The result that comes next, if it comes soon and no worker comes before."""
        import ray

        done, _ = ray.wait([*self._coming, *self.asked], num_returns=1, timeout=_SHORT)
        for one in done:
            if one in self._coming:
                self.nodes[self._coming.pop(one)] = _result(one, None)
            else:
                shard, _, worker = self.asked.pop(one)
                self.nodes[worker], found = _result(one, shard)
                yield shard, found

    def ask(self, left: _Queue) -> None:
        """Hand every worker that is there as many shards as it may have."""
        from cloudpickle import dumps

        for worker in self.nodes:
            for shard, work in left.take(AHEAD - sum(worker == one[2] for one in self.asked.values())):
                self.asked[self._handles[worker].do.remote(self._sent, dumps(work))] = shard, work, worker

    def given_up(self) -> list[tuple[int, Any]]:
        """Shards of workers that are lost with their node, while others have nothing to do."""
        import ray

        busy = {worker for *_, worker in self.asked.values()}
        if busy == self.nodes.keys():
            return []
        alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        lost = {worker for worker, node in self.nodes.items() if node not in alive}
        for worker in lost - busy:  # says where it is when it is started again
            del self.nodes[worker]
            self._coming[self._handles[worker].ready.remote()] = worker
        if busy == self.nodes.keys():
            return []
        for worker in lost & busy:
            ray.kill(self._handles[worker])
            del self.nodes[worker]
        theirs = [reference for reference, (*_, worker) in self.asked.items() if worker in lost]
        return [self.asked.pop(reference)[:2] for reference in theirs]


class _Worker:
    """What an actor is: the task, held once."""

    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self._task: Callable[[Any], Any] | None = None

    def ready(self) -> str:
        """The node that it is on."""
        import ray

        return ray.get_runtime_context().get_node_id()

    def do(self, sent: list[Any], work: bytes) -> tuple[str, Any]:
        """Its node and one shard, by the task that was ``sent``, which is fetched the first time."""
        import ray
        from cloudpickle import loads

        task = self._task
        if task is None:
            task = self._task = loads(ray.get(sent[0]))
        return self.ready(), task(loads(work))


def _result(reference: Any, number: int | None) -> Any:
    """What a call of an actor gave. Raises what the task raised, and InputError for workers that died."""
    import ray
    from ray.exceptions import RayActorError, RayTaskError, WorkerCrashedError

    try:
        return ray.get(reference)
    except RayTaskError as error:
        raise error.cause if isinstance(error.cause, InputError) else error from None
    except (RayActorError, WorkerCrashedError) as error:
        what = "no worker could begin" if number is None else f"{RETRIES + 1} workers died at part {number}"
        raise InputError(
            f"{what}, perhaps for want of memory: run the same command again with fewer --workers or a "
            "smaller --batch-size; what was finished is kept"
        ) from error
