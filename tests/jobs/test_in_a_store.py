"""Explanations and predictions in a store are those of a folder, whatever happens on the way."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.engines.local import Local
from relevome.errors import InputError
from relevome.jobs import explain as explaining
from relevome.jobs import predict as predicting
from relevome.jobs.check import check
from relevome.jobs.running import shards
from relevome.models.base import Model
from relevome.results.parts.part import part_path
from relevome.results.run.reader import Run
from relevome.stores import lock
from relevome.stores.place import Place, StorePath, named_place
from tests.stores.kept import Kept
from tests.stores.server import SECRET

ROOT = Path(__file__).parents[2]
SEQUENCES = {f"s{i}": "ACGTTGCAATACGTTGCAAT"[i % 5 :] for i in range(14)}  # seven shards of two
COUNT = 7


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for one in (shards, explaining, predicting):
        monkeypatch.setattr(one, "SHARD_SEQUENCES", 2)
    yield
    Kept.refused.clear()


@pytest.fixture
def model(saved: Callable[[str], Path]) -> Model:
    return relevome.load_model(saved("cnn"), device="cpu")


def explained(model: Model, out: object, **how: Any) -> Run:
    return relevome.explain(model, SEQUENCES, "gradient-x-input", 1, out=str(out), batch_size=2, **how)


def parts_of(folder: Place) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("part-*")}


@pytest.fixture
def whole(model: Model, tmp_path: Path) -> Path:
    """The run as it is in a folder of this machine."""
    explained(model, tmp_path / "whole")
    return tmp_path / "whole"


def test_a_run_in_a_store_is_that_of_a_folder(model: Model, whole: Path, store: str) -> None:
    run = explained(model, f"{store}/run")
    assert (str(run.path), run.status, len(run)) == (f"{store}/run", "finished", len(SEQUENCES))
    assert parts_of(run.path) == parts_of(whole)
    assert run.manifest["checksums"] == Run(whole).manifest["checksums"]
    assert [path.name for path in run.path.iterdir()] == [
        ".lock-00001", *(part_path(whole, index).name for index in range(COUNT)), "run.json",
    ]  # fmt: skip
    assert run["s3"].relevance.tolist() == Run(whole)["s3"].relevance.tolist()
    assert run.to_pandas(["sequence_id", "score"]).equals(Run(whole).to_pandas(["sequence_id", "score"]))
    assert check(f"{store}/run", SEQUENCES).complete


def test_a_prediction_in_a_store_is_that_of_a_folder(model: Model, tmp_path: Path, store: str) -> None:
    labels = {name: "1" if number % 2 else "0" for number, name in enumerate(SEQUENCES)}
    for out in (f"{store}/predicted", str(tmp_path / "whole")):
        relevome.predict(model, SEQUENCES, out, labels=labels, batch_size=2)
    there, here = named_place(f"{store}/predicted"), tmp_path / "whole"
    assert parts_of(there) == parts_of(here)
    assert (there / "predictions.tsv").read_bytes() == (here / "predictions.tsv").read_bytes()
    said = [json.loads((place / "prediction.json").read_text()) for place in (there, here)]
    assert said[0]["metrics"] == said[1]["metrics"]
    assert check(f"{store}/predicted", SEQUENCES).complete


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_workers_put_their_parts_themselves(
    model: Model, whole: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relevome.results.parts.writer.PartsWriter.write_part", None)
    run = explained(model, f"{store}/run", engine=Local(2))
    assert parts_of(run.path) == parts_of(whole)


def test_workers_that_do_not_see_the_store_give_their_rows_back(model: Model, whole: Path) -> None:
    run = explained(model, f"memory://{whole.parent.name}/run", engine=Local(2))
    assert parts_of(run.path) == parts_of(whole)


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_actors_put_their_parts_themselves(
    model: Model, whole: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    from relevome.engines.ray import Ray

    monkeypatch.setattr("relevome.results.parts.writer.PartsWriter.write_part", None)
    run = explained(model, f"{store}/run", engine=Ray(workers=2))
    assert parts_of(run.path) == parts_of(whole)


# What happens on the way


def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the shards that are computed from now on."""
    found: list[int] = []
    call = shards.ExplainShard.__call__

    def counted(self: Any, shard: Any) -> Any:
        found.append(shard.number)
        return call(self, shard)

    monkeypatch.setattr(shards.ExplainShard, "__call__", counted)
    return found


