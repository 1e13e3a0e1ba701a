"""Whether the strongest pairs of maps, and of attention heads, touch in structures, beside nulls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from relevome.data.formats.contacts import Contacts
from relevome.data.sequences import Sequence
from relevome.discovery.pairs.contacts import (
    contact_matrix,
    densities,
    head_maps,
    nearest_precisions,
    precisions,
)
from relevome.discovery.pairs.of_sequences import MapMaker, estimate_of
from relevome.engines.base import Engine, in_order
from relevome.errors import InputError
from relevome.evaluation.statistics import bootstrap_interval
from relevome.models.base import Model, Target
from relevome.models.untrained import with_shuffled_weights
from relevome.results.folder import is_marked, mark_of
from relevome.results.pairs.contacts import APART, TOP, ContactPrecision
from relevome.results.pairs.maps import KeptMap, kept_map, random_map_path, write_map
from relevome.results.pairs.settings import PairSettings

Shares = Float[np.ndarray, "apart top"]
MAP, ESTIMATE, NEAREST = "map", "estimate", "nearest"


@dataclass(frozen=True)
class AgainstStructures:
    """What pairs are held against.

    Args:
        contacts: Letters that touch, by the id of their sequence.
        random_models: So many models with weights in random order are the null of maps, estimates and heads.
    """

    contacts: Contacts
    random_models: int


def against_structures(
    model: Model,
    target: Target | None,
    settings: PairSettings,
    maps: Iterable[tuple[int, Sequence, KeptMap]],
    given: AgainstStructures,
    folder: Path,
    engine: Engine | str,
    progress: Callable[[int], None],
) -> list[ContactPrecision]:
    """How many of the strongest pairs touch: of the maps, of their estimates, and of every attention head.

    Args:
        model: The model.
        target: The logit of epistasis, if that is what maps are of.
        settings: How the maps were made.
        maps: Sequences and their maps, each with its number; those without contacts are passed over.
        given: Contacts, and how many models with random weights there are.
        folder: Keeps the maps of models with random weights, which are taken from there if they are whole. It
            is that of this process alone.
        engine: Where sequences are looked at, each for itself.
        progress: Called with how many sequences were just looked at.

    Raises:
        InputError: Where no sequence has contacts, one is off its sequence, or a model with random weights
            has no map of one.
    """
    own: defaultdict[str, list[Shares]] = defaultdict(list)
    random: defaultdict[str, list[Shares]] = defaultdict(list)
    chances = []
    held = (
        _Held(number, sequence, kept, given.contacts[sequence.id])
        for number, sequence, kept in maps
        if sequence.id in given.contacts
    )
    task = HoldAgainst(model, target, settings, given.random_models, folder, mark_of(folder))
    for found in in_order(engine, task, held):
        chances.append(found.chance)
        for name, shares in found.own.items():
            own[name].append(shares)
        for name, shares in found.random.items():
            random[name].append(shares)
        for path, one in found.made.items():
            _write(path, one)
        progress(1)
    if not chances:
        raise InputError(
            "no sequence with a map has contacts: expected the ids of the sequences in --contacts"
        )
    return list(_rows(own, random, np.array(chances), settings.seed))


@dataclass(frozen=True)
class _Held:
    """A sequence with its number, its map, and its pairs of letters that touch."""

    number: int
    sequence: Sequence
    kept: KeptMap
    touching: Set[tuple[int, int]]


@dataclass(frozen=True)
class _Touching:
    """How many pairs of a sequence touch: any, the strongest by source, and those by random models.

    ``made`` are maps of random models, by their paths, that were made where the folder is not seen.
    """

    chance: Float[np.ndarray, "apart"]
    own: Mapping[str, Shares]
    random: Mapping[str, Shares]
    made: Mapping[Path, KeptMap]


@dataclass(frozen=True)
class HoldAgainst:
    """What an engine does with a sequence: its map, its estimate and all heads, and those of random models.

    Workers that see the ``folder``, which has this ``mark``, keep the maps of random models there.
    """

    model: Model
    target: Target | None
    settings: PairSettings
    random_models: int
    folder: Path
    mark: str

    def __call__(self, held: _Held) -> _Touching:
        """How many of the strongest pairs of a sequence touch."""
        sequence, kept = held.sequence, held.kept
        touching = contact_matrix(sequence, held.touching)
        shares = {
            MAP: precisions(_sizes(kept, self.settings), touching),
            NEAREST: nearest_precisions(touching),
        }
        estimated = self.settings if kept.estimate is not None else None
        beside = partial(_beside, sequence=sequence, target=self.target, estimated=estimated)
        shares |= {name: precisions(map, touching) for name, map in beside(self.model)}
        random: dict[str, Shares] = {}
        made: dict[Path, KeptMap] = {}
        for which, other in enumerate(self._others):
            theirs = self._random_map(which, other, held, made)
            random[f"{which}/{MAP}"] = precisions(_sizes(theirs, self.settings), touching)
            random |= {f"{which}/{name}": precisions(map, touching) for name, map in beside(other)}
        return _Touching(densities(touching), shares, random, made)

    @cached_property
    def _others(self) -> list[Model]:
        """Models with weights in random order."""
        return [with_shuffled_weights(self.model, self.settings.seed + k) for k in range(self.random_models)]

    def _random_map(self, which: int, other: Model, held: _Held, made: dict[Path, KeptMap]) -> KeptMap:
        """The map of a sequence by a model with random weights, made where it is not there yet."""
        path, seen = random_map_path(self.folder, which, held.number), is_marked(self.folder, self.mark)
        kept = kept_map(path, held.sequence) if seen else None
        if kept is not None:
            return kept
        alone = replace(self.settings, shuffles=0, estimate="none")
        ((_, found),) = MapMaker(other, alone, self.target).kept({held.number: held.sequence})
        if isinstance(found, InputError):
            raise InputError(
                f"with weights in random order: {found}; leave such models out with --random-models 0"
            ) from found
        if seen:
            _write(path, found)
        else:
            made[path] = found
        return found


def _write(path: Path, found: KeptMap) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_map(path, found)


def _sizes(kept: KeptMap, settings: PairSettings) -> Float[np.ndarray, "letters letters"]:
    values = kept.values.astype(np.float64)
    return np.abs(values) if settings.method == "epistasis" else values


def _beside(
    model: Model, sequence: Sequence, target: Target | None, estimated: PairSettings | None
) -> Iterator[tuple[str, np.ndarray]]:
    """The estimate, if maps have one beside them, and every head, of a model with attention."""
    if estimated is not None:
        yield ESTIMATE, estimate_of(model, estimated, sequence, target).values
    try:
        heads = head_maps(model, sequence)
    except InputError:
        return
    for name, values in heads.items():
        yield str(name), values


def _rows(
    own: Mapping[str, list[Shares]],
    random: Mapping[str, list[Shares]],
    chances: Float[np.ndarray, "sequences apart"],
    seed: int,
) -> Iterator[ContactPrecision]:
    means = {name: _mean(np.array(shares)) for name, shares in random.items()}
    for name, shares in own.items():
        # heads of all random models are the null of every head
        null = [mean for other, mean in means.items() if _kind(other.partition("/")[2]) == _kind(name)]
        for (row, apart), (column, top) in ((a, t) for a in enumerate(APART) for t in enumerate(TOP)):
            values = np.array([one[row, column] for one in shares])
            values = values[~np.isnan(values)]
            if not len(values):
                continue
            theirs = np.array([one[row, column] for one in null])
            mean = float(values.mean())
            interval = bootstrap_interval(values, seed, bounds=(0.0, 1.0)) if len(values) > 1 else None
            known = len(theirs) > 0
            yield ContactPrecision(
                name, apart, top, mean,
                None if interval is None else interval.low, None if interval is None else interval.high,
                float(_mean(chances)[row]),
                float(theirs.mean()) if known else None, float(theirs.max()) if known else None,
                float((1 + (theirs >= mean).sum()) / (1 + len(theirs))) if known else None,
            )  # fmt: skip


def _kind(source: str) -> str:
    return "head" if "." in source else source


def _mean(values: np.ndarray) -> np.ndarray:
    """Over sequences, of those that have pairs so far apart."""
    known = ~np.isnan(values)
    return np.where(known, values, 0.0).sum(0) / np.maximum(known.sum(0), 1)
