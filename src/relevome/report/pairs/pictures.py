"""A map of pairs as a picture: the heat map, arcs over its strongest pairs, known sites and contacts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib.style
import numpy as np
from jaxtyping import Float32
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Arc, Rectangle
from matplotlib.ticker import MaxNLocator

from relevome.data.sites import Site
from relevome.report.logo import STYLE, save_logo
from relevome.report.site_bars import site_colours
from relevome.report.text import shortened
from relevome.results.pairs.folder import PICTURES, Pair, Pairs
from relevome.results.pairs.maps import KeptMap
from relevome.results.pairs.settings import PairMethod, PairSettings

SMALL, TINY = 7.0, 6.5
SIDE, RIGHT, ARCS = 4.6, 1.0, 0.9  # inches: the heat map, what is right of it, and the arcs over it
SPELT = 80  # letters that are spelt out along the axes
MOST_ARCS = 30
QUANTITIES: Mapping[PairMethod, str] = {
    "dependency": "largest change of log2 odds",
    "jacobian": "categorical Jacobian, corrected",
    "epistasis": "epistasis (logit)",
    "attention": "attention x gradient",
    "attnlrp": "AttnLRP, largest change (logit)",
    "gradient": "gradient, largest change (logit)",
}
SIGNED = ("jacobian", "epistasis")


def draw_maps(
    found: Pairs,
    most: int,
    sites: Mapping[str, Sequence[Site]] | None = None,
    contacts: Mapping[str, Collection[tuple[int, int]]] | None = None,
) -> None:
    """Pictures of the first ``most`` sequences of a result, into its folder, called as their maps are."""
    folder = found.path / PICTURES
    for one in found.sequences[:most]:
        folder.mkdir(exist_ok=True)
        name = one.sequence_id
        figure = draw_map(
            found.map(name), found.settings, title=name,
            pairs=[pair for pair in found.pairs if pair.sequence_id == name][:MOST_ARCS],
            sites=(sites or {}).get(name, ()), contacts=(contacts or {}).get(name, ()),
        )  # fmt: skip
        save_logo(figure, folder / f"{one.number:06d}.png")


def draw_map(
    kept: KeptMap,
    settings: PairSettings,
    *,
    title: str,
    pairs: Sequence[Pair] = (),
    sites: Sequence[Site] = (),
    contacts: Collection[tuple[int, int]] = (),
) -> Figure:
    """The map of one sequence, each row a letter that is substituted, each column one that is looked at.

    Args:
        kept: The map.
        settings: How it was made.
        title: What is over it.
        pairs: Pairs with an arc over them, the darker the stronger.
        sites: Known sites, as bars along both axes.
        contacts: Pairs of letters that touch in a structure, as dots below the diagonal.
    """
    with matplotlib.style.context(STYLE):
        over = ARCS if pairs else 0.0
        figure = Figure(figsize=(0.7 + SIDE + RIGHT, 0.9 + SIDE + over), layout="constrained")
        rows = figure.subplots(
            2 if pairs else 1, 1, sharex=True, squeeze=False,
            gridspec_kw={"height_ratios": [over, SIDE] if pairs else [SIDE]},
        )[:, 0]  # fmt: skip
        axes: Axes = rows[-1]
        look = _colours(kept.values, settings.method)
        image = axes.imshow(kept.values, **look, interpolation="nearest", aspect="auto")
        _name_axes(axes, kept, settings)
        _draw_sites(axes, sites, len(kept.letters))
        if contacts:
            at = np.array(sorted((max(pair), min(pair)) for pair in contacts))
            axes.scatter(at[:, 1], at[:, 0], s=4, facecolors="none", edgecolors="black", linewidths=0.4)
        bar = figure.colorbar(image, ax=[*rows], shrink=0.5, pad=0.02)
        bar.set_label(QUANTITIES[settings.method], fontsize=SMALL)
        bar.ax.tick_params(labelsize=TINY)
        if pairs:
            _draw_arcs(rows[0], pairs, len(kept.letters))
        words = shortened(title, SMALL + 1, 72 * SIDE)
        rows[0].set_title(words, fontsize=SMALL + 1, loc="left", parse_math=False)
        return figure


def _colours(values: Float32[np.ndarray, "letters letters"], method: PairMethod) -> dict[str, Any]:
    """Colours that end where 0.5 per cent of the pairs lie beyond; what is unknown is grey."""
    others = np.abs(values[~np.eye(len(values), dtype=bool)])
    known = others[~np.isnan(others)]
    most = float(np.quantile(known, 0.995)) if len(known) else 1.0
    most = most if most > 0 else 1.0
    colours: Colormap = colormaps["RdBu_r" if method in SIGNED else "magma_r"].with_extremes(bad="#dddddd")
    return {"cmap": colours, "norm": Normalize(-most if method in SIGNED else 0.0, most)}


def _name_axes(axes: Axes, kept: KeptMap, settings: PairSettings) -> None:
    size = len(kept.letters)
    axes.tick_params(labelsize=TINY, length=2.5, pad=2)
    if settings.method not in ("jacobian", "epistasis"):
        axes.set_xlabel("letter that is predicted", fontsize=SMALL)
        axes.set_ylabel("letter that is looked at" if settings.method == "attention" else
                        "letter that is substituted", fontsize=SMALL)  # fmt: skip
    else:
        axes.set_xlabel("letter", fontsize=SMALL)
        axes.set_ylabel("letter", fontsize=SMALL)
    if size <= SPELT:
        letter = min(TINY, 72 * SIDE / size)
        axes.set_xticks(range(size), [*kept.letters], fontsize=letter)
        axes.set_yticks(range(size), [*kept.letters], fontsize=letter)
        axes.tick_params(length=0, pad=1)
        return
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(8, integer=True))
        axis.set_major_formatter(lambda place, _: f"{round(place) + 1:,}")  # letters are counted from 1


def _draw_sites(axes: Axes, sites: Sequence[Site], size: int) -> None:
    """Bars along the right and the lower edge, inside, in the colours of their labels."""
    colours = site_colours(sites)
    wide = 0.012 * size
    for site in sites:
        start, length, look = site.start - 0.5, site.end - site.start, {"color": colours[site.label], "lw": 0}
        axes.add_patch(Rectangle((start, size - 0.5 - wide), length, wide, **look))
        axes.add_patch(Rectangle((size - 0.5 - wide, start), wide, length, **look))
    for number, (label, colour) in enumerate(colours.items()):
        words = shortened(label, TINY, 72 * SIDE / 2)
        axes.text(0.99, 0.99 - 0.03 * number, words, color=colour, fontsize=TINY, ha="right", va="top",
                  transform=axes.transAxes, parse_math=False)  # fmt: skip


def _draw_arcs(axes: Axes, pairs: Sequence[Pair], size: int) -> None:
    strongest = max(pair.strength for pair in pairs) or 1.0
    widest = max(pair.j - pair.i for pair in pairs)
    for pair in reversed(pairs):
        apart = pair.j - pair.i
        shade = 0.15 + 0.85 * max(pair.strength / strongest, 0.0)
        middle, look = ((pair.i + pair.j) / 2, 0), {"color": "#0072B2", "lw": 0.9, "alpha": shade}
        axes.add_patch(Arc(middle, apart, 2 * apart, theta1=0, theta2=180, **look))
    axes.set_ylim(0, 1.05 * widest)
    axes.set_xlim(-0.5, size - 0.5)
    axes.axis("off")
