"""What the commands of study C left of all trainings of a model, question by question."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float

from relevome.evaluation.exchange_curves import area
from relevome.evaluation.statistics import crossed_interval
from relevome.results.estimate import Estimate
from relevome.results.quality.folder import trained_quality
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.verdict import verdict
from relevome.results.relevance_heads.folder import NAME as HEADS
from relevome.results.relevance_heads.folder import read_relevance_heads
from relevome.results.relevance_heads.heads import ALL, COLUMNS, LEAST, Effect, RelevantHeads, effect_rows
from relevome.results.substitution import LOGIT, Substitution, read_substitution
from relevome.results.substitution import NAME as SUBSTITUTION
from relevome.studies.protein_tasks import ExplainedClass
from relevome.studies.trainings.explained import ExplainedTraining
from relevome.studies.trainings.over import OverTrainings

MEASURE = "logit"
# All nulls that heads are held against, and the column that says how much is over each: what is left, in the
# unit of the statistic, or a score in standard deviations.
LEFT, SCORE = "_left", "_score"
NULLS = {name.rpartition("_")[0]: name for name in COLUMNS if name.endswith((LEFT, SCORE))}

# A line of heads.tsv: of the embedding, or of a head.
Row: TypeAlias = Mapping[str, Any]


class TrainedModel(NamedTuple):
    """A model of one training: its folder in the study, its scores on proteins held out, how good it is."""

    name: str
    scores: Mapping[str, float | None]
    quality: ModelQuality

    @classmethod
    def of(cls, study: Path, name: str) -> TrainedModel:
        """Reads its folder."""
        scores = json.loads((study / name / "metrics.json").read_text(encoding="utf-8"))["test"]
        return cls(name, scores, trained_quality(study / name))

    @property
    def below(self) -> bool:
        """Whether it is below the quality that is asked, so that nothing is claimed of it."""
        return verdict(self.quality).below


class Claim(NamedTuple):
    """Which trainings say so, which are of models below the quality that is asked, which never do.

    ``together`` is whether an interval over trainings and proteins says so too, where there is one.
    """

    said: tuple[bool, ...]
    below: tuple[bool, ...]
    together: bool = True

    @property
    def times(self) -> int:
        """How many trainings say so."""
        return sum(said and not below for said, below in zip(self.said, self.below, strict=True))

    @property
    def holds(self) -> bool:
        """Whether all trainings do, of which there are several."""
        return self.together and self.times == len(self.said) > 1

    def __str__(self) -> str:
        """How many say so, of one that does not hold."""
        apart = ", but not over trainings and proteins together" * (self.times == len(self.said) > 1)
        return f"in {self.times} of {len(self.said)}{apart}"


class HeadsOfTraining:
    """One statistic of relevance against one type of segments, in one training: the embedding and all heads.

    ``name`` is that of the statistic.
    """

    def __init__(self, effect: Effect, found: RelevantHeads) -> None:
        rows: list[Row] = [
            dict(zip(list[str](COLUMNS), row, strict=True)) for row in effect_rows(effect, found)
        ]
        self.name = effect.metric
        self.embedding, self.heads = rows[0], rows[1:]
        self.nulls = [null for null, column in NULLS.items() if any(row[column] is not None for row in rows)]
        self._level = found.level

    def over(self, row: Row, null: str) -> bool:
        """Whether more than next to nothing is over a null, significantly."""
        size, q = row[NULLS[null]], row[f"{null}_q"]
        least = LEAST if NULLS[null].endswith(LEFT) else 0
        return size is not None and q is not None and size >= least and q < self._level

    def survives(self, row: Row, nulls: Collection[str]) -> bool:
        """Whether it is specialised, and over every one of some nulls."""
        return bool(row["specialised"]) and all(self.over(row, null) for null in nulls)

    @property
    def largest(self) -> Row | None:
        """The head with the largest effect."""
        known = [row for row in self.heads if row["effect"] is not None]
        return max(known, key=lambda row: row["effect"], default=None)


class HeadsOverTrainings:
    """The same over all trainings; ``below`` are those of models below the quality that is asked."""

    def __init__(self, trainings: Sequence[HeadsOfTraining], below: Sequence[bool]) -> None:
        self.trainings = tuple(trainings)
        self._below = tuple(below)
        # A null that any training has counts in all of them.
        self.nulls = [null for null in NULLS if any(null in one.nulls for one in trainings)]

    @cached_property
    def surviving(self) -> list[list[Row]]:
        """Of every training the heads that are specialised and over every null."""
        return [[row for row in one.heads if one.survives(row, self.nulls)] for one in self.trainings]

    def layers(self) -> list[int]:
        """Layers that have such a head in every training."""
        each = [{int(row["layer"]) for row in rows} for rows in self.surviving]
        return sorted(set.intersection(*each))

    def of_residues(self) -> Claim:
        """Whether the relevance of residues, at the embedding, lies on segments over every null."""
        return Claim(tuple(one.survives(one.embedding, self.nulls) for one in self.trainings), self._below)

    def of_heads(self) -> Claim:
        """Whether there are heads that are specialised and over every null."""
        return Claim(tuple(map(bool, self.surviving)), self._below)

    def strongest(self) -> str | None:
        """The null with the least left over it at the embedding, in the unit of the statistic."""
        left = {}
        for null in self.nulls:
            values = [one.embedding[NULLS[null]] for one in self.trainings]
            if NULLS[null].endswith(LEFT) and None not in values:
                left[null] = sum(values)
        return min(left, key=left.__getitem__, default=None)


class AreasOverTrainings:
    """Substitution by one method: areas between curves of the logit, over trainings and proteins."""

    def __init__(self, found: Sequence[Substitution], below: Sequence[bool]) -> None:
        self._found = tuple(found)
        self._below = tuple(below)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Orders whose curves are compared, the upper and the lower."""
        return [(one.upper, one.lower) for one in self._found[0].areas if one.measure == MEASURE]

    def each(self, pair: tuple[str, str]) -> list[Estimate]:
        """The mean over the proteins of every training, and its interval for other proteins."""
        return [
            one.estimate
            for found in self._found
            for one in found.areas
            if (one.measure, one.upper, one.lower) == (MEASURE, *pair)
        ]

    def mean(self, pair: tuple[str, str]) -> Estimate | None:
        """Over trainings, and proteins that all of them have, with an interval for others of both."""
        if len(self._found) == 1:
            return self.each(pair)[0]
        values = self.values(pair)
        return crossed_interval(values) if min(values.shape) > 1 else None

    def values(self, pair: tuple[str, str]) -> Float[np.ndarray, "trainings proteins"]:
        """A row for every training, a column for every protein that all of them have."""
        every = [found.sequences for found in self._found]
        shared = [id for id in every[0] if all(id in one for one in every)]
        counts = self._found[0].exchange.counts
        rows = []
        for one in every:
            upper, lower = (
                np.array([getattr(one[id], order)[:, :, LOGIT].mean(0) for id in shared]) for order in pair
            )
            rows.append(area(upper - lower, counts) if shared else np.zeros(0))
        return np.array(rows, dtype=float)

    def claim(self, pair: tuple[str, str]) -> Claim:
        """Whether the area is above 0."""
        return Claim(tuple(one.low > 0 for one in self.each(pair)), self._below, _above_0(self.mean(pair)))


