"""Relevance laid out along chromosomes: windows in genome order, and the mean where they overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32

from relevome.errors import InputError
from relevome.results.run.reader import Run

Coordinates = Literal["genome", "sequence"]

# Letters held at once while windows are put in order, and letters averaged at once.
_HELD, _AVERAGED = 1 << 21, 1 << 16

_COLUMNS = ["sequence_id", "sequence", "chrom", "start", "end", "strand", "target"]


@dataclass(frozen=True, eq=False)
class Window:
    """Relevance of one sequence, left to right on its chromosome, from 0-based ``start``.

    ``letters`` are those that were explained, in the order of ``values``: on the ``-`` strand they are of
    that strand, and run against it. Empty where they were not asked for.
    """

    name: str
    chrom: str
    start: int
    strand: str
    values: Float32[np.ndarray, "letters"]
    letters: str = ""

    @property
    def end(self) -> int:
        """One after the last letter."""
        return self.start + len(self.values)


class CoveredStretch(NamedTuple):
    """Mean relevance of neighbouring bases, all of them covered."""

    chrom: str
    start: int
    values: np.ndarray


@dataclass(frozen=True)
class Layout:
    """Where the rows of one target lie, sorted by chromosome, start and end.

    ``places`` has the columns row, sequence_id, chrom, start, end, strand; ``unplaced`` counts rows
    without an interval.
    """

    run: Run
    places: pa.Table
    unplaced: int

    @property
    def sizes(self) -> dict[str, int]:
        """Chromosomes in order, each with the end of its last window."""
        ends = self.places.group_by("chrom", use_threads=False).aggregate([("end", "max")])
        return dict(sorted(zip(ends["chrom"].to_pylist(), ends["end_max"].to_pylist(), strict=True)))

    def windows(self, letters: bool = False) -> Iterator[Window]:
        """Every window in the layout's order, with its letters if asked for.

        Rows are read about two million letters at a time.
        """
        columns = ["relevance", "sequence"] if letters else ["relevance"]
        lengths = self.places["end"].to_numpy() - self.places["start"].to_numpy()
        batch = np.cumsum(lengths) // _HELD
        borders = [0, *(np.flatnonzero(np.diff(batch)) + 1), len(lengths)]
        for first, last in pairwise(borders):
            places = self.places.slice(first, last - first)
            rows = self.run.take(places["row"].to_numpy(), columns)
            texts = rows["sequence"].to_pylist() if letters else [""] * len(rows)
            for place, relevance, text in zip(places.to_pylist(), rows["relevance"], texts, strict=True):
                yield _window(place, relevance.values.to_numpy(), text)

    def track(self) -> Iterator[CoveredStretch]:
        """Mean relevance per base over all windows that cover it, on either strand, left to right."""
        pile = _Pile()
        for window in self.windows():
            if window.chrom != pile.chrom or window.start > pile.end:
                yield from pile.take(pile.end)
                pile.move(window)
            elif window.start - pile.start > _AVERAGED:
                yield from pile.take(window.start)
            pile.add(window)
        yield from pile.take(pile.end)


def lay_out(run: Run, target: str, coordinates: Coordinates = "genome") -> Layout:
    """Where a run's rows for a target lie: on the genome, or each on its own sequence.

    Raises InputError if no row has an interval.
    """
    if coordinates not in ("genome", "sequence"):
        raise InputError(f"unknown coordinates {coordinates!r}: expected genome or sequence")
    tables, offset = [], 0
    for table in run.tables(_COLUMNS):
        rows = pa.array(np.arange(offset, offset + len(table)))
        offset += len(table)
        chosen = table.append_column("row", rows).filter(pc.field("target") == target)
        tables.append(
            _own_coordinates(chosen) if coordinates == "sequence" else chosen.drop(["sequence", "target"])
        )
    places = pa.concat_tables(tables)
    placed = places.filter(pc.field("chrom").is_valid())
    if not len(placed):
        raise InputError(
            f"{run.path} has no genome intervals for target {target!r}: explain with --bed and "
            "--genome, or count along each sequence by --option coordinates=sequence"
        )
    order = [(name, "ascending") for name in ("chrom", "start", "end", "row")]
    return Layout(run, placed.sort_by(order), len(places) - len(placed))


def skipped(layouts: Iterable[Layout]) -> dict[str, int]:
    """Rows that were left out, by reason."""
    unplaced = sum(layout.unplaced for layout in layouts)
    return {"no genome interval": unplaced} if unplaced else {}


def _own_coordinates(table: pa.Table) -> pa.Table:
    lengths = [len(letters) for letters in table["sequence"].to_pylist()]
    return pa.table(
        {
            "sequence_id": table["sequence_id"],
            "chrom": table["sequence_id"],
            "start": pa.array(np.zeros(len(table), dtype=np.int64)),
            "end": pa.array(lengths, type=pa.int64()),
            "strand": pa.array(["+"] * len(table), type=pa.string()),
            "row": table["row"],
        }
    )


def _window(place: dict, relevance: np.ndarray, letters: str) -> Window:
    # On the - strand the first letter is the last base.
    turn = slice(None, None, -1 if place["strand"] == "-" else 1)
    name, chrom, start, strand = (place[key] for key in ("sequence_id", "chrom", "start", "strand"))
    return Window(name, chrom, start, strand, relevance[turn], letters[turn])


class _Pile:
    """Sums over windows that leave no gap between them; what was taken is let go."""

    def __init__(self) -> None:
        self.chrom, self.start, self.end = "", 0, 0
        self._sums, self._counts = np.zeros(0), np.zeros(0)

    def move(self, window: Window) -> None:
        """Begin anew where ``window`` starts; all must have been taken."""
        self.chrom, self.start, self.end = window.chrom, window.start, window.start

    def add(self, window: Window) -> None:
        here = slice(window.start - self.start, window.end - self.start)
        if here.stop > len(self._sums):
            more = np.zeros(max(here.stop, _AVERAGED))
            self._sums, self._counts = np.append(self._sums, more), np.append(self._counts, more)
        self._sums[here] += window.values
        self._counts[here] += 1
        self.end = max(self.end, window.end)

    def take(self, until: int) -> Iterator[CoveredStretch]:
        """The mean of all bases before ``until``, if there are any."""
        size = until - self.start
        if size > 0:
            yield CoveredStretch(
                self.chrom, self.start, (self._sums[:size] / self._counts[:size]).astype(np.float32)
            )
        self._sums, self._counts = self._sums[size:], self._counts[size:]
        self.start = until
