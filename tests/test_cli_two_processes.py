"""Two processes in one folder: one of them is refused, in one line and before it has computed anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relevome.cli.app import app
from relevome.errors import InputError
from relevome.results.folder import LOCK, ResultFolder, lock_folder, temporary_name, whole_file

Run = Callable[..., tuple[int, str, list[str]]]

MODEL = ("--model", "{letters}", "--device", "cpu")
# What is asked, and the file by whose lock others are kept out.
WRITERS: dict[str, tuple[tuple[str, ...], str]] = {
    "predict": (("predict", *MODEL, "--fasta", "{fasta}", "-o", "{out}"), LOCK),
    "data windows": (
        ("data", "windows", "--sites", "{bed}", "--genome", "{fasta}", "--width", "4", "-o", "{out}"),
        LOCK,
    ),
    "data fetch": (("data", "fetch", "sapiens", "--wheel", "{fasta}", "-o", "{out}"), LOCK),
    "data fetch of data": (("data", "fetch", "ecoli", "-o", "{out}"), LOCK),
    "data fetch by query": (("data", "fetch", "uniprot", "--query", "x", "-o", "{out}"), LOCK),
    "explain": (("explain", *MODEL, "--target", "0", "--fasta", "{fasta}", "-o", "{out}"), LOCK),
    "evaluate": (("evaluate", "{run}", "-o", "{out}"), LOCK),
    "compare": (("compare", "{run}", "{run}", "-o", "{out}"), LOCK),
    "substitute": (("substitute", "{run}", "-o", "{out}"), LOCK),
    "sites": (("sites", "{run}", "--coordinates", "sequence", "-o", "{out}"), LOCK),
    "profile": (("profile", "{run}", "-o", "{out}"), LOCK),
    "motifs": (("motifs", "{run}", "-o", "{out}"), LOCK),
    "variants": (
        (
            "variants",
            *MODEL,
            "--target",
            "0",
            "--vcf",
            "{vcf}",
            "--genome",
            "{fasta}",
            "--width",
            "8",
            "-o",
            "{out}",
        ),
        LOCK,
    ),
    "pairs": (("pairs", *MODEL, "--target", "0", "--fasta", "{fasta}", "-o", "{out}"), LOCK),
    "heads": (("heads", *MODEL, "--fasta", "{fasta}", "-o", "{out}"), LOCK),
    "heads by relevance": (
        ("heads", "--by", "relevance", "--run", "{run}", "--annotations", "{bed}", "-o", "{out}"),
        LOCK,
    ),
    "annotate": (
        (
            "annotate",
            "--model",
            "{cnn}",
            "--window",
            "3,2",
            "--genome",
            "{fasta}",
            "--no-tracks",
            "-o",
            "{out}",
        ),
        LOCK,
    ),
    "train": (
        ("train", "--arch", "cnn", "--train", "{table}", "--validation", "{table}", "-o", "{out}"),
        f"checkpoints/{LOCK}",
    ),
    "simulate": (("simulate", "-o", "{out}"), LOCK),
    "study": (("study", "annotation", "-o", "{out}"), LOCK),
    "demo": (("demo", "-o", "{out}"), LOCK),
    "export": (("export", "{run}", "--to", "tsv", "-o", "{out}"), temporary_name("out")),
    "rerun": (("rerun", "{run}", "-o", "{out}"), LOCK),
    "report": (("report", "{run}", "-o", "{out}"), temporary_name("out")),
    "show": (("show", "{run}", "--id", "a", "-o", "{out}.png"), temporary_name("out.png")),
}


@pytest.fixture(scope="module")
def places(saved: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of two sequences, and other things to ask about."""
    import relevome

    folder = tmp_path_factory.mktemp("asked")
    texts = {
        "fasta": (".fa", ">a\nACGTTGCATA\n>b\nTTGACAATTA\n"),
        "bed": (".bed", "a\t2\t4\tsite\nb\t1\t5\tsite\n"),
        "vcf": (".vcf", "#CHROM\tPOS\tID\tREF\tALT\na\t3\tv\tG\tC\n"),
        "table": (".csv", "sequence,label\nACGTACGTACGT,0\nTTGACAACGTAC,1\n"),
    }
    for name, (ending, text) in texts.items():
        (folder / f"{name}{ending}").write_text(text)
    model = relevome.load_model(saved("dnabert"), device="cpu")
    run = relevome.explain(model, folder / "fasta.fa", "attnlrp", 0, out=folder / "run", heads=True)
    found = {name: folder / f"{name}{ending}" for name, (ending, _) in texts.items()}
    return found | {"run": Path(str(run.path)), "letters": saved("dnabert"), "cnn": saved("cnn")}


