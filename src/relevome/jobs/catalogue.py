"""What is registered, such as methods or metrics, with the first line of what it says, and what it suits."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from relevome.data.formats import Format
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric
from relevome.options import option_defaults
from relevome.registry import Registry


def catalogue(what: str, registries: Mapping[str, Registry[Any]]) -> list[tuple[str, str]]:
    """Name and summary of everything in the registry ``what``. Raises ``InputError`` for another word."""
    if what not in registries:
        raise InputError(f"cannot list {what!r}: expected one of {', '.join(registries)}")
    return [(name, _summary(entry)) for name, entry in registries[what].items()]


def _summary(entry: Any) -> str:
    if isinstance(entry, Format):
        return _format(entry)
    described = getattr(entry, "compute", entry)
    text = (inspect.getdoc(described) or "").split("\n\n")[0].replace("\n", " ")
    options = (
        option_defaults(entry) if inspect.isclass(entry) and hasattr(entry, "__dataclass_fields__") else {}
    )
    if isinstance(entry, Metric):
        return f"{entry.kind}, {entry.direction}: {text}"
    if suits := getattr(entry, "suits", None):
        text = f"{text} It is {suits}."
    listed = ", ".join(name.replace("_", "-") for name in options if name != "seed")
    return f"{text} [options: {listed}]" if listed else text


def _format(entry: Format) -> str:
    read = [word for word in ("sequences", "sites") if getattr(entry, word) is not None]
    known = ", ".join((*entry.endings, *entry.within)) or "by how it begins"
    return f"{' and '.join(read) or 'by other commands'}; {known}"
