"""Heads as pictures: what each looks for as a logo, and where it looks as a curve."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from relevome.report.glyphs import stack_letters
from relevome.report.logo import STYLE
from relevome.report.text import shortened
from relevome.results.attention_heads.heads import AttentionHead, AttentionHeads

WIDTH = 7.2  # inches: two columns in most journals
SMALL, TINY = 7.0, 6.0
SITES, CONTROLS = "#0072B2", "#767676"
_PER_ROW = 4
_LOGO, _CURVE = 1.15, 1.0  # heights
_AROUND = 2  # letters shown beside a consensus


def draw_logos(findings: AttentionHeads) -> Figure:
    """A logo for every head: letters as tall as their share in the consensus matrix times the row's bits.

    Bits are those by which attended letters differ from passed-over ones at the same distance; the axis has
    distances from the site. A head without a consensus shows all letters around attended ones, pale.
    """
    with matplotlib.style.context(STYLE):
        figure, panels = _page(len(findings.heads), _LOGO)
        for axes, head in zip(panels, findings.heads, strict=False):
            _draw_logo(axes, head)
            name = ", ".join(match.motif.name for match in head.named(findings.settings.level)[:2])
            if not head.consensus.core:
                name = "no consensus"
            _title(axes, f"head {head.name}" + f": {name}" * bool(name))
        figure.supylabel("bits above background", fontsize=SMALL)
        figure.supxlabel("letters from the site, at the distance where most were found", fontsize=SMALL)
        return figure


def draw_profiles(findings: AttentionHeads) -> Figure:
    """What letters weigh with every head by distance from the site, beside that in control windows."""
    with matplotlib.style.context(STYLE):
        figure, panels = _page(len(findings.heads), _CURVE)
        for axes, head in zip(panels, findings.heads, strict=False):
            where = head.profile
            axes.plot(where.distances, where.sites, color=SITES, linewidth=0.9, label="sites")
            # dashed and above, so that neither hides the other
            axes.plot(
                where.distances, where.controls, color=CONTROLS, linewidth=0.8, linestyle=(0, (3, 2)),
                label="control windows",
            )  # fmt: skip
            axes.axvline(0, color="black", linewidth=0.4, linestyle=":")
            if findings.settings.weigh == "attention":
                axes.set_ylim(bottom=0)
            axes.margins(x=0)
            _title(axes, f"head {head.name}")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=2, fontsize=SMALL, frameon=False)
        figure.supylabel(f"mean {findings.settings.weigh}", fontsize=SMALL)
        figure.supxlabel("letters from the site", fontsize=SMALL)
        return figure


def _page(panels: int, height: float) -> tuple[Figure, Sequence[Axes]]:
    columns = min(panels, _PER_ROW)
    rows = ceil(panels / columns)
    figure = Figure(figsize=(WIDTH, rows * height + 0.45), layout="constrained")
    every = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in every[panels:]:
        axes.set_axis_off()
    for axes in every[:panels]:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=TINY, length=2, pad=1.5)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(3))
    return figure, every[:panels]


def _title(axes: Axes, text: str) -> None:
    axes.set_title(shortened(text, SMALL, 112.0), fontsize=SMALL, loc="left", pad=2, parse_math=False)


def _draw_logo(axes: Axes, head: AttentionHead) -> None:
    found = head.consensus
    if not len(head.attended):
        axes.text(0.5, 0.5, "no letter stands out", fontsize=TINY, ha="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    core = found.core or range(len(found.counts))
    rows = range(max(core.start - _AROUND, 0), min(core.stop + _AROUND, len(found.counts)))
    heights = found.probabilities[rows.start : rows.stop] * np.maximum(
        found.information[rows.start : rows.stop, None], 0
    )
    first = (head.distance or 0) + rows.start - found.flank
    stack_letters(axes, heights, found.alphabet, first, alpha=1.0 if found.core else 0.35)
    axes.set_xlim(first - 0.5, first + len(rows) - 0.5)
    axes.set_ylim(0, max(0.5, 1.05 * float(heights.sum(1).max())))
