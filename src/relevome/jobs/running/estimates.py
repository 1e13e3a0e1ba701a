"""What work will take, from a sample of it: time, disk and memory, before anything is computed or written.

Items are put into strata of like length, up to one power of two each. Of every stratum growing portions are
computed, each twice as large as the one before, so that batches are as full as they will be. The time of a
stratum is its letters times the seconds that a letter took in the largest portions (the separate ratio
estimate: Cochran 1977, Sampling Techniques, section 6.10), and shards are dealt out to workers in their
order, each to the one that is free first.
"""

from __future__ import annotations

import heapq
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from relevome.engines.base import Crew, Engine, crew_of, engine_of
from relevome.engines.threads import torch_threads
from relevome.results.estimate import Estimate

SAMPLING = 20.0  # seconds that a sample takes, about
RESERVOIR = 256  # items of a stratum that a sample is drawn from
LEAST_SPREAD = 0.1  # what is not known of the machine, as a share of the time


@dataclass(frozen=True)
class WorkEstimate:
    """What a command will take.

    Attributes:
        sequences: Sequences (or variants, or stretches of a strand) that are still to be computed.
        letters: Their letters.
        shards: The shards that they are in.
        there: Shards that are there already, and in none of these numbers.
        seconds: From the first shard to the last, with the least and the most that the sample speaks for;
            reading the input is in it, loading the model and the tables at the end are not.
        disk: Bytes of the files that hold the results.
        memory: Bytes of each worker at its peak, the model among them.
        workers: Processes that compute at once.
        sampled: Sequences that the sample consists of.
        sampling: Seconds that it took.
    """

    sequences: int
    letters: int
    shards: int
    there: int
    seconds: Estimate
    disk: int
    memory: int
    workers: int
    sampled: int
    sampling: float

    def and_then(self, later: WorkEstimate) -> WorkEstimate:
        """Both, one after the other, about the same sequences."""
        return WorkEstimate(
            max(self.sequences, later.sequences),
            max(self.letters, later.letters),
            self.shards + later.shards,
            self.there + later.there,
            Estimate(*map(sum, zip(self.seconds, later.seconds, strict=True))),
            self.disk + later.disk,
            max(self.memory, later.memory),
            max(self.workers, later.workers),
            max(self.sampled, later.sampled),
            self.sampling + later.sampling,
        )


# Told what the work will take before it begins; what it raises ends the job, with nothing written.
Planned: TypeAlias = Callable[[WorkEstimate], None]


class Weight(NamedTuple):
    """Bytes of rows: of a file that holds them, and in memory."""

    disk: int
    held: int


@dataclass
class Stratum:
    """Items of like length.

    ``letters`` is how many all of them have, or what else the work grows with. ``draw`` gives a portion of so
    many of them, of which there are no more than ``most``, with the letters in it.
    """

    letters: int
    most: int
    draw: Callable[[int], tuple[Any, int]]


@dataclass(frozen=True)
class Work:
    """All that is to be done: of every shard its letters by stratum, the strata, and what is besides.

    Where work does not grow with letters but with pairs of them, or another number, that stands in their
    place, and ``letters`` says how many there are.
    """

    shards: List[Mapping[int, int]]
    strata: Mapping[int, Stratum]
    sequences: int
    there: int = 0
    reading: float = 0.0
    letters: int | None = None


@dataclass(frozen=True)
class _Rate:
    """What a letter of a stratum takes, and rows of the first and of the largest portion with letters."""

    seconds: Estimate
    items: int
    rows: tuple[tuple[List[Any], int], ...]


