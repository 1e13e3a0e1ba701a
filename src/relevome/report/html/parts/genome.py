"""An annotation of a genome on the page: what was asked and called, and how good that is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
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
        "genome": Path(found.settings["genome"]).name,
        "regions": list(found.question["regions"] or ()),
        "within": found.settings["within"],
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
    measured = found.truth["all"]
    said += f", {_known(measured)}" if measured["precision"] is not None else ""
    if measured["average_precision"] is not None:
        by_guess = f"a guess: {measured['base_rate']:.2g}"
        said += f"; average precision {measured['average_precision']:.3g} ({by_guess}) over all positions"
    return [Remark("Annotation", said)]


def _known(measured: Mapping[str, Any]) -> str:
    """How many calls are of known sites, and how many of these were not called."""
    calls, sites = measured["calls"], measured["sites"]
    known, found = round(measured["precision"] * calls), round((measured["recall"] or 0) * sites)
    return f"{known:,} of them known; {sites - found:,} of {counted(sites, 'known site')} not called"


page_parts.register("genome")(PagePart(NAME, read_annotation, "Annotated genome", _content, _remarks))