class ClassOverTrainings:
    """All that is known of one class of proteins, ``asked``: of models by training, of the rest by method.

    ``heads`` are by method, type of segments and statistic, where every training has them.
    """

    def __init__(self, asked: ExplainedClass, study: Path, trainings: int) -> None:
        self.asked = asked
        self.name = asked.folder
        self.models = [TrainedModel.of(study, asked.model(number)) for number in range(trainings)]
        below = [one.below for one in self.models]
        folders = [study / asked.made(number) for number in range(trainings)]
        found = {
            path.parent.name: [
                _judged(read_relevance_heads(folder / "heads" / path.parent.name), weak)
                for folder, weak in zip(folders, below, strict=True)
            ]
            for path in sorted(folders[0].glob(f"heads/*/{HEADS}"))
        }
        self.found = found
        self.heads = {
            (method, kind): tests
            for method, each in found.items()
            for kind in asked.kinds
            if (tests := _over_trainings(each, kind, below))
        }
        self.areas = {
            path.parent.name: AreasOverTrainings(
                [read_substitution(folder / "substitution" / path.parent.name) for folder in folders], below
            )
            for path in sorted(folders[0].glob(f"substitution/*/{SUBSTITUTION}"))
        }
        names = sorted(path.name for path in (folders[0] / "scores").iterdir())
        self.scores = {
            # a task of study C has one kind of model
            name: OverTrainings(
                [ExplainedTraining(asked.folder, ".", number, name) for number in range(trainings)], study
            )
            for name in names
        }

    def over_null(self, method: str, metric: str) -> Claim:
        """Whether what is evaluated of a method is over its strongest null."""
        scores = self.scores[method]
        over = scores.over(metric)
        excesses = [one.excess for one in scores.of(metric)]
        said = tuple(one is not None and one.low > 0 for one in excesses)
        below = tuple(one.below for one in self.models)
        return Claim(said, below, _above_0(None if over is None else over[1]))

    def tests(self, statistic: str) -> list[tuple[str, str, HeadsOverTrainings]]:
        """Method, type of segments, and what one statistic says of them."""
        return [(method, kind, found[statistic]) for (method, kind), found in self.heads.items()]

    def not_tested(self) -> Iterator[str]:
        """Types of segments that some training has no test of, and why."""
        for method, each in self.found.items():
            for number, found in enumerate(each):
                for kind in self.asked.kinds:
                    if why := found.left_out.get(kind) or found.left_out.get(ALL):
                        yield f"training {number}, {method}: {kind} is not tested: {why}"


def least_left(row: Row, nulls: Iterable[str]) -> float | None:
    """The least that is left over some nulls, in the unit of the statistic; None where there is no value."""
    left = [row[NULLS[null]] for null in nulls if NULLS[null].endswith(LEFT)]
    return min((value for value in left if value is not None), default=None)


def _judged(found: RelevantHeads, below: bool) -> RelevantHeads:
    """The same heads, none of which can be specialised where the model is below the quality that is asked."""
    if not below:
        return found
    return replace(found, effects=tuple(replace(one, learnt=False) for one in found.effects))


def _over_trainings(
    each: Sequence[RelevantHeads], kind: str, below: Sequence[bool]
) -> dict[str, HeadsOverTrainings]:
    """By statistic, of all proteins; empty where a training lacks the test."""
    tests = [
        {
            one.metric: HeadsOfTraining(one, found)
            for one in found.effects
            if (one.group, one.kind) == (ALL, kind)
        }
        for found in each
    ]
    if not all(tests):
        return {}
    return {name: HeadsOverTrainings([one[name] for one in tests], below) for name in tests[0]}


def _above_0(found: Estimate | None) -> bool:
    return found is not None and found.low > 0
