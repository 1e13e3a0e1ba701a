"""The commands of study A, as the command line would take them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer.main

from relevome.cli.app import app
from relevome.errors import InputError
from relevome.studies.dnabert2 import METHODS, SIZES, Dnabert2Study
from relevome.studies.recipe import Command
from relevome.studies.tasks import GENOME, TASKS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with all public files, empty."""
    for path in (path for task in TASKS.values() for path in task.needs):
        (tmp_path / "public data" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "public data" / path).touch()
    return tmp_path / "public data"


def every(data: Path, tmp_path: Path) -> list[Command]:
    """All commands of all tasks, sizes and starts."""
    return [
        one
        for size in SIZES
        for start in ("random", "mlm", str(tmp_path))
        for one in Dnabert2Study(tuple(TASKS), data, size, start).commands()
    ]


def test_the_command_line_understands_every_command(data, tmp_path, monkeypatch):
    monkeypatch.setattr("relevome.cli.shared.options.check_paths", lambda *_: None)  # none is there
    group: Any = typer.main.get_command(app)
    with group.make_context("relevome", ["list", "methods"]) as context:
        for one in every(data, tmp_path):
            _, found, rest = group.resolve_command(context, list(one.arguments))
            parsed = found.make_context(one.arguments[0], rest, parent=context).params
            assert str(parsed["output"]) == one.output


def test_matched_windows_are_asked_for_by_name(data):
    assert Dnabert2Study(data=data).tasks == ("simulated", "ecoli", "tf_2", "tf_4")
    commands = Dnabert2Study(("ecoli-matched",), data).commands()
    assert any("ecoli-matched-cnn" in one.name for one in commands)


def test_trainings_have_their_own_seeds_and_the_same_data_and_pre_training(data):
    found = Dnabert2Study(("ecoli",), data, start="mlm", trainings=3, seed=7).commands()
    trained = [one for one in found if one.arguments[0] == "train"]
    assert [one.output for one in trained] == [
        "pretrained",
        *(f"ecoli/{kind}/{number}/model" for number in range(3) for kind in ("transformer", "cnn")),
    ]
    seeds = [one.arguments[one.arguments.index("--seed") + 1] for one in trained]
    assert seeds == ["7", "7", "7", "8", "8", "9", "9"]
    learnt = trained[1:]
    assert {one.arguments[one.arguments.index("--train") + 1] for one in learnt} == {"ecoli/data/train.csv"}
    assert [one.after for one in learnt] == [("pretraining",), ()] * 3


def test_explanations_of_one_training_are_compared(data):
    found = Dnabert2Study(("tf_2",), data, trainings=2).commands()
    compared = [one for one in found if one.arguments[0] == "compare"]
    assert [one.output for one in compared] == ["tf_2/comparison/0", "tf_2/comparison/1"]
    for number, one in enumerate(compared):
        runs = [word for word in one.arguments if word.startswith("tf_2/") and "/scores/" in word]
        labels = [one.arguments[i + 1] for i, word in enumerate(one.arguments) if word == "--label"]
        assert {run.split("/")[2] for run in runs} == {str(number)}
        assert labels == [f"{run.split('/')[1]}-{run.split('/')[4]}" for run in runs]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("start", ["random", "mlm"])
def test_every_command_stands_behind_those_it_waits_for(data, size, start):
    before: set[str] = set()
    for one in Dnabert2Study(tuple(TASKS), data, size, start).commands():
        assert before.issuperset(one.after)
        assert one.name not in before
        before.add(one.name)


def test_whatever_is_read_was_made_by_a_command_that_is_waited_for(data):
    commands = Dnabert2Study(tuple(TASKS), data, "small", "mlm").commands()
    makers = {one.output: one.name for one in commands}
    assert len(makers) == len(commands)
    for one in commands:
        read = {makers[word] for word in one.arguments if word in makers} - {one.name}
        assert read == set(one.after)


def test_paths_are_relative_but_for_what_the_user_has(data, tmp_path):
    for start, own in (("random", set()), ("mlm", {str(data / GENOME)}), (str(tmp_path), {str(tmp_path)})):
        commands = Dnabert2Study(("ecoli", "simulated"), data, "default", start).commands()
        assert {word for one in commands for word in one.arguments if word.startswith("/")} == own


def test_every_method_is_explained_evaluated_and_compared(data):
    commands = Dnabert2Study(("tf_2", "simulated"), data).commands()
    runs = sum(map(len, METHODS.values()))
    verbs = [one.arguments[0] for one in commands]
    assert {verb: verbs.count(verb) for verb in verbs} == {
        "train": 12, "explain": 6 * runs, "evaluate": 6 * runs, "compare": 6,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"task": ("tf_3",)}, "--task tf_3: expected one of simulated, ecoli, ecoli-matched, tf_2, tf_4"),
        ({"task": ("simulated", "simulated")}, "--task simulated is given 2 times: expected once"),
        ({"size": "large"}, "--size large: expected one of small, default"),
        ({"trainings": 0}, "--trainings 0: expected 2 or more, or 1 for a look"),
        ({"start": "none"}, "--start none: expected random, mlm, or the folder of a checkpoint"),
        ({"start": "mlm"}, f"--start mlm learns from the file {GENOME} in the folder of --data"),
        ({"task": ("tf_2",), "data": Path("nowhere")}, "the task tf_2 needs the file gue/GUE_tf_2_train"),
    ],
)
def test_what_cannot_be_is_one_clear_line(told, message):
    with pytest.raises(InputError) as error:
        Dnabert2Study(**told)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
