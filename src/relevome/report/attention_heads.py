"""Heads by attention as a page to read: what every head looks for, where, and what that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from relevome.report.attention_pictures import draw_logos, draw_profiles
from relevome.report.logo import save_logo
from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, markdown, number
from relevome.results.attention_heads.heads import COLUMNS, AttentionHead, AttentionHeads, Together, head_row
from relevome.results.quality.record import quality_of
from relevome.results.quality.words import described, if_below
from relevome.words import counted


def write_attention_page(found: AttentionHeads, folder: Path) -> None:
    """What to read and to look at, into the folder of a result: ``heads.md`` and pictures."""
    (folder / "heads.md").write_text(page(found), encoding="utf-8")
    save_logo(draw_logos(found), folder / "logos.png")
    save_logo(draw_profiles(found), folder / "profiles.png")


def page(found: AttentionHeads) -> str:
    """The table to read: what every head looks for and where, what that is, and what is lost without it."""
    level, about = found.settings.level, found.about
    header = (
        "head", "looks for", "is", "on sites of", "peak", "distance", "bits", "q", "by distance",
        "fall of logit", "rank in layer", "rank of all",
    )  # fmt: skip
    rows = tuple(tuple(Cell(text) for text in _cells(head, level)) for head in found.heads)
    caption = (
        f"{about.get('model', 'model')}{_weights(about)}: {found.settings.weigh} in "
        f"{counted(found.windows, 'window')}. Distances in letters from the site; names at a false "
        "discovery rate "
        f"of {level:g}; by distance: share of its variance that distance alone explains; fall: what the mean "
        "logit at sites loses without the head; rank: share of heads whose loss is as large."
    )
    top = listed(on_top(found))
    return f"{top}\n{markdown(Table(caption, header, rows, words=4))}\n{listed(summary(found))}"


def on_top(found: AttentionHeads) -> list[str]:
    """How good the model is, and what to heed of one below what is asked; nothing of random weights."""
    if found.about.get("random_weights"):
        return []
    quality = quality_of(found.about)
    said = if_below(quality, "what its heads look for need not be what it was trained for")
    return [described(quality), *([] if said is None else [said])]


def _weights(about: Mapping[str, Any]) -> str:
    return " with random weights" if about.get("random_weights") else ""


def summary(found: AttentionHeads) -> list[str]:
    """What was found, in sentences."""
    level = found.settings.level
    with_consensus = sum(bool(head.consensus.core) for head in found.heads)
    named = _by_name(found, lambda head: [match.motif.name for match in head.named(level)])
    bound = _by_name(found, lambda head: [one.factor for one in head.bound(level)])
    said = [f"{with_consensus} of {counted(len(found.heads), 'head has', 'heads have')} a consensus"]
    if found.motifs:
        said.append(f"known motifs among them: {named or 'none'}")
    if found.known is not None:
        said.append(
            f"factors on whose sites heads sit: {bound or 'none'}; asked were the {found.known.factors} with "
            f"at least {found.known.fewest} sites on {counted(found.known.windows, 'window')} that share no "
            f"letter ({found.known.rare} have fewer)"
        )
    if found.together is not None:
        said.append(without_named(found.together))
    return said


def _by_name(found: AttentionHeads, names: Callable[[AttentionHead], Iterable[str]]) -> str:
    """Each name with the heads that have it."""
    having: dict[str, list[str]] = {}
    for head in found.heads:
        for name in names(head):
            having.setdefault(name, []).append(str(head.name))
    return "; ".join(f"{name} ({', '.join(heads)})" for name, heads in sorted(having.items()))


def without_named(found: Together) -> str:
    """What the logit loses without all named heads, beside as many random ones."""
    alike, any_ = (_range([fall.logit for fall in falls]) for falls in (found.same_layers, found.any_layers))
    return (
        f"without the {counted(len(found.heads), 'named head')} the mean logit at sites falls by "
        f"{number(found.fall.logit)}; without as many random ones, which may be named too, of the same "
        f"layers {alike}, of any layers {any_}"
    )


def _range(values: Sequence[float]) -> str:
    mean, drawn = number(float(np.mean(values))), counted(len(values), "draw")
    return f"by {mean} ({drawn}: {number(min(values))} to {number(max(values))})"


def _cells(head: AttentionHead, level: float) -> tuple[str, ...]:
    row = dict(zip(COLUMNS, head_row(head), strict=True))
    named = ", ".join(match.motif.name for match in head.named(level)[:3])
    bound = ", ".join(one.factor for one in head.bound(level)[:3])
    words = (str(head.name), row["consensus"] or "", named, bound)
    counts = (str(row["peak"]), _text(row["distance"]))
    shares = (row["bits"], row["q"], row["by_distance"], row["logit_fall"])
    ranks = (row["rank_in_layer"], row["rank_among_all"])
    return (*words, *counts, *map(_text, (*shares, *ranks)))


def _text(value: float | int | None) -> str:
    if value is None or np.isnan(value):
        return ""
    return str(value) if isinstance(value, int) else number(value)
