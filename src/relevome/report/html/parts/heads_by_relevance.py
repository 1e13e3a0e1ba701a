"""Heads by relevance on the page: maps of layers by heads, and what every head has over each null."""

from __future__ import annotations

from typing import Any

import numpy as np

from relevome.report.html.arrays import finite
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.references import MEDIANS, RATE
from relevome.report.html.verdict import Remark, Tone
from relevome.report.relevance_words import on_top, summary
from relevome.results.relevance_heads.folder import NAME, read_relevance_heads
from relevome.results.relevance_heads.heads import Effect, RelevantHeads
from relevome.results.relevance_heads.nulls import NULLS
from relevome.words import counted

HEADS = "What heads look at"


def _content(found: RelevantHeads, tools: PageTools) -> dict[str, Any]:
    return {
        "run": str(found.about.get("run")),
        "layers": found.shape[0],
        "heads": found.shape[1],
        "level": found.level,
        "proteins": len(found.proteins),
        "nulls": {one.name: {"over": one.over, "about": one.about, "decides": one.decides} for one in NULLS},
        "effects": [_effect(one) for one in found.effects],
        "notes": [*on_top(found), *summary(found)],
    }


def _effect(one: Effect) -> dict[str, Any]:
    """Numbers of the embedding first, then of every head, layer by layer."""
    numbers = {"median": one.effect.median, "low": one.effect.low, "high": one.effect.high, "q": one.q}
    return {
        "group": one.group, "kind": one.kind, "metric": one.metric, "asked": one.asked,
        "proteins": one.proteins.tolist(), **{name: _column(some) for name, some in numbers.items()},
        "nulls": {
            name: {"median": _column(some.median), "q": _column(some.q)} for name, some in one.nulls.items()
        },
        "rank": None if one.random_rank is None else _column(one.random_rank),
        "significant": one.significant.tolist(), "specialised": one.specialised.tolist(),
        "contributes": one.positive.tolist(),
    }  # fmt: skip


def _column(values: np.ndarray) -> list[float | None]:
    return [finite(value) for value in values.tolist()]


def _remarks(found: RelevantHeads) -> list[Remark]:
    said = []
    for one in found.effects:
        significant, specialised = (int(some[1:].sum()) for some in (one.significant, one.specialised))
        where = one.kind if one.group == "all" else f"{one.group}, {one.kind}"
        text = f"{where}, {one.metric}: {significant} of {counted(len(one.p) - 1, 'head')} significant"
        text += f", {specialised} beyond every null" if one.asked else "; against no null that decides"
        tone: Tone = "good" if specialised else "caution" if significant else "plain"
        said.append(Remark(HEADS, text, tone))
    return said


TITLE = "Heads by relevance"
page_parts.register("heads_by_relevance")(
    PagePart(
        NAME, read_relevance_heads, TITLE, _content, _remarks,
        qualities=lambda found: {TITLE: found.quality},
        statistics=(MEDIANS, RATE),
    )
)  # fmt: skip
