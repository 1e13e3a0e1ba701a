"""What is in a registry, such as methods or metrics: what each says in a line, and what it suits."""

from __future__ import annotations

import inspect
from typing import Any

from relevome.data.formats import Format
from relevome.options import option_defaults
from relevome.registry import Registry


def catalogue(registry: Registry[Any]) -> list[tuple[str, str]]:
    """Name and summary of everything that is registered."""
    return [(name, _summary(entry, registry.kind)) for name, entry in registry.items()]


def _summary(entry: Any, kind: str) -> str:
    if kind == "format":
        return _format(entry)
    described = getattr(entry, "compute", entry)
    text = (inspect.getdoc(described) or "").split("\n\n")[0].replace("\n", " ")
    if kind == "metric":
        return f"{entry.kind}, {entry.direction}: {text}"
    options = (
        option_defaults(entry) if inspect.isclass(entry) and hasattr(entry, "__dataclass_fields__") else {}
    )
    if suits := getattr(entry, "suits", None):
        text = f"{text} It is {suits}."
    listed = ", ".join(name.replace("_", "-") for name in options if name != "seed")
    return f"{text} [options: {listed}]" if listed else text


def _format(entry: Format) -> str:
    read = [word for word in ("sequences", "sites") if getattr(entry, word) is not None]
    known = ", ".join((*entry.endings, *entry.within)) or "by how it begins"
    return f"{' and '.join(read) or 'by other commands'}; {known}"
