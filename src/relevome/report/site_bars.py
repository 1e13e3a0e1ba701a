"""Known sites as bars, in as many lanes as it takes for no name to touch another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from relevome.data.sites import Site
from relevome.report.text import shortened, width

# Tol's muted palette (personal.sron.nl/~pault), made for every common kind of colour vision.
PALETTE = ("#332288", "#CC6677", "#44AA99", "#882255", "#999933", "#88CCEE", "#AA4499", "#117733", "#DDCC77")
NAME = 6.5  # size of type, in points, like all lengths here
LONGEST = 160.0
BETWEEN = 4.0
MOST = 8


@dataclass(frozen=True)
class Bar:
    """A site, or what of it lies in a row, in letters; its name is centred on ``centre``."""

    start: int
    end: int
    colour: str
    name: str = ""
    centre: float = 0.0
    lane: int = 0


def site_colours(sites: Iterable[Site]) -> dict[str, str]:
    """The colour of every label: one each, in order of appearance, or one for each type of more than nine."""
    groups = _groups(sites)
    colours = _colours(groups)
    return {label: colours[group] for label, group in groups.items()}


def site_legend(sites: Iterable[Site]) -> dict[str, str]:
    """What the colours stand for: labels, or types of more than nine; after nine they repeat."""
    return _colours(_groups(sites))


def fitted(label: str) -> str:
    """A label as it stands at a site, cut where it is too long."""
    return shortened(label, NAME, LONGEST)


def _groups(sites: Iterable[Site]) -> dict[str, str]:
    types = {site.label: site.type for site in sites}
    return types if len(types) > len(PALETTE) else {label: label for label in types}


def _colours(groups: Mapping[str, str]) -> dict[str, str]:
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(dict.fromkeys(groups.values()))}


def pack(sites: Iterable[Site], colours: Mapping[str, str], row: range, spacing: float) -> list[Bar]:
    """Bars of the sites that touch a row of letters, each in the first lane where its name has room.

    ``row`` is the letters for which there is room, ``spacing`` the width of one in points. If names
    would take more than eight lanes, bars have no names, and a lane each only where they would touch.
    """
    touching = [site for site in sites if site.start < row.stop and site.end > row.start]
    touching.sort(key=lambda site: (site.start, site.end))
    bars = [Bar(max(s.start, row.start), min(s.end, row.stop), colours[s.label]) for s in touching]
    named = []
    free: list[float] = []  # from which letter on, in each lane
    for site, bar in zip(touching, bars, strict=True):
        name = fitted(site.label)
        half = width(name, NAME) / spacing / 2
        centre = max(row.start + half, min((bar.start + bar.end) / 2, row.stop - half))
        left, right = min(bar.start, centre - half), max(bar.end, centre + half)
        lane = next((lane for lane, start in enumerate(free) if start <= left), len(free))
        if lane == MOST:
            return _without_names(bars, spacing)
        free[lane : lane + 1] = [right + BETWEEN / spacing]
        named.append(replace(bar, name=name, centre=centre, lane=lane))
    return named


def _without_names(bars: Iterable[Bar], spacing: float) -> list[Bar]:
    """Bars in the first lane where they touch no other; beyond eight lanes they share the last one."""
    free: list[float] = []
    placed = []
    for bar in bars:
        lane = next((lane for lane, start in enumerate(free) if start <= bar.start), len(free))
        lane = min(lane, MOST - 1)
        free[lane : lane + 1] = [bar.end + 1 / spacing]
        placed.append(replace(bar, lane=lane))
    return placed
