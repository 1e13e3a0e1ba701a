"""Explains models of biological sequences: how much every letter contributed to a prediction."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relevome.data.errors import InputError as InputError
    from relevome.data.sequence import Sequence as Sequence
    from relevome.evaluation.compare import compare as compare
    from relevome.evaluation.evaluate import evaluate as evaluate
    from relevome.models.huggingface import load_model as load_model
    from relevome.pipeline import explain as explain
    from relevome.runs.run import Run as Run

__version__ = "0.1.0"

# Loaded when first asked for: whoever only reads sequences or runs waits for no torch.
_HOME = {
    "InputError": "relevome.data.errors",
    "Sequence": "relevome.data.sequence",
    "load_model": "relevome.models.huggingface",
    "explain": "relevome.pipeline",
    "evaluate": "relevome.evaluation.evaluate",
    "compare": "relevome.evaluation.compare",
    "Run": "relevome.runs.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'relevome' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
