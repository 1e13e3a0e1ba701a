"""What a served page asks for: rows that come into view, where letters occur, what all rows come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64

from relevome.data.sequences import named_alphabet
from relevome.errors import InputError
from relevome.report.html.arrays import PageArrays
from relevome.report.html.tracks import lists, plain, tokens_content
from relevome.report.view.index import IndexedSeries, IndexedTracks
from relevome.results.parts.manifest import question_sha256, read_manifest
from relevome.results.run.reader import Run

MOST_ROWS = 64  # of one request
MOST_LETTERS = 100_000_000  # that stay in memory once they were searched
_FEWEST = 5  # sequences that have a mean; the page knows that too
_CHANGED = "the run has changed since it was opened: start relevome view again"
_READ = ("sequence_id", "sequence", "relevance", "token_start", "token_end")


class TracksReader:
    """Reads what is asked of runs from their parts; several threads may ask at once.

    In memory are the index, letters up to `MOST_LETTERS`, and a part at a time.
    """

    def __init__(self, found: IndexedTracks) -> None:
        self._found = found
        self._letters: dict[int, list[pa.Table]] = {}
        self._summaries: bytes | None = None
        self._searching, self._summing = Lock(), Lock()

    def rows(self, numbers: Sequence[int]) -> bytes:
        """Letters of some sequences, and the relevance and tokens that every series has of them.

        Args:
            numbers: Of sequences, from 0; at most `MOST_ROWS`.

        Returns:
            As `PageArrays.whole` has it: ``numbers``; ``letters``, a text each; and ``series``, which say
            of which of the sequences they have a row (``has``, 0 or 1), its ``relevance`` in float32, one
            value for each letter in logits, rows behind each other, and ``tokens``.

        Raises:
            InputError: For numbers that no sequence has, for too many of them, and for a run that is no
                longer what it was when it was opened.
        """
        asked = np.array(numbers, dtype=np.int64)
        if not 0 < len(asked) <= MOST_ROWS or asked.min() < 0 or asked.max() >= len(self._found.ids):
            raise InputError(f"expected 1 to {MOST_ROWS} numbers of sequences below {len(self._found.ids):,}")
        arrays, letters, series = PageArrays(), {}, []
        for one in self._found.series:
            place = np.searchsorted(one.numbers, asked)
            has = one.numbers[np.minimum(place, len(one.numbers) - 1)] == asked
            run = self._found.runs[one.run]
            table = run.take(one.rows[place[has]], _READ)
            _check_same_question(run)
            self._check_same(asked[has], table)
            letters |= dict(zip(asked[has].tolist(), table["sequence"].to_pylist(), strict=True))
            values = np.concatenate([*lists(table, "relevance"), np.zeros(0, dtype=np.float32)])
            series.append({
                "has": arrays.add(has.astype(np.int64), "u1"),
                "relevance": arrays.add(values, "f4"),
                "tokens": tokens_content(table, arrays),
            })  # fmt: skip
        texts = [letters[number] for number in asked.tolist()]
        return arrays.whole({"numbers": asked.tolist(), "letters": texts, "series": series})

    def _check_same(self, numbers: np.ndarray, table: pa.Table) -> None:
        ids = [self._found.ids[number] for number in numbers.tolist()]
        lengths = plain(pc.call_function("binary_length", [table["sequence"]]))
        if ids != table["sequence_id"].to_pylist() or (lengths != self._found.lengths[numbers]).any():
            raise InputError(_CHANGED)

    def holding(self, query: str) -> bytes:
        """The numbers of the sequences with a stretch of letters, ascending, as ``numbers``.

        Args:
            query: Three letters or more; IUPAC codes of bases, and X in proteins, stand for several.

        Raises:
            InputError: For anything else, and for a run that is no longer what it was when it was opened.
        """
        alphabet = str(self._found.runs[0].manifest["alphabet"])
        wanted = stretch(query, alphabet)
        if wanted is None:
            raise InputError("expected three letters or more")
        with self._searching:
            matches = [self._matches(number, wanted) for number in range(len(self._found.runs))]
        found = np.zeros(len(self._found.ids), dtype=bool)
        for one in self._found.series:
            found[one.numbers[matches[one.run][one.rows]]] = True
        arrays = PageArrays()
        return arrays.whole({"numbers": arrays.add(np.flatnonzero(found), "i4")})

    def _matches(self, number: int, wanted: str) -> Bool[np.ndarray, "rows"]:
        """Which rows of a run have letters that match."""
        found, asked = [np.zeros(0, dtype=bool)], pc.MatchSubstringOptions(wanted)
        run = self._found.runs[number]
        for table in self._texts(number):
            column = pc.call_function("match_substring_regex", [table["sequence"]], asked)
            found.append(plain(column.cast(pa.uint8())).astype(bool))
        _check_same_question(run)
        return np.concatenate(found)

    def _texts(self, number: int) -> Iterator[pa.Table]:
        """Letters of all rows of a run, which stay in memory if there is room for them."""
        run = self._found.runs[number]
        if int(self._found.lengths.sum()) * len(self._found.series) > MOST_LETTERS:
            return run.tables(["sequence"])
        if number not in self._letters:
            self._letters[number] = list(run.tables(["sequence"]))
        return iter(self._letters[number])

    def summaries(self) -> bytes:
        """What all relevance comes to, which is read once, a part at a time.

        Returns:
            ``series``, which have of each of their rows the largest relevance whatever its sign (``scale``)
            and the sum (``sum``), in logits and float64; and, where all sequences have one length, as
            ``profile`` the number of ``rows``, and the ``sum`` and the sum of ``squares`` at every position.
        """
        with self._summing:
            if self._summaries is None:
                self._summaries = self._summed()
            return self._summaries

    def _summed(self) -> bytes:
        lengths = self._found.lengths
        alike = len(lengths) >= _FEWEST and bool((lengths == lengths[0]).all())
        arrays = PageArrays()
        by_run = [
            _sums(run, [one for one in self._found.series if one.run == number], alike)
            for number, run in enumerate(self._found.runs)
        ]
        for run in self._found.runs:
            _check_same_question(run)
        series = []
        for one in self._found.series:
            scale, total, profiles = by_run[one.run]
            series.append({
                "scale": arrays.add(scale[one.rows], "f8"),
                "sum": arrays.add(total[one.rows], "f8"),
                "profile": _profile(profiles.get(one.target), len(one.rows), arrays),
            })  # fmt: skip
        return arrays.whole({"series": series})


def _check_same_question(run: Run) -> None:
    """Raises InputError where a folder has another run now, which was asked something else.

    Called after parts were read, so that what was read is of the run that was opened.
    """
    if question_sha256(read_manifest(run.path, run.kind)) != question_sha256(run.manifest):
        raise InputError(_CHANGED)


def stretch(query: str, alphabet: str) -> str | None:
    """A regular expression for a stretch of letters, as the page has it; None for what cannot be one.

    IUPAC codes of bases stand for their letters and for themselves, T and U for each other; in a protein X is
    any residue.
    """
    text = query.strip().upper()
    if not re.fullmatch("[A-Z]{3,}", text):
        return None
    if alphabet == "protein":
        return text.replace("X", ".")
    codes = named_alphabet(alphabet).ambiguous
    wide = {code: f"[{meant}{code}]" for code, meant in codes.items()} | {"T": "[TU]", "U": "[TU]"}
    return "".join(wide.get(letter, letter) for letter in text)


_Profiles = dict[str | None, tuple[np.ndarray, np.ndarray]]


def _sums(
    run: Run, series: Sequence[IndexedSeries], alike: bool
) -> tuple[Float64[np.ndarray, "rows"], Float64[np.ndarray, "rows"], _Profiles]:
    """Of every row the largest relevance and the sum; of every series sums and squares by position."""
    owner = np.zeros(len(run), dtype=np.int64)
    for place, one in enumerate(series):
        owner[one.rows] = place
    scale, total, profiles, first = [np.zeros(0)], [np.zeros(0)], {}, 0
    for table in run.tables(["relevance"]):
        rows = [np.asarray(values, dtype=np.float64) for values in lists(table, "relevance")]
        scale.append(np.array([np.abs(values).max(initial=0.0) for values in rows]))
        total.append(np.array([values.sum() for values in rows]))
        owners = owner[first : first + len(rows)]
        first += len(rows)
        for place in np.unique(owners).tolist() if alike else ():
            block = np.stack([values for values, own in zip(rows, owners, strict=True) if own == place])
            summed, squares = profiles.setdefault(series[place].target, (0.0, 0.0))
            profiles[series[place].target] = (
                summed + block.sum(axis=0), squares + np.square(block).sum(axis=0)
            )  # fmt: skip
    return np.concatenate(scale), np.concatenate(total), profiles


def _profile(
    sums: tuple[np.ndarray, np.ndarray] | None, rows: Int64[np.ndarray, ""] | int, arrays: PageArrays
) -> dict[str, Any] | None:
    if sums is None:
        return None
    return {"rows": int(rows), "sum": arrays.add(sums[0], "f8"), "squares": arrays.add(sums[1], "f8")}
