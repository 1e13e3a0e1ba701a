"""Actors of a Ray cluster give what this process gives, and one that dies loses nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cloudpickle import dumps

import relevome
from relevome.engines.base import AHEAD, engine_of, opened
from relevome.engines.ray import Ray, _Actors, _Queue, _Worker
from relevome.errors import InputError
from relevome.jobs.running import shards
from relevome.models.base import Model
from tests.toys import TOYS

ray = pytest.importorskip("ray", reason="the extra ray is not installed")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One for all tests, which an engine finds this process connected to."""
    with Ray(workers=2)._cluster():
        yield


def shard(work: tuple[int, Path]) -> tuple[int, int]:
    """A number and the process; -1 fails, -2 always dies, -3 dies once."""
    number, folder = work
    if number == -1:
        raise InputError("thirteen")
    if number == -2 or (number == -3 and not (folder / "died").exists()):
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2, os.getpid()


def test_results_come_by_number_also_where_a_worker_dies_and_shards_as_needed(
    tmp_path: Path,
) -> None:
    drawn: list[int] = []

    def lazily() -> Iterator[tuple[int, tuple[int, Path]]]:
        for number in range(30):
            drawn.append(number)
            yield number, (number or -3, tmp_path)

    results, ahead = {}, []
    for number, (square, process) in Ray(workers=2).map(shard, lazily()):
        assert process != os.getpid()
        results[number] = square
        ahead.append(len(drawn) - len(results))
    assert results == {0: 9} | {number: number**2 for number in range(1, 30)}
    assert max(ahead) <= 2 * AHEAD + 1  # and the next


def test_an_engine_that_is_opened_maps_several_lists_by_the_same_actors(tmp_path: Path) -> None:
    with opened(Ray(workers=2), shard) as mapped:
        first = dict(mapped((number, (number + 1, tmp_path)) for number in range(6)))
        assert dict(mapped([])) == {}
        left: Any = mapped((number, (number, tmp_path)) for number in range(100, 120))
        next(left)
        left.close()
        second = dict(mapped((number, (number or -3, tmp_path)) for number in range(6)))  # one dies
    assert {number: one[0] for number, one in first.items()} == {n: (n + 1) ** 2 for n in range(6)}
    assert {number: one[0] for number, one in second.items()} == {n: n**2 for n in range(1, 6)} | {0: 9}
    assert len({process for _, process in [*first.values(), *second.values()]}) <= 3


def waits(work: tuple[int, Path]) -> int:
    """A number; the first waits until it is told not to."""
    number, folder = work
    while number == 0 and not (folder / "again").exists():
        time.sleep(0.05)
    return number**2


def test_shards_of_a_worker_whose_node_is_lost_are_computed_by_others(tmp_path: Path) -> None:
    actor: Any = ray.remote(num_cpus=1)(_Worker)
    handles = [actor.remote(1) for _ in range(2)]
    crew = _Actors(handles, [ray.put(dumps(waits))])
    while len(crew.nodes) < 2:
        assert list(crew.next_result()) == []
    left = _Queue((0, (0, tmp_path)), iter([(number, (number, tmp_path)) for number in (1, 2, 3)]))
    crew.ask(left)
    assert not left.more
    lost = next(worker for shard, _, worker in crew.asked.values() if shard == 0)
    crew.nodes[lost] = "a node that is gone"
    results: dict[int, int] = {}
    while len(results) < 2:
        assert crew.given_up() == []  # as long as the other has something to do
        results |= dict(crew.next_result())
    assert results == {2: 4, 3: 9}
    left.give_back(crew.given_up())
    (tmp_path / "again").touch()
    crew.ask(left)
    assert {worker for *_, worker in crew.asked.values()} == {1 - lost}
    while crew.asked:
        results |= dict(crew.next_result())
    assert results == {number: number**2 for number in range(4)}
    ray.kill(handles[1 - lost])


def test_what_a_task_raises_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^thirteen$"):
        dict(Ray(workers=1).map(shard, [(0, (-1, tmp_path))]))


def test_a_shard_at_which_every_worker_dies_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relevome.engines.ray.RETRIES", 1)
    with pytest.raises(InputError, match=r"^2 workers died at part 7, .* fewer --workers"):
        dict(Ray(workers=1).map(shard, [(7, (-2, tmp_path))]))


def test_a_cluster_without_room_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no node of the Ray cluster has 1 core and 1 GPUs"):
        dict(Ray(gpus=1.0).map(shard, [(0, (1, tmp_path))]))


def test_options_are_checked() -> None:
    assert engine_of("ray", address="auto", workers=3) == Ray("auto", 3)
    wrongs: list[dict[str, Any]] = [{"workers": 0}, {"cpus": 0}, {"gpus": -1.0}]
    for wrong in wrongs:
        with pytest.raises(InputError, match="expected"):
            Ray(**wrong)


def test_a_run_is_the_same_whoever_computed_it(
    tmp_path: Path, toy_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 3)
    model, sequences = toy_model("esm"), TOYS["esm"].sequences(*[30, 21] * 5)
    for name, engine in {"here": "local", "there": Ray(workers=2)}.items():
        relevome.explain(model, sequences, "attnlrp", 1, out=tmp_path / name, batch_size=4, engine=engine)
    parts = [sorted((tmp_path / name).glob("part-*.parquet")) for name in ("here", "there")]
    assert len(parts[0]) == len(parts[1]) == 4
    assert [path.read_bytes() for path in parts[0]] == [path.read_bytes() for path in parts[1]]
