"""An annotated genome: its called sites along the contigs that have most of them."""

from __future__ import annotations

from collections import defaultdict

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relevome.errors import InputError
from relevome.report.curves import COLOURS, SMALL, TINY, WIDTH
from relevome.report.logo import STYLE
from relevome.report.text import shortened
from relevome.results.annotation.folder import Annotation
from relevome.results.annotation.sites import CalledSite
from relevome.results.notebook import NotebookLook, looks
from relevome.words import counted

_PANEL = 1.1  # inches
_SIGNS = {"+": 1, "-": -1}


def _draw(found: Annotation, *, most: int = 4) -> Figure:
    if most < 1:
        raise InputError(f"{most} contigs: expected 1 or more")
    by_contig: dict[str, list[CalledSite]] = defaultdict(list)
    for site in found.sites():
        by_contig[site.contig].append(site)
    if not by_contig:
        raise InputError(f"{found.path} has no called site: there is nothing to draw")
    ranked = sorted(by_contig.items(), key=lambda one: (-len(one[1]), one[0]))
    labels = list(dict.fromkeys(site.label for _, sites in ranked for site in sites))
    with matplotlib.style.context(STYLE):
        shown = ranked[:most]
        figure = Figure(figsize=(WIDTH, _PANEL * len(shown) + 0.6), layout="constrained")
        panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for axes, (contig, sites) in zip(panels, shown, strict=True):
            _draw_contig(axes, contig, sites, labels)
        left = ranked[most:]
        more = (
            f"; {counted(sum(len(s) for _, s in left), 'site')} on "
            f"{counted(len(left), 'other contig')} left out"
        )
        figure.supxlabel(f"position, from 0 along the strand +{more * bool(left)}", fontsize=SMALL)
        figure.supylabel("probability; below the line: strand -", fontsize=SMALL)
        if len(labels) > 1:
            figure.legend(loc="outside upper right", ncols=4, fontsize=SMALL, frameon=False)
        return figure


def _draw_contig(axes: Axes, contig: str, sites: list[CalledSite], labels: list[str]) -> None:
    for place, label in enumerate(labels):
        own = [site for site in sites if site.label == label]
        positions = np.array([site.position for site in own])
        heights = np.array([_SIGNS[site.sign] * site.probability for site in own])
        colour = COLOURS[place % len(COLOURS)]
        name = shortened(" " + label, SMALL, 110.0)  # one that begins with _ would be hidden
        axes.vlines(positions, 0, heights, color=colour, linewidth=0.6, label=name)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([-1, 0, 1], ["1", "0", "1"])
    title = shortened(f"{contig}: {counted(len(sites), 'site')}", SMALL, 72 * WIDTH / 2)
    axes.set_title(title, fontsize=SMALL, loc="left", parse_math=False)
    axes.xaxis.set_major_formatter(lambda position, _: f"{position:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TINY, length=2.5, pad=2)


looks.register("Annotation")(NotebookLook(_draw))
