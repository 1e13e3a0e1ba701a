"""Motifs on the page: logos, how often each is in the nulls, its places and names, and whether it matters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from relevome.data.sequences import DNA
from relevome.report.html.arrays import finite
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.references import RATE, STUDENT
from relevome.report.html.verdict import Remark
from relevome.report.motifs.page import summary
from relevome.report.motifs.pictures import bits
from relevome.results.motifs.folder import NAME, read_relevant_motifs
from relevome.results.motifs.motifs import MotifHit, RelevantMotif, RelevantMotifs
from relevome.results.quality.record import ModelQuality, quality_of
from relevome.words import counted

LOOK = "What the model looks for"
_MOST = 2000  # hits of a motif, the best; the others are counted
_CALLED = 3  # motifs that the verdict names


def _content(found: RelevantMotifs, tools: PageTools) -> dict[str, Any]:
    hits: dict[str, list[MotifHit]] = {one.name: [] for one in found.motifs}
    for hit in found.hits:
        hits[hit.motif].append(hit)
    return {
        "said": found.said(),
        "method": str(found.about.get("method")),
        "runs": len(found.counts),
        "nulls": list(found.about.get("nulls", ())),
        "level": found.settings.level,
        "letters": found.alphabet.letters,
        "named": bool(found.about.get("database")),
        "motifs": [_motif(found, one, hits[one.name]) for one in found.motifs],
        "columns": list(MotifHit._fields[1:]),
        "on_sites": [list(one) for one in found.on_sites],
        "causes": None if found.causes is None else _causes(found),
        "reasons": list(found.reasons),
        "notes": summary(found),
    }


def _motif(found: RelevantMotifs, one: RelevantMotif, hits: list[MotifHit]) -> dict[str, Any]:
    heights = bits(found, one)
    return {
        "name": one.name, "run": one.run, "sign": one.sign, "way": one.method, "kind": one.kind,
        "in_runs": one.in_runs, "consensus": one.consensus(found.alphabet), "bits": float(heights.sum()),
        "heights": _rows(heights), "counts": one.counts.tolist(), "relevance": _rows(one.contributions),
        "seqlets": one.seqlets, "places": len(hits), "sequences": len({hit.sequence_id for hit in hits}),
        **_frequency(found, one, hits),
        "matches": [
            {"name": match.motif.name, "id": match.motif.id, "p": match.p, "q": match.q,
             "strand": match.strand, "found": match.q < found.settings.level}
            for match in one.matches
        ],
        "hits": [list(hit)[1:] for hit in hits[:_MOST]], "left_out": max(0, len(hits) - _MOST),
    }  # fmt: skip


def _frequency(found: RelevantMotifs, one: RelevantMotif, hits: list[MotifHit]) -> dict[str, float | None]:
    """Hits of 1,000 letters, and windows of the strongest null as good as the weakest of these.

    The p of a hit is the share of windows with one as good, and each letter begins one window on each strand
    that was looked at.
    """
    letters = found.counts[one.run - 1].get("letters") if one.run <= len(found.counts) else None
    if not hits or not letters:
        return {"frequency": None, "of_null": None}
    strands = found.settings.strands
    windows = 2 if strands == "both" or (strands == "auto" and found.alphabet == DNA) else 1
    return {
        "frequency": 1000 * len(hits) / letters,
        "of_null": 1000 * windows * max(hit.p for hit in hits),
    }


def _rows(values: np.ndarray) -> list[list[float]]:
    """Four digits, which is more than can be drawn."""
    return [[float(f"{value:.4g}") for value in row] for row in values.tolist()]


def _causes(found: RelevantMotifs) -> dict[str, Any]:
    causes = found.causes
    if causes is None:
        return {}
    tables: dict[str, Sequence[Any]] = {
        "taken_out": causes.taken_out, "put_in": causes.put_in, "pairs": causes.pairs,
        "distances": causes.distances,
    }  # fmt: skip
    return {name: list(_records(rows)) for name, rows in tables.items()}


def _records(rows: Iterable[Any]) -> Iterable[dict[str, Any]]:
    """Rows by their fields; an end of an interval that nobody knows is none."""
    for row in rows:
        yield {
            name: finite(value) if isinstance(value, float) else value
            for name, value in row._asdict().items()
        }


def _remarks(found: RelevantMotifs) -> list[Remark]:
    beside = ", ".join(found.about.get("nulls", ())) or "nothing"
    if not found.motifs:
        why = "; ".join(found.reasons)
        text = f"no motif is more frequent than in {beside}" + (f": {why}" if why else "")
        return [Remark(LOOK, text, "caution")]
    called = ", ".join(_called(found, one) for one in found.motifs[:_CALLED])
    more = f" and {len(found.motifs) - _CALLED} more" * (len(found.motifs) > _CALLED)
    text = (
        f"{counted(len(found.motifs), 'motif')} beyond {beside}: {called}{more}, with "
        f"{counted(len(found.hits), 'place')}"
    )
    return [Remark(LOOK, text, "good" if found.hits else "caution"), *_missed(found)]


def _called(found: RelevantMotifs, one: RelevantMotif) -> str:
    """Its letters, and the name of what it is."""
    named = one.named(found.settings.level)
    return one.consensus(found.alphabet) + (f" ({named[0].motif.name})" if named else "")


def _missed(found: RelevantMotifs) -> list[Remark]:
    """Of how many motifs the model misses the places more than windows of like letters."""
    if found.causes is None or not found.causes.taken_out:
        return []
    rows = found.causes.taken_out
    count = sum(one.p < found.settings.level / len(rows) for one in rows)
    text = f"the model misses {count} of {counted(len(rows), 'motif')} more than windows of like letters"
    return [Remark(LOOK, text, "good" if count == len(rows) else "caution")]


def _qualities(found: RelevantMotifs) -> dict[str, ModelQuality]:
    """Of every training."""
    models = found.about.get("models", ())
    names = [TITLE if len(models) == 1 else f"{TITLE}, training {i}" for i in range(len(models))]
    return {name: quality_of(one) for name, one in zip(names, models, strict=True)}


TITLE = "Motifs"
page_parts.register("motifs")(
    PagePart(NAME, read_relevant_motifs, TITLE, _content, _remarks, _qualities, (RATE, STUDENT))
)
