"""Relevance as a sequence logo: every letter as tall as it is relevant."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from relevome.data.sequences import PROTEIN, Alphabet, Interval
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.report.glyphs import CHEMISTRY
from relevome.report.panels import ACROSS, LEFT, SMALL, TICKS, WIDTH, Panel, Scene, draw_panel
from relevome.report.ruler import Ruler
from relevome.report.site_bars import pack, site_colours
from relevome.report.text import shortened, width, wrapped
from relevome.report.windows import strongest_windows
from relevome.results.folder import whole_file

LONGEST = 400  # letters drawn one by one; a longer sequence gets an overview and its strongest windows
PER_ROW = 100
FEWEST = 25  # letters for which a row has room, so that a short sequence does not become a poster
WINDOWS = "abc"

MARGIN, TITLE, LABEL = 6.0, 9.0, 12.0  # points
LINE = 1.5  # distance of lines, in sizes of type
DOTS_PER_INCH = 300

# A user's own settings of matplotlib stay out of it. SVG names its parts by a hash of the salt.
STYLE: list[str | dict[str, Any]] = ["default", {"svg.hashsalt": "relevome", "pdf.fonttype": 42}]
UNDATED = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def draw_logo(
    letters: str,
    relevance: Float[np.ndarray, " letters"],
    alphabet: Alphabet,
    *,
    title: str,
    subtitle: str = "",
    sites: Sequence[Site] = (),
    origin: int | Interval = 1,
    quantity: str = "relevance (logit)",
) -> Figure:
    """Relevance of one sequence as a logo, upright letters, negative relevance below the axis.

    Up to 400 letters are drawn in rows of at most 100, with the sequence spelled below each row, since
    a letter without relevance has no height. A longer sequence gets an overview, pooled where letters
    outnumber dots, and logos of its three strongest windows. All panels share the axis of
    relevance, which is named by ``quantity``. ``sites`` are in letters of the sequence. ``origin`` is
    the number of the first letter on the axis, or the interval of the sequence: then the axis has
    1-based coordinates of the chromosome. Raises InputError for relevance that is not finite or not
    one value per letter, for letters outside the alphabet, and for sites off the sequence.
    """
    _check(letters, relevance, alphabet, sites, origin)
    scene = Scene(letters, relevance.astype(np.float64), alphabet, sites, Ruler(origin))
    panels = _rows(scene) if len(letters) <= LONGEST else _overview_and_windows(scene)
    with matplotlib.style.context(STYLE):
        return _page(scene, panels, title, subtitle, quantity)


def save_logo(figure: Figure, out: str | Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the ending of ``out``; the same figure gives the same bytes.

    Raises InputError for another ending, and for a file that cannot be written or is written by another.
    """
    out = Path(out)
    form = out.suffix.lower().removeprefix(".")
    if form not in UNDATED:
        raise InputError(f"cannot write a picture to {out}: expected a name ending in .png, .svg or .pdf")
    content = io.BytesIO()
    with matplotlib.style.context(STYLE):
        figure.savefig(content, format=form, dpi=DOTS_PER_INCH, metadata=UNDATED[form])
    with whole_file(out) as temporary:
        temporary.write_bytes(content.getvalue())


def _check(
    letters: str,
    relevance: np.ndarray,
    alphabet: Alphabet,
    sites: Sequence[Site],
    origin: int | Interval,
) -> None:
    if relevance.shape != (len(letters),) or not letters:
        raise InputError(
            f"relevance of shape {relevance.shape} for {len(letters)} letters: expected one value each"
        )
    if not np.isfinite(relevance).all():
        bad = int(np.flatnonzero(~np.isfinite(relevance))[0])
        raise InputError(f"relevance of letter {bad + 1} is {relevance[bad]}: expected a finite number")
    if strange := sorted(set(letters) - set(alphabet.all_letters)):
        raise InputError(
            f"cannot draw {strange[0]!r}: expected {alphabet.name} letters {alphabet.all_letters}"
        )
    if isinstance(origin, Interval) and len(origin) != len(letters):
        raise InputError(f"{len(letters)} letters cannot lie on {origin}, which has {len(origin)}")
    for site in sites:
        if not 0 <= site.start < site.end <= len(letters):
            raise InputError(
                f"site {site.name!r} {site.start}-{site.end} is not on the sequence of {len(letters)} letters"
            )


