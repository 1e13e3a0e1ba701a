"""Curves of faithfulness with bands, and means with intervals, as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from relevome.report.logo import STYLE
from relevome.report.text import shortened, wrapped
from relevome.results.estimate import Estimate
from relevome.results.evaluation.curves import MeanCurves

# Okabe, Ito 2008: told apart by all common kinds of sight. Black and grey are kept for what is compared with.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
GREY = "#767676"

TITLES = {
    "morf": "most relevant first (MoRF): the lower, the better",
    "lerf": "least relevant first (LeRF): the higher, the better",
}

WIDTH = 7.2  # inches: two columns in most journals
SMALL, TINY = 7.0, 6.5
BAND = 0.18


@dataclass(frozen=True)
class Bars:
    """One panel: a title, and the estimates to show by name; ``chance`` are those in a random order."""

    title: str
    means: Mapping[str, Estimate]
    chance: Mapping[str, Estimate | None]


def draw_curves(by_label: Mapping[str, MeanCurves], unit: str) -> Figure:
    """The mean score of many sequences as ``unit`` are taken away, with its 95% interval.

    One label gets one panel with both curves and random orders; several get one panel for each curve.
    """
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
        if len(by_label) == 1:
            figure.set_size_inches(4.6, 2.9)
            _draw_one(figure, next(iter(by_label.values())), unit)
        else:
            _draw_several(figure, by_label, unit)
        return figure


def _draw_one(figure: Figure, curves: MeanCurves, unit: str) -> None:
    axes = figure.subplots()
    lines = {
        "most relevant first (MoRF)": (curves.morf, COLOURS[1], "-"),
        "random order": (curves.random, GREY, ":"),
        "least relevant first (LeRF)": (curves.lerf, COLOURS[0], "--"),
    }
    handles = [_line(axes, curves, *line) for line in lines.values()]
    _name_axes(axes, unit)
    axes.set_ylabel("score (logit)", fontsize=SMALL)
    _legend(figure, handles, [*lines])


def _draw_several(figure: Figure, by_label: Mapping[str, MeanCurves], unit: str) -> None:
    panels = figure.subplots(1, 2, sharey=True)
    titles = (
        "most relevant first (MoRF): the lower, the better",
        "least relevant first (LeRF): the higher, the better",
    )
    handles = []
    for axes, title, name in zip(panels, titles, ("morf", "lerf"), strict=True):
        handles = [
            _line(axes, curves, getattr(curves, name), *_look(index))
            for index, curves in enumerate(by_label.values())
        ]
        axes.set_title(title, fontsize=SMALL, loc="left")
        _name_axes(axes, unit)
    panels[0].set_ylabel("score (logit)", fontsize=SMALL)
    _legend(figure, handles, [*by_label])


def _look(index: int) -> tuple[str, str]:
    """Colour and style of a line; together they tell 28 lines apart."""
    return COLOURS[index % len(COLOURS)], ("-", "--", "-.", ":")[index // len(COLOURS) % 4]


def _legend(figure: Figure, handles: list[Line2D], labels: list[str]) -> None:
    # a name that begins with _ is hidden by matplotlib
    names = [shortened(" " + label, SMALL, 130.0) for label in labels]
    legend = figure.legend(
        handles, names, loc="outside lower center", ncols=min(4, len(names)), fontsize=SMALL, frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _line(axes: Axes, curves: MeanCurves, means: Sequence[Estimate], colour: str, style: str) -> Line2D:
    (line,) = axes.plot(curves.shares, [one.mean for one in means], style, color=colour, linewidth=1.4)
    if curves.sequences > 1:
        low, high = [one.low for one in means], [one.high for one in means]
        axes.fill_between(curves.shares, low, high, color=colour, alpha=BAND, linewidth=0)
    return line


def _name_axes(axes: Axes, unit: str) -> None:
    axes.set_xlabel(f"{unit} taken away", fontsize=SMALL)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlim(0, 1)
    _plain(axes)


def draw_bars(panels: Sequence[Bars]) -> Figure:
    """A panel for every metric: bars with 95% intervals, and a tick where a random order is."""
    with matplotlib.style.context(STYLE):
        names = list(dict.fromkeys(name for panel in panels for name in panel.means))
        colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
        rows = _rows(panels)
        heights = [0.62 + 0.19 * len(row[0].means) for row in rows]
        figure = Figure(figsize=(WIDTH, sum(heights) + 0.35), layout="constrained")
        grid = figure.subplots(len(rows), max(map(len, rows)), squeeze=False, height_ratios=heights)
        for row, places in zip(rows, grid, strict=True):
            for axes, panel in zip(places, row, strict=False):
                _draw_bars(axes, panel, colours, axes is places[0])
            for axes in places[len(row) :]:
                axes.set_axis_off()
        figure.supxlabel(
            "bars: mean and its 95% interval over sequences; black tick: random order", fontsize=SMALL
        )
        return figure


def _rows(panels: Sequence[Bars]) -> list[list[Bars]]:
    """Up to three panels beside each other, with bars of the same names, which only the first says."""
    rows: list[list[Bars]] = []
    for panel in panels:
        if rows and len(rows[-1]) < 3 and list(rows[-1][0].means) == list(panel.means):
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _draw_bars(axes: Axes, panel: Bars, colours: Mapping[str, str], named: bool) -> None:
    for place, (name, found) in enumerate(panel.means.items()):
        reach = [[found.mean - found.low], [found.high - found.mean]]
        axes.barh(place, found.mean, 0.7, color=colours[name], linewidth=0)
        axes.errorbar(found.mean, place, xerr=np.maximum(reach, 0), color="black", linewidth=0.8, capsize=1.5)
        chance = panel.chance.get(name)
        if chance is not None:
            axes.plot([chance.mean] * 2, [place - 0.45, place + 0.45], color="black", linewidth=1.6)
    count = len(panel.means)
    labels = [shortened(name, TINY, 105.0) for name in panel.means] if named else []
    axes.set_yticks(range(count) if named else [], labels, parse_math=False)
    axes.set_ylim(count - 0.4, -0.6)
    axes.axvline(0, color="black", linewidth=0.5)
    title = "\n".join(wrapped(panel.title, SMALL, 125.0, 2))
    axes.set_title(title, fontsize=SMALL, loc="left", parse_math=False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TINY, length=2.5, pad=2)
