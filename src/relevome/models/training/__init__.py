"""Training and fine-tuning: tables of labelled sequences in, a model folder with its scores out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relevome.models.training.job import TrainingResult as TrainingResult
    from relevome.models.training.job import train as train
    from relevome.models.training.settings import TrainingSettings as TrainingSettings

# Loaded when first asked for: whoever only loads a model, and so looks for modules beside it, waits
# for no scikit-learn.
_HOME = {
    "TrainingResult": "relevome.models.training.job",
    "TrainingSettings": "relevome.models.training.settings",
    "train": "relevome.models.training.job",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'relevome.models.training' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
