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
    truth, regions = found.truth or {}, found.question.get("regions", "all")
    measured = [("all", "", truth["all"])] if truth else []
    measured += [(some["contig"], some["strand"], some) for some in truth.get("strands", ())]
    return {
        "folder": str(found.path),
        "classes": list(found.question["classes"]),
        "threshold": found.threshold,
        "genome": Path(found.settings["genome"]).name,
        "regions": [] if regions == "all" else list(regions),
        "within": found.settings.get("within", 0),
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
    said += _known(measured)
    precision, guess = (measured.get(name) for name in ("average_precision", "base_rate"))
    if precision is not None:
        by_guess = "" if guess is None else f" (a guess: {guess:.2g})"
        said += f"; average precision {precision:.3g}{by_guess} over all positions"
    return [Remark("Annotation", said)]


def _known(measured: Mapping[str, Any]) -> str:
    """How many calls are of known sites, and how many of these were not called, where that was counted."""
    calls, precision, sites, recall = (
        measured.get(name) for name in ("calls", "precision", "sites", "recall")
    )
    if calls is None or precision is None or sites is None or recall is None:
        return ""
    known, missed = round(precision * calls), sites - round(recall * sites)
    return f", {known:,} of them known; {missed:,} of {counted(sites, 'known site')} not called"


page_parts.register("genome")(PagePart(NAME, read_annotation, "Annotated genome", _content, _remarks))
