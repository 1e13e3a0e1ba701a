"""Parts are written by those who compute them: whoever is killed, and whatever fails, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

import relevome
from relevome.engines.base import Engine
from relevome.engines.local import Local
from relevome.errors import InputError
from relevome.jobs import explain
from relevome.jobs.running import shards
from relevome.jobs.running.shards import ShardResult
from relevome.jobs.running.writing import WritePart, write_shards
from relevome.models.base import Model
from relevome.results.folder import LOCK, is_marked, lock_folder, mark_of
from relevome.results.parts.part import Counts, part_path, part_paths, sha256_of_part
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.toys import TOYS

LETTERS = {f"s{i}": "ACGTTGCAAT" if i != 7 else "AAAAAAAAAA" for i in range(12)}  # three shards of four


class Fragile(torch.nn.Module):
    """The sum of letters by weight, in which something may happen at a sequence of ten A, in a worker.

    What happens is the name of a file in a folder: it is killed once, or raises each time.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.arange(4.0))
        self.folder, self.owner = str(folder), os.getpid()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if os.getpid() != self.owner and bool((x[:, 0].sum(-1) == 10).any()):
            self.fail()
        return (x.sum(-1) * self.weight).sum(-1, keepdim=True)

    def fail(self) -> None:
        killed, raised = (Path(self.folder) / name for name in ("killed", "raised"))
        if killed.exists():
            killed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if raised.exists():
            raise RuntimeError("no such number")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 4)


def explained(folder: Path, out: Path, engine: Engine) -> Run:
    model = relevome.from_module(Fragile(folder))
    return relevome.explain(model, LETTERS, "gradient-x-input", out=out, batch_size=2, engine=engine)


def parts_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("part-*"))}


@pytest.fixture
def undisturbed(tmp_path: Path) -> dict[str, bytes]:
    explained(tmp_path, tmp_path / "undisturbed", Local())
    return parts_of(tmp_path / "undisturbed")


@pytest.mark.parametrize("what", ["killed", "raised"])
def test_what_others_finished_stays_where_a_worker_is_killed_or_a_model_raises(
    tmp_path: Path, undisturbed: dict[str, bytes], what: str
) -> None:
    (tmp_path / what).touch()
    with pytest.raises(InputError):
        explained(tmp_path, tmp_path / "out", Local(2))
    (tmp_path / what).unlink(missing_ok=True)
    assert part_path(tmp_path / "out", 1).name not in parts_of(tmp_path / "out")
    assert explained(tmp_path, tmp_path / "out", Local()).status == "finished"
    assert parts_of(tmp_path / "out") == undisturbed


def test_an_actor_that_is_killed_is_started_again_and_writes_the_same(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    from relevome.engines.ray import Ray

    (tmp_path / "killed").touch()
    assert explained(tmp_path, tmp_path / "out", Ray(workers=2)).status == "finished"
    assert not (tmp_path / "killed").exists()
    assert parts_of(tmp_path / "out") == undisturbed


KILLED = """
import sys, torch
torch.set_num_threads(1)
import relevome
from relevome.engines.local import Local
from relevome.jobs.running import shards
shards.SHARD_SEQUENCES = 2
sequences = {f"s{i}": "ACGTTGCAATACGTTGCAAT"[i % 5 :] for i in range(120)}
model = relevome.load_model(sys.argv[1], device="cpu")
relevome.explain(model, sequences, "mutagenesis", 1, out=sys.argv[2], batch_size=4, engine=Local(2))
"""


def test_a_command_that_is_killed_with_its_workers_goes_on_to_the_same_bytes(
    saved: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one process then, which is another engine; both have one thread."""
    asked = [sys.executable, "-c", KILLED, str(saved("cnn")), str(tmp_path / "out")]
    first = subprocess.Popen(asked, stderr=subprocess.DEVNULL)
    while first.poll() is None and len(list((tmp_path / "out").glob("part-*"))) < 3:
        time.sleep(0.02)
    first.kill()
    assert first.wait() == -signal.SIGKILL
    assert 3 <= len(part_paths(tmp_path / "out")) < 60
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 2)
    monkeypatch.setattr(explain, "SHARD_SEQUENCES", 2)  # which the record says
    sequences = {f"s{i}": "ACGTTGCAATACGTTGCAAT"[i % 5 :] for i in range(120)}
    model = relevome.load_model(saved("cnn"), device="cpu")
    for name in ("out", "whole"):
        relevome.explain(model, sequences, "mutagenesis", 1, out=tmp_path / name, batch_size=4)
    for name in parts_of(tmp_path / "whole"):  # what differs is said by column
        one, other = (pq.read_table(tmp_path / folder / name).to_pydict() for folder in ("out", "whole"))
        assert one == other, name
    assert parts_of(tmp_path / "out") == parts_of(tmp_path / "whole")
    assert len(parts_of(tmp_path / "whole")) == 60


# Who may write


def shard_of(model: Model, folder: Path) -> tuple[shards.ExplainShard, Any]:
    """A task and a shard of one sequence."""
    relevome.explain(model, TOYS["cnn"].sequences(12), "saliency", 1, out=folder / "other", batch_size=2)
    rows = list(Run(folder / "other"))

    def task(shard: Any) -> ShardResult:
        return ShardResult(rows, Counts(1, 1), 2)

    found: Any = task
    return found, shards.Shard(3, [shards.Item(TOYS["cnn"].sequences(12)[0])])


def test_a_worker_that_does_not_see_the_folder_gives_its_rows_back(
    tmp_path: Path, toy_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, shard = shard_of(toy_model("cnn"), tmp_path)
    manifest = {"alphabet": "dna", "alphabet_letters": "ACGT"}
    with RunWriter(tmp_path / "run", manifest) as writer:
        writing = WritePart(task, writer.parts)
        written = writing(shard)
        assert (written.rows, written.written) == ([], sha256_of_part(part_path(writer.folder, 3)))
        (tmp_path / "run" / LOCK).write_text("another machine has a folder of this name")
        back = writing(shard)
        assert (len(back.rows), back.written) == (1, None)
        part_path(writer.folder, 3).unlink()

        def alone(task: Any, work: Any) -> Iterator[tuple[int, Any]]:
            for number, one in work:
                yield number, task(one)

        monkeypatch.setattr(Local, "map", lambda self, task, work: alone(task, work))
        write_shards(writer, task, [shard], Local(), lambda count: None)
        assert writer.done == {3}


def test_who_wrote_for_a_command_that_is_dead_does_not_write_any_more(tmp_path: Path) -> None:
    """The next command takes the lock, and its mark is another."""
    descriptor = lock_folder(tmp_path)
    before = mark_of(tmp_path)
    assert is_marked(tmp_path, before)
    os.close(descriptor)
    os.close(lock_folder(tmp_path))
    assert not is_marked(tmp_path, before)
    assert not is_marked(tmp_path / "nowhere", before)
    assert not is_marked(tmp_path / "nowhere", "")


def test_a_part_that_does_not_appear_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relevome.results.folder.SHOWN", 0.2)
    with (
        pytest.raises(InputError, match=r"part-00004\.parquet is damaged or gone"),
        RunWriter(tmp_path / "run", {"alphabet": "dna", "alphabet_letters": "ACGT"}) as writer,
    ):
        writer.record_part(4, "0a")
