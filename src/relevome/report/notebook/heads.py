"""Heads: by what they attend to, and by the relevance in them."""

from __future__ import annotations

from matplotlib.figure import Figure

from relevome.errors import InputError
from relevome.report.attention_pictures import draw_logos, draw_profiles
from relevome.report.relevance_pictures import draw_maps
from relevome.results.attention_heads.heads import AttentionHeads
from relevome.results.notebook import NotebookLook, looks
from relevome.results.quality.words import not_specialised
from relevome.results.relevance_heads.heads import RelevantHeads

_BY_ATTENTION = {"logos": draw_logos, "profiles": draw_profiles}


def _draw_by_attention(found: AttentionHeads, *, what: str = "logos") -> Figure:
    if what not in _BY_ATTENTION:
        raise InputError(f"plot({what!r}): expected {' or '.join(_BY_ATTENTION)}")
    if not found.heads:
        raise InputError("no heads were found: there is nothing to draw")
    return _BY_ATTENTION[what](found)


def _draw_by_relevance(found: RelevantHeads, *, group: str | None = None) -> Figure:
    groups = list(dict.fromkeys(one.group for one in found.effects))
    if not groups:
        raise InputError("no class and type of sites was tested: there is nothing to draw; see .left_out")
    chosen = groups[0] if group is None else group
    if chosen not in groups:
        raise InputError(f"no effects of the class {chosen!r}: expected one of {', '.join(groups)}")
    effects = [one for one in found.effects if one.group == chosen]
    return draw_maps(effects, found.shape, not_specialised(found.quality))


looks.register("AttentionHeads")(NotebookLook(_draw_by_attention))
looks.register("RelevantHeads")(NotebookLook(_draw_by_relevance))
