"""From what a method gave to the rows that a run keeps of it.

Rows are made many at once: the numbers of all are turned into the types of the columns, and checked, behind
each other in one array, of which each row sees its part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relevome.attribution.batches import Explained
from relevome.models.responses import Response
from relevome.results.run.columns import ROUNDING, Explanation

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
    arrays = _arrays(results, letter_scores)
    parts = zip(*(column.parts for column in arrays.values()), strict=True)
    said = [_NOTHING] * len(results) if answers is None else list(map(_said, results, answers))
    rows = [
        Explanation.unchecked(**_single(result), **dict(zip(arrays, own, strict=True)), **_named(more, labels))
        for result, own, more in zip(results, parts, said, strict=True)
    ]
    if not _hold(rows, arrays, conserved):
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


def _single(result: Explained) -> dict[str, Any]:
    """The columns whose cells are no arrays, but for what the model answers."""
    forward, sequence = result.forward, result.track.sequence
    target, place = forward.target, sequence.interval
    return {
        "sequence_id": sequence.id,
        "sequence": sequence.letters,
        "chrom": place.chrom if place else None,
        "start": place.start if place else None,
        "end": place.end if place else None,
        "strand": place.strand if place else None,
        "target": target.label,
        "target_index": target.index,
        "score": result.score,
        "baseline_score": result.baseline_score,
        "tokens": forward.tokens.texts,
        "special_relevance": result.track.special,
        "completeness_error": result.completeness_error,
    }


_NOTHING = (None, None, None)


def _said(
    result: Explained, answer: Response
) -> tuple[float | None, int | None, float | None]:
    """The probability of the target, the most probable output, and its probability."""
    return answer.probability(result.forward.target), answer.largest, answer.largest_probability


def _named(said: tuple[float | None, int | None, float | None], labels: Sequence[str]) -> dict[str, Any]:
    probability, largest, largest_probability = said
    return {
        "probability": probability,
        "predicted": None if largest is None else labels[largest],
        "predicted_probability": largest_probability,
    }


def _hold(rows: Sequence[Explanation], arrays: dict[str, _Column], conserved: bool) -> bool:
    """Whether all rows are known to hold; if not, each is to be asked, and says what is wrong with it.

    Of what has several axes that is left to them.
    """
    if arrays["head_relevance"].sizes.any() or arrays["letter_scores"].sizes.any():
        return False
    return (
        _fit(rows, arrays) and _finite(rows, arrays) and not (conserved and _lost(rows, arrays))
    )


def _fit(rows: Sequence[Explanation], arrays: dict[str, _Column]) -> bool:
    """Whether arrays are as long as they have to be, and tokens lie on letters."""
    letters = np.array([len(row.sequence) for row in rows])
    tokens = np.array([len(row.tokens) for row in rows])
    starts, ends, values = arrays["token_start"], arrays["token_end"], arrays["token_relevance"]
    sizes = [(arrays["relevance"], letters), (starts, tokens), (ends, tokens)]
    sizes += [(values, tokens)] if values.sizes.any() else []
    if not all(np.array_equal(column.sizes, expected) for column, expected in sizes):
        return False
    inside = (starts.values >= 0) & (starts.values <= ends.values)
    return bool((inside & (ends.values <= np.repeat(letters, tokens))).all())


def _finite(rows: Sequence[Explanation], arrays: dict[str, _Column]) -> bool:
    names = ("score", "special_relevance", "baseline_score", "completeness_error")
    single = [getattr(row, name) for row in rows for name in names]
    known = np.array([value for value in single if value is not None])
    reals = [column.values for column in arrays.values() if column.values.dtype == _REALS]
    return all(bool(np.isfinite(values).all()) for values in (known, *reals))


def _lost(rows: Sequence[Explanation], arrays: dict[str, _Column]) -> bool:
    """Whether letters and special tokens of a row do not add up to its tokens."""
    tokens, letters = arrays["token_relevance"], arrays["relevance"]
    if not tokens.sizes.any():
        return False
    special = np.array([row.special_relevance for row in rows])
    sums, masses = [], []
    for column in (letters, tokens):
        wide = column.values.astype(np.float64)
        sums.append(np.add.reduceat(wide, column.firsts))
        masses.append(np.add.reduceat(np.abs(wide), column.firsts))
    gaps = np.abs(sums[0] + special - sums[1])
    return bool((gaps > ROUNDING * (masses[0] + np.abs(special) + masses[1])).any())
