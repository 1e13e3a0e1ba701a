"""Relevance as a sequence logo: every letter as tall as it is relevant."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from relevome.data.sequences import Alphabet, Interval
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.report.logo_page import PageBlock, draw_blocks, lines_of, stretched
from relevome.report.panels import (
    ACROSS,
    LEFT,
    RIGHT,
    WIDTH,
    LogoTrack,
    Panel,
    Scene,
    limits_of,
)
from relevome.report.ruler import Origin, PlusOne, Ruler
from relevome.report.site_bars import pack, site_colours
from relevome.report.windows import strongest_windows
from relevome.results.folder import whole_file
from relevome.words import counted

ROWS = 4  # of letters drawn one by one; a longer sequence gets an overview and its strongest windows
PER_ROW = 100  # of the usual width
ONE_ROW = 1.2  # so many times more letters are not broken into rows
FEWEST = 25  # letters for which a row has room, so that a short sequence does not become a poster
WINDOWS = "abc"

DOTS_PER_INCH = 300

# A user's own settings of matplotlib stay out of it. SVG names its parts by a hash of the salt.
# Type of ticks is that of the exponent beside an axis too, which no other setting reaches.
STYLE: list[str | dict[str, Any]] = [
    "default",
    {"svg.hashsalt": "relevome", "pdf.fonttype": 42, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5},
]
UNDATED = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


@dataclass(frozen=True)
class Logo:
    """One sequence as it is drawn, by one run or several.

    Args:
        letters: Its letters.
        relevance: Of every letter, by each run: a logo each, over one axis of letters.
        alphabet: Of the letters.
        title: Above it, in bold. Default: nothing.
        subtitle: Below that. Default: nothing.
        names: Above the logo of each run. Default: nothing.
        effects: Of each run what every letter of the alphabet would add in place of the one there, drawn as a
            map below its logo; None for no map. Default: no maps.
        sites: In letters of the sequence. Default: none.
        borders: The first letters of tokens, each marked by a line before it. Default: none.
        origin: The number of the first letter on the axis, or the letter that is +1, or the interval of the
            sequence: then the axis has 1-based coordinates of the chromosome. Default: 1.
        region: Which letters are drawn. Default: all.

    Raises:
        InputError: For relevance that is not finite or not one value per letter, for letters outside the
            alphabet, and for sites, a region or an origin off the sequence.
    """

    letters: str
    relevance: Sequence[Float[np.ndarray, " letters"]]
    alphabet: Alphabet
    title: str = ""
    subtitle: str = ""
    names: Sequence[str] = ()
    effects: Sequence[Float[np.ndarray, "letters alphabet"] | None] = ()
    sites: Sequence[Site] = ()
    borders: Sequence[int] = ()
    origin: Origin = 1
    region: range | None = None

    def __post_init__(self) -> None:
        for relevance in self.relevance:
            _check(self.letters, relevance, self.alphabet, self.sites, self.origin)
        shown = self.shown
        if shown.step != 1 or not 0 <= shown.start < shown.stop <= len(self.letters):
            raise InputError(
                f"region {shown.start + 1}-{shown.stop} of {counted(len(self.letters), 'letter')}: expected "
                "some of them"
            )

    @property
    def shown(self) -> range:
        """The letters that are drawn."""
        return range(len(self.letters)) if self.region is None else self.region

    @property
    def values(self) -> list[Float[np.ndarray, " letters"]]:
        """Relevance of these, by each run."""
        return [some[self.shown.start : self.shown.stop].astype(np.float64) for some in self.relevance]


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
    """Relevance of one sequence as a logo; see `draw_page` and `Logo`, whose arguments it takes."""
    logo = Logo(letters, (relevance,), alphabet, title, subtitle, sites=sites, borders=borders, origin=origin)
    return draw_page([logo], quantity=quantity, inches=inches)


def draw_page(
    logos: Sequence[Logo],
    *,
    quantity: str = "relevance (logit)",
    inches: float = WIDTH / 72,
    height: float | None = None,
    one_scale: bool = False,
    title: str = "",
) -> Figure:
    """Sequences below each other as logos, upright letters, negative relevance below the axis.

    Up to 400 letters of a sequence are drawn in rows of one length, at most 100 (up to 120 in one), with the
    sequence spelled below each row, since a letter without relevance has no height; of a page that is wider
    than the usual 7.2 inches, in proportion more. A longer sequence gets an overview, pooled where letters
    outnumber dots, and logos of its three strongest windows.

    Args:
        logos: The sequences, one or more, each by equally many runs.
        quantity: What relevance is measured in. Default: the logit.
        inches: Width of the page. Default: two columns in most journals.
        height: Height of the page in inches, to which logos are stretched. Default: what follows from the
            letters.
        one_scale: Whether the logos of all runs share one axis of relevance. Default: those of one run do.
        title: Above them all. Default: nothing.

    Raises:
        InputError: For a height that is too little for what is drawn, and for more than a page can hold.
    """
    limits = _limits(logos, one_scale)
    scenes = [_scene(logo, limits, inches) for logo in logos]
    panels = [_panels(scene) for scene in scenes]
    heads = lines_of(title, "", scenes[0].across)
    blocks = [
        PageBlock(scene, some, lines_of(logo.title, logo.subtitle, scene.across))
        for scene, some, logo in zip(scenes, panels, logos, strict=True)
    ]
    if height is not None:
        blocks = stretched(blocks, heads, height)
    with matplotlib.style.context(STYLE):
        return draw_blocks(blocks, heads, quantity)


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
            f"relevance of shape {relevance.shape} for {counted(len(letters), 'letter')}: expected one value "
            "each"
        )
    if not np.isfinite(relevance).all():
        bad = int(np.flatnonzero(~np.isfinite(relevance))[0])
        raise InputError(f"relevance of letter {bad + 1} is {relevance[bad]}: expected a finite number")
    if strange := sorted(set(letters) - set(alphabet.all_letters)):
        raise InputError(
            f"cannot draw {strange[0]!r}: expected {alphabet.name} letters {alphabet.all_letters}"
        )
    if isinstance(origin, Interval) and len(origin) != len(letters):
        raise InputError(f"{counted(len(letters), 'letter')} cannot lie on {origin}, which has {len(origin)}")
    if isinstance(origin, PlusOne) and not 0 <= origin.letter < len(letters):
        raise InputError(f"letter {origin.letter + 1} cannot be +1 of {len(letters)}: expected one of them")
    for site in sites:
        if not 0 <= site.start < site.end <= len(letters):
            raise InputError(
                f"site {site.name!r} {site.start}-{site.end} is not on the sequence of "
                f"{counted(len(letters), 'letter')}"
            )


def _limits(logos: Sequence[Logo], one_scale: bool) -> list[tuple[float, float]]:
    """Of the axis of every run, the same for all sequences."""
    by_run = [limits_of(some) for some in zip(*(logo.values for logo in logos), strict=True)]
    if one_scale:
        return [limits_of([some for logo in logos for some in logo.values])] * len(by_run)
    return by_run


def _scene(logo: Logo, limits: list[tuple[float, float]], inches: float) -> Scene:
    names = logo.names or [""] * len(limits)
    effects = logo.effects or [None] * len(limits)
    tracks = [
        LogoTrack(
            relevance.astype(np.float64), ends, name, effect,
            1.0 if effect is None else float(np.abs(effect[logo.shown.start : logo.shown.stop]).max()) or 1.0,
        )
        for relevance, ends, name, effect in zip(logo.relevance, limits, names, effects, strict=True)
    ]  # fmt: skip
    across = 72 * inches - LEFT - RIGHT
    ruler = Ruler(logo.origin)
    return Scene(logo.letters, tracks, logo.alphabet, logo.sites, ruler, logo.shown, across, logo.borders)


def _panels(scene: Scene) -> list[Panel]:
    few = len(scene.region) <= ROWS * _per_row(scene)
    return _rows(scene) if few else _overview_and_windows(scene)


def _rows(scene: Scene) -> list[Panel]:
    """Rows of one length; the last may lack a letter for each of the others."""
    length, most = len(scene.region), _per_row(scene)
    rows = 1 if length <= ONE_ROW * most else ceil(length / most)
    size, (first, last) = ceil(length / rows), (scene.region.start, scene.region.stop)
    starts = range(first, last, size)
    return [_panel(scene, start, min(start + size, last), max(size, FEWEST)) for start in starts]


def _per_row(scene: Scene) -> int:
    return round(PER_ROW * scene.across / ACROSS)


def _overview_and_windows(scene: Scene) -> list[Panel]:
    first, last, size = scene.region.start, scene.region.stop, _per_row(scene)
    values = [np.abs(track.relevance[first:last]) for track in scene.tracks]
    strength = sum((some / (some.mean() or 1.0) for some in values), np.zeros(last - first))
    starts = [first + start for start in strongest_windows(strength, size, len(WINDOWS))]
    windows = [(name, start, start + size) for name, start in zip(WINDOWS, starts, strict=False)]
    pooled = f"; each bar is the value furthest from 0 among {scene.pool} letters" if scene.pool > 1 else ""
    part = "whole sequence" if last - first == len(scene.letters) else scene.ruler.span(first, last)
    overview = _panel(scene, first, last, last - first, part + pooled)
    logos = [_panel(scene, s, e, size, f"{name}   {scene.ruler.span(s, e)}") for name, s, e in windows]
    return [replace(overview, overview=True, windows=windows), *logos]


def _panel(scene: Scene, start: int, end: int, room: int, heading: str = "") -> Panel:
    row = range(start, start + room)
    here = [replace(site, end=min(site.end, end)) for site in scene.sites if site.start < end]
    bars = pack(here, site_colours(scene.sites), row, scene.across / room)
    return Panel(start, end, row, bars, heading)