@contextmanager
def another_process(lock: Path) -> Iterator[None]:
    """A lock is that of an open file, whichever process has it open."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    folder, name = lock.parent, lock.name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relevome.results.folder.LOCK", name)
        descriptor = lock_folder(folder)
    yield
    os.close(descriptor)


def test_every_command_that_writes_is_tried() -> None:
    commands = {one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands}
    written = commands - {"list", "check", "view"} | {"study", "data"}
    assert {command.split()[0] for command in WRITERS} == written


@pytest.mark.parametrize("command", WRITERS)
def test_where_another_process_is_writing_a_command_is_refused(
    relevome_cli: Run, places: dict[str, Path], tmp_path: Path, command: str
) -> None:
    arguments, lock = WRITERS[command]
    asked = [one.format(out=tmp_path / "out", **places) for one in arguments]
    where = tmp_path if command in ("export", "report", "show") else tmp_path / "out"
    with another_process(where / lock):
        before = sorted(path.name for path in where.iterdir())
        code, out, err = relevome_cli(*asked)
    assert (code, out) == (2, "")
    assert len(err) == 1
    assert err[0].startswith("relevome: another process is ")
    assert "wait" in err[0]
    # a study says whose folder it is before it asks whether it is free
    assert sorted(path.name for path in where.iterdir() if path.name != "study.json") == before


def test_it_is_refused_before_the_model_is_asked(
    relevome_cli: Run, places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: Any, **__: Any) -> None:
        raise AssertionError("the model was asked")

    for module in ("questions", "explainer", "exchange"):
        monkeypatch.setattr(f"relevome.evaluation.{module}.explain_sequences", asked, raising=False)
    monkeypatch.setattr("relevome.evaluation.scoring.Scorer.scores", asked)
    monkeypatch.setattr("relevome.jobs.substitute.exchanged_curves", asked)
    monkeypatch.setattr("relevome.jobs.heads.by_attention.characterise", asked)
    monkeypatch.setattr("relevome.jobs.heads.by_relevance.collect", asked)
    for command in ("evaluate", "compare", "substitute", "heads", "heads by relevance"):
        arguments, lock = WRITERS[command]
        with another_process(tmp_path / "out" / lock):
            code, _, err = relevome_cli(*(one.format(out=tmp_path / "out", **places) for one in arguments))
        assert (code, len(err)) == (2, 1)


# A file that two processes write


def test_a_file_is_written_by_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    with whole_file(path) as first:
        first.write_text("half")
        with pytest.raises(InputError, match=r"another process is writing .*x.tsv: wait"), whole_file(path):
            pass
        first.write_text("whole")
    assert path.read_text() == "whole"
    with whole_file(path) as again:
        again.write_text("another")
    assert path.read_text() == "another"
    assert [one.name for one in tmp_path.iterdir()] == ["x.tsv"]


def test_what_a_process_left_that_was_killed_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / temporary_name("x.tsv")).write_text("half of what was longer")
    with whole_file(tmp_path / "x.tsv") as temporary:
        temporary.write_text("whole")
    assert [one.name for one in tmp_path.iterdir()] == ["x.tsv"]
    assert (tmp_path / "x.tsv").read_text() == "whole"


# A folder that is held


FOLDER = ResultFolder(("last.json",), ("*.tsv",))


@FOLDER.alone
def job(*, out: str | Path | None = None, overwrite: bool = False, fails: bool = False) -> int:
    """A job that says how many others could write into its folder at the same time."""
    if fails:
        raise InputError("no")
    others = 0
    if out is not None:
        for _ in range(2):
            try:
                os.close(lock_folder(Path(out)))
                others += 1
            except InputError:
                pass
        FOLDER.clear(Path(out))
        (Path(out) / "last.json").write_text("{}")
    return others


def test_a_job_has_its_folder_alone_and_leaves_none_where_it_fails(tmp_path: Path) -> None:
    assert job() == 0
    with pytest.raises(InputError, match=r"^no$"):
        job(out=tmp_path / "out", fails=True)
    assert not (tmp_path / "out").exists()
    assert job(out=tmp_path / "out") == 0
    with pytest.raises(InputError, match="is there and not empty: choose another -o, or replace"):
        job(out=str(tmp_path / "out"))
    with pytest.raises(InputError, match=r"^no$"):
        job(out=tmp_path / "out", overwrite=True, fails=True)
    assert (tmp_path / "out" / "last.json").exists()  # until there is something in its place
    assert job(out=tmp_path / "out", overwrite=True) == 0


def test_a_result_that_came_while_waiting_for_the_lock_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(folder: Path) -> int:
        (folder / "last.json").write_text("of another")
        return lock_folder(folder)

    monkeypatch.setattr("relevome.results.folder.lock_folder", late)
    with pytest.raises(InputError, match="is there and not empty"):
        job(out=tmp_path / "out")
    assert (tmp_path / "out" / "last.json").read_text() == "of another"
