"""What motifs do to predictions of sequences that had none: by place, and in pairs by distance."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from relevome.report.curves import BAND, COLOURS, GREY, SMALL, TINY, WIDTH
from relevome.report.logo import STYLE
from relevome.report.text import shortened
from relevome.results.motifs.causes import MotifCauses, MotifPair, MotifPutIn

_HEIGHT = 2.3  # inches of a row
_LINES = len(COLOURS)


def draw_causes(causes: MotifCauses) -> Figure:
    """Motifs alone by place, then every pair by distance; means over backgrounds with 95% intervals.

    Of very many motifs the first seven are drawn, and the title says so. The dotted line of a pair is the sum
    of what each adds alone.
    """
    names = list(dict.fromkeys(one.motif for one in causes.put_in))
    couples = list(dict.fromkeys((one.staying, one.moving) for one in causes.pairs))
    count = 1 + len(couples)
    across = min(2, count)
    rows = -(-count // across)
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(WIDTH * across / 2, rows * _HEIGHT), layout="constrained")
        panels = list(figure.subplots(rows, across, squeeze=False).ravel())
        for axes in panels[count:]:
            axes.set_axis_off()
        _alone(panels[0], names, causes.put_in)
        for axes, couple in zip(panels[1:], couples, strict=False):
            _pair(axes, couple, [one for one in causes.pairs if (one.staying, one.moving) == couple])
        return figure


def _alone(axes: Axes, names: list[str], rows: Sequence[MotifPutIn]) -> None:
    for name, colour in zip(names, COLOURS, strict=False):
        own = sorted((one for one in rows if one.motif == name), key=lambda one: one.start)
        columns = np.array([(one.start, one.change, one.change_low, one.change_high) for one in own]).T
        _line(axes, columns, colour, name)
    some = f", the first {_LINES} of {len(names)}" * (len(names) > _LINES)
    _finish(axes, f"one motif put into {rows[0].backgrounds} shuffles{some}", "first letter of the motif")


def _pair(axes: Axes, couple: tuple[str, str], rows: Sequence[MotifPair]) -> None:
    for order, colour in zip(("before", "behind"), COLOURS, strict=False):
        own = sorted((one for one in rows if one.order == order), key=lambda one: one.gap)
        both = np.array([(one.gap, one.both, one.both_low, one.both_high) for one in own]).T
        _line(axes, both, colour, f"{couple[1]} {order}")
        axes.plot(both[0], [one.stayed + one.moved for one in own], ":", color=colour, linewidth=0.9)
    axes.plot([], [], ":", color=GREY, linewidth=0.9, label="sum of both alone")
    _finish(axes, f"{couple[0]} stays, with {couple[1]}", "letters between them")


def _line(axes: Axes, columns: np.ndarray, colour: str, name: str) -> None:
    """Where, the mean, and the ends of its interval."""
    where, mean, low, high = columns
    axes.plot(where, mean, color=colour, linewidth=1.1, label=name)
    axes.fill_between(where, low, high, color=colour, alpha=BAND, linewidth=0)


def _finish(axes: Axes, title: str, where: str) -> None:
    axes.axhline(0, color="black", linewidth=0.4)
    axes.set_title(shortened(title, SMALL, 240.0), fontsize=SMALL, loc="left", parse_math=False)
    axes.set_xlabel(where, fontsize=SMALL)
    axes.set_ylabel("change of the logit", fontsize=SMALL)
    axes.tick_params(labelsize=TINY, length=2)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=TINY, frameon=False)
