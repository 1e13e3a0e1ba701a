"""Pieces of a part: what is finished of it, kept until the part is whole.

A part is as large as its sequences say, whatever they cost; where they cost much, a process that is killed
leaves pieces, and the next goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import Any

import pyarrow as pa

from relevome.errors import InputError
from relevome.results.folder import is_marked
from relevome.results.parts.part import (
    Counts,
    Rows,
    counts_from_json,
    counts_to_json,
    head_shape_of,
    read_foot,
    read_part,
    write_table,
)
from relevome.results.record import DAMAGE
from relevome.stores.place import Place
from relevome.words import counted

KEPT_EVERY = 15.0  # seconds of computing after which what is finished is kept


@dataclass(frozen=True)
class Outcome:
    """What came of one sequence: its rows, and the counts that belong to them."""

    rows: tuple[Any, ...]
    counts: Counts


@dataclass(frozen=True)
class Pieces:
    """The pieces in a folder, of a question that is known by its digest ``run``.

    ``mark`` is what the lock of the folder holds, by which a worker knows that it sees the same folder. They
    are numbered from 0 for each part, and asked for by name: a folder of many parts takes long to list.
    """

    folder: Place
    run: str
    rows: Rows[Any]
    mark: str

    def read(self, part: int) -> list[dict[int, Outcome]]:
        """Outcomes of every piece, by the place of their sequence in the part; none of one that is damaged.

        It is left where it is: a store or a disk that does not answer now may do so later.
        """
        found: list[dict[int, Outcome]] = []
        for path in self._there(part):
            found.append({})
            with suppress(InputError, pa.ArrowException, *DAMAGE):
                found[-1] = self._read(path)
        return found

    def _path(self, part: int, number: int) -> Place:
        return self.folder / f"piece-{part:05d}-{number:05d}.parquet"

    def _there(self, part: int) -> Iterator[Place]:
        """Their files, in order."""
        return takewhile(lambda path: path.is_file(), (self._path(part, number) for number in count()))

    def _read(self, path: Place) -> dict[int, Outcome]:
        foot, there = read_foot(path)
        if (foot["run"], foot["piece"]) != (self.run, path.name):
            raise ValueError("it is of another run")
        table, shape, first, found = read_part(path, self.rows.schema), head_shape_of(foot), 0, {}
        for place, size, counts in foot["outcomes"]:
            rows = tuple(self.rows.from_row(table, row, shape) for row in range(first, first + size))
            found[int(place)] = Outcome(rows, counts_from_json(counts))
            first += size
        if first != there:
            raise ValueError(f"it has {counted(there, 'row')} of {first}")
        return found

    def write(self, part: int, number: int, outcomes: Mapping[int, Outcome]) -> None:
        """Keep the outcomes of some sequences of a part, by their places in it, as its piece of a number."""
        path = self._path(part, number)
        rows = [row for outcome in outcomes.values() for row in outcome.rows]
        foot = {
            "run": self.run,
            "piece": path.name,
            "head_shape": self.rows.head_shape(rows),
            "outcomes": [[at, len(one.rows), counts_to_json(one.counts)] for at, one in outcomes.items()],
        }
        write_table(path, self.rows.to_table(rows), foot)

    def remove(self, part: int) -> None:
        """Remove those of a part that is whole; the last first, so that none is left behind a gap."""
        for path in reversed([*self._there(part)]):
            path.unlink(missing_ok=True)


@dataclass
class Keeping:
    """The outcomes of a part as they come; those that are not kept yet are, after `KEPT_EVERY` seconds.

    A worker on a machine that does not see the folder keeps nothing. ``found`` are the places of what was
    there before.
    """

    pieces: Pieces | None
    part: int
    known: dict[int, Outcome] = field(init=False)
    found: frozenset[int] = field(init=False)
    _number: int = field(init=False)
    _new: dict[int, Outcome] = field(default_factory=dict, init=False)
    _since: float = field(default_factory=lambda: time.monotonic(), init=False)

    def __post_init__(self) -> None:
        if self.pieces is not None and not is_marked(self.pieces.folder, self.pieces.mark):
            self.pieces = None
        there = [] if self.pieces is None else self.pieces.read(self.part)
        self.known = {place: outcome for piece in there for place, outcome in piece.items()}
        self.found, self._number = frozenset(self.known), len(there)

    def add(self, place: int, outcome: Outcome) -> None:
        """The outcome of the sequence at a place."""
        self.known[place] = self._new[place] = outcome
        if self.pieces is not None and time.monotonic() - self._since >= KEPT_EVERY:
            self.pieces.write(self.part, self._number, self._new)
            self._number, self._new, self._since = self._number + 1, {}, time.monotonic()


def piece_paths(folder: Place) -> list[Place]:
    """The files of all pieces in a folder, in order."""
    return sorted(folder.glob("piece-*.parquet"))