KILLED = """
import sys, torch
torch.set_num_threads(1)
import relevome, tests.stores.kept
from relevome.jobs import explain
from relevome.jobs.running import shards
shards.SHARD_SEQUENCES = explain.SHARD_SEQUENCES = 2
sequences = {f"s{i}": "ACGTTGCAATACGTTGCAAT"[i % 5 :] for i in range(14)}
model = relevome.load_model(sys.argv[1], device="cpu")
call = shards.ExplainShard.__call__
def slowly(self, shard):
    print(shard.number, flush=True)
    if shard.number == int(sys.argv[3]):
        sys.stdin.read()
    return call(self, shard)
shards.ExplainShard.__call__ = slowly
relevome.explain(model, sequences, "gradient-x-input", 1, out=sys.argv[2], batch_size=2)
"""


def test_what_is_killed_goes_on_with_what_is_missing(
    model: Model, saved: Callable[[str], Path], whole: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [sys.executable, "-c", KILLED, str(saved("cnn")), f"{store}/run", "3"]
    with subprocess.Popen(
        asked, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as first:  # fmt: skip
        assert first.stdout is not None
        assert [first.stdout.readline().strip() for _ in range(4)] == ["0", "1", "2", "3"]
        first.send_signal(signal.SIGKILL)
    there = named_place(f"{store}/run")
    assert sorted(parts_of(there)) == [part_path(whole, index).name for index in range(3)]
    assert Run(there).status == "running"
    monkeypatch.setattr(lock, "SILENT", 0.5)
    computed = asked_for(monkeypatch)
    begun = time.monotonic()
    run = explained(model, f"{store}/run")
    assert time.monotonic() - begun >= 0.5  # to see that nobody lives
    assert computed == [3, 4, 5, 6]
    assert parts_of(run.path) == parts_of(whole)
    assert run.manifest["checksums"] == Run(whole).manifest["checksums"]
    assert check(run.path, SEQUENCES).complete


def test_while_one_writes_another_is_refused(model: Model, store: str) -> None:
    def another(done: int, _: int) -> None:
        if done:
            with pytest.raises(InputError, match=r"another process is writing .*/run: wait until"):
                explained(model, f"{store}/run")
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lock, "BEAT", 0.05)
        with pytest.raises(KeyboardInterrupt):
            explained(model, f"{store}/run", progress=another)
    assert Run(f"{store}/run").status == "failed"
    assert explained(model, f"{store}/run").status == "finished"


@pytest.mark.parametrize("store", ["kept"], indirect=True)
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError("Access Denied"), "Access Denied"),
        (OSError(errno.EIO, "Storage backend has reached its minimum free drive threshold"), "free drive"),
    ],
)
def test_what_was_finished_stays_where_a_store_is_full_or_refuses(
    model: Model, whole: Path, store: str, error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Kept.refused["part-00002.parquet"] = error
    with pytest.raises(InputError, match=rf"^cannot write .*part-00002.parquet \(.*{said}") as refused:
        explained(model, f"{store}/run")
    assert "\n" not in str(refused.value)
    assert [*parts_of(named_place(f"{store}/run"))] == ["part-00000.parquet", "part-00001.parquet"]
    Kept.refused.clear()
    computed = asked_for(monkeypatch)
    assert parts_of(explained(model, f"{store}/run").path) == parts_of(whole)
    assert computed == [2, 3, 4, 5, 6]


def test_a_part_is_put_once_even_by_who_was_taken_for_dead(model: Model, store: str) -> None:
    run = explained(model, f"{store}/run")
    first = part_path(run.path, 0)
    assert isinstance(first, StorePath)
    before = first.read_bytes()
    assert not first.write_new(b"late")
    assert first.read_bytes() == before


def test_another_question_is_refused_and_replaced_where_it_shall_be(model: Model, store: str) -> None:
    explained(model, f"{store}/run")
    with pytest.raises(InputError, match=r"holds another run, which differs in .*method"):
        relevome.explain(model, SEQUENCES, "saliency", 1, out=f"{store}/run", batch_size=2)
    run = relevome.explain(model, SEQUENCES, "saliency", 1, out=f"{store}/run", batch_size=2, overwrite=True)
    assert (run.manifest["method"], run.status) == ("saliency", "finished")


def test_a_part_that_is_gone_or_damaged_is_found(model: Model, store: str) -> None:
    run = explained(model, f"{store}/run")
    path = part_path(run.path, 2)
    content = path.read_bytes()
    path.write_bytes(content[:-9] + b"damaged!!")
    with pytest.raises(InputError, match=r"part-00002.parquet is damaged or gone"):
        Run(run.path)
    path.write_bytes(content[:200] + bytes([content[200] ^ 255]) + content[201:])
    assert "part-00002.parquet is damaged" in check(run.path, SEQUENCES).problems[0]
    path.unlink()
    assert check(run.path, SEQUENCES).problems[0] == f"part 2 of {COUNT} is missing"


# From the command line


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "x.fa"
    path.write_text("".join(f">{name}\n{letters}\n" for name, letters in SEQUENCES.items()))
    return path


def test_commands_write_and_read_a_store(
    relevome_cli: Any, saved: Callable[[str], Path], fasta: Path, tmp_path: Path, store: str
) -> None:
    asked = ("explain", "--model", saved("cnn"), "--fasta", fasta, "--target", "1", "--method", "saliency")
    code, out, err = relevome_cli(*asked, "-o", f"{store}/run/")
    assert code == 0, err
    assert f"{store}/run: 14 of 14 sequences explained by saliency" in out
    assert relevome_cli(*asked, "-o", tmp_path / "run")[0] == 0
    code, out, err = relevome_cli("check", f"{store}/run")
    assert code == 0, err
    assert "complete: every sequence once" in out
    assert relevome_cli("show", f"{store}/run", "--list") == relevome_cli("show", tmp_path / "run", "--list")
    for name, run in (("there", f"{store}/run"), ("here", tmp_path / "run")):
        for command in (
            ("show", run, "--id", "s3", "-o", tmp_path / f"{name}.png"),
            ("export", run, "--to", "tsv", "-o", tmp_path / f"{name}.tsv"),
            ("report", run, "-o", tmp_path / f"{name}.html"),
        ):
            code, _, err = relevome_cli(*command)
            assert code == 0, err
    for ending in ("png", "tsv"):
        there, here = (tmp_path / f"{name}.{ending}" for name in ("there", "here"))
        assert there.read_bytes() == here.read_bytes()
    code, out, err = relevome_cli("rerun", f"{store}/run", "-o", f"{store}/again")
    assert code == 0, err
    assert "14 of 14 rows are those of" in out


def test_the_example_of_the_page_runs(
    relevome_cli: Any,
    saved: Callable[[str], Path],
    fasta: Path,
    tmp_path: Path,
    store: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    section = (
        (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8").partition("## In an object store")[2]
    )
    block = section.partition("```bash\n")[2].partition("```")[0]
    commands = [line for line in block.splitlines() if line.startswith("relevome ")]
    assert len(commands) == 3
    monkeypatch.chdir(tmp_path)
    named = {"MODEL": str(saved("cnn")), "sequences.fa": str(fasta)}
    for command in commands:
        words = [named.get(word, word.replace("s3://bucket", store)) for word in shlex.split(command)[1:]]
        code, _, err = relevome_cli(*words)
        assert code == 0, err
    assert (tmp_path / "s3.png").is_file()


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_credentials_are_written_nowhere(model: Model, store: str) -> None:
    run = explained(model, f"{store}/run")
    for path in run.path.iterdir():
        assert SECRET.encode() not in path.read_bytes()
        assert b"key-of-tests" not in path.read_bytes()


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_a_bucket_that_is_not_there_and_a_store_that_does_not_answer_are_one_line(
    model: Model, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"^cannot write s3://nobody/run/.* \(The specified bucket does not"):
        explained(model, "s3://nobody/run")
    with pytest.raises(InputError, match=r"^no run at s3://nobody/run: expected the folder"):
        Run("s3://nobody/run")


@pytest.mark.parametrize(
    "command",
    [
        ("annotate", "--model", ".", "--genome", ".", "-o", "s3://bucket/out"),
        ("evaluate", ".", "-o", "s3://bucket/out"),
        ("explain", "--model", ".", "--bed", "s3://bucket/x.bed", "--genome", ".", "-o", "out"),
        ("sites", ".", "-o", "gs://bucket/out"),
    ],
)
def test_what_cannot_be_in_a_store_is_one_line(
    relevome_cli: Any, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = relevome_cli(*command)
    assert (code, out, len(err)) == (2, "", 1), err
    assert "://bucket/" in err[0]
    assert "is in a store, where this cannot be" in err[0]
    assert list(tmp_path.iterdir()) == []
