"""One stretch of a sequence across the page: letters as tall as they are relevant, known sites below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from matplotlib.transforms import blended_transform_factory

from relevome.data.sequences import Alphabet
from relevome.data.sites import Site
from relevome.report import site_bars as lanes
from relevome.report.glyphs import BLUE, RED, letter_shapes
from relevome.report.ruler import Ruler
from relevome.report.text import shortened
from relevome.report.windows import pooled

# All lengths are in points, 72 to an inch. The width is that of two columns in most journals.
WIDTH, LEFT, RIGHT = 518.0, 42.0, 20.0
ACROSS = WIDTH - LEFT - RIGHT
HEADING, MARKS, LOGO, GAP, SPELLED, LANE, BAR, TICKS = 14.0, 9.0, 66.0, 2.0, 5.0, 14.0, 2.5, 20.0
BARE = 4.5  # of a lane whose bars have no names
NAME_LINE = 11.0  # above a logo
CELL, CELL_TYPE = 6.8, 6.0  # a letter of the map of all letters
SMALL, TICK = 7.0, 6.5  # type
TINT = 0.1  # of the colour of a site, behind its letters
BORDER = 0.35  # of lines between tokens

LEAST_SIDE = 0.2  # of the axis below 0, or above, as a share of the other side
BARS = 800  # at most, in an overview: each two or three dots wide


@dataclass(frozen=True)
class LogoTrack:
    """Relevance of a sequence on an axis of its own, as one of several that lie over each other.

    ``name`` stands above it, if it has one. ``effects`` are what every letter of the alphabet would add to
    the score in place of the one there, shown as a map below, whose colours end at ``largest``.
    """

    relevance: Float[np.ndarray, " letters"]
    limits: tuple[float, float]
    name: str = ""
    effects: Float[np.ndarray, "letters alphabet"] | None = None
    largest: float = 1.0

    @property
    def above(self) -> float:
        """Height of its name."""
        return NAME_LINE * bool(self.name)

    def below(self, overview: bool) -> float:
        """Height of the map of all letters, which an overview has no room for."""
        return 0.0 if self.effects is None or overview else CELL * self.effects.shape[1] + 2 * GAP

    @property
    def ticks(self) -> list[float]:
        """Round numbers on the axis of relevance, on both sides of 0 where there are letters on both."""
        low, high = self.limits
        found = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high)
        slack = 1e-9 * (high - low)
        ticks = [float(tick) for tick in found if low - slack <= tick <= high + slack]
        if low < 0 and min(ticks) >= 0:
            ticks.append(-_round(-low))
        if high > 0 and max(ticks) <= 0:
            ticks.append(_round(high))
        return sorted(ticks)


def limits_of(values: Sequence[Float[np.ndarray, " letters"]]) -> tuple[float, float]:
    """Ends of an axis that shows them all."""
    low = min(0.0, *(float(some.min()) for some in values))
    high = max(0.0, *(float(some.max()) for some in values))
    if low < 0 < high:  # room for a number on either side
        low, high = min(low, -LEAST_SIDE * high), max(high, -LEAST_SIDE * low)
    return (1.04 * low, 1.04 * high) if low < high else (0.0, 1.0)


@dataclass(frozen=True)
class Scene:
    """What all panels of one sequence show parts of: those of its letters in ``region``."""

    letters: str
    tracks: Sequence[LogoTrack]
    alphabet: Alphabet
    sites: Sequence[Site]
    ruler: Ruler
    region: range
    across: float = ACROSS
    borders: Sequence[int] = ()
    tall: float = LOGO

    @property
    def pool(self) -> int:
        """Letters to a bar of the overview."""
        return ceil(len(self.region) / BARS)


@dataclass(frozen=True)
class Panel:
    """Letters ``start`` to before ``end``, on a ``row`` of letters that may have room for more.

    An overview has bars instead of letters, and names the ``windows`` that other panels show.
    """

    start: int
    end: int
    row: range
    bars: Sequence[lanes.Bar]
    heading: str = ""
    overview: bool = False
    windows: Sequence[tuple[str, int, int]] = ()

    @property
    def spelled(self) -> float:
        """Height of the line that spells the sequence, and of the gap below it."""
        return GAP if self.overview else SPELLED + GAP

    @property
    def lane(self) -> float:
        """Height of a lane of sites."""
        return BARE if self.crowded else LANE

    @property
    def foot(self) -> float:
        """Height of what stands between logo and axis: the spelled sequence, and known sites."""
        sites = self.lane * (1 + max((bar.lane for bar in self.bars), default=-1))
        return self.spelled + sites + (LANE - BAR) * self.crowded

    @property
    def head(self) -> float:
        """Height of what stands above the logo: a heading, and the names of windows."""
        return (HEADING if self.heading else 0.0) + (MARKS if self.windows else 0.0)

    @property
    def crowded(self) -> bool:
        """Whether its sites are too close together for their names."""
        return len(self.bars) > lanes.MOST and not any(bar.name for bar in self.bars)

    def height(self, scene: Scene) -> float:
        """Of all, with the numbers on the axis."""
        tracks = sum(scene.tall + GAP + one.above + one.below(self.overview) for one in scene.tracks)
        return self.head + tracks + self.foot + TICKS


def _round(number: float) -> float:
    """The largest round number that is no larger."""
    power = 10.0 ** floor(log10(number))
    return power * max((d for d in (1.0, 1.5, 2.0, 3.0, 5.0) if d * power <= number), default=1.0)


def draw_panel(figure: Figure, scene: Scene, panel: Panel, top: float) -> None:
    """Draw a panel whose upper edge is ``top`` points below that of the page.

    On all of its axes letter i reaches from x = i to i + 1; on the lowest one, y is in points.
    """
    down = top + panel.head
    logos: list[Axes] = []
    for track in scene.tracks:
        down += track.above
        logos.append(_axes(figure, scene, panel, down, scene.tall, track.limits))
        down += scene.tall + GAP
        if (size := track.below(panel.overview)) > 0:
            letters = len(scene.alphabet.letters)
            below = _axes(figure, scene, panel, down + GAP, size - 2 * GAP, (float(letters), 0.0))
            _draw_map(below, scene, track, panel)
            down += size
    foot = _axes(figure, scene, panel, down, panel.foot, (-panel.foot, 0.0))
    pad = panel.head - HEADING + 3 + scene.tracks[0].above
    logos[0].set_title(panel.heading, loc="left", fontsize=SMALL, pad=pad, parse_math=False)
    for logo, track in zip(logos, scene.tracks, strict=True):
        _draw_track(logo, scene, track, panel)
    if panel.overview:
        _name_windows(logos[0], scene, panel)
    else:
        _spell(foot, scene, panel)
    _draw_sites(logos, foot, scene, panel)
    _draw_numbers(logos, foot, scene, panel)


def _axes(
    figure: Figure, scene: Scene, panel: Panel, top: float, height: float, limits: tuple[float, float]
) -> Axes:
    page = figure.get_figheight() * 72
    width = LEFT + scene.across + RIGHT
    place = (LEFT / width, 1 - (top + height) / page, scene.across / width, height / page)
    axes = figure.add_axes(place, xlim=(panel.row.start, panel.row.stop), ylim=limits, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.patch.set_visible(False)
    return axes


def _draw_track(logo: Axes, scene: Scene, track: LogoTrack, panel: Panel) -> None:
    if track.name:
        name = shortened(track.name, SMALL, scene.across)
        place = {"transform": logo.transAxes, "ha": "left", "va": "bottom"}
        logo.text(0.0, 1 + 1.5 / scene.tall, name, fontsize=SMALL, parse_math=False, **place)
    if panel.overview:
        _draw_overview(logo, scene, track, panel)
    else:
        values = track.relevance[panel.start : panel.end]
        letters = scene.letters[panel.start : panel.end]
        logo.add_collection(letter_shapes(letters, values, scene.alphabet, panel.start), autolim=False)
        _draw_borders(logo, scene, panel, track.limits)
    if not track.relevance[scene.region.start : scene.region.stop].any():
        logo.text(panel.start, 0.3, "the relevance of every letter is 0", fontsize=SMALL)


def _spell(foot: Axes, scene: Scene, panel: Panel) -> None:
    letters = scene.letters[panel.start : panel.end]
    slim = min(1.0, SPELLED * len(panel.row) / scene.across)
    spelled = letter_shapes(letters, np.full(len(letters), -SPELLED), scene.alphabet, panel.start, slim)
    foot.add_collection(spelled, autolim=False)
    _draw_borders(foot, scene, panel, (-SPELLED, 0.0))


def _draw_borders(axes: Axes, scene: Scene, panel: Panel, limits: tuple[float, float]) -> None:
    borders = [border for border in scene.borders if panel.start < border < panel.end]
    axes.vlines(borders, *limits, color="black", alpha=BORDER, linewidth=0.4, zorder=0)


def _draw_map(axes: Axes, scene: Scene, track: LogoTrack, panel: Panel) -> None:
    """Letters by positions: red where a letter would raise the score, blue where it would lower it."""
    if track.effects is None:
        return
    shown = track.effects[panel.start : panel.end].T
    size = len(scene.alphabet.letters)
    extent = (float(panel.start), float(panel.end), float(size), 0.0)
    axes.imshow(
        shown, cmap="RdBu_r", vmin=-track.largest, vmax=track.largest, aspect="auto", extent=extent,
        interpolation="none",
    )  # fmt: skip
    axes.set_xlim(panel.row.start, panel.row.stop)
    there = scene.letters[panel.start : panel.end]
    own = [(panel.start + i, scene.alphabet.letters.find(letter)) for i, letter in enumerate(there)]
    middles = np.array([(x + 0.5, y + 0.5) for x, y in own if y >= 0]).reshape(-1, 2)
    axes.scatter(*middles.T, s=2.0, color="black", linewidths=0)
    axes.set_yticks(np.arange(size) + 0.5, list(scene.alphabet.letters))
    axes.tick_params(axis="y", labelsize=CELL_TYPE, length=0, pad=2)


def _draw_overview(logo: Axes, scene: Scene, track: LogoTrack, panel: Panel) -> None:
    values = pooled(track.relevance[panel.start : panel.end], scene.pool)
    edges = np.minimum(panel.start + np.arange(len(values) + 1) * scene.pool, panel.end)
    logo.stairs(np.maximum(values, 0), edges, fill=True, color=BLUE, linewidth=0)
    logo.stairs(np.minimum(values, 0), edges, fill=True, color=RED, linewidth=0)
    point = len(panel.row) / scene.across
    for _, start, end in panel.windows:
        logo.axvspan(start, max(end, start + point), color="black", alpha=TINT, linewidth=0, zorder=0)


def _name_windows(logo: Axes, scene: Scene, panel: Panel) -> None:
    above = blended_transform_factory(logo.transData, logo.transAxes)
    point = len(panel.row) / scene.across
    free = -np.inf
    for name, start, end in panel.windows:
        middle = max((start + end) / 2, free)
        style = {"ha": "center", "fontsize": SMALL, "weight": "bold", "transform": above}
        logo.text(middle, 1 + (GAP + scene.tracks[0].above) / scene.tall, name, **style)
        free = middle + 1.2 * SMALL * point


def _draw_sites(logos: Sequence[Axes], foot: Axes, scene: Scene, panel: Panel) -> None:
    shortest = 1.5 * len(panel.row) / scene.across  # that can be seen in a long row
    corners = []
    for bar in panel.bars:
        end, top = max(bar.end, bar.start + shortest), -panel.spelled - panel.lane * bar.lane
        corners.append([(bar.start, top), (end, top), (end, top - BAR), (bar.start, top - BAR)])
        if bar.name:
            _name(foot, bar.centre, top, bar.name)
        if bar.name and not panel.overview:
            for logo in logos:
                logo.axvspan(bar.start, bar.end, color=bar.colour, alpha=TINT, linewidth=0, zorder=0)
    colours = [bar.colour for bar in panel.bars]
    foot.add_collection(PolyCollection(corners, facecolors=colours, linewidths=0), autolim=False)
    if panel.crowded:
        note = f"{len(panel.bars):,} sites, too close together for their names"
        _name(foot, (panel.row.start + panel.row.stop) / 2, LANE - panel.foot, note)


def _name(foot: Axes, centre: float, top: float, name: str) -> None:
    foot.text(centre, top - BAR - lanes.NAME, name, ha="center", fontsize=lanes.NAME, parse_math=False)


def _draw_numbers(logos: Sequence[Axes], foot: Axes, scene: Scene, panel: Panel) -> None:
    for logo, track in zip(logos, scene.tracks, strict=True):
        logo.hlines(0, panel.start, panel.end, color="black", linewidth=0.5)
        logo.spines["left"].set_visible(True)
        logo.set_yticks(track.ticks)
        logo.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    foot.spines["bottom"].set_visible(True)
    foot.spines["bottom"].set_bounds(panel.start, panel.end)
    ticks = scene.ruler.ticks(panel.start, panel.end, scene.across / len(panel.row), TICK)
    foot.set_xticks([letter + 0.5 for letter in ticks], list(ticks.values()))
    for axes in (*logos, foot):
        axes.tick_params(labelsize=TICK, length=2.5, pad=2)
