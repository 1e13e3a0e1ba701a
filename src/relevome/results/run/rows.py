"""From what a method gave to the rows that a run keeps of it.

Rows are made many at once: the numbers of all are turned into the types of the columns, and checked, behind
each other in one array, of which each row sees its part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from relevome.attribution.batches import Explained
from relevome.data.sequences import Sequence as Letters
from relevome.models.responses import Response
from relevome.results.run.columns import ROUNDING, Explanation

_Cells: TypeAlias = Mapping[str, Sequence[Any]]
_REALS, _WHOLES = np.dtype(np.float32), np.dtype(np.int32)


def to_rows(
    results: Sequence[Explained],
    letter_scores: bool,
    conserved: bool,
    answers: Sequence[Response] | None = None,
    labels: Sequence[str] = (),
) -> list[Explanation]:
    """The rows of sequences and targets, in their order; `Explanation` says what ``conserved`` promises.

    ``answers`` are what the model says of each when it is left alone, of outputs that are called ``labels``.
    Raises as `Explanation` does, for the first row that does not hold.
    """
    if not results:
        return []
    arrays = _arrays(results, letter_scores)
    cells = {name: column.parts for name, column in arrays.items()}
    cells |= _single(results) | _said(results, answers, labels)
    rows = [
        Explanation.unchecked(dict(zip(cells, row, strict=True))) for row in zip(*cells.values(), strict=True)
    ]
    if not _hold(cells, arrays, conserved):
        for row in rows:
            row.check(conserved)
    return rows


@dataclass(frozen=True)
class _Column:
    """The arrays of all rows behind each other, how many numbers each has, and the rows' own parts."""

    values: np.ndarray
    sizes: np.ndarray
    parts: Sequence[np.ndarray | None]

    @property
    def firsts(self) -> np.ndarray:
        """Where that of each row begins."""
        return np.cumsum(self.sizes) - self.sizes


def _column(given: Sequence[np.ndarray | None], dtype: np.dtype[Any]) -> _Column:
    there = [array for array in given if array is not None]
    sizes = np.array([0 if array is None else array.size for array in given], dtype=np.int64)
    if not there:
        return _Column(np.zeros(0, dtype), sizes, given)
    values = np.concatenate(there, axis=None, dtype=dtype, casting="unsafe")
    ends = np.cumsum(sizes).tolist()
    parts = [
        None if array is None else values[end - array.size : end].reshape(array.shape)
        for array, end in zip(given, ends, strict=True)
    ]
    return _Column(values, sizes, parts)


def _arrays(results: Sequence[Explained], letter_scores: bool) -> dict[str, _Column]:
    """The columns whose cells are arrays."""
    forward = [result.forward for result in results]
    # tokens of one reading are not those of another
    whole = [result.forward if result.readings == 1 else None for result in results]
    # methods that work on letters have nothing but these scores; others keep them when asked to
    scores = [one.letter_scores if letter_scores or one.forward.values is None else None for one in results]
    places = [np.array(one.target.positions) if one.target.positions else None for one in forward]
    return {
        "token_start": _column([one.tokens.starts for one in forward], _WHOLES),
        "token_end": _column([one.tokens.ends for one in forward], _WHOLES),
        "token_relevance": _column([one and one.values for one in whole], _REALS),
        "relevance": _column([one.track.values for one in results], _REALS),
        "head_relevance": _column([one and one.heads for one in whole], _REALS),
        "letter_scores": _column(scores, _REALS),
        "positions": _column(places, _WHOLES),
    }


_SINGLE = (
    "sequence_id", "sequence", "chrom", "start", "end", "strand", "target", "target_index", "score",
    "baseline_score", "tokens", "special_relevance", "completeness_error",
)  # fmt: skip


def _single(results: Sequence[Explained]) -> dict[str, Sequence[Any]]:
    """The columns whose cells are no arrays, but for what the model answers."""
    rows = [
        (
            one.track.sequence.id, one.track.sequence.letters, *_place(one.track.sequence),
            one.forward.target.label, one.forward.target.index, one.score, one.baseline_score,
            one.forward.tokens.texts, one.track.special, one.completeness_error,
        )
        for one in results
    ]  # fmt: skip
    return dict(zip(_SINGLE, zip(*rows, strict=True), strict=True))


def _place(sequence: Letters) -> tuple[str | int | None, ...]:
    """Chromosome, start, end and strand."""
    place = sequence.interval
    return (None,) * 4 if place is None else (place.chrom, place.start, place.end, place.strand)


def _said(
    results: Sequence[Explained], answers: Sequence[Response] | None, labels: Sequence[str]
) -> dict[str, Sequence[Any]]:
    """The columns of what the model answers."""
    if answers is None:
        return dict.fromkeys(("probability", "predicted", "predicted_probability"), (None,) * len(results))
    largest = [answer.largest for answer in answers]
    return {
        "probability": [
            answer.probability(one.forward.target) for one, answer in zip(results, answers, strict=True)
        ],
        "predicted": [None if place is None else labels[place] for place in largest],
        "predicted_probability": [answer.largest_probability for answer in answers],
    }


def _hold(cells: _Cells, arrays: dict[str, _Column], conserved: bool) -> bool:
    """Whether all rows are known to hold; if not, each is to be asked, and says what is wrong with it.

    Of what has several axes that is left to them.
    """
    if arrays["head_relevance"].sizes.any() or arrays["letter_scores"].sizes.any():
        return False
    return _fit(cells, arrays) and _finite(cells, arrays) and not (conserved and _lost(cells, arrays))


def _fit(cells: _Cells, arrays: dict[str, _Column]) -> bool:
    """Whether arrays are as long as they have to be, and tokens lie on letters."""
    letters = np.array([len(letters) for letters in cells["sequence"]])
    tokens = np.array([len(texts) for texts in cells["tokens"]])
    starts, ends, values = arrays["token_start"], arrays["token_end"], arrays["token_relevance"]
    sizes = [(arrays["relevance"], letters), (starts, tokens), (ends, tokens)]
    sizes += [(values, tokens)] if values.sizes.any() else []
    if not all(np.array_equal(column.sizes, expected) for column, expected in sizes):
        return False
    inside = (starts.values >= 0) & (starts.values <= ends.values)
    return bool((inside & (ends.values <= np.repeat(letters, tokens))).all())


def _finite(cells: _Cells, arrays: dict[str, _Column]) -> bool:
    names = ("score", "special_relevance", "baseline_score", "completeness_error")
    known = np.array([value for name in names for value in cells[name] if value is not None])
    reals = [column.values for column in arrays.values() if column.values.dtype == _REALS]
    return all(bool(np.isfinite(values).all()) for values in (known, *reals))


def _lost(cells: _Cells, arrays: dict[str, _Column]) -> bool:
    """Whether letters and special tokens of a row do not add up to its tokens."""
    tokens, letters = arrays["token_relevance"], arrays["relevance"]
    if not tokens.sizes.any():
        return False
    special = np.array(cells["special_relevance"])
    sums, masses = [], []
    for column in (letters, tokens):
        wide = column.values.astype(np.float64)
        sums.append(np.add.reduceat(wide, column.firsts))
        masses.append(np.add.reduceat(np.abs(wide), column.firsts))
    gaps = np.abs(sums[0] + special - sums[1])
    return bool((gaps > ROUNDING * (masses[0] + np.abs(special) + masses[1])).any())
