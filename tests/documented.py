"""The examples of docs/extend.md, as somebody else would put them into a module of their own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from relevome.attribution import methods
from relevome.attribution.lrp import table
from relevome.attribution.lrp.attention_rules import attention_rules
from relevome.data.formats import formats
from relevome.data.public import data_sets
from relevome.engines.base import engines
from relevome.evaluation.metrics import metrics
from relevome.results.export import exporters
from relevome.studies import studies
from relevome.training.objective import objectives

PAGE = Path(__file__).parents[1] / "docs" / "extend.md"
REGISTRIES = (methods, exporters, metrics, formats, engines, objectives, studies, attention_rules, data_sets)

Documented = Callable[..., ModuleType]


def example(section: str, number: int = 0) -> str:
    """The Python examples of a section of docs/extend.md, counted from 0."""
    _, _, text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")
    blocks = text.partition("\n## ")[0].split("```python\n")[1:]
    return blocks[number].partition("```")[0]


@contextmanager
def registered_here() -> Iterator[None]:
    """What is registered in this block is forgotten behind it."""
    with pytest.MonkeyPatch.context() as patch:
        for registry in REGISTRIES:
            patch.setattr(registry, "_entries", dict(registry.items()))
        rules = dict(table.RULES)
        try:
            yield
        finally:
            table.RULES.clear()
            table.RULES.update(rules)


@pytest.fixture
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Documented]:
    """Imports an example as a module, while a test runs: ``documented("A method")``."""
    monkeypatch.syspath_prepend(tmp_path)

    def imported(section: str, number: int = 0) -> ModuleType:
        name = f"example_{''.join(section.split()).lower()}_{number}"
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / f"{name}.py").write_text(example(section, number), encoding="utf-8")
        return importlib.import_module(name)

    with registered_here():
        yield imported
