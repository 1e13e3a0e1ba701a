"""Heads by attention on the page: the map, and of each head its logo, profile, matches and worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np

from relevome.report.attention_heads import on_top, summary
from relevome.report.html.arrays import finite
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.references import RATE
from relevome.report.html.verdict import Remark
from relevome.results.attention_heads.folder import NAME, read_attention_heads
from relevome.results.attention_heads.heads import (
    COLUMNS,
    AttentionHead,
    AttentionHeads,
    Enrichment,
    Match,
    head_row,
)
from relevome.results.quality.record import ModelQuality, quality_of
from relevome.words import counted

_Compared = TypeVar("_Compared", Match, Enrichment)

LOOK = "What heads look for"
_ONE_TRAINING = (
    "these names are of one training: relevome heads on others, and with --random-weights, tells which of "
    "them are the data's and not this network's"
)
_BEST = 10  # matches and factors of a head, beside all that count as found; the others are in its tables


def _content(found: AttentionHeads, tools: PageTools) -> dict[str, Any]:
    distances = found.heads[0].profile.distances if found.heads else np.zeros(0, dtype=int)
    return {
        "model": str(found.about.get("model")),
        "weigh": found.settings.weigh,
        "level": found.settings.level,
        "windows": found.windows,
        "distances": distances.tolist(),
        "heads": [_head(one, found.settings.level) for one in found.heads],
        "notes": [*on_top(found), *summary(found)],
    }


def _head(one: AttentionHead, level: float) -> dict[str, Any]:
    looks_for, where = one.consensus, one.profile
    core = slice(looks_for.core.start, looks_for.core.stop)
    heights = looks_for.probabilities[core] * looks_for.information[core, None]
    first = one.distance + looks_for.offsets[0] if one.distance is not None and looks_for.core else None
    fall = one.fall
    return {
        "layer": one.name.layer, "head": one.name.head, "name": str(one.name), "peak": where.peak,
        "gain": where.gain, "half": list(where.half), "by_distance": finite(where.by_distance),
        "sites": _rounded(where.sites), "controls": _rounded(where.controls),
        "attended": len(one.attended), "distance": one.distance, "first": first,
        "letters": looks_for.alphabet.letters, "logo": [_rounded(row) for row in heights],
        "bits": float(looks_for.information[core].sum()),
        "matches": [
            {"name": x.motif.name, "q": x.q, "strand": x.strand, "found": x.q < level}
            for x in _shown(one.matches, level)
        ],
        "factors": [
            {"name": x.factor, "on": x.on_sites, "expected": x.expected, "q": x.q, "found": x.q < level}
            for x in _shown(one.on_factors, level)
        ],
        "fall": None if fall is None else [finite(fall.logit), finite(fall.precision)],
        "in_layer": one.in_layer, "among_all": one.among_all,
        "looks_for": head_row(one)[COLUMNS.index("consensus")] or "",
        "strongest": [asdict(window) for window in one.strongest],
    }  # fmt: skip


def _shown(every: Sequence[_Compared], level: float) -> list[_Compared]:
    """Of what a head was compared with, the best first, all that is found, and what comes next."""
    return [one for place, one in enumerate(every) if place < _BEST or one.q < level]


def _rounded(values: np.ndarray) -> list[float]:
    """Four digits, which is more than can be drawn."""
    return [float(f"{value:.4g}") for value in values.tolist()]


def _remarks(found: AttentionHeads) -> list[Remark]:
    level, every = found.settings.level, counted(len(found.heads), "head")
    named, bound = (sum(bool(one(head)) for head in found.heads) for one in (
        lambda head: head.named(level), lambda head: head.bound(level)
    ))  # fmt: skip
    text = f"{named} of {every} {'looks' if named == 1 else 'look'} for a known motif"
    if found.known is not None:
        text += f", {bound or 'none'} {'sit' if bound > 1 else 'sits'} on sites of a factor"
    said = [Remark(LOOK, text, "good" if named or bound else "caution", headline=True)]
    said += [Remark(LOOK, line) for line in summary(found)]
    if (named or bound) and not found.about.get("random_weights"):
        said.append(Remark(LOOK, _ONE_TRAINING, "caution"))
    return said


def _qualities(found: AttentionHeads) -> dict[str, ModelQuality]:
    """Of a model with random weights nobody asks."""
    return {} if found.about.get("random_weights") else {TITLE: quality_of(found.about)}


TITLE = "Heads by attention"
page_parts.register("heads_by_attention")(
    PagePart(NAME, read_attention_heads, TITLE, _content, _remarks, _qualities, (RATE,))
)
