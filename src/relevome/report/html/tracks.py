"""The sequences of a page and their tracks of relevance: what several runs say of the same letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import numpy as np
import pyarrow as pa

from relevome.errors import InputError
from relevome.report.html.arrays import PageArrays, Reference
from relevome.results.run.reader import Run
from relevome.words import counted

# Relevance of a page: about 2.3 bytes of the file for each.
MOST_VALUES = 10_000_000

_WHERE = ("chrom", "start", "end", "strand")
_KNOWN = ("sequence_id", "sequence", *_WHERE, "target", "score")
_KEPT = ("relevance", "token_start", "token_end", "target", "predicted", "score", "probability")

Key: TypeAlias = tuple[Any, ...]
_Column: TypeAlias = Any  # of Arrow, or a sequence of Python's own values

_NONE = -1  # stands for no name


@dataclass(frozen=True)
class ShownSequence:
    """A sequence of the page: its id, its letters, and where it lies on a genome, if that is known.

    ``place`` is chromosome, 0-based start, end and strand, four times None without an interval.
    """

    id: str
    letters: str
    place: tuple[str, int, int, str] | tuple[None, None, None, None]


@dataclass
class TrackSeries:
    """One line of tracks: a run and one of its targets; ``target`` is None where every sequence has its own.

    ``rows`` are the rows of the run by the number of the sequence.
    """

    run: int
    target: str | None
    rows: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ShownTracks:
    """All sequences of some runs, or the chosen ones, and which rows of which run are theirs.

    ``left_out`` is how many sequences there are beside these.
    """

    runs: tuple[Run, ...]
    sequences: tuple[ShownSequence, ...]
    series: tuple[TrackSeries, ...]
    left_out: int

    @property
    def values(self) -> int:
        """How many letters have relevance, in all tracks together."""
        return sum(len(self.sequences[number].letters) for one in self.series for number in one.rows)

    def with_letters(self) -> tuple[ShownSequence, ...]:
        """Every sequence with its letters."""
        return self.sequences

    def content(self, arrays: PageArrays) -> dict[str, Any]:
        """Sequences and tracks as the page reads them."""
        return tracks_content(self, arrays)


class LinedUp:
    """Sequences of several runs, each once, in the order in which they come, and the rows that are theirs.

    A sequence is the same in two runs if all that is ``known`` of it is; what a run has several times for one
    target is there as often.
    """

    def __init__(self) -> None:
        self.sequences: dict[Key, int] = {}
        self.series: dict[tuple[int, str | None], TrackSeries] = {}
        self._seen: Counter[Key] = Counter()

    def add(self, run: int, target: str | None, row: int, known: Key) -> bool:
        """The next row of a run; whether its sequence is a new one."""
        name = (run, target)
        own = self.series.setdefault(name, TrackSeries(*name))
        self._seen[name, *known] += 1
        key = (*known, self._seen[name, *known])
        new = key not in self.sequences
        own.rows[self.sequences.setdefault(key, len(self.sequences))] = row
        return new


def gather(runs: Sequence[Run], top: int | None = None) -> ShownTracks:
    """The sequences of runs, each once, in the order in which they come.

    A sequence is the same in two runs if its id, its letters and its interval are; what a run has several
    times for one target is shown as often.

    Args:
        runs: Of one alphabet.
        top: How many sequences are kept: those of the highest score, in the first track that has them. None:
            all.

    Raises:
        InputError: For runs of several alphabets, and for more relevance than a file has room for.
    """
    check_one_alphabet(runs)
    lined, scores = LinedUp(), []
    for number, run in enumerate(runs):
        for row, (*known, target, score) in enumerate(_rows(run)):
            if lined.add(number, None if run.of_predicted else target, row, tuple(known)):
                scores.append(score)
    every = [ShownSequence(id, letters, tuple(place)) for id, letters, *place, _ in lined.sequences]
    found = ShownTracks(tuple(runs), tuple(every), tuple(lined.series.values()), 0)
    return _checked(_best(found, scores, top))


def check_one_alphabet(runs: Sequence[Run]) -> None:
    """Raises InputError for runs of several alphabets."""
    alphabets = sorted({str(run.manifest["alphabet"]) for run in runs})
    if len(alphabets) > 1:
        raise InputError(f"runs of {' and '.join(alphabets)}: a page shows sequences of one alphabet")


def _rows(run: Run) -> Iterator[tuple[Any, ...]]:
    for table in run.tables(_KNOWN):
        yield from zip(*(column.to_pylist() for column in table.columns), strict=True)


def _best(found: ShownTracks, scores: Sequence[float], top: int | None) -> ShownTracks:
    if top is None or top >= len(scores):
        return found
    kept = np.sort(np.argsort(-np.array(scores), kind="stable")[:top]).tolist()
    new = {old: number for number, old in enumerate(kept)}
    series = tuple(
        TrackSeries(one.run, one.target, {new[old]: row for old, row in one.rows.items() if old in new})
        for one in found.series
    )
    chosen = tuple(found.sequences[old] for old in kept)
    return ShownTracks(found.runs, chosen, series, len(scores) - len(kept))


def _checked(found: ShownTracks) -> ShownTracks:
    if found.values > MOST_VALUES:
        room = max(1, len(found.sequences) * MOST_VALUES // found.values)
        raise InputError(
            f"{counted(len(found.sequences), 'sequence has', 'sequences have')} {found.values:,} values of "
            f"relevance, and one file has room for {MOST_VALUES:,}: take the sequences of the highest score "
            f"with --top {room}, or fewer runs, or look at all with `relevome view`"
        )
    return found


def tracks_content(found: ShownTracks, arrays: PageArrays) -> dict[str, Any]:
    """Sequences and tracks as the page reads them.

    Relevance is kept as shares of the largest of its track in half precision, so a value is right to 3
    digits, or to a millionth of that largest one; scores are kept as they are.
    """
    letters = [one.letters for one in found.sequences]
    return {
        "ids": [one.id for one in found.sequences],
        "letters": letters,
        "lengths": arrays.add(np.array(list(map(len, letters)), dtype=np.int64), "i4"),
        "places": places_content([*zip(*(one.place for one in found.sequences), strict=True)], arrays),
        "series": [_series(found, one, arrays) for one in found.series],
        "left_out": found.left_out,
    }


def places_content(columns: Sequence[_Column], arrays: PageArrays) -> dict[str, Any] | None:
    """Chromosome, start, end and strand of every sequence, a column each; None where nobody knows any."""
    if not columns or (named := _labels(columns[0], arrays)) is None:
        return None
    _, start, end, strand = columns
    return {
        "chrom": named,
        "start": arrays.add(_reals(start), "f8"),
        "end": arrays.add(_reals(end), "f8"),
        "strand": _labels(strand, arrays),
    }


def _series(found: ShownTracks, one: TrackSeries, arrays: PageArrays) -> dict[str, Any]:
    numbers = np.array(sorted(one.rows), dtype=np.int64)
    table = found.runs[one.run].take(np.array([one.rows[n] for n in numbers.tolist()], np.int64), _KEPT)
    content = known_content(one.run, one.target, numbers, table, arrays)
    return content | _relevance(table, arrays) | {"tokens": tokens_content(table, arrays)}


def known_content(
    run: int, target: str | None, numbers: np.ndarray, table: pa.Table, arrays: PageArrays
) -> dict[str, Any]:
    """What is known of a series beside relevance, of the sequences with these numbers, row by row."""
    return {
        "run": run,
        "target": target,
        "sequences": arrays.add(numbers, "i4"),
        "score": arrays.add(_reals(table["score"]), "f8"),
        "probability": arrays.add(_reals(table["probability"]), "f4"),
        "targets": _labels(table["target"], arrays),
        "predicted": _labels(table["predicted"], arrays),
    }


def _reals(column: _Column) -> np.ndarray:
    """A column as float64, NaN where there is nothing."""
    if isinstance(column, pa.ChunkedArray):
        return plain(column.cast(pa.float64()))
    return np.array(column, dtype=np.float64)


def _labels(column: _Column, arrays: PageArrays) -> dict[str, Any] | None:
    """A column of few names, as their list and a number for each row; -1 where there is none."""
    if isinstance(column, pa.ChunkedArray):
        encoded: Any = column.dictionary_encode().combine_chunks()
        names, of = encoded.dictionary.to_pylist(), _values(encoded.indices)
        of = np.where(np.isnan(of), _NONE, of).astype(np.int64)
        return {"names": names, "of": arrays.add(of, "i4")} if names else None
    values = column
    names = [*dict.fromkeys(value for value in values if value is not None)]
    if not names:
        return None
    places = {label: place for place, label in enumerate(names)} | {None: _NONE}
    return {"names": names, "of": arrays.add(np.array([places[value] for value in values]), "i4")}


def _relevance(table: pa.Table, arrays: PageArrays) -> dict[str, Reference]:
    rows = [np.asarray(values, dtype=np.float64) for values in lists(table, "relevance")]
    scales = np.array([np.abs(values).max(initial=0.0) for values in rows], dtype=np.float64)
    shares = [values / (scale or 1.0) for values, scale in zip(rows, scales, strict=True)]
    return {
        "relevance": arrays.add(np.concatenate([*shares, np.zeros(0)]), "f2"),
        "scale": arrays.add(scales, "f8"),
        "sum": arrays.add(np.array([values.sum() for values in rows], dtype=np.float64), "f8"),
    }


def tokens_content(table: pa.Table, arrays: PageArrays) -> dict[str, Reference] | None:
    """First letters and ends of tokens that cover any; None where every token is one letter."""
    spans = [
        (starts[ends > starts], ends[ends > starts])
        for starts, ends in zip(lists(table, "token_start"), lists(table, "token_end"), strict=True)
    ]
    if all((ends - starts == 1).all() for starts, ends in spans):
        return None
    none = np.zeros(0, dtype=np.int64)
    return {
        "count": arrays.add(np.array([len(starts) for starts, _ in spans], dtype=np.int64), "i4"),
        "start": arrays.add(np.concatenate([*(starts for starts, _ in spans), none]), "i4"),
        "end": arrays.add(np.concatenate([*(ends for _, ends in spans), none]), "i4"),
    }


def plain(column: pa.ChunkedArray) -> np.ndarray:
    """A column of numbers as an array; NaN where there is nothing."""
    return _values(cast(pa.Array, column.combine_chunks()))


def _values(array: pa.Array) -> np.ndarray:
    """The same of an array by way of its buffers: `to_numpy` would import pandas, for half a second."""
    valid, numbers = array.buffers()
    dtype, ends = np.dtype(array.type.to_pandas_dtype()), slice(array.offset, array.offset + len(array))
    values = np.frombuffer(numbers or b"", dtype=dtype)[ends]
    if not array.null_count or valid is None:
        return values
    bits = np.unpackbits(np.frombuffer(valid, dtype=np.uint8), bitorder="little")[ends]
    return np.where(bits == 1, values.astype(np.float64), np.nan)


def lists(table: pa.Table, name: str) -> list[np.ndarray]:
    """A column of lists, an array for every row."""
    column = table[name].combine_chunks()
    offsets, values = _values(column.offsets), _values(column.values)
    return [values[a:b] for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
