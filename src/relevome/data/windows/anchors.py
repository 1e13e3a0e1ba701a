"""Windows of one length around a letter of what a line is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from relevome.data.formats import format_of
from relevome.data.formats.bed import is_narrow_peak
from relevome.data.lines import PathLike
from relevome.data.positions import PositionChoice
from relevome.data.problems import Problem
from relevome.data.sequences import Interval
from relevome.data.windows.places import Place, chosen_places, is_position_table
from relevome.errors import InputError
from relevome.words import counted

Anchor = Literal["centre", "summit", "start", "site"]


@dataclass(frozen=True)
class Windowing:
    """Windows of ``width`` letters with the anchor at letter ``width // 2``, counted from 0, of each.

    Letters count in the direction of the strand, of which an unknown one is read as ``+``. The anchor is

    - ``centre``: letter ``length // 2`` of the interval, so that one that has the width stays as it is;
    - ``summit``: the summit of a peak, which narrowPeak has;
    - ``start``: the interval's first letter, on ``-`` the one at ``end - 1``;
    - ``site``: the letter that is labelled, as annotators learn it (see `read_positions`): as ``start``, but
      the strand has to be known, a feature in several lines is one, and a table may have positions.
    """

    width: int
    anchor: Anchor

    def places(
        self, path: PathLike, contigs: Mapping[str, int], choice: PositionChoice
    ) -> Iterator[Place | Problem]:
        """What the lines of a file are about, as this anchor has it; see `chosen_places`."""
        return chosen_places(path, contigs, choice, self.anchor == "site")

    def around(self, place: Place, contigs: Mapping[str, int]) -> Interval | str:
        """The window of a place that is on the genome, or why it has none; ``contigs`` have their lengths."""
        here = place.interval
        anchor = self._letter(place)
        if isinstance(anchor, str):
            return anchor
        before = self.width // 2
        start = anchor + 1 + before - self.width if here.strand == "-" else anchor - before
        end, length = start + self.width, contigs[here.chrom]
        if start >= 0 and end <= length:
            return replace(here, start=start, end=end)
        return (
            f"the window of {counted(self.width, 'letter')} around the {self.anchor} of {here} is {start} to "
            f"{end}, off its chromosome, which has {counted(length, 'letter')}: expected one on it, or a "
            "smaller width"
        )

    def _letter(self, place: Place) -> int | str:
        """The anchor on the chromosome, or why there is none."""
        here = place.interval
        if self.anchor == "summit":
            if place.summit is None:
                return f"peak {here} has no summit: expected one in the tenth column, or another anchor"
            if place.summit >= len(here):
                return (
                    f"summit {place.summit} is off its peak {here}, which has {counted(len(here), 'letter')}"
                )
            return here.start + place.summit
        if self.anchor == "site" and here.strand == ".":
            return f"{here} has no strand, in whose direction its first letter is: expected + or -"
        along = len(here) // 2 if self.anchor == "centre" else 0
        return here.end - 1 - along if here.strand == "-" else here.start + along


def windowing(
    path: PathLike, width: int, anchor: str | None = None, choice: PositionChoice | None = None
) -> Windowing:
    """How the lines of a file are brought to ``width`` letters.

    Without an anchor that is ``summit`` of narrowPeak, ``site`` of a table of positions, and else
    ``centre``. Raises InputError for a width below 1, an anchor that is not known, and ``summit`` of a file
    that is no narrowPeak.
    """
    if width < 1:
        raise InputError(f"width {width}: expected 1 letter or more")
    if anchor is None:
        anchor = _usual(path, choice or PositionChoice())
    for known in get_args(Anchor):
        if anchor == known:
            break
    else:
        raise InputError(f"anchor {anchor!r}: expected one of {', '.join(get_args(Anchor))}")
    if known == "summit" and not is_narrow_peak(path):
        raise InputError(
            f"{path} has no summits: expected narrowPeak, which has them in its tenth column, or another "
            "anchor, such as centre"
        )
    return Windowing(width, known)


def _usual(path: PathLike, choice: PositionChoice) -> Anchor:
    if choice.column or choice.where or is_position_table(path):
        return "site"
    return "summit" if format_of(path, "sites").name == "bed" and is_narrow_peak(path) else "centre"
