"""Heads as maps, layer by head, and proteins as points by the relevance in their heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from relevome.report.logo import STYLE
from relevome.report.text import shortened
from relevome.results.relevance_heads.heads import LEAST, Effect, HeadMap

WIDTH = 7.2  # inches: two columns in most journals
SMALL, TINY = 7.0, 6.0
_CELL, _LEAST, _MOST = 0.16, 1.0, 5.0  # inches to a layer, and of a map
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#767676")
_NAMES = {
    "point-biserial": "point-biserial r",
    "rank-accuracy": "rank accuracy",
    "mass-accuracy": "mass accuracy",
}
_NOTE = (
    f"colours: median over proteins, of accuracies less chance; marks: medians from {LEAST:g} on; "
    "grey: no relevance on any letter"
)


def draw_maps(effects: Sequence[Effect], shape: tuple[int, int], note: str | None = None) -> Figure:
    """Median effects of all heads of one class of proteins, a row for every type, a column for every metric.

    Colours reach from no less than `LEAST` below 0 to as much above. An open ring is a significant head, a
    full dot one that also contributes to the prediction, a star one that is specialised. A
    ``note`` stands on top, such as why there is no star.
    """
    kinds = list(dict.fromkeys(one.kind for one in effects))
    metrics = list(dict.fromkeys(one.metric for one in effects))
    height = float(np.clip(_CELL * shape[0], _LEAST, _MOST))
    with matplotlib.style.context(STYLE):
        figure = Figure(
            figsize=(WIDTH, len(kinds) * (height + 0.45) + 0.5 + 0.15 * (note is not None)),
            layout="constrained",
        )
        panels = figure.subplots(len(kinds), len(metrics), squeeze=False)
        for one in effects:
            axes = panels[kinds.index(one.kind), metrics.index(one.metric)]
            _draw_map(figure, axes, one, shape)
        figure.supxlabel(f"head ({_NOTE})", fontsize=SMALL)
        figure.supylabel("layer", fontsize=SMALL)
        marks = _legend(any(one.learnt for one in effects))
        figure.legend(
            handles=marks, loc="outside upper right", ncols=3, fontsize=SMALL, frameon=False,
            title=None if note is None else shortened(note, SMALL, 72 * WIDTH - 20), title_fontsize=SMALL,
            alignment="right",
        )  # fmt: skip
        return figure


def _draw_map(figure: Figure, axes: Axes, one: Effect, shape: tuple[int, int]) -> None:
    values = one.effect.median[1:].reshape(shape)
    largest = float(np.nanmax(np.abs(values), initial=LEAST))
    shown = axes.imshow(
        np.ma.masked_invalid(values), cmap=_colours(), norm=TwoSlopeNorm(0, -largest, largest),
        aspect="auto", origin="lower", interpolation="nearest",
    )  # fmt: skip
    bar = figure.colorbar(shown, ax=axes, pad=0.02)
    bar.ax.tick_params(labelsize=TINY, length=2)
    bar.locator = MaxNLocator(5)
    bar.update_ticks()
    size = float(np.clip(260 / max(shape), 4, 40))
    plain = one.significant & ~one.positive & ~one.specialised
    both = one.significant & one.positive & ~one.specialised
    marks: tuple[tuple[np.ndarray, dict[str, Any]], ...] = (
        (plain, {"marker": "o", "facecolors": "none"}),
        (both, {"marker": "o", "facecolors": "black"}),
        (one.specialised, {"marker": "*", "facecolors": "black"}),
    )
    for flags, style in marks:
        layers, heads = np.nonzero(flags[1:].reshape(shape))
        wide = 2.5 if style["marker"] == "*" else 1.0
        axes.scatter(heads, layers, s=wide * size, edgecolors="black", linewidths=0.6, **style)
    axes.tick_params(labelsize=TINY, length=2, pad=1.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    title = shortened(f"{one.kind}: {_NAMES.get(one.metric, one.metric)}", SMALL, 150.0)
    axes.set_title(title, fontsize=SMALL, loc="left", pad=3, parse_math=False)


def _colours() -> Colormap:
    return colormaps["RdBu_r"].with_extremes(bad="#DDDDDD")


def _legend(learnt: bool) -> list[Line2D]:
    style = {"linestyle": "none", "color": "black", "markersize": 5}
    marks = [
        Line2D([], [], marker="o", markerfacecolor="none", label="significant", **style),
        Line2D([], [], marker="o", label="and contributes", **style),
        Line2D([], [], marker="*", label="specialised", **style),
    ]
    return marks if learnt else marks[:2]


def draw_points(found: HeadMap, classes: Sequence[str]) -> Figure:
    """Every protein as a point, coloured by its class; classes beyond the eighth share a colour."""
    names = sorted({name for name in classes if name}, key=lambda name: (-list(classes).count(name), name))
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(4.6, 3.6), layout="constrained")
        axes = figure.subplots()
        for name in ["", *names]:
            rows = [i for i, other in enumerate(classes) if other == name]
            colour = _COLOURS[min(names.index(name), len(_COLOURS) - 1)] if name else "#BBBBBB"
            label = f"{name or 'without a class'} ({len(rows)})"
            if rows:
                axes.scatter(*found.points[rows].T, s=9, color=colour, linewidths=0, alpha=0.7,
                             label=shortened(label, SMALL, 120.0))  # fmt: skip
        shares = [f" ({share:.0%} of variance)" for share in found.shares or ()] or ["", ""]
        word = {"pca": "component", "tsne": "t-SNE", "umap": "UMAP"}[found.how]
        axes.set_xlabel(f"{word} 1{shares[0]}", fontsize=SMALL)
        axes.set_ylabel(f"{word} 2{shares[1]}", fontsize=SMALL)
        axes.tick_params(labelsize=TINY, length=2)
        axes.spines[["top", "right"]].set_visible(False)
        if names:
            figure.legend(loc="outside right upper", fontsize=SMALL, frameon=False, markerscale=1.5)
        return figure
