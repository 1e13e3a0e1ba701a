"""Explanations of several trainings of a model: means over trainings and sequences, and who is better."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from relevome.evaluation.metrics import metrics
from relevome.evaluation.statistics import bootstrap_interval, crossed_interval
from relevome.results.estimate import Estimate
from relevome.results.evaluation.folder import read_evaluation
from relevome.results.evaluation.scores import MetricScores
from relevome.results.quality.folder import trained_quality
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.verdict import verdict, weaker
from relevome.results.record import reading
from relevome.studies.trainings.explained import ExplainedTraining

# What the model itself says is what others are measured by, where they are asked whether they agree with it.
REFERENCE = "mutagenesis"

Values = Float[np.ndarray, "trainings sequences"]


class OverTrainings:
    """One explanation over all trainings of a kind of model, on one task, letter by letter."""

    def __init__(self, runs: Sequence[ExplainedTraining], folder: Path) -> None:
        self.kind, self.name = runs[0].kind, runs[0].name
        self.runs = [folder / run.run for run in runs]
        self.evaluations = [read_evaluation(folder / run.scores) for run in runs]
        self._scores = [
            {one.metric: one for one in made.scores if one.level == "letters"} for made in self.evaluations
        ]

    @cached_property
    def metrics(self) -> list[str]:
        """Those that the same two sequences or more have in every training."""
        shared = [metric for metric in self._scores[0] if all(metric in found for found in self._scores)]
        return [metric for metric in shared if self.values(metric).shape[1] > 1]

    def of(self, metric: str) -> list[MetricScores]:
        """The scores of every training."""
        return [found[metric] for found in self._scores]

    def values(self, metric: str, among: Collection[str] | None = None) -> Values:
        """A row for every training, a column for every sequence that all of them have, of some or of all."""
        return _table(self._known(metric), among)

    def mean(self, metric: str, among: Collection[str] | None = None) -> Estimate:
        """Over trainings and sequences, of some or of all; of one training over sequences alone."""
        return _interval(self.values(metric, among), metrics[metric].bounds)

    def over(self, metric: str, among: Collection[str] | None = None) -> tuple[str, Estimate] | None:
        """The strongest null of a metric over all trainings, and how much is over it; None without any.

        ``among`` are the names of the nulls that count (default: all).
        """
        own, sign = self.of(metric), _sign(metric)
        found: list[tuple[float, str, Values]] = []
        for name in own[0].nulls():
            if among is not None and name not in among:
                continue
            differences = sign * _table([_differences(one, name) for one in own])
            if differences.shape[1] > 1:
                found.append((float(differences.mean()), name, differences))
        if not found:
            return None
        _, name, differences = min(found, key=lambda one: one[0])
        return name, _interval(differences)

    def is_over(self, metric: str, among: Collection[str] | None = None) -> bool:
        """Whether the interval over the strongest null, of all or ``among`` some, is above 0."""
        found = self.over(metric, among)
        return found is not None and found[1].low > 0

    def by_training(self, metric: str) -> Float[np.ndarray, " trainings"]:
        """The mean of every training, turned so that higher is better."""
        return _sign(metric) * self.values(metric).mean(1)

    def better(self, other: OverTrainings, metric: str) -> Estimate | None:
        """By how much it is better than another in every training; None where that is not so.

        It is where all trainings say so and the interval of the difference, over trainings and the sequences
        that both have, is above 0. Trainings of one kind of model are compared one by one; of two kinds each
        of the one with each of the other, since their numbers pair nothing. One training alone says nothing.
        """
        rows = self._known(metric) + other._known(metric)
        table = _sign(metric) * _table(rows)
        own, theirs = table[: len(self.runs)], table[len(self.runs) :]
        if min(own.shape) < 2 or own.shape != theirs.shape:
            return None
        means = own.mean(1), theirs.mean(1)
        paired = zip(*means, strict=True) if self.kind == other.kind else product(*means)
        difference = crossed_interval(own - theirs)
        return difference if difference.low > 0 and all(a > b for a, b in paired) else None

    def _known(self, metric: str) -> list[Mapping[str, float]]:
        return [dict(zip(one.sequence_ids, one.values, strict=True)) for one in self.of(metric)]


class ExplainedKind(NamedTuple):
    """All explanations of one kind of model on one task, and how good every training of it is."""

    task: str
    kind: str
    trainings: tuple[int, ...]
    explanations: tuple[OverTrainings, ...]
    qualities: tuple[ModelQuality, ...]

    def asked(self, questions: Iterable[str]) -> list[str]:
        """Those of some metrics that every explanation has; of several the reference may lack them."""
        every = self.rivals or self.explanations
        return [metric for metric in questions if all(metric in one.metrics for one in every)]

    @property
    def several(self) -> bool:
        """Whether there is more than one training, so that something can be said of others."""
        return len(self.trainings) > 1

    @property
    def below(self) -> bool:
        """Whether any training is below the quality that is asked."""
        return any(verdict(one).below for one in self.qualities)

    @property
    def rivals(self) -> list[OverTrainings]:
        """All but what they are measured by."""
        return [one for one in self.explanations if one.name != REFERENCE]

    def leading(self, metric: str) -> OverTrainings:
        """The explanation with the best mean, the first of those that tie."""
        return max(self._compared(metric), key=lambda one: _sign(metric) * one.mean(metric).mean)

    def best(self, metric: str) -> OverTrainings | None:
        """The explanation that is better than every other in every training; None without, or if below."""
        first = self.leading(metric)
        others = [one for one in self._compared(metric) if one is not first]
        if self.below or not others:
            return None
        return first if all(first.better(one, metric) for one in others) else None

    def weaker(self, other: ExplainedKind) -> bool:
        """Whether every training is significantly weaker than every one of another kind."""
        return all(weaker(one, two) for one, two in product(self.qualities, other.qualities))

    def _compared(self, metric: str) -> Sequence[OverTrainings]:
        """Mutagenesis does not compete where agreement with mutagenesis is asked."""
        agreement = metrics[metric].kind == "agreement"
        return [one for one in (self.rivals if agreement else self.explanations) if metric in one.metrics]


def explained_kinds(folder: Path, runs: Sequence[ExplainedTraining]) -> list[ExplainedKind]:
    """What the commands of a study left of its runs, those of one kind of model and task side by side.

    Raises InputError for results that are not there or damaged.
    """
    with reading(folder, "remove what is damaged, and run the study again"):
        return [_kind(list(some), folder) for _, some in groupby(runs, key=lambda run: (run.task, run.kind))]


def _kind(runs: list[ExplainedTraining], folder: Path) -> ExplainedKind:
    names = dict.fromkeys(run.name for run in runs)
    models = {run.training: run.model for run in sorted(runs, key=lambda run: run.training)}
    return ExplainedKind(
        runs[0].task,
        runs[0].kind,
        tuple(models),
        tuple(OverTrainings([run for run in runs if run.name == name], folder) for name in names),
        tuple(trained_quality(folder / model) for model in models.values()),
    )


def _sign(metric: str) -> int:
    return 1 if metrics[metric].higher_is_better else -1


def _interval(values: Values, bounds: tuple[float, float] | None = None) -> Estimate:
    if len(values) == 1:
        return bootstrap_interval(values[0], seed=0, bounds=bounds)
    found = crossed_interval(values)
    return found if bounds is None else Estimate(*np.clip(found, *bounds).tolist())


def _table(rows: Sequence[Mapping[str, float]], among: Collection[str] | None = None) -> Values:
    """Columns are what all rows have."""
    shared = [name for name in rows[0] if all(name in one for one in rows)]
    kept = [name for name in shared if among is None or name in among]
    return np.array([[one[name] for name in kept] for one in rows], dtype=float).reshape(len(rows), len(kept))


def _differences(one: MetricScores, null: str) -> Mapping[str, float]:
    others = one.nulls().get(null, (None,) * one.n)
    paired = zip(one.sequence_ids, one.values, others, strict=True)
    return {name: value - other for name, value, other in paired if other is not None}
