"""The commands of study B, as the command line would take them, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer.main

from relevome.cli.app import app
from relevome.errors import InputError
from relevome.studies.annotation import (
    GENOME,
    KNOWN,
    LABELS,
    MOTIFS,
    RIVALS,
    SIZES,
    TRAININGS,
    AnnotationStudy,
)
from relevome.studies.annotation_summary import WEIGHED
from relevome.studies.recipe import Command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with all public files, empty."""
    for path in (GENOME, LABELS, MOTIFS, KNOWN):
        (tmp_path / "public data" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "public data" / path).touch()
    return tmp_path / "public data"


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    (tmp_path / "trained").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "trained" / name).touch()
    return tmp_path / "trained"


def studies(data: Path, trained: Path, size: str) -> list[AnnotationStudy]:
    """Every kind of genome, with a model and without."""
    own = {"genome": data / GENOME, "labels": data / LABELS, "circular": True}
    asked: list[dict[str, Any]] = [
        {},
        {"data": data},
        own,
        own | {"motifs": data / MOTIFS, "known": data / KNOWN},
    ]
    return [AnnotationStudy(**one, size=size, model=model) for one in asked for model in (None, trained)]


def every(data: Path, trained: Path) -> list[Command]:
    return [one for size in SIZES for study in studies(data, trained, size) for one in study.commands()]


def test_the_command_line_understands_every_command(data, trained, monkeypatch):
    monkeypatch.setattr("relevome.cli.shared.options.check_paths", lambda *_: None)  # none is there
    group: Any = typer.main.get_command(app)
    with group.make_context("relevome", ["list", "methods"]) as context:
        for one in every(data, trained):
            _, found, rest = group.resolve_command(context, list(one.arguments))
            parsed = found.make_context(one.arguments[0], rest, parent=context).params
            assert str(parsed["output"]) == one.output


@pytest.mark.parametrize("size", SIZES)
def test_whatever_is_read_was_made_by_a_command_that_stands_before_it(data, trained, size):
    for study in studies(data, trained, size):
        before: dict[str, str] = {}
        for one in study.commands():
            read = {before[word] for word in one.arguments if word in before}
            assert set(one.after) == read
            assert one.output not in before
            assert one.name not in before.values()
            before[one.output] = one.name
        count = 1 if study.model is not None else TRAININGS
        assert [name for name in before if name.startswith("annotator/")] == [
            f"annotator/{i}" for i in range(0 if study.model is not None else count)
        ]
        trained = {f"annotation/{name}/{i}" for name in ("annotator", "cnn") for i in range(count)}
        assert {name for name in before if name.startswith("annotation/")} == trained | {
            f"annotation/{name}" for name in RIVALS if name != "cnn"
        }
        for weigh in WEIGHED:
            asked = [one for one in study.commands() if f"heads/{weigh}/" in one.output]
            assert len(asked) == count + SIZES[size].random
            assert {one.output for one in asked if "--random-weights" not in one.arguments} == {
                f"heads/{weigh}/annotator/{i}" for i in range(count)
            }
            assert sum("--random-weights" in one.arguments for one in asked) == SIZES[size].random
            assert all(weigh in one.arguments for one in asked)


def option(one: Command, name: str) -> str:
    return one.arguments[one.arguments.index(name) + 1]


def test_trainings_differ_by_their_seed_and_random_networks_are_the_same_for_all() -> None:
    commands = AnnotationStudy(size="small", trainings=2, seed=5).commands()
    seeds = {one.output: option(one, "--seed") for one in commands if one.arguments[0] == "train"}
    assert seeds == {"annotator/0": "5", "annotator/1": "6", "cnn/0": "5", "cnn/1": "6"}
    random = [one for one in commands if "--random-weights" in one.arguments]
    assert {option(one, "--model") for one in random} == {"annotator/0"}
    assert [option(one, "--seed") for one in random] == ["5", "6"] * len(WEIGHED)
    # all networks are asked alike: the same windows, the same draws
    heads = [one for one in commands if one.output.startswith("heads/attention/annotator/")]
    assert [(option(one, "--model"), option(one, "--seed")) for one in heads] == [
        ("annotator/0", "5"),
        ("annotator/1", "5"),
    ]


def test_a_folder_belongs_to_a_number_of_trainings() -> None:
    assert AnnotationStudy().about() == AnnotationStudy(trainings=TRAININGS).about()
    assert AnnotationStudy(trainings=1).about() != AnnotationStudy(trainings=2).about()


def test_a_model_that_is_there_is_the_one_annotator(trained) -> None:
    for told in (None, 1):
        study = AnnotationStudy(model=trained, trainings=told)
        assert [one.output for one in study.commands() if one.arguments[0] == "train"] == ["cnn/0"]
    with pytest.raises(InputError) as error:
        AnnotationStudy(model=trained, trainings=3)
    assert str(error.value) == (
        f"--model {trained} is one annotator, trained already: expected no --trainings 3 beside it; leave "
        "one of both out"
    )


def test_paths_are_relative_but_for_what_the_user_has(data, trained):
    for study in studies(data, trained, "default"):
        own = {data / GENOME, data / KNOWN, trained}
        for one in study.commands():
            assert {Path(word) for word in one.arguments if word.startswith("/")} <= own


def test_a_folder_belongs_to_the_bytes_that_are_read(data):
    before = AnnotationStudy(data).about()
    (data / MOTIFS).write_text("MEME version 4\n")
    assert AnnotationStudy(data).about() != before


def test_a_folder_belongs_to_the_weights_of_a_model_that_is_there(data, trained):
    (trained / "model.safetensors").write_bytes(b"one")
    before = AnnotationStudy(data, model=trained).about()
    (trained / "model.safetensors").write_bytes(b"two")
    assert AnnotationStudy(data, model=trained).about() != before


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"size": "large"}, "--size large: expected one of small, default, published"),
        ({"genome": Path("g.fa")}, "a genome of your own needs --genome and --labels"),
        ({"labels": Path("s.bed")}, "a genome of your own needs --genome and --labels"),
        (
            {"data": Path("d"), "genome": Path("g"), "labels": Path("l")},
            "--data is E. coli, --genome a genome",
        ),
        (
            {"motifs": Path("m.meme")},
            "--motifs, --known, --circular and the --labels options belong to --genome",
        ),
        ({"feature": ("CDS",)}, "--motifs, --known, --circular and the --labels options belong to"),
        ({"circular": True}, "--motifs, --known, --circular and the --labels options belong to --genome"),
        ({"data": Path("nowhere")}, f"nowhere/{GENOME} is not there: fetch it as the docs say"),
        ({"genome": Path("g.fa"), "labels": Path("s.bed")}, "g.fa is not there: fetch it as the docs say"),
        ({"trainings": 0}, "--trainings 0: expected 1 or more"),
        ({"model": Path("nowhere")}, "--model nowhere: expected the folder of a trained annotator"),
    ],
)
def test_what_cannot_be_is_one_clear_line(told, message):
    with pytest.raises(InputError) as error:
        AnnotationStudy(**told)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
