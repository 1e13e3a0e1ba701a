"""What is known of all sequences of some runs without their relevance, read once from small columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from relevome.report.html.arrays import PageArrays
from relevome.report.html.tracks import (
    Key,
    LinedUp,
    ShownSequence,
    check_one_alphabet,
    known_content,
    places_content,
    plain,
)
from relevome.results.parts.arrow import arrow_indices
from relevome.results.run.columns import no_rows
from relevome.results.run.reader import Run

_PLACE = ("chrom", "start", "end", "strand")
_SMALL = ("sequence_id", *_PLACE, "target", "score", "probability", "predicted")
_DIGEST = 16  # bytes that stand for the letters of a sequence


@dataclass(frozen=True)
class IndexedSeries:
    """One line of tracks: a run, one of its targets, and which of its rows are there.

    Attributes:
        run: Which run, from 0.
        target: None where every sequence has its own.
        numbers: Of the sequences that it has, ascending.
        rows: Of the run, as many.
    """

    run: int
    target: str | None
    numbers: Int64[np.ndarray, "rows"]
    rows: Int64[np.ndarray, "rows"]


@dataclass(frozen=True)
class IndexedTracks:
    """All sequences of some runs, and which rows of which run are theirs; nothing is left out.

    Attributes:
        runs: Of one alphabet.
        ids: Of the sequences, in the order in which they come.
        lengths: How many letters each has.
        places: Chromosome, start, end and strand, a column each, without a value where nobody knows.
        series: The tracks.
        small: The small columns of every run, a row each.
    """

    runs: tuple[Run, ...]
    ids: tuple[str, ...]
    lengths: Int64[np.ndarray, "sequences"]
    places: tuple[Any, ...]
    series: tuple[IndexedSeries, ...]
    small: tuple[pa.Table, ...]
    left_out: int = 0

    def with_letters(self) -> tuple[ShownSequence, ...]:
        """Every sequence with its letters, which are read for it and stay in memory."""
        return self._with_letters

    @cached_property
    def _with_letters(self) -> tuple[ShownSequence, ...]:
        letters: dict[int, str] = {}
        places = [one.to_pylist() if isinstance(one, pa.ChunkedArray) else one for one in self.places]
        for one in reversed(self.series):
            texts = pa.concat_tables(self.runs[one.run].tables(["sequence"]))["sequence"].to_pylist()
            letters |= {n: texts[row] for n, row in zip(one.numbers.tolist(), one.rows.tolist(), strict=True)}
        return tuple(
            ShownSequence(id, letters[number], tuple(place))
            for number, (id, *place) in enumerate(zip(self.ids, *places, strict=True))
        )

    def content(self, arrays: PageArrays) -> dict[str, Any]:
        """What the page is told of them: no letters and no relevance, for which it asks."""
        unread = {"relevance": None, "scale": None, "sum": None, "tokens": None}
        return {
            "ids": list(self.ids),
            "letters": None,
            "lengths": arrays.add(self.lengths, "i4"),
            "places": places_content(self.places, arrays),
            "series": [
                known_content(
                    one.run,
                    one.target,
                    one.numbers,
                    self.small[one.run].take(arrow_indices(one.rows)),
                    arrays,
                )
                | unread
                for one in self.series
            ],
            "left_out": self.left_out,
        }


def indexed(runs: Sequence[Run]) -> IndexedTracks:
    """The sequences of runs, each once, in the order in which they come, as `tracks.gather` has them.

    Letters of several runs are compared by their digests. Raises InputError for runs of several alphabets,
    and for a part that is damaged.
    """
    check_one_alphabet(runs)
    read = [_small(run) for run in runs]
    for run, (table, _) in zip(runs, read, strict=True):
        run.keep_names(table)
    small, lengths = tuple(table for table, _ in read), [found for _, found in read]
    if len(runs) == 1 and (runs[0].of_predicted or len(small[0]["target"].unique()) == 1):
        return _every_row(runs[0], small[0], lengths[0])
    lined, chosen = LinedUp(), []
    for number, run in enumerate(runs):
        keys = zip(_known(run, small[number]), small[number]["target"].to_pylist(), strict=True)
        for row, (known, target) in enumerate(keys):
            if lined.add(number, None if run.of_predicted else target, row, known):
                chosen.append(int(lengths[number][row]))
    columns = list(zip(*lined.sequences, strict=True)) or [()] * (len(_PLACE) + 3)
    series = []
    for one in lined.series.values():
        numbers = np.array(sorted(one.rows), dtype=np.int64)
        rows = np.array([one.rows[number] for number in numbers.tolist()], dtype=np.int64)
        series.append(IndexedSeries(one.run, one.target, numbers, rows))
    return IndexedTracks(
        tuple(runs), tuple(columns[0]), np.array(chosen, dtype=np.int64), tuple(columns[2 : 2 + len(_PLACE)]),
        tuple(series), small,
    )  # fmt: skip


def _every_row(run: Run, small: pa.Table, lengths: np.ndarray) -> IndexedTracks:
    """A run in which every row is a sequence of its own."""
    rows = np.arange(len(small), dtype=np.int64)
    target = None if run.of_predicted else small["target"][0].as_py()
    places = tuple(small[name] for name in _PLACE)
    series = (IndexedSeries(0, target, rows, rows),)
    return IndexedTracks((run,), tuple(small["sequence_id"].to_pylist()), lengths, places, series, (small,))


def _small(run: Run) -> tuple[pa.Table, np.ndarray]:
    """The small columns of all rows, and how many letters each has."""
    tables, lengths = [no_rows(_SMALL)], [np.zeros(0, dtype=np.int64)]
    for table in run.tables(("sequence", *_SMALL)):
        lengths.append(plain(pc.call_function("binary_length", [table["sequence"]])).astype(np.int64))
        tables.append(table.select(_SMALL))
    return pa.concat_tables(tables).combine_chunks(), np.concatenate(lengths)


def _known(run: Run, small: pa.Table) -> Iterator[Key]:
    """What tells a sequence from others, row by row: id, digest of its letters, and where it lies."""
    known = zip(*(small[name].to_pylist() for name in ("sequence_id", *_PLACE)), strict=True)
    for (id, *place), digest in zip(known, _digests(run), strict=True):
        yield (id, digest, *place)


def _digests(run: Run) -> Iterator[bytes]:
    for table in run.tables(["sequence"]):
        for text in table["sequence"].to_pylist():
            yield hashlib.blake2b(text.encode(), digest_size=_DIGEST).digest()
