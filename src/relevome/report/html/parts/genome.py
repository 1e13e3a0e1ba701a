"""An annotation of a genome on the page: what was asked and called, and how good that is."""

from __future__ import annotations

from typing import Any

from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.verdict import Remark
from relevome.results.annotation.folder import NAME, Annotation, read_annotation
from relevome.words import counted

_NUMBERS = ("positions", "sites", "base_rate", "roc_auc", "average_precision", "calls", "precision", "recall")


def _content(found: Annotation, tools: PageTools) -> dict[str, Any]:
    truth = found.truth or {}
    measured = [("all", "", truth["all"])] if truth else []
    measured += [(some["contig"], some["strand"], some) for some in truth.get("strands", ())]
    return {
        "folder": str(found.path),
        "classes": list(found.question["classes"]),
        "threshold": found.threshold,
        "counts": dict(found.counts),
        "columns": ["contig", "strand", *_NUMBERS],
        "rows": [
            [contig, strand, *(some.get(name) for name in _NUMBERS)] for contig, strand, some in measured
        ],
        "problems": len(found.problems),
    }


def _remarks(found: Annotation) -> list[Remark]:
    said = (
        f"{counted(found.counts['sites'], 'site')} called at {counted(found.counts['letters'], 'position')}"
    )
    if found.truth is None:
        return [Remark("Annotation", f"{said}; nobody compared them with known ones", "unknown")]
    numbers = {name: found.truth["all"][name] for name in ("average_precision", "precision", "recall")}
    words = ", ".join(f"{name.replace('_', ' ')} {x:.3g}" for name, x in numbers.items() if x is not None)
    return [Remark("Annotation", f"{said}; against known ones: {words or 'not measured'}")]


page_parts.register("genome")(PagePart(NAME, read_annotation, "Annotated genome", _content, _remarks))
