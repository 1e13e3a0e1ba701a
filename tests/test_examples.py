"""The examples in docstrings and in the README do what they say."""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

import relevome
from relevome.cli.app import app
from relevome.models.base import Model
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.training.settings import TrainingSettings
from tests.toys import TOYS

ROOT = Path(__file__).parents[1]


@pytest.fixture
def names(load: Callable[..., Model]) -> dict[str, object]:
    return {"relevome": relevome, "model": load("cnn")}


@pytest.mark.parametrize("name", relevome.__all__)
def test_the_examples_of_every_public_name_run(name: str, names: dict[str, object]) -> None:
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner(verbose=False)
    for examples in finder.find(getattr(relevome, name), name, globs=names):
        runner.run(examples)
    assert runner.failures == 0


def test_explain_has_an_example() -> None:
    assert doctest.DocTestFinder(recurse=False).find(relevome.explain, "explain")[0].examples


@pytest.mark.parametrize("name", sorted({*relevome.__all__} - {"InputError"}))
def test_the_help_of_every_public_name_says_all_parameters_and_errors(name: str) -> None:
    public = getattr(import_module(relevome._HOME[name]), name)  # relevome.report is a package, too
    text = inspect.getdoc(public)
    assert text is not None
    _, _, after = text.partition("\nArgs:\n")
    arguments = re.split(r"^\S", after, maxsplit=1, flags=re.M)[0]
    said = re.findall(r"^    (\*{0,2}\w+): \S", arguments, re.M)
    parameters = inspect.signature(public).parameters.values()  # of what is decorated, not of its wrapper
    stars = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.VAR_POSITIONAL: "*"}
    assert said == [stars.get(one.kind, "") + one.name for one in parameters]
    assert "\nRaises:\n    InputError: " in text


def test_every_setting_of_a_training_is_said() -> None:
    text = inspect.getdoc(TrainingSettings) or ""
    said = re.findall(r"^    (\w+): \S", text.partition("\nRaises:")[0], re.M)
    assert said == [field.name for field in fields(TrainingSettings)]


def test_every_setting_of_an_evaluation_is_said() -> None:
    text = inspect.getdoc(relevome.evaluate) or ""
    assert [f.name for f in fields(EvaluationSettings) if f"``{f.name}``" not in text] == []


def test_the_python_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: Callable[[str], Path]
) -> None:
    code = "".join(re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S))
    sequences = TOYS["cnn"].sequences(30, 30, 30, 30, seed=2)
    (tmp_path / "sequences.fa").write_text("".join(f">{one.id}\n{one.letters}\n" for one in sequences))
    (tmp_path / "sites.bed").write_text("".join(f"{one.id}\t3\t9\n" for one in sequences))
    (tmp_path / "my_model").symlink_to(saved("cnn"))
    monkeypatch.chdir(tmp_path)
    exec(code, {})  # noqa: S102 - our own README


def test_every_command_has_its_name_in_python() -> None:
    commands = {one.name or one.callback.__name__ for one in app.registered_commands if one.callback}
    assert commands - {"list"} <= {*relevome.__all__}
    assert callable(relevome.report)  # which is the package of pages and pictures, too
    assert sorted(dir(relevome)) == sorted([*relevome.__all__, "__version__"])
