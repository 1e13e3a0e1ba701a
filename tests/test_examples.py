"""The examples in docstrings and in the README do what they say."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import relevome
from relevome.cli.app import app
from relevome.models.base import Model
from tests.toys import TOYS

ROOT = Path(__file__).parents[1]
ABOUT_FILES = {"InputError", "Run", "Sequence"}


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


@pytest.mark.parametrize("name", sorted({*relevome.__all__} - ABOUT_FILES))
def test_the_help_of_every_function_says_all_parameters(name: str) -> None:
    function = getattr(relevome, name)
    text = function.__doc__
    code = function.__code__
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    assert [one for one in parameters if not re.search(rf"^ +{one}: ", text, re.M)] == []


def test_the_python_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: Callable[[str], Path]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    sequences = TOYS["cnn"].sequences(30, 30, 30, 30, seed=2)
    (tmp_path / "sequences.fa").write_text("".join(f">{one.id}\n{one.letters}\n" for one in sequences))
    (tmp_path / "sites.bed").write_text("".join(f"{one.id}\t3\t9\n" for one in sequences))
    (tmp_path / "my_model").symlink_to(saved("cnn"))
    monkeypatch.chdir(tmp_path)
    exec(code, {})  # noqa: S102 - our own README


def test_every_command_has_its_name_in_python() -> None:
    commands = {one.name or one.callback.__name__ for one in app.registered_commands if one.callback}
    assert commands - {"list"} <= {*relevome.__all__}
    assert sorted(dir(relevome)) == sorted([*relevome.__all__, "__version__"])
