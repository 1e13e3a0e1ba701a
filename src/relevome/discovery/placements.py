"""Where the relevance of every head lies in every protein of a run, against its annotation.

A protein is read, measured and let go; what stays is a few numbers for each of its heads. The first unit is
the embedding, whose relevance is that of the letters; heads follow, layer by layer.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Bool, Float

from relevome.data.sequences import Sequence, named_alphabet
from relevome.data.sites import Site, listed_as, mask
from relevome.discovery.nulls import among_exchanges, among_shifts
from relevome.errors import InputError
from relevome.placement import STATISTICS
from relevome.progress import Progress, nobody
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run, rows_of

METRICS = tuple(STATISTICS)
# The chance level of each, in units of the share of letters inside.
CHANCE = {"point-biserial": 0.0, "rank-accuracy": 1.0, "mass-accuracy": 1.0}
_AT_ONCE = 256  # units: with fewer threads wait for one another, with more one thread has them all

Sites: TypeAlias = Mapping[str, list[Site]]
Units: TypeAlias = Float[np.ndarray, "units letters"]
Numbers: TypeAlias = Float[np.ndarray, "*proteins metrics units"]
Found = TypeVar("Found")


class Placement(NamedTuple):
    """How the relevance of a protein, or of many, lies: statistics, and what they are beside null models.

    ``excess`` is a statistic less its chance level, which is the mean of all shifts of the annotation too: 0
    for r, the share of letters inside for accuracies. ``beyond`` is what it exceeds the mean of exchanges by.
    ``shift`` and ``exchange`` are the same in standard deviations of their null, beside its skewness. NaN for
    a unit whose relevance is the same at every letter; scores also where a null does not vary.
    """

    excess: Numbers
    shift: Numbers
    shift_skewness: Numbers
    beyond: Numbers
    exchange: Numbers
    exchange_skewness: Numbers


@dataclass(frozen=True, eq=False)
class Placements:
    """`Placement` of many proteins, in single precision."""

    ids: tuple[str, ...]
    placed: Placement

    @classmethod
    def of(cls, found: Mapping[str, Placement], units: int) -> Placements:
        """Proteins by their ids, each with so many units."""
        none = np.zeros((0, len(METRICS), units), dtype=np.float32)
        columns: Iterable[tuple[Numbers, ...]] = zip(*found.values(), strict=True)
        arrays = [np.stack(column).astype(np.float32, copy=False) for column in columns]
        return cls(tuple(found), Placement(*(arrays or [none] * len(Placement._fields))))


@dataclass(frozen=True, eq=False)
class Collected:
    """All that a run says about annotated sites: placements by type, and sums of relevance of all proteins.

    ``totals`` are over all tokens, special ones too. ``left_out`` says of each type why proteins are not in
    its placements, by their ids; ``masks`` has of each type the letters inside of those that are.
    """

    shape: tuple[int, int]
    ids: tuple[str, ...]
    totals: Float[np.ndarray, "proteins units"]
    placements: Mapping[str, Placements]
    left_out: Mapping[str, Mapping[str, str]]
    masks: Mapping[str, Mapping[str, Bool[np.ndarray, " letters"]]] = field(default_factory=dict)

    def reasons(self, kind: str) -> Mapping[str, int]:
        """How many proteins are left out for which reason."""
        return Counter(self.left_out[kind].values())


def placed(
    relevance: Units, inside: Bool[np.ndarray, " letters"], letters: str, nulls: bool = True
) -> Placement:
    """Measure one protein. Without ``nulls`` only the statistics, and zeros for all else."""
    parts = in_parts(relevance, lambda units: _measured(units, inside, letters, nulls))
    return Placement(*(np.concatenate(part, axis=1) for part in zip(*parts, strict=True)))


def in_parts(relevance: Units, work: Callable[[Units], Found]) -> list[Found]:
    """What work finds of some units after others, by a thread for each part."""
    some = [relevance[first : first + _AT_ONCE] for first in range(0, len(relevance), _AT_ONCE)]
    # Array operations leave the interpreter to other threads.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(work, some))


def _measured(
    relevance: Units, inside: Bool[np.ndarray, " letters"], letters: str, nulls: bool
) -> list[Numbers]:
    """The fields of `Placement` for some units."""
    count = int(inside.sum())
    weights = np.concatenate([weigh(relevance, count) for weigh in STATISTICS.values()])
    statistic = weights[:, inside].sum(1)
    chance = np.repeat([CHANCE[metric] * inside.mean() for metric in METRICS], len(relevance))
    found = [statistic - chance, *[np.zeros(len(weights))] * (len(Placement._fields) - 1)]
    if nulls:
        found[1:3] = among_shifts(weights, inside)[1:]
        found[3:] = among_exchanges(weights, inside, letters)
    alike = relevance.min(1) == relevance.max(1)
    return [np.where(alike, np.nan, one.reshape(len(STATISTICS), -1)) for one in found]


def collect(
    run: Run,
    annotations: Mapping[str, Sites],
    target: str | None = None,
    *,
    nulls: bool = True,
    only: Collection[str] | None = None,
    progress: Progress = nobody,
) -> Collected:
    """Measure all proteins of a run against annotations by type, protein by protein.

    ``only`` chooses proteins by id; ``progress`` is told of every row, and of how many. Raises InputError for
    a run without the relevance of heads, of several targets where none is named, with one id twice, and for
    sites off the end of a protein.
    """
    collector: _Collector | None = None
    for row in rows_of(run, target):
        progress(1, len(run))
        if only is not None and row.sequence_id not in only:
            continue
        heads = _heads_of(row, run)
        if collector is None:
            collector = _Collector(heads.shape[:2], annotations, run.manifest["alphabet"], nulls)
        collector.add(row, heads, units_of(row, run))
    if collector is None:
        raise InputError(f"{run.path} has none of the proteins that are asked for: expected one at least")
    return collector.done()


def _heads_of(row: Explanation, run: Run) -> Float[np.ndarray, "layers heads tokens"]:
    if row.head_relevance is None:
        raise InputError(f"{run.path} has no relevance of heads: explain with --heads")
    return row.head_relevance


def units_of(row: Explanation, run: Run) -> Units:
    """Relevance of letters at the embedding and in every head, a head's tokens in equal shares."""
    heads = _heads_of(row, run).reshape(-1, len(row.tokens))
    starts, ends, size = row.token_start, row.token_end, len(row.sequence)
    ordinary = np.flatnonzero(starts < ends)
    if len(ordinary) == size and np.array_equal(starts[ordinary], np.arange(size)):
        spread = heads[:, ordinary]
    else:
        shares = np.zeros((len(ordinary), size), dtype=heads.dtype)
        for share, token in zip(shares, ordinary, strict=True):
            share[starts[token] : ends[token]] = 1 / (ends[token] - starts[token])
        spread = heads[:, ordinary] @ shares
    return np.concatenate([row.relevance[None], spread])


