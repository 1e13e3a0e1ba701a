"""The recipes of docs/my-model.md, run as somebody would who follows the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "my-model.md").read_text()
OWN, OTHERS = (
    re.findall(r"```python\n(.*?)```", one, re.S) for one in PAGE.split("## Other people's packages")
)
PACKAGES = ["bpnetlite", "bpnetlite", "enformer_pytorch", "borzoi_pytorch", "grelu"]


def test_all_recipes_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {"__name__": "recipes"}
    for number, text in enumerate(OWN):
        exec(compile(text, f"recipe {number} of docs/my-model.md", "exec"), space)  # noqa: S102
    assert len(OWN) > 9
    run = space["run"]
    assert run[0].relevance.shape == (len(space["sequence"]),)


@pytest.mark.parametrize("number", range(len(PACKAGES)))
def test_recipes_of_other_packages_run(number: int) -> None:
    package = PACKAGES[number]
    assert len(OTHERS) == len(PACKAGES)
    assert f"\nfrom {package}" in OTHERS[number]
    pytest.importorskip(package, reason=f"{package} is not installed: see MODELS in the Makefile")
    space: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(OTHERS[number], f"recipe of {package} in docs/my-model.md", "exec"), space)  # noqa: S102
    (found,) = space["run"]
    assert abs(found.relevance).max() > 0
