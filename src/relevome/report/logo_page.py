"""A page of sequences below each other: titles, panels, axes, legends, and how high all of it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from relevome.data.sequences import PROTEIN
from relevome.errors import InputError
from relevome.report.glyphs import CHEMISTRY
from relevome.report.panels import LEFT, LOGO, RIGHT, SMALL, TICKS, Panel, Scene, draw_panel
from relevome.report.site_bars import fitted, site_colours, site_legend
from relevome.report.text import shortened, width, wrapped

MARGIN, TITLE, LABEL = 6.0, 9.0, 12.0  # points
LINE = 1.5  # distance of lines, in sizes of type
HIGHEST = 200.0  # inches: what 300 dots an inch and 65,536 dots leave
LOWEST = 24.0  # points: a logo with numbers on its axis

Lines: TypeAlias = list[tuple[str, float, str]]  # text, size of type, weight


@dataclass(frozen=True)
class PageBlock:
    """What is drawn of one sequence."""

    scene: Scene
    panels: list[Panel]
    lines: Lines

    @property
    def legends(self) -> list[list[tuple[str, str]]]:
        """Names of sites in their colours, where these do not stand at the sites or are cut there."""
        scene, names = self.scene, dict[str, str]()
        if any(panel.crowded for panel in self.panels):
            names |= site_legend(scene.sites)
        shown = {bar.name for panel in self.panels for bar in panel.bars}
        colours = site_colours(scene.sites)
        names |= {
            label: colour
            for label, colour in colours.items()
            if (cut := fitted(label)) != label and cut in shown
        }
        return _lines([*names.items()], scene.across)

    @property
    def height(self) -> float:
        """Of all, in points."""
        panels = sum(panel.height(self.scene) for panel in self.panels)
        return _height(self.lines) + panels + LABEL * (1 + len(self.legends))


def stretched(blocks: list[PageBlock], heads: Lines, height: float) -> list[PageBlock]:
    """Logos as tall as it takes for a page of this height. Raises InputError where that is too little."""
    number = sum(len(block.panels) * len(block.scene.tracks) for block in blocks)
    tall = LOGO + (72 * height - _page_height(blocks, heads)) / number
    if tall < LOWEST:
        least = height + number * (LOWEST - tall) / 72
        raise InputError(
            f"--size: {height:g} inches are too low for this picture: expected {ceil(10 * least) / 10:g} or "
            "more, or fewer letters, sequences or runs"
        )
    return [replace(block, scene=replace(block.scene, tall=tall)) for block in blocks]


def _page_height(blocks: Sequence[PageBlock], heads: Lines) -> float:
    chemistry = LABEL * (blocks[0].scene.alphabet == PROTEIN)
    return _height(heads) + sum(block.height for block in blocks) + chemistry


def lines_of(title: str, subtitle: str, across: float) -> Lines:
    """A title and what stands below it, on as many lines as they take, three at most of each."""
    lines = [(line, TITLE, "bold") for line in wrapped(title, TITLE, across, 3, "bold")]
    return lines + [(line, SMALL, "normal") for line in wrapped(subtitle, SMALL, across, 3)]


def _height(lines: Lines) -> float:
    """With a margin above, and one below."""
    return 2 * MARGIN + sum(LINE * size for _, size, _ in lines) if lines else 0.0


def draw_blocks(blocks: Sequence[PageBlock], heads: Lines, quantity: str) -> Figure:
    """A page of blocks below ``heads``. Raises InputError for more than a page can hold."""
    across = blocks[0].scene.across
    points = _page_height(blocks, heads)
    if points > 72 * HIGHEST:
        raise InputError(
            f"this picture would be {points / 72:,.0f} inches high: expected {HIGHEST:g} at most; draw fewer "
            "sequences or runs on a page"
        )
    figure = Figure(figsize=((LEFT + across + RIGHT) / 72, points / 72))
    _write_lines(figure, heads, 0.0)
    top = _height(heads)
    for block in blocks:
        _draw_block(figure, block, top, quantity)
        top += block.height
    if blocks[0].scene.alphabet == PROTEIN:
        _draw_legend(figure, list(CHEMISTRY.items()), top + 4, across)
    return figure


def _draw_block(figure: Figure, block: PageBlock, top: float, quantity: str) -> None:
    scene, across = block.scene, block.scene.across
    _write_lines(figure, block.lines, top)
    heights = (panel.height(scene) for panel in block.panels)
    tops = list(accumulate(heights, initial=top + _height(block.lines)))
    for panel, down in zip(block.panels, tops, strict=False):
        draw_panel(figure, scene, panel, down)
    _write(figure, quantity, MARGIN, (tops[0] + tops[-1] - TICKS) / 2, SMALL, rotation=90, va="center")
    label = shortened(scene.ruler.label, SMALL, across)
    _write(figure, label, LEFT + across / 2, tops[-1] + 4, SMALL, ha="center")
    for number, legend in enumerate(block.legends, start=1):
        _draw_legend(figure, legend, tops[-1] + LABEL * number + 4, across)


def _write_lines(figure: Figure, lines: Lines, top: float) -> None:
    down = top + MARGIN
    for line, size, weight in lines:
        _write(figure, line, LEFT, down + size, size, weight=weight)
        down += LINE * size


def _lines(names: list[tuple[str, str]], across: float) -> list[list[tuple[str, str]]]:
    """Names with their colours, on as many lines as they need."""
    lines: list[list[tuple[str, str]]] = []
    room = 0.0
    for name, colour in names:
        text = shortened(name, SMALL, across)
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