def _rows(scene: Scene) -> list[Panel]:
    """Rows of about the same length; more than one have a multiple of ten letters each."""
    length = len(scene.letters)
    rows = ceil(length / PER_ROW)
    size = length if rows == 1 else 10 * ceil(length / rows / 10)
    starts = range(0, length, size)
    return [_panel(scene, start, min(start + size, length), max(size, FEWEST)) for start in starts]


def _overview_and_windows(scene: Scene) -> list[Panel]:
    length = len(scene.letters)
    starts = strongest_windows(scene.relevance, PER_ROW, len(WINDOWS))
    windows = [(name, start, start + PER_ROW) for name, start in zip(WINDOWS, starts, strict=False)]
    pooled = f"; each bar is the value furthest from 0 among {scene.pool} letters" if scene.pool > 1 else ""
    overview = _panel(scene, 0, length, length, "whole sequence" + pooled)
    logos = [_panel(scene, s, e, PER_ROW, f"{name}   {scene.ruler.span(s, e)}") for name, s, e in windows]
    return [replace(overview, overview=True, windows=windows), *logos]


def _panel(scene: Scene, start: int, end: int, room: int, heading: str = "") -> Panel:
    row = range(start, start + room)
    bars = pack(scene.sites, site_colours(scene.sites), row, ACROSS / room)
    return Panel(start, end, row, bars, heading)


def _page(scene: Scene, panels: list[Panel], title: str, subtitle: str, quantity: str) -> Figure:
    lines = [(line, TITLE, "bold") for line in wrapped(title, TITLE, ACROSS, 3, "bold")]
    lines += [(line, SMALL, "normal") for line in wrapped(subtitle, SMALL, ACROSS, 3)]
    downs = list(accumulate((LINE * size for _, size, _ in lines), initial=MARGIN))
    tops = list(accumulate((panel.height for panel in panels), initial=downs[-1] + MARGIN))
    legend = LABEL if scene.alphabet == PROTEIN else 0.0
    figure = Figure(figsize=(WIDTH / 72, (tops[-1] + LABEL + legend) / 72))
    for (line, size, weight), down in zip(lines, downs, strict=False):
        _write(figure, line, LEFT, down + size, size, weight=weight)
    for panel, top in zip(panels, tops, strict=False):
        draw_panel(figure, scene, panel, top)
    _write(figure, quantity, MARGIN, (tops[0] + tops[-1] - TICKS) / 2, SMALL, rotation=90, va="center")
    label = shortened(scene.ruler.label, SMALL, ACROSS)
    _write(figure, label, LEFT + ACROSS / 2, tops[-1] + 4, SMALL, ha="center")
    if legend:
        _draw_chemistry(figure, tops[-1] + LABEL + 4)
    return figure


def _draw_chemistry(figure: Figure, down: float) -> None:
    between = ACROSS - sum(width(group, SMALL) for group in CHEMISTRY)
    x = LEFT
    for group, colour in CHEMISTRY.items():
        _write(figure, group, x, down, SMALL, color=colour)
        x += width(group, SMALL) + between / (len(CHEMISTRY) - 1)


def _write(figure: Figure, text: str, x: float, down: float, size: float, **style: Any) -> None:
    """A line of text at a point of the page, in points from its upper left corner."""
    y = 1 - down / 72 / figure.get_figheight()
    figure.text(x / WIDTH, y, text, fontsize=size, parse_math=False, **style)
