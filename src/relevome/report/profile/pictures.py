"""A profile as pictures: lines with bands, and a heat map of its rows."""

from __future__ import annotations

from math import ceil

import matplotlib.style
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from relevome.report.curves import COLOURS, WIDTH
from relevome.report.glyphs import BASES
from relevome.report.logo import STYLE
from relevome.results.profile.profile import PositionProfile

SMALL, TINY = 7.0, 6.5
BAND = 0.2
CLIPPED = 0.99  # of the colours: the share of values that they tell apart
PIXELS = 900  # lines of a heat map that are seen apart

_ANCHORS = {
    "start": "the first letter of a sequence",
    "end": "the place behind the last letter of a sequence",
}
_BORDERS = {
    "start": "the first letter of a site",
    "middle": "the middle of a site",
    "end": "the first letter behind a site",
}
ORDERS = {
    "relevance": "highest relevance on top",
    "score": "highest score on top",
    "clusters": "by hierarchical clustering",
}


def position_label(found: PositionProfile) -> str:
    """What position 0 is."""
    settings = found.settings
    if settings.anchor == "alignment":
        return "column of the alignment (the first is 0)"
    zero = _BORDERS[settings.at] if settings.anchor == "site" else _ANCHORS[settings.anchor]
    return f"position (0 is {zero})"


def draw_profile(found: PositionProfile) -> Figure:
    """Mean relevance with its band, that of each letter, and how many sequences there are.

    Letters are lines where the alphabet has few, else a heat map of letters by positions.
    """
    positions = np.array(found.settings.positions)
    few = len(found.alphabet) <= len(BASES)
    heights = (1.5, 1.5 if few else 2.2, 0.5)
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(WIDTH, sum(heights) + 0.8), layout="constrained")
        top, middle, foot = figure.subplots(3, 1, sharex=True, height_ratios=heights)
        _draw_mean(top, found, positions)
        if few:
            _draw_letters(middle, found, positions)
        else:
            image = _draw_letter_map(middle, found)
            _colour_bar(figure, image, middle, "mean relevance (logit)")
        foot.stairs([one.sequences for one in found.means], _edges(positions), fill=True, color="#999999")
        foot.set_ylim(bottom=0)
        foot.set_ylabel("sequences", fontsize=SMALL)
        foot.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        foot.set_xlabel(position_label(found), fontsize=SMALL)
        foot.set_xlim(*_edges(positions)[[0, -1]])
        foot.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        figure.align_ylabels()
        for axes in (top, middle, foot):
            _plain(axes, found)
        return figure


def draw_rows(found: PositionProfile) -> Figure:
    """Relevance of every row by position; where there is no letter it is grey.

    Of more rows than can be seen apart, every line is the mean of several, which its axis says.
    """
    values, pool = pooled(found.values, PIXELS)
    height = float(np.clip(0.02 * len(values) + 1.0, 2.0, 5.0))
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(WIDTH, height + 0.6), layout="constrained")
        axes = figure.subplots()
        image = _draw_map(axes, found, values, len(values) * pool)
        axes.set_ylim(len(found.rows), 0)
        what = "site" if found.settings.anchor == "site" else "sequence"
        each = f"; each line is the mean of {pool}" if pool > 1 else ""
        axes.set_ylabel(f"{what}, {ORDERS[found.settings.order]}{each}", fontsize=SMALL)
        axes.set_xlabel(f"{position_label(found)}; grey: no letter", fontsize=SMALL)
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        _colour_bar(figure, image, axes, "relevance (logit)")
        _plain(axes, found)
        return figure


def _draw_mean(axes: Axes, found: PositionProfile, positions: np.ndarray) -> None:
    mean, low, high = (
        np.array([np.nan if value is None else value for value in column])
        for column in zip(*(one[1:4] for one in found.means), strict=True)
    )
    axes.axhline(0, color="black", linewidth=0.5)
    axes.plot(positions, mean, color=COLOURS[0], linewidth=1.2)
    axes.fill_between(positions, low, high, color=COLOURS[0], alpha=BAND, linewidth=0)
    axes.set_title("mean over sequences, and its 95% interval at each position", fontsize=SMALL, loc="left")
    axes.set_ylabel("relevance (logit)", fontsize=SMALL)


def _draw_letters(axes: Axes, found: PositionProfile, positions: np.ndarray) -> None:
    axes.axhline(0, color="black", linewidth=0.5)
    for letter, means in zip(found.alphabet, _letter_map(found), strict=True):
        # a dot for a mean without neighbours, which has no line
        style = {"marker": ".", "markersize": 2.0, "linewidth": 0.9, "color": BASES[letter]}
        axes.plot(positions, means, label=letter, **style)
    axes.set_title("mean of each letter, over sequences that have it there", fontsize=SMALL, loc="left")
    axes.set_ylabel("relevance (logit)", fontsize=SMALL)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1, ncols=len(found.alphabet),
        fontsize=SMALL, frameon=False, handlelength=1.2,
    )  # fmt: skip


def _draw_letter_map(axes: Axes, found: PositionProfile) -> AxesImage:
    size = len(found.alphabet)
    image = _draw_map(axes, found, _letter_map(found), size)
    axes.set_yticks(np.arange(size) + 0.5, list(found.alphabet))
    title = "mean of each letter, over sequences that have it there; grey: none has"
    axes.set_title(title, fontsize=SMALL, loc="left")
    return image


def _letter_map(found: PositionProfile) -> np.ndarray:
    """Means of letters by positions; not a number where no sequence has the letter."""
    means = np.full((len(found.alphabet), found.settings.width), np.nan)
    for one in found.letters:
        means[found.alphabet.index(one.letter), one.position - found.settings.first] = one.mean
    return means


def _draw_map(axes: Axes, found: PositionProfile, values: np.ndarray, rows: int) -> AxesImage:
    """Red above 0 and blue below; the few largest values share the last colour."""
    sizes = np.abs(values[np.isfinite(values)])
    limit = float(np.quantile(sizes, CLIPPED)) or float(sizes.max(initial=0.0)) or 1.0
    first = found.settings.first - 0.5
    extent = (first, first + found.settings.width, rows, 0)
    colours = colormaps["RdBu_r"].with_extremes(bad="#CCCCCC")
    return axes.imshow(
        np.ma.masked_invalid(values), cmap=colours, vmin=-limit, vmax=limit, aspect="auto", extent=extent,
        interpolation="none",
    )  # fmt: skip


def pooled(values: np.ndarray, most: int) -> tuple[np.ndarray, int]:
    """Means of rows below each other, for at most so many lines, and of how many rows each is.

    Where none of these has a letter the mean is not a number.
    """
    pool = max(1, ceil(len(values) / most))
    if pool == 1:
        return values, 1
    starts = np.arange(0, len(values), pool)
    there = np.isfinite(values)
    counts = np.add.reduceat(there, starts, axis=0, dtype=np.int64)
    sums = np.add.reduceat(np.where(there, values, 0), starts, axis=0, dtype=np.float64)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0), pool


def _colour_bar(figure: Figure, image: AxesImage, axes: Axes, label: str) -> None:
    bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=25, extend="both")
    bar.set_label(label, fontsize=SMALL)
    bar.ax.tick_params(labelsize=TINY, length=2)


def _edges(positions: np.ndarray) -> np.ndarray:
    return np.append(positions - 0.5, positions[-1] + 0.5)


def _plain(axes: Axes, found: PositionProfile) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TINY, length=2.5, pad=2)
    if found.settings.first < 0 < found.settings.first + found.settings.width:
        axes.axvline(-0.5, color="black", linewidth=0.6, linestyle=":")