def estimate_work(
    work: Work,
    carry_out: Callable[[Any], List[Any]],
    weigh: Callable[[List[Any]], Weight],
    engine: Engine | str,
    *,
    sampling: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> WorkEstimate:
    """Compute a sample and say what all of the work takes by an engine.

    Args:
        work: What is to be done.
        carry_out: Computes a portion that a stratum drew, and gives its rows.
        weigh: Says how large rows are that are kept together.
        engine: Where the work will be computed. The sample is computed here, with the threads of a worker.
        sampling: Seconds that the sample may take, about; one item of every stratum is in it in any case.
            Default: `SAMPLING`.
        clock: Gives the time in seconds.
    """
    crew = crew_of(engine_of(engine))
    begun = clock()
    share = (SAMPLING if sampling is None else sampling) / max(1, len(work.strata))
    with torch_threads(crew.threads):
        for stratum in list(work.strata.values())[:1]:
            carry_out(stratum.draw(1)[0])  # what is made once, as kernels and tables, is made now
        rates = {name: _rate(stratum, carry_out, share, clock) for name, stratum in work.strata.items()}
    loads = [sum(shard.values()) for shard in work.shards]
    each, fixed, held = _bytes([some for one in rates.values() for some in one.rows], weigh)
    return WorkEstimate(
        work.sequences,
        sum(loads) if work.letters is None else work.letters,
        len(loads),
        work.there,
        _seconds(work, rates, crew),
        round(each * sum(loads) + fixed * len(loads)),
        _peak_memory() + round(held * max(loads, default=0)),
        crew.workers,
        sum(one.items for one in rates.values()),
        clock() - begun,
    )


def _bytes(
    sampled: List[tuple[List[Any], int]], weigh: Callable[[List[Any]], Weight]
) -> tuple[float, float, float]:
    """Of a letter in a file, of a file besides, and of a letter in memory: by one portion and by all."""
    if not sampled:
        return 0.0, 0.0, 0.0
    one, letters_of_one = min(sampled, key=lambda some: some[1])
    every, letters = [row for rows, _ in sampled for row in rows], sum(size for _, size in sampled)
    alone, together = weigh(one), weigh(every)
    if letters == letters_of_one:
        return together.disk / letters, 0.0, together.held / letters
    each = max(0.0, (together.disk - alone.disk) / (letters - letters_of_one))
    return each, max(0.0, alone.disk - each * letters_of_one), together.held / letters


def makespan(seconds: Iterable[float], workers: int) -> float:
    """How long shards take that are dealt out in their order, each to the worker that is free first.

    Graham 1966, Bell System Technical Journal 45:1563-1581, doi 10.1002/j.1538-7305.1966.tb01709.x.
    """
    free = [0.0] * max(1, workers)
    for one in seconds:
        heapq.heapreplace(free, free[0] + one)
    return max(free)


def _rate(
    stratum: Stratum, carry_out: Callable[[Any], List[Any]], share: float, clock: Callable[[], float]
) -> _Rate:
    """Portions of 1, 2, 4, ... items as long as two of the next size find time, and the last size again."""
    size, last, end, items = 1, 0, clock() + share, 0
    found: list[tuple[float, int]] = []
    kept: list[tuple[List[Any], int]] = []
    while True:
        portion, letters = stratum.draw(size)
        since = clock()
        rows = carry_out(portion)
        took = clock() - since
        found.append((took, letters))
        kept = [*kept[:1], (rows, letters)]
        items, again, last = items + size, size == last, size
        larger = min(2 * size, stratum.most)
        if again or clock() + took > end:
            break
        if clock() + 2 * took * larger / size <= end:
            size = larger
    final = [one for one in found if one[1] * 2 > max(letters for _, letters in found)]
    every = [took / letters for took, letters in found[-3:]]
    mean = sum(took for took, _ in final) / sum(letters for _, letters in final)
    low, high = min(*every, mean * (1 - LEAST_SPREAD)), max(*every, mean * (1 + LEAST_SPREAD))
    return _Rate(Estimate(mean, low, high), items, tuple(kept))


def _seconds(work: Work, rates: Mapping[int, _Rate], crew: Crew) -> Estimate:
    """The time of all shards: workers that have fewer cores than threads go by turns."""
    turns = max(1.0, crew.workers * crew.threads / crew.cores)
    found = []
    for which in range(3):
        each = (
            turns * sum(letters * rates[name].seconds[which] for name, letters in shard.items())
            for shard in work.shards
        )
        found.append(work.reading + makespan(each, crew.workers))
    return Estimate(*found)


def _peak_memory() -> int:
    """Bytes of this process at its peak so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


@dataclass
class Reservoirs:
    """Items by the power of two up to which their length goes, of each so many drawn while all go by.

    Algorithm R (Vitter 1985, doi 10.1145/3147.3165); the same items give the same sample.
    """

    together: Callable[[list[Any]], Any]
    letters: dict[int, int] = field(default_factory=dict)
    _seen: dict[int, int] = field(default_factory=dict)
    _kept: dict[int, list[tuple[Any, int]]] = field(default_factory=dict)
    _rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, item: Any, length: int) -> int:
        """Takes notice of an item of so many letters, 1 or more; gives its stratum."""
        name = (length - 1).bit_length()
        kept, seen = self._kept.setdefault(name, []), self._seen.get(name, 0)
        self._seen[name] = seen + 1
        self.letters[name] = self.letters.get(name, 0) + length
        if len(kept) < RESERVOIR:
            kept.append((item, length))
        elif (place := int(self._rng.integers(seen + 1))) < RESERVOIR:
            kept[place] = (item, length)
        return name

    def strata(self) -> dict[int, Stratum]:
        """What was found, the longest first, since that needs most memory."""
        return {
            name: Stratum(self.letters[name], len(self._kept[name]), self._draw(name))
            for name in sorted(self._kept, reverse=True)
        }

    def _draw(self, name: int) -> Callable[[int], tuple[Any, int]]:
        def draw(count: int) -> tuple[Any, int]:
            kept = self._kept[name]
            chosen = [kept[place] for place in self._rng.permutation(len(kept))[:count]]
            return self.together([item for item, _ in chosen]), sum(length for _, length in chosen)

        return draw
