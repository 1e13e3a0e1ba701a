"""Called sites along the contigs that have most of them: of an annotated genome, and of relevance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relevome.errors import InputError
from relevome.report.curves import COLOURS, SMALL, TINY, WIDTH
from relevome.report.logo import STYLE
from relevome.report.text import shortened
from relevome.results.annotation.folder import Annotation
from relevome.results.notebook import NotebookLook, looks
from relevome.results.relevant_sites import RelevantSites
from relevome.words import counted

_PANEL = 1.1  # inches
_SIGNS = {"+": 1, "-": -1}


class _Mark(NamedTuple):
    """A site: its place on its contig, how high it is drawn, below the line where negative, and its name."""

    position: int
    height: float
    label: str = "sites"


def _draw_annotation(found: Annotation, *, most: int = 4) -> Figure:
    by_contig: dict[str, list[_Mark]] = defaultdict(list)
    for site in found.sites():
        by_contig[site.contig].append(_Mark(site.position, _SIGNS[site.sign] * site.probability, site.label))
    figure = _drawn(by_contig, most, str(found.path), "probability; below the line: strand -")
    for axes in figure.axes:
        axes.set_ylim(-1.05, 1.05)
        axes.set_yticks([-1, 0, 1], ["1", "0", "1"])
    return figure


def _draw_relevant(found: RelevantSites, *, most: int = 4) -> Figure:
    by_contig: dict[str, list[_Mark]] = defaultdict(list)
    for site in found.sites:
        by_contig[site.chrom].append(_Mark(site.summit, site.height))
    return _drawn(by_contig, most, "this result", "relevance at the summit, averaged (logit)")


def _drawn(by_contig: Mapping[str, Sequence[_Mark]], most: int, source: str, height: str) -> Figure:
    if most < 1:
        raise InputError(f"{most} contigs: expected 1 or more")
    if not by_contig:
        raise InputError(f"{source} has no called site: there is nothing to draw")
    ranked = sorted(by_contig.items(), key=lambda one: (-len(one[1]), one[0]))
    labels = list(dict.fromkeys(mark.label for _, marks in ranked for mark in marks))
    with matplotlib.style.context(STYLE):
        shown = ranked[:most]
        figure = Figure(figsize=(WIDTH, _PANEL * len(shown) + 0.6), layout="constrained")
        panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for axes, (contig, marks) in zip(panels, shown, strict=True):
            _draw_contig(axes, contig, marks, labels)
        left = ranked[most:]
        more = (
            f"; {counted(sum(len(s) for _, s in left), 'site')} on "
            f"{counted(len(left), 'other contig')} left out"
        )
        figure.supxlabel(f"position, from 0 along the strand +{more * bool(left)}", fontsize=SMALL)
        figure.supylabel(height, fontsize=SMALL)
        if len(labels) > 1:
            figure.legend(loc="outside upper right", ncols=4, fontsize=SMALL, frameon=False)
        return figure


def _draw_contig(axes: Axes, contig: str, marks: Sequence[_Mark], labels: Sequence[str]) -> None:
    for place, label in enumerate(labels):
        own = [mark for mark in marks if mark.label == label]
        colour = COLOURS[place % len(COLOURS)]
        name = shortened(" " + label, SMALL, 110.0)  # one that begins with _ would be hidden
        positions, heights = [mark.position for mark in own], [mark.height for mark in own]
        axes.vlines(positions, 0, heights, color=colour, linewidth=0.6, label=name)
    axes.axhline(0, color="black", linewidth=0.5)
    title = shortened(f"{contig}: {counted(len(marks), 'site')}", SMALL, 72 * WIDTH / 2)
    axes.set_title(title, fontsize=SMALL, loc="left", parse_math=False)
    axes.xaxis.set_major_formatter(lambda position, _: f"{position:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TINY, length=2.5, pad=2)


looks.register("Annotation")(NotebookLook(_draw_annotation))
looks.register("RelevantSites")(NotebookLook(_draw_relevant))
