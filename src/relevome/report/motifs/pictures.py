"""Motifs as logos: the letters of their seqlets, and what these contribute."""

from __future__ import annotations

from math import ceil

import matplotlib.style
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from relevome.report.glyphs import stack_letters
from relevome.report.logo import STYLE
from relevome.report.text import shortened
from relevome.results.motifs.motifs import RelevantMotif, RelevantMotifs
from relevome.words import counted

WIDTH = 7.2  # inches: two columns in most journals
SMALL, TINY = 7.0, 6.0
_ACROSS, _HEIGHT = 2, 1.2  # motifs beside each other, and inches for each
_ROOM, _LEAST = 1.08, 0.5  # above the tallest letter, and bits shown at least


def draw_motifs(found: RelevantMotifs) -> Figure:
    """For every motif two logos: the letters of its seqlets, and their mean relevance.

    Letters are as tall as their share times the bits of their place, or as their relevance in logits. Bits
    are beside letters that are all as likely; negative relevance hangs below the axis. Both have the same
    places, from 1 on. Of known motifs those below the rate are named.
    """
    across = min(_ACROSS, len(found.motifs))
    rows = ceil(len(found.motifs) / across)
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(WIDTH * across / _ACROSS, rows * _HEIGHT + 0.3), layout="constrained")
        panels = list(figure.subplots(rows, 2 * across, squeeze=False).ravel())
        for axes in panels[2 * len(found.motifs) :]:
            axes.set_axis_off()
        for number, one in enumerate(found.motifs):
            letters, relevance = panels[2 * number : 2 * number + 2]
            _draw(letters, bits(found, one), found)
            _draw(relevance, one.contributions, found)
            letters.set_ylim(0, max(_LEAST, letters.get_ylim()[1]))
            _title(letters, _name(found, one))
            _title(relevance, f"relevance, {counted(one.seqlets, 'seqlet')}")
            letters.set_ylabel("bits", fontsize=TINY, labelpad=1)
            relevance.set_ylabel("logits", fontsize=TINY, labelpad=1)
        return figure


def bits(found: RelevantMotifs, one: RelevantMotif) -> Float[np.ndarray, "places letters"]:
    """How tall letters are: their share times the bits of their place, beside letters all as likely."""
    made = one.motif(found.alphabet)
    return made.probabilities * np.maximum(made.information_content()[:, None], 0)


def _name(found: RelevantMotifs, one: RelevantMotif) -> str:
    names = ", ".join(match.motif.name for match in one.named(found.settings.level)[:2])
    return one.name + f": {names}" * bool(names)


def _draw(axes: Axes, heights: Float[np.ndarray, "places letters"], found: RelevantMotifs) -> None:
    stack_letters(axes, heights, found.alphabet, 1)
    highest = float(np.where(heights > 0, heights, 0).sum(1).max())
    lowest = float(np.where(heights < 0, heights, 0).sum(1).min())
    axes.set_xlim(0.5, len(heights) + 0.5)
    axes.set_ylim(_ROOM * lowest, _ROOM * highest if highest > lowest else 1.0)
    axes.axhline(0, color="black", linewidth=0.4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TINY, length=2, pad=1.5)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(3))


def _title(axes: Axes, text: str) -> None:
    axes.set_title(shortened(text, SMALL, 112.0), fontsize=SMALL, loc="left", pad=2, parse_math=False)
