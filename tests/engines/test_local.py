"""Shards in several processes give what they give in one, and a worker that dies loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import torch

import relevome
from relevome.data.sequences import Sequence
from relevome.engines.base import AHEAD, Engine, engine_of, opened
from relevome.engines.local import Local
from relevome.errors import InputError
from relevome.jobs.running import shards
from relevome.models.base import Model
from relevome.models.predictions import predictions
from tests.backwards import Backwards
from tests.toys import TOYS


def squared(number: int) -> tuple[int, int, int]:
    """A shard: its result, in which process, with how many threads."""
    if number == -1:
        raise InputError("thirteen")
    if number == -2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2, os.getpid(), torch.get_num_threads()


def test_results_come_by_number_from_other_processes_and_shards_are_drawn_as_needed() -> None:
    drawn: list[int] = []

    def lazily() -> Iterator[tuple[int, int]]:
        for number in range(40):
            drawn.append(number)
            yield number, number

    results, processes, ahead = {}, set(), []
    for number, (square, process, threads) in Local(2).map(squared, lazily()):
        results[number] = square
        processes.add(process)
        ahead.append(len(drawn) - len(results))
        assert threads >= 1
    assert results == {number: number**2 for number in range(40)}
    assert os.getpid() not in processes
    assert 1 <= len(processes) <= 2
    assert max(ahead) <= 2 * AHEAD


def test_what_a_task_raises_is_raised_here() -> None:
    with pytest.raises(InputError, match=r"^thirteen$"):
        dict(Local(2).map(squared, [(0, 1), (1, -1)]))


def test_a_worker_that_is_killed_is_said_in_one_line() -> None:
    with pytest.raises(InputError, match=r"^one of 2 workers was killed, .* fewer --workers"):
        dict(Local(2).map(squared, [(0, 1), (1, -2)]))


def test_an_engine_that_is_opened_maps_several_lists_by_the_same_processes() -> None:
    with opened(Local(2), squared) as mapped:
        first = dict(mapped((number, number) for number in range(8)))
        assert dict(mapped([])) == {}
        second = dict(mapped((number, number + 1) for number in range(8)))
    assert [{n: one[0] for n, one in some.items()} for some in (first, second)] == [
        {number: number**2 for number in range(8)},
        {number: (number + 1) ** 2 for number in range(8)},
    ]
    processes = {one[1] for some in (first, second) for one in some.values()}
    assert os.getpid() not in processes
    assert len(processes) <= 2
    assert not any(is_running(process) for process in processes)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_list_that_is_left_before_its_end_leaves_nothing_to_the_next() -> None:
    with opened(Local(2), squared) as mapped:
        left: Any = mapped((number, number) for number in range(100, 200))
        next(left)
        left.close()
        assert {number: one[0] for number, one in mapped([(0, 3), (1, 4)])} == {0: 9, 1: 16}


def test_a_worker_that_is_killed_is_said_of_every_list_after_it() -> None:
    with opened(Local(2), squared) as mapped:
        assert dict(mapped([(0, 1)]))[0][0] == 1
        for _ in range(2):
            with pytest.raises(InputError, match=r"^one of 2 workers was killed"):
                dict(mapped([(0, 1), (1, -2)]))


@pytest.mark.parametrize("engine", ["local", Backwards()])
def test_an_engine_that_cannot_be_opened_maps_every_list_anew(engine: Engine | str) -> None:
    with opened(engine, squared) as mapped:
        for numbers in ([1, 2, 3], [], [4]):
            found = {number: one[0] for number, one in mapped(enumerate(numbers))}
            assert found == {place: number**2 for place, number in enumerate(numbers)}


def test_nothing_to_do_starts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loky.ProcessPoolExecutor", None)
    assert list(Local(2).map(squared, [])) == []
    with opened(Local(2), squared) as mapped:
        assert list(mapped([])) == []


def test_options_of_an_engine_are_checked() -> None:
    assert engine_of("local", workers=3, address=None) == Local(3)
    assert engine_of("local", workers=None) == Local()
    with pytest.raises(InputError, match="--workers 0: expected at least 1"):
        engine_of("local", workers=0)
    with pytest.raises(InputError, match="engine local has no option --address: it has --workers"):
        engine_of("local", address="auto")


@pytest.mark.parametrize("toy", [name for name in TOYS if name != "dnabert2-masked"])  # says no letters
def test_every_kind_of_model_reaches_a_worker_as_it_is(toy: str, toy_model: Callable[[str], Model]) -> None:
    model = toy_model(toy)
    same = cloudpickle.loads(cloudpickle.dumps(model))
    sequences = TOYS[toy].sequences(12, 9)
    assert said(same, sequences) == said(model, sequences)


def said(model: Model, sequences: list[Sequence]) -> list[str]:
    return [repr(one) for one in predictions(model, sequences)]


def test_a_run_is_the_same_whoever_computed_it(
    tmp_path: Path, toy_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 3)
    model, sequences = toy_model("cnn"), TOYS["cnn"].sequences(*[30, 21] * 5)
    for name, engine in {"one": Local(), "two": Local(2)}.items():
        relevome.explain(
            model,
            sequences,
            "integrated-gradients",
            target=1,
            out=tmp_path / name,
            batch_size=4,
            engine=engine,
        )
    parts = [sorted((tmp_path / name).glob("part-*.parquet")) for name in ("one", "two")]
    assert len(parts[0]) == len(parts[1]) == 4
    assert [path.read_bytes() for path in parts[0]] == [path.read_bytes() for path in parts[1]]


def test_a_model_of_a_file_reaches_a_worker_that_has_not_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch, relevome\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.weight = torch.nn.Parameter(torch.arange(4.0))\n"
        "    def forward(self, x):\n"
        "        return (x.sum(-1) * self.weight).sum(-1, keepdim=True)\n"
        "def model():\n"
        "    return relevome.from_module(Net())\n"
    )
    sent = tmp_path / "model.pickle"
    sent.write_bytes(cloudpickle.dumps(relevome.load_model(f"{file}:model")))
    file.unlink()
    read = (
        "import cloudpickle, pathlib, sys, relevome\n"
        "model = cloudpickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "print(relevome.explain(model, ['ACGTT'], 'gradient-x-input')[0].relevance.tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", read, sent], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0.0, 1.0, 2.0, 3.0, 3.0]"
