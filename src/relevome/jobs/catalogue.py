"""What is registered: methods, metrics, exporters, models, each with the first line of what it says."""

from __future__ import annotations

import inspect
from typing import Any

from relevome.attribution import methods
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.models import models
from relevome.options import option_defaults
from relevome.registry import Registry
from relevome.results.export import exporters

REGISTRIES: dict[str, Registry[Any]] = {
    "methods": methods,
    "metrics": metrics,
    "exporters": exporters,
    "models": models,
}


def catalogue(what: str) -> list[tuple[str, str]]:
    """Name and summary of everything registered under ``what``. Raises ``InputError`` for another word."""
    if what not in REGISTRIES:
        raise InputError(f"cannot list {what!r}: expected one of {', '.join(REGISTRIES)}")
    return [(name, _summary(entry)) for name, entry in REGISTRIES[what].items()]


def _summary(entry: Any) -> str:
    described = getattr(entry, "compute", entry)
    text = (inspect.getdoc(described) or "").split("\n\n")[0].replace("\n", " ")
    options = (
        option_defaults(entry) if inspect.isclass(entry) and hasattr(entry, "__dataclass_fields__") else {}
    )
    if isinstance(entry, Metric):
        return f"{entry.kind}, {entry.direction}: {text}"
    listed = ", ".join(name.replace("_", "-") for name in options if name != "seed")
    return f"{text} [options: {listed}]" if listed else text
