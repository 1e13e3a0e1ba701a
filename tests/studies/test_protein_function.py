"""The commands of study C, as the command line would take them, and what it refuses."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer.main

from relevome.cli.app import app
from relevome.errors import InputError
from relevome.studies.enzymes import ENZYMES, EnzymeFiles
from relevome.studies.protein_function import METHODS, SIZES, ProteinFunctionStudy
from relevome.studies.protein_tasks import PROTEIN_TASKS
from tests.studies.made_proteins import write_made_enzymes, write_made_proteins

TASKS = (*PROTEIN_TASKS, ENZYMES)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_made_proteins(tmp_path / "public data", each=1)
    return tmp_path / "public data"


@pytest.fixture
def source(tmp_path: Path) -> EnzymeFiles:
    return EnzymeFiles(*write_made_enzymes(tmp_path / "own"))


def files(source: EnzymeFiles) -> tuple[Path, Path | None, Path | None]:
    return source.proteins, source.annotations, source.clusters


def studies(data: Path, source: EnzymeFiles, tmp_path: Path) -> list[ProteinFunctionStudy]:
    """Every size, from random weights and from a checkpoint."""
    starts = ("random", str(tmp_path))
    return [
        ProteinFunctionStudy(data, *files(source), TASKS, size, start) for size in SIZES for start in starts
    ]


def test_the_command_line_understands_every_command(data, source, tmp_path, monkeypatch):
    monkeypatch.setattr("relevome.cli.shared.options.check_paths", lambda *_: None)  # none is there
    group: Any = typer.main.get_command(app)
    with group.make_context("relevome", ["list", "methods"]) as context:
        for one in (one for study in studies(data, source, tmp_path) for one in study.commands()):
            _, found, rest = group.resolve_command(context, list(one.arguments))
            parsed = found.make_context(one.arguments[0], rest, parent=context).params
            assert str(parsed["output"]) == one.output


def test_whatever_is_read_was_made_by_a_command_that_stands_before_it(data, source, tmp_path):
    for study in studies(data, source, tmp_path):
        before: dict[str, str] = {}
        for one in study.commands():
            assert {before[word] for word in one.arguments if word in before} == set(one.after)
            assert one.output not in before
            assert one.name not in before.values()
            before[one.output] = one.name


def test_paths_are_relative_but_for_what_the_user_has(data, source, tmp_path):
    for study in studies(data, source, tmp_path):
        absolute = {word for one in study.commands() for word in one.arguments if word.startswith("/")}
        assert absolute == (set() if study.start == "random" else {str(tmp_path)})


def test_every_class_of_enzymes_is_asked_with_its_own_logit_and_types_of_sites(source, tmp_path):
    study = ProteinFunctionStudy(None, *files(source), trainings=1)
    study.prepare(tmp_path, lambda _: None)
    commands = study.commands()
    explained = [one for one in commands if one.arguments[0] == "explain"]
    assert len(explained) == 2 * len(METHODS)
    for one in explained:
        number = one.output.split("/")[1].removeprefix("ec-")
        assert "--model enzymes/0/model --fasta" in one.line
        assert f"--fasta enzymes/data/{number}.fasta --method" in one.line
        assert f"--target {number} " in one.line
        assert "--contrast" not in one.line
        assert "--rare-as-x" in one.line
    asked = [one for one in commands if one.output == "enzymes/ec-3/0/heads/attnlrp"]
    assert ["--type 'active site' --random" in one.line for one in asked] == [True]
    assert {path.name for path in (tmp_path / "enzymes" / "data").iterdir()} == {
        "train.csv", "validation.csv", "test.csv", "1.fasta", "3.fasta", "1.tsv", "3.tsv", "data.json",
    }  # fmt: skip


def test_trainings_have_their_own_seeds_and_the_same_data(data, tmp_path):
    for start in ("random", str(tmp_path)):
        study = ProteinFunctionStudy(data, task=("membrane",), start=start, trainings=3, seed=7)
        trained = [one.arguments for one in study.commands() if one.arguments[0] == "train"]
        told = [dict(pairwise(one)) for one in trained]
        assert [one["--seed"] for one in told] == ["7", "8", "9"]
        assert [one["-o"] for one in told] == [f"membrane/{number}/model" for number in range(3)]
        for part in ("train", "validation", "test"):
            assert {one[f"--{part}"] for one in told} == {f"membrane/data/{part}.csv"}
        # whatever else is drawn is drawn alike
        others = [one.line for one in study.commands() if one.arguments[0] not in ("train", "compare")]
        assert len(others) == 3 * 15
        assert all("--seed 7" in line for line in others)


def test_a_folder_belongs_to_the_bytes_that_are_read(source):
    before = ProteinFunctionStudy(None, *files(source)).about()
    assert ProteinFunctionStudy(None, *files(source), trainings=2).about() != before
    source.proteins.write_text(source.proteins.read_text() + "\n")
    assert ProteinFunctionStudy(None, *files(source)).about() != before


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"task": ("fold",)}, "--task fold: expected one of membrane, signal-peptide, enzymes"),
        ({"task": ("membrane", "membrane")}, "--task membrane is given 2 times: expected once"),
        ({"task": ("membrane",)}, "the task membrane needs the file protein/tmbed_alpha"),
        ({"task": (ENZYMES,)}, "the task enzymes and the proteins that it reads (--proteins) go together"),
        ({"task": (), "proteins": Path("x")}, "the task enzymes and the proteins that it reads"),
        ({"task": (ENZYMES,), "proteins": Path("nowhere.xml")}, "nowhere.xml is not there"),
        ({"task": (), "size": "large"}, "--size large: expected one of small, default, published"),
        ({"task": (), "trainings": 0}, "--trainings 0: expected 1 or more"),
        ({"task": (), "start": "none"}, "--start none: expected random, or the folder of a checkpoint"),
    ],
)
def test_what_cannot_be_is_one_clear_line(told, message):
    with pytest.raises(InputError) as error:
        ProteinFunctionStudy(**told)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
