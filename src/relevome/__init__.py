"""Explains models of biological sequences: how much every letter contributed to a prediction."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relevome.data.sequences import Sequence as Sequence
    from relevome.errors import InputError as InputError
    from relevome.jobs.compare import compare as compare
    from relevome.jobs.evaluate import evaluate as evaluate
    from relevome.jobs.explain import explain as explain
    from relevome.models.hugging_face import load_model as load_model
    from relevome.results.run.reader import Run as Run

__version__ = "0.1.0"

# Loaded when first asked for: whoever only reads sequences or runs waits for no torch.
_HOME = {
    "InputError": "relevome.errors",
    "Sequence": "relevome.data.sequences",
    "load_model": "relevome.models.hugging_face",
    "explain": "relevome.jobs.explain",
    "evaluate": "relevome.jobs.evaluate",
    "compare": "relevome.jobs.compare",
    "Run": "relevome.results.run.reader",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'relevome' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
