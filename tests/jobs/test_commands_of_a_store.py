"""Every command that reads a run reads one in a store, and says and writes the same as of a folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.stores.place import StorePath, named_place
from tests.jobs.test_view import asked as answer_of
from tests.report.html.unpacked import Unpacked, unpacked

RESIDUES = "MKTAYIAKQRGAVLIGAVLIMCFYWHKTAYWHKTAYMKTAYIAKQRGDE"
SEQUENCES = {f"s{i}": RESIDUES[i : i + 25 + i % 3] for i in range(12)}

# what a command is told besides the run and where its result goes; a word in braces is a file
COMMANDS: dict[str, tuple[str, ...]] = {
    "check RUN": (),
    "list ids RUN": (),
    "show RUN": ("--list",),
    "show RUN -o OUT.png": ("--id", "s3"),
    "export RUN -o OUT.tsv": ("--to", "tsv"),
    "report RUN -o OUT.html": (),
    "evaluate RUN -o OUT": (
        "--truth", "{sites}", "--metrics", "auroc", "--metrics", "sufficiency", "--random-models", "1",
    ),
    "compare RUN -o OUT": ("{run}", "--label", "a", "--label", "b", "--no-model"),
    "heads --run RUN -o OUT": ("--by", "relevance", "--annotations", "{sites}", "--random", "1"),
    "motifs RUN -o OUT": ("--causes", "--candidates", "0.99", "--fewest", "3"),
    "motifs --shuffles RUN -o OUT": ("{run}",),
    "profile RUN -o OUT": ("--anchor", "start", "--width", "20"),
    "sites RUN -o OUT": ("--coordinates", "sequence"),
    "sites --shuffles RUN -o OUT": ("{run}", "--coordinates", "sequence"),
    "substitute RUN -o OUT": (),
    "rerun RUN -o OUT": (),
}  # fmt: skip
OUTPUTS = ("OUT", "OUT.png", "OUT.tsv", "OUT.html")


@pytest.fixture(scope="module")
def files(saved: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A run of this machine, and sites of its sequences."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "x.fa").write_text("".join(f">{name}\n{letters}\n" for name, letters in SEQUENCES.items()))
    (folder / "sites.bed").write_text("".join(f"{name}\t2\t6\tbox\n" for name in SEQUENCES))
    model = relevome.load_model(saved("esm"), device="cpu")
    relevome.explain(model, folder / "x.fa", target=1, heads=True, out=folder / "run", batch_size=4)
    return {"run": str(folder / "run"), "sites": str(folder / "sites.bed")}


@pytest.fixture
def there(files: dict[str, str], s3: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the same run in a store."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    place = named_place(f"s3://bucket/{tmp_path.name}/run")
    assert isinstance(place, StorePath)
    for path in Path(files["run"]).iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    return str(place)


def words(command: str, files: dict[str, str], run: str, out: Path) -> list[str]:
    """A command as it is typed."""
    named = {"RUN": run} | {name: str(out / name.lower()) for name in OUTPUTS}
    told = [word.format(**files) for word in COMMANDS[command]]
    return [named.get(word, word) for word in (*command.split(), *told)]


def written(out: Path, run: str) -> dict[str, object]:
    """What is in the files of a result that say neither when it was made nor by which command."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        if path.suffix == ".html":
            page = unpacked(path).content
            found[path.name] = {name: page[name] for name in ("title", "letters", "verdict", "methods")}
        elif path.is_file() and path.suffix != ".json" and not path.name.startswith("."):
            content = path.read_bytes()
            for name in (run, run.replace("_", r"\_")):  # as it is, and as Markdown has it
                content = content.replace(name.encode(), b"RUN")
            found[path.name] = content
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_in_a_store_is_read_as_one_of_a_folder(
    command: str, relevome_cli: Any, files: dict[str, str], there: str, tmp_path: Path
) -> None:
    said, results = [], []
    for name, run in (("here", files["run"]), ("there", there)):
        (tmp_path / name).mkdir()
        code, out, err = relevome_cli(*words(command, files, run, tmp_path / name))
        assert (code, err) == (0, []), name
        told = out.replace(run, "RUN").replace(f"/{name}/", "/")
        said.append(re.sub(r" in [\d:]+, .* letters per second", "", told))
        results.append(written(tmp_path / name, run))
    assert said[0] == said[1] != ""
    assert results[0] == results[1]
    assert bool(results[0]) == ("OUT" in command)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_that_is_not_in_the_store_is_one_line(
    command: str, relevome_cli: Any, files: dict[str, str], tmp_path: Path
) -> None:
    address = f"kept:/{tmp_path}/none"
    code, out, err = relevome_cli(*words(command, files, address, tmp_path))
    assert (code, out, len(err)) == (2, "", 1), err
    assert f"no run at {address}: expected" in err[0] or f"{address} has neither run.json nor" in err[0]
    assert [*tmp_path.iterdir()] == []


def test_a_run_in_a_store_is_served_as_one_of_a_folder(files: dict[str, str], there: str) -> None:
    served = []
    for run in (files["run"], there):
        with relevome.view(run) as page:
            assert (page.runs, page.sequences, page.results) == (1, len(SEQUENCES), 0)
            served.append(
                (Unpacked(answer_of(f"{page.address}content")), answer_of(f"{page.address}rows?n=3"))
            )
    (here, its_rows), (elsewhere, other_rows) = served
    assert its_rows == other_rows
    for name in ("title", "letters", "verdict", "methods", "sequences"):
        assert here.content[name] == elsewhere.content[name]
