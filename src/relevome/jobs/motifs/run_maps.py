"""From runs to relevance of letters, as motifs are looked for in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float, Float32, Int

from relevome.data.sequences import Alphabet, Interval, Sequence, named_alphabet
from relevome.discovery.motifs.maps import LetterMaps
from relevome.errors import InputError
from relevome.results.run.reader import Run

_COLUMNS = ("sequence_id", "sequence", "chrom", "start", "end", "strand", "target", "relevance")
_TOKENS = ("token_start", "token_end", "token_relevance")


@dataclass(frozen=True, eq=False)
class MapsRead:
    """The sequences of a run, and their relevance.

    ``overlapping`` says that tokens share letters, as k-mers do, so that maps are smooth.
    """

    run: Run
    sequences: tuple[Sequence, ...]
    maps: LetterMaps
    overlapping: bool


def alphabet_of(run: Run) -> Alphabet:
    """That of its sequences. Raises InputError where its record does not say."""
    return named_alphabet(run.manifest["alphabet"])


def maps_of_run(run: Run, target: str | None) -> MapsRead:
    """All rows of a target. Raises InputError as `_target` does, and for an id that several rows have."""
    chosen, alphabet = _target(run, target), alphabet_of(run)
    sequences: list[Sequence] = []
    relevance: list[Float32[np.ndarray, " letters"]] = []
    tokens: list[_TokensOf] = []
    for row in _rows(run, chosen):
        place = None if row["chrom"] is None else Interval(*(row[name] for name in _COLUMNS[2:6]))
        sequences.append(Sequence(row["sequence_id"], row["sequence"], alphabet, place))
        relevance.append(row["relevance"])
        tokens.append(row["tokens"])
    if not sequences:
        raise InputError(f"{run.path} holds no explanations: there are no motifs in it")
    _check_ids(run, sequences)
    units = [_units(one, len(sequence)) for one, sequence in zip(tokens, sequences, strict=True)]
    shared = [one for one in units if one is not None]
    maps = LetterMaps.of(sequences, relevance, shared if _worth(shared, units) else None)
    return MapsRead(run, tuple(sequences), maps, any(_overlap(one) for one in tokens))


def every_base_of(run: Run, target: str | None) -> list[Float[np.ndarray, "letters bases"]] | None:
    """The score of every base at every letter, by sequence, 0 being their mean; None where a row has none.

    So it is for all methods: those of mutagenesis come with 0 for the base that is there.
    """
    chosen = _target(run, target)
    size = len(alphabet_of(run).letters)
    found: list[Float[np.ndarray, "letters bases"]] = []
    for table in run.tables(["target", "letter_scores"]):
        rows = table if chosen is None else table.filter(pc.field("target") == chosen)
        for scores in rows["letter_scores"]:
            if not scores.is_valid:
                return None
            every = scores.values.to_numpy().reshape(-1, size)
            found.append(every - every.mean(1, keepdims=True))
    return found


class _TokensOf(NamedTuple):
    """First letters of tokens and those behind the last, of a sequence whose tokens have relevance."""

    start: Int[np.ndarray, " tokens"]
    end: Int[np.ndarray, " tokens"]


def _target(run: Run, target: str | None) -> str | None:
    """The target whose rows are read, None for all; those of what each sequence was predicted are one."""
    if target is None and run.of_predicted:
        return None
    if target is not None and target not in run.targets:
        raise InputError(f"{run.path} has no target {target!r}: expected one of {', '.join(run.targets)}")
    if target is None and len(run.targets) > 1:
        raise InputError(
            f"{run.path} has several targets: choose one of {', '.join(run.targets)} with --target"
        )
    return target


def _rows(run: Run, target: str | None) -> Iterator[dict[str, Any]]:
    for table in run.tables([*_COLUMNS, *_TOKENS]):
        rows = table if target is None else table.filter(pc.field("target") == target)
        plain = rows.select(_COLUMNS[:-2]).to_pylist()
        numbers = (rows[name] for name in ("relevance", *_TOKENS))
        for row, relevance, start, end, given in zip(plain, *numbers, strict=True):
            tokens = _TokensOf(_numbers(start), _numbers(end)) if given.is_valid else _NO_TOKENS
            yield row | {"relevance": _numbers(relevance), "tokens": tokens}


_NO_TOKENS = _TokensOf(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32))


def _numbers(cell: pa.ListScalar) -> np.ndarray:
    return cell.values.to_numpy()


def _check_ids(run: Run, sequences: list[Sequence]) -> None:
    seen: set[str] = set()
    for one in sequences:
        if one.id in seen:
            raise InputError(
                f"{one.id!r} is in {run.path} more than once: expected every id once, since places are "
                "given by it"
            )
        seen.add(one.id)


def _overlap(tokens: _TokensOf) -> bool:
    ordinary = tokens.end > tokens.start
    return bool((tokens.start[ordinary][1:] < tokens.end[ordinary][:-1]).any())


def _units(tokens: _TokensOf, letters: int) -> Int[np.ndarray, " letters"] | None:
    """Of every letter the number of its token; None where tokens overlap or do not cover all letters."""
    ordinary = tokens.end > tokens.start
    sizes = (tokens.end - tokens.start)[ordinary]
    if _overlap(tokens) or sizes.sum() != letters:
        return None
    return np.repeat(np.arange(len(sizes)), sizes)


def _worth(shared: list[Int[np.ndarray, " letters"]], units: list[Any]) -> bool:
    """Whether letters of all sequences are in tokens, of which some have several."""
    return len(shared) == len(units) and any(int(one[-1]) + 1 < len(one) for one in shared)
