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
from relevome.report.panels import ACROSS, LEFT, RIGHT, SMALL, TICKS, WIDTH, Panel, Scene, draw_panel
from relevome.report.ruler import Origin, PlusOne, Ruler
from relevome.report.site_bars import pack, site_colours, site_legend
from relevome.report.text import shortened, width, wrapped
from relevome.report.windows import strongest_windows
from relevome.results.folder import whole_file

ROWS = 4  # of letters drawn one by one; a longer sequence gets an overview and its strongest windows
PER_ROW = 100  # of the usual width
ONE_ROW = 1.2  # so many times more letters are not broken into rows
FEWEST = 25  # letters for which a row has room, so that a short sequence does not become a poster
WINDOWS = "abc"

MARGIN, TITLE, LABEL = 6.0, 9.0, 12.0  # points
LINE = 1.5  # distance of lines, in sizes of type
DOTS_PER_INCH = 300

# A user's own settings of matplotlib stay out of it. SVG names its parts by a hash of the salt.
# Type of ticks is that of the exponent beside an axis too, which no other setting reaches.
STYLE: list[str | dict[str, Any]] = [
    "default",
    {"svg.hashsalt": "relevome", "pdf.fonttype": 42, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5},
]
UNDATED = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def draw_logo(
    letters: str,
    relevance: Float[np.ndarray, " letters"],
    alphabet: Alphabet,
    *,
    title: str,
    subtitle: str = "",
    sites: Sequence[Site] = (),
    borders: Sequence[int] = (),
    origin: Origin = 1,
    quantity: str = "relevance (logit)",
    inches: float = WIDTH / 72,
) -> Figure:
    """Relevance of one sequence as a logo, upright letters, negative relevance below the axis.

    Up to 400 letters are drawn in rows of at most 100 (up to 120 in one), with the sequence spelled below
    each row, since a letter without relevance has no height; of a picture that is wider than the usual 7.2
    ``inches``, in proportion more. A longer sequence gets an overview, pooled where letters
    outnumber dots, and logos of its three strongest windows. All panels share the axis of
    relevance, which is named by ``quantity``. ``sites`` are in letters of the sequence, ``borders``
    the first letters of tokens, each marked by a line before it. ``origin`` is the number of the first letter
    on the axis, or the letter that is +1, or the interval of the sequence: then the axis has 1-based
    coordinates of the chromosome. Raises InputError for relevance that is not finite or not
    one value per letter, for letters outside the alphabet, and for sites off the sequence.
    """
    _check(letters, relevance, alphabet, sites, origin)
    across = 72 * inches - LEFT - RIGHT
    scene = Scene(letters, relevance.astype(np.float64), alphabet, sites, Ruler(origin), across, borders)
    panels = _rows(scene) if len(letters) <= ROWS * _per_row(scene) else _overview_and_windows(scene)
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
    origin: Origin,
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
    if isinstance(origin, PlusOne) and not 0 <= origin.letter < len(letters):
        raise InputError(f"letter {origin.letter + 1} cannot be +1 of {len(letters)}: expected one of them")
    for site in sites:
        if not 0 <= site.start < site.end <= len(letters):
            raise InputError(
                f"site {site.name!r} {site.start}-{site.end} is not on the sequence of {len(letters)} letters"
            )


def _rows(scene: Scene) -> list[Panel]:
    """Rows of about the same length; more than one have a multiple of ten letters each."""
    length, most = len(scene.letters), _per_row(scene)
    rows = 1 if length <= ONE_ROW * most else ceil(length / most)
    size = length if rows == 1 else 10 * ceil(length / rows / 10)
    starts = range(0, length, size)
    return [_panel(scene, start, min(start + size, length), max(size, FEWEST)) for start in starts]


def _per_row(scene: Scene) -> int:
    return round(PER_ROW * scene.across / ACROSS)


def _overview_and_windows(scene: Scene) -> list[Panel]:
    length, size = len(scene.letters), _per_row(scene)
    starts = strongest_windows(scene.relevance, size, len(WINDOWS))
    windows = [(name, start, start + size) for name, start in zip(WINDOWS, starts, strict=False)]
    pooled = f"; each bar is the value furthest from 0 among {scene.pool} letters" if scene.pool > 1 else ""
    overview = _panel(scene, 0, length, length, "whole sequence" + pooled)
    logos = [_panel(scene, s, e, size, f"{name}   {scene.ruler.span(s, e)}") for name, s, e in windows]
    return [replace(overview, overview=True, windows=windows), *logos]


def _panel(scene: Scene, start: int, end: int, room: int, heading: str = "") -> Panel:
    row = range(start, start + room)
    bars = pack(scene.sites, site_colours(scene.sites), row, scene.across / room)
    return Panel(start, end, row, bars, heading)


def _page(scene: Scene, panels: list[Panel], title: str, subtitle: str, quantity: str) -> Figure:
    lines = [(line, TITLE, "bold") for line in wrapped(title, TITLE, scene.across, 3, "bold")]
    lines += [(line, SMALL, "normal") for line in wrapped(subtitle, SMALL, scene.across, 3)]
    downs = list(accumulate((LINE * size for _, size, _ in lines), initial=MARGIN))
    tops = list(accumulate((panel.height for panel in panels), initial=downs[-1] + MARGIN))
    legends = [list(CHEMISTRY.items())] if scene.alphabet == PROTEIN else []
    if any(panel.crowded for panel in panels):
        legends += _lines(list(site_legend(scene.sites).items()), scene.across)
    width_of_page = LEFT + scene.across + RIGHT
    figure = Figure(figsize=(width_of_page / 72, (tops[-1] + LABEL * (1 + len(legends))) / 72))
    for (line, size, weight), down in zip(lines, downs, strict=False):
        _write(figure, line, LEFT, down + size, size, weight=weight)
    for panel, top in zip(panels, tops, strict=False):
        draw_panel(figure, scene, panel, top)
    _write(figure, quantity, MARGIN, (tops[0] + tops[-1] - TICKS) / 2, SMALL, rotation=90, va="center")
    label = shortened(scene.ruler.label, SMALL, scene.across)
    _write(figure, label, LEFT + scene.across / 2, tops[-1] + 4, SMALL, ha="center")
    for number, legend in enumerate(legends, start=1):
        _draw_legend(figure, legend, tops[-1] + LABEL * number + 4, scene.across)
    return figure


def _lines(names: list[tuple[str, str]], across: float) -> list[list[tuple[str, str]]]:
    """Names with their colours, on as many lines as they need."""
    lines: list[list[tuple[str, str]]] = []
    room = 0.0
    for name, colour in names:
        text = shortened(name, SMALL, across / 2)
        if width(text, SMALL) > room:
            lines.append([])
            room = across
        room -= width(text, SMALL) + 2 * SMALL
        lines[-1].append((text, colour))
    return lines


def _draw_legend(figure: Figure, names: list[tuple[str, str]], down: float, across: float) -> None:
    """Names in their colours, evenly over the width."""
    between = (across - sum(width(name, SMALL) for name, _ in names)) / max(len(names) - 1, 1)
    x = LEFT
    for name, colour in names:
        _write(figure, name, x, down, SMALL, color=colour)
        x += width(name, SMALL) + min(between, 4 * SMALL if len(names) < 4 else between)


def _write(figure: Figure, text: str, x: float, down: float, size: float, **style: Any) -> None:
    """A line of text at a point of the page, in points from its upper left corner."""
    y = 1 - down / 72 / figure.get_figheight()
    figure.text(x / 72 / figure.get_figwidth(), y, text, fontsize=size, parse_math=False, **style)