def same_proteins(collected: Collected, other: Collected) -> Collected:
    """The same with the placements of those proteins that another has, in its order; NaN for one without.

    A model of random weights may give all letters the same relevance, where the model does not.
    """
    found = {}
    for kind, wanted in other.placements.items():
        own = collected.placements[kind]
        rows = {id: row for row, id in enumerate(own.ids)}
        there = [row for row, id in enumerate(wanted.ids) if id in rows]
        source = [rows[wanted.ids[row]] for row in there]
        arrays = [_moved(values, source, there, len(wanted.ids)) for values in own.placed]
        found[kind] = Placements(wanted.ids, Placement(*arrays))
    return replace(collected, placements=found)


def _moved(
    values: Float[np.ndarray, "own metrics units"], source: list[int], there: list[int], size: int
) -> Float[np.ndarray, "{size} metrics units"]:
    """Some rows where they belong among ``size``; NaN in the others."""
    array = np.full((size, *values.shape[1:]), np.nan, dtype=values.dtype)
    array[there] = values[source]
    return array


@dataclass
class _Collector:
    shape: tuple[int, int]
    annotations: Mapping[str, Sites]
    alphabet: str
    nulls: bool
    totals: dict[str, np.ndarray] = field(default_factory=dict)
    found: dict[str, dict[str, Placement]] = field(default_factory=dict)
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)
    masks: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.found = {kind: {} for kind in self.annotations}
        self.left_out = {kind: {} for kind in self.annotations}
        self.masks = {kind: {} for kind in self.annotations}

    def add(self, row: Explanation, heads: Float[np.ndarray, "layers heads tokens"], units: Units) -> None:
        own = float(row.relevance.sum(dtype=np.float64)) + row.special_relevance
        sums = heads.astype(np.float64).sum(-1).ravel()
        self.totals[row.sequence_id] = np.concatenate([[own], sums])
        for kind in self.annotations:
            inside = self._mask(row, units, kind)
            if isinstance(inside, str):
                self.left_out[kind][row.sequence_id] = inside
                continue
            self.masks[kind][row.sequence_id] = inside
            one = placed(units, inside, row.sequence, self.nulls)
            self.found[kind][row.sequence_id] = Placement(*(part.astype(np.float32) for part in one))

    def _mask(self, row: Explanation, units: Units, kind: str) -> np.ndarray | str:
        """The letters inside, or why the protein says nothing."""
        if not any(self._is_listed(row, sites) for sites in self.annotations.values()):
            return "not in the annotations"
        own = Sequence(row.sequence_id, row.sequence, named_alphabet(self.alphabet), row.interval)
        inside = mask(own, self.annotations[kind])
        if inside.all() or not inside.any():
            return "every position annotated" if inside.any() else "no position annotated"
        if (units.min(1) == units.max(1)).all():
            return "relevance the same at every position"
        return inside

    def _is_listed(self, row: Explanation, sites: Sites) -> bool:
        return listed_as(row.sequence_id, sites) is not None or row.chrom in sites

    def done(self) -> Collected:
        units = 1 + self.shape[0] * self.shape[1]
        placements = {kind: Placements.of(found, units) for kind, found in self.found.items()}
        totals = np.array(list(self.totals.values()))
        return Collected(self.shape, tuple(self.totals), totals, placements, self.left_out, self.masks)
