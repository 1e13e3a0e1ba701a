"""The maps of pairs, made by an engine and kept as they come."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from relevome.data.inputs import Input
from relevome.data.sequences import Sequence
from relevome.discovery.pairs.of_sequences import MapMaker
from relevome.engines.base import Engine, engine_of
from relevome.errors import InputError
from relevome.jobs import Progress
from relevome.jobs.running.estimates import Reservoirs, Weight, Work, WorkEstimate, estimate_work
from relevome.results.arrays import size_of_arrays
from relevome.results.folder import is_marked, mark_of, wait_until_shown
from relevome.results.pairs.maps import KeptMap, kept_map, map_arrays, map_path, write_map

AT_ONCE = 32  # sequences that go through a model together


@dataclass(frozen=True)
class MapsMade:
    """What came of some sequences, by number: None of a map that is kept; and why estimates are missing."""

    found: Mapping[int, KeptMap | InputError | None]
    no_estimate: str | None


@dataclass(frozen=True)
class MakeMaps:
    """What an engine does with some sequences, by number.

    Maps are kept as they come, each as a file of its own, by workers that see the ``folder``, which has this
    ``mark``; others give them back. Raises InputError for a sequence without a map, if it shall be refused.
    """

    maker: MapMaker
    folder: Path
    mark: str
    on_bad: str

    def __call__(self, some: Mapping[int, Sequence]) -> MapsMade:
        """Their maps."""
        made: dict[int, KeptMap | InputError | None] = {}
        for number, found in self.maker.kept(some):
            if isinstance(found, InputError) and self.on_bad == "refuse":
                raise found
            made[number] = found
            if isinstance(found, KeptMap) and is_marked(self.folder, self.mark):
                write_map(map_path(self.folder, number), found)
                made[number] = None
        return MapsMade(made, self.maker.no_estimate)


def make_maps(
    maker: MapMaker,
    source: Input,
    folder: Path,
    on_bad: str,
    engine: Engine | str,
    progress: Progress,
    total: int,
) -> dict[int, dict[str, str]]:
    """Has an engine make the maps that are not there yet; gives those without one, by number, and why.

    The ``folder`` is that of this process alone.
    """
    refused: dict[int, dict[str, str]] = {}
    ids: dict[int, dict[int, str]] = {}
    progress(0, total)

    def missing() -> Iterator[tuple[int, dict[int, Sequence]]]:
        numbered = numbered_sequences(source)
        while some := dict(islice(numbered, AT_ONCE)):
            left = {number: one for number, one in some.items() if not _has_map(folder, number, one)}
            progress(len(some) - len(left), total)
            if left:
                first = min(some)
                ids[first] = {number: one.id for number, one in left.items()}
                yield first, left

    task = MakeMaps(maker, folder, mark_of(folder), on_bad)
    for first, made in engine_of(engine).map(task, missing()):
        maker.no_estimate = maker.no_estimate or made.no_estimate
        named = ids.pop(first)
        for number, found in made.found.items():
            if isinstance(found, KeptMap):
                write_map(map_path(folder, number), found)
            elif isinstance(found, InputError):
                refused[number] = {"sequence_id": named[number], "reason": str(found)}
            else:
                wait_until_shown(map_path(folder, number))
        progress(len(named), total)
    return refused


def estimate_maps(maker: MapMaker, source: Input, folder: Path | None, engine: Engine | str) -> WorkEstimate:
    """What it takes to make the maps that are not in the ``folder`` yet, or all of them: from a sample.

    Work grows with the pairs of letters: each letter is exchanged, and every other one is looked at.
    """
    reservoirs = Reservoirs(lambda some: dict(enumerate(some)))
    shards: list[Counter[int]] = []
    sequences = letters = there = 0
    numbered, begun = numbered_sequences(source), time.perf_counter()
    while some := dict(islice(numbered, AT_ONCE)):
        left = [one for number, one in some.items() if folder is None or not _has_map(folder, number, one)]
        load: Counter[int] = Counter()
        for one in left:
            pairs = len(one) ** 2
            load[reservoirs.add(one, pairs)] += pairs
        shards += [load] if load else []
        there += not left
        sequences, letters = sequences + len(left), letters + sum(map(len, left))
    reading = time.perf_counter() - begun

    def carry_out(portion: Mapping[int, Sequence]) -> list[KeptMap]:
        found = [one for _, one in maker.kept(portion) if isinstance(one, KeptMap)]
        _weigh(found)  # to write them takes time, too
        return found

    work = Work(shards, reservoirs.strata(), sequences, there, reading, letters)
    return estimate_work(work, carry_out, _weigh, engine)


def _weigh(found: Iterable[KeptMap]) -> Weight:
    """Bytes of maps."""
    every = [map_arrays(one) for one in found]
    held = sum(values.nbytes for arrays in every for values in arrays.values())
    return Weight(sum(size_of_arrays(arrays) for arrays in every), held)


def _has_map(folder: Path, number: int, one: Sequence) -> bool:
    return kept_map(map_path(folder, number), one) is not None


def numbered_sequences(source: Input) -> Iterator[tuple[int, Sequence]]:
    """Sequences that can be read, each with its place in the input."""
    return ((number, one) for number, one in enumerate(source.read()) if isinstance(one, Sequence))
