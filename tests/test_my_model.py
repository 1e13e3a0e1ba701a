"""The recipes of docs/my-model.md, run one after the other as somebody would who follows the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "my-model.md").read_text()


def test_all_recipes_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {"__name__": "recipes"}
    recipes = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    for number, text in enumerate(recipes):
        exec(compile(text, f"recipe {number} of docs/my-model.md", "exec"), space)  # noqa: S102
    assert len(recipes) == PAGE.count("```python") > 9
    run = space["run"]
    assert run[0].relevance.shape == (len(space["sequence"]),)
