"""Whether two runs were asked the same of the same model."""

from __future__ import annotations

from typing import Any

from relevome.results.run.reader import Run


def differing(run: Run, other: Run) -> list[str]:
    """In what two runs differ beside their sequences: ``model``, ``method``, ``choice of options``."""
    asked, answered = _question(run), _question(other)
    return [name for name, said in asked.items() if answered[name] != said]


def _question(run: Run) -> dict[str, Any]:
    said = run.manifest
    model = said.get("model") or {}
    return {
        "model": model.get("sha256"), "method": said.get("method"),
        "choice of options": said.get("parameters"),
    }  # fmt: skip
