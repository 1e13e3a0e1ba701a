"""Heads by relevance as a page to read, maps of layers by heads, and proteins as points."""

from __future__ import annotations

from pathlib import Path

from relevome.report.logo import save_logo
from relevome.report.relevance_pictures import draw_maps, draw_points
from relevome.report.relevance_words import page
from relevome.results.quality.words import not_specialised
from relevome.results.relevance_heads.heads import RelevantHeads, map_names


def write_relevance_page(found: RelevantHeads, folder: Path) -> None:
    """What to read and to look at, into the folder of a result: ``heads.md`` and pictures."""
    (folder / "heads.md").write_text(page(found), encoding="utf-8")
    for group, name in map_names(one.group for one in found.effects).items():
        some = [one for one in found.effects if one.group == group]
        save_logo(draw_maps(some, found.shape, not_specialised(found.quality)), folder / name)
    if found.points is not None:
        save_logo(draw_points(found.points, found.classes), folder / "proteins.png")
