"""Why a variant does what it does: logos of both alleles, and of their difference, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.style
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relevome.data.sequences import Alphabet
from relevome.errors import InputError
from relevome.report.glyphs import BLACK, BLUE, RED, letter_shapes
from relevome.report.logo import STYLE
from relevome.report.panels import WIDTH
from relevome.report.text import shortened
from relevome.results.variants.why import MotifChange, WhyRow

FLANK = 30  # columns on either side of the change
MOST = 200  # columns of which letters can be told apart
_SMALL, _TINY = 7.0, 6.5
_ROW, _FOOT, _LANE = 0.95, 0.34, 0.17  # inches: a logo, what is below all, and the bar of a motif
_MARK = "#F0E442"  # behind the columns that differ
_ALLELES = ("reference", "alternative")
_MINUS = "\N{MINUS SIGN}"


class _Track(NamedTuple):
    """A logo: its name, letters and their heights; ``low`` and ``high`` where there is a band."""

    name: str
    letters: str
    values: Float[np.ndarray, " columns"]
    band: tuple[Float[np.ndarray, " columns"], Float[np.ndarray, " columns"]] | None = None


def draw_variant(
    row: WhyRow,
    alphabet: Alphabet,
    *,
    method: str,
    shifts: int = 0,
    flank: int = FLANK,
    inches: float = WIDTH / 72,
    title: str | None = None,
) -> Figure:
    """Relevance with the reference, with the alternative, and the difference, letter under letter.

    Both alleles have one scale. The columns that differ are marked, gaps are dashes, and motifs that came or
    went lie below the allele that has them. Bars of the difference are its least and largest over shifts.

    Args:
        row: The variant, for one output.
        alphabet: Of its letters.
        method: How it was explained, for the heading.
        shifts: By how many letters windows were moved. Default: 0, no bars.
        flank: Columns on either side of those that differ. Default: 30.
        inches: Width of the picture. Default: 7.2.
        title: Above it. Default: the variant.

    Raises:
        InputError: For more columns than can be told apart, or fewer than none.
    """
    start = max(row.changed_start - flank, 0)
    stop = min(row.changed_end + flank, len(row.ref_letters))
    if flank < 0 or stop - start > MOST:
        raise InputError(f"--flank {flank}: {stop - start} columns would be drawn: expected {MOST} at most")
    here = slice(start, stop)
    band = (row.difference_low[here], row.difference_high[here]) if shifts else None
    tracks = [
        _Track(_ALLELES[0], row.ref_letters[here], row.ref_relevance[here]),
        _Track(_ALLELES[1], row.alt_letters[here], row.alt_relevance[here]),
        _Track(f"alternative {_MINUS} reference", _either(row)[here], row.difference[here], band),
    ]
    lanes = [row.lost, row.gained, None]
    with matplotlib.style.context(STYLE):
        return _page(row, tracks, lanes, alphabet, start, inches, _heads(row, method, shifts, title))


def _either(row: WhyRow) -> str:
    """Letters of the difference: the alternative's, or the reference's where it has none."""
    pairs = zip(row.ref_letters, row.alt_letters, strict=True)
    return "".join(alt if alt != "-" else ref for ref, alt in pairs)


def _heads(row: WhyRow, method: str, shifts: int, title: str | None) -> tuple[str, str]:
    change = f"{row.sequence_id}:{row.start + 1:,} {row.ref} > {row.alt}"
    said = f"{row.target}: {row.ref_score:.3g} with the reference, {row.alt_score:.3g} with the alternative"
    said += "" if row.letter is None else f", at {row.letter + 1:,}"
    said += f"; {method}" + (f", windows moved by up to {shifts}" if shifts else "")
    return title or (f"{row.id}, {change}" if row.id else change), said


def _page(
    row: WhyRow, tracks: Sequence[_Track], lanes: Sequence[MotifChange | None], alphabet: Alphabet,
    start: int, inches: float, heads: tuple[str, str],
) -> Figure:  # fmt: skip
    tall = 0.5 + sum(_ROW + 0.2 + _LANE * (lane is not None) for lane in lanes) + _FOOT
    figure = Figure(figsize=(inches, tall))
    room = 72 * (inches - 0.8)
    figure.text(0.62 / inches, 1 - 0.17 / tall, shortened(heads[0], 9.0, room), fontsize=9, weight="bold")
    figure.text(0.62 / inches, 1 - 0.33 / tall, shortened(heads[1], _SMALL, room), fontsize=_SMALL)
    both = np.concatenate([tracks[0].values, tracks[1].values])
    limits = [_limits(both), _limits(both), _limits(tracks[2].values, tracks[2].band)]
    top, wide = tall - 0.5, (inches - 0.62 - 0.15) / inches
    axes: list[Axes] = []
    for track, lane, ends in zip(tracks, lanes, limits, strict=True):
        top -= 0.2 + _ROW
        one = figure.add_axes((0.62 / inches, top / tall, wide, _ROW / tall))
        _draw(one, track, alphabet, start, ends, row)
        axes.append(one)
        if lane is not None:
            top -= _LANE
            _draw_motif(one, lane, start, len(track.letters), "came" if lane is row.gained else "went", tall)
    _number(axes[-1], row, start, len(tracks[0].letters))
    figure.text(0.1 / inches, 0.5, "relevance", fontsize=_SMALL, rotation=90, va="center")
    return figure


def _limits(
    values: Float[np.ndarray, " values"], band: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[float, float]:
    every = np.nan_to_num(np.concatenate([values, *(band or ())]))
    low, high = min(float(every.min()), 0.0), max(float(every.max()), 0.0)
    spread = (high - low) or 1.0
    return low - 0.06 * spread, high + 0.06 * spread


def _draw(
    axes: Axes, track: _Track, alphabet: Alphabet, start: int, limits: tuple[float, float], row: WhyRow
) -> None:
    count = len(track.letters)
    axes.set_xlim(start, start + count)
    axes.set_ylim(*limits)
    axes.axvspan(row.changed_start, row.changed_end, color=_MARK, alpha=0.35, linewidth=0, zorder=0)
    axes.axhline(0, color=BLACK, linewidth=0.5)
    values = np.nan_to_num(track.values)
    has = np.array([letter != "-" for letter in track.letters])
    for place in np.flatnonzero(has):
        shape = letter_shapes(track.letters[place], values[place : place + 1], alphabet, start + int(place))
        axes.add_collection(shape, autolim=False)
    if track.band is not None:
        low, high = track.band
        axes.vlines(start + np.arange(count) + 0.5, low, high, color=BLACK, linewidth=0.6, alpha=0.7)
    if track.name in _ALLELES:
        _spell(axes, track, start, row)
    axes.set_title(track.name, fontsize=_SMALL, loc="left", pad=2)
    axes.tick_params(labelsize=_TINY, length=2, width=0.5)
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_linewidth(0.5)
    if not values.any():
        axes.text(start, 0.0, "no letter has any", fontsize=_SMALL, va="bottom")


def _spell(axes: Axes, track: _Track, start: int, row: WhyRow) -> None:
    """The letters that differ, above, since one without relevance has no height; dashes for gaps."""
    for column in range(row.changed_start, row.changed_end):
        letter = track.letters[column - start].replace("-", "\N{EN DASH}")
        axes.text(
            column + 0.5, 1.01, letter, color=BLACK, fontsize=_TINY, ha="center", va="bottom",
            transform=axes.get_xaxis_transform(), clip_on=False,
        )  # fmt: skip


def _draw_motif(axes: Axes, motif: MotifChange, start: int, count: int, word: str, tall: float) -> None:
    """A bar below a logo, with the name of the motif and its p in both alleles."""
    first, last = max(motif.start, start), min(motif.end, start + count)
    height = axes.get_position().height
    down = -0.5 * _LANE / (height * tall)
    colour = BLUE if word == "came" else RED
    across = axes.get_xaxis_transform()
    axes.plot([first, last], [down, down], color=colour, linewidth=2.5, transform=across, clip_on=False,
              solid_capstyle="butt")  # fmt: skip
    said = f"{motif.motif} ({motif.strand}) {word}: p {motif.ref_p:.1e} before, {motif.alt_p:.1e} after"
    left = (first + last) / 2 < start + count / 2
    axes.text(last + 0.6 if left else first - 0.6, down, shortened(said, _TINY, 260.0), fontsize=_TINY,
              color=colour, transform=across, va="center", ha="left" if left else "right")  # fmt: skip


def _number(axes: Axes, row: WhyRow, start: int, count: int) -> None:
    """Places in the sequence, from 1 on, below the last logo."""
    places = row.places[start : start + count]
    real = [
        (start + at, int(place))
        for at, place in enumerate(places)
        if row.ref_letters[start + at] != "-" and place >= 0
    ]
    step = next(one for one in (1, 2, 5, 10, 20, 50, 100) if count / one <= 12 or one == 100)
    shown = [(column, place) for column, place in real if (place + 1) % step == 0]
    axes.set_xticks([column + 0.5 for column, _ in shown], [f"{place + 1:,}" for _, place in shown])
    axes.tick_params(axis="x", labelsize=_TINY, length=2, width=0.5)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_linewidth(0.5)
    axes.set_xlabel(shortened(f"position in {row.sequence_id}", _SMALL, 300.0), fontsize=_SMALL, labelpad=2)
