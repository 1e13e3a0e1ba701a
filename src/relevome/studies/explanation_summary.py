"""What explanations of several trainings are worth: tables over trainings and sequences, and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from relevome.evaluation.metrics import metrics
from relevome.evaluation.statistics import crossed_interval
from relevome.report.scores import ARROWS, listed
from relevome.report.tables import Cell, Table, interval, markdown
from relevome.results.estimate import Estimate
from relevome.results.evaluation.folder import read_evaluation
from relevome.results.evaluation.scores import EXCHANGES, MetricScores
from relevome.results.folder import whole_file
from relevome.results.record import reading
from relevome.results.tables import write_tsv

# A column of the table for each question.
METRICS = {
    "auroc": "is relevance higher on sites than off them?",
    "absolute-auroc": "and its size?",
    "mass-accuracy": "what share of the positive relevance lies on sites?",
    "mutagenesis-spearman": "does it say what the model's own mutagenesis finds?",
    "normalised-area-between-curves": "does the prediction go when the most relevant letters go?",
    "logic-agreement": "is every site worth what the others make of it?",
    "logic-correlation": "and between sites of one motif?",
    "robust-correlation": "does relevance stay where substitutions leave the prediction as it was?",
}
_PLACES = ("auroc", "absolute-auroc")
# What the model itself says is what others are measured by, and takes too long to be a default.
REFERENCE = "mutagenesis"
_PAGE, _ROWS = "study.md", "study.tsv"

Values = Float[np.ndarray, "trainings sequences"]


class ExplainedTraining(NamedTuple):
    """One explanation of one training of a kind of model."""

    task: str
    kind: str
    training: int
    name: str

    def scores(self, folder: Path) -> dict[str, MetricScores]:
        """What `relevome evaluate` found, by metric."""
        found = read_evaluation(folder / self.task / self.kind / str(self.training) / "scores" / self.name)
        return {one.metric: one for one in found.scores}


class OverTrainings:
    """One explanation over all trainings of a kind of model, on one task."""

    def __init__(self, runs: Sequence[ExplainedTraining], folder: Path) -> None:
        self.name = runs[0].name
        self._scores = [run.scores(folder) for run in runs]

    @cached_property
    def metrics(self) -> list[str]:
        """Those that every training has."""
        return [metric for metric in METRICS if all(metric in found for found in self._scores)]

    def values(self, metric: str) -> Values:
        """A row for every training, a column for every sequence that all of them have."""
        return self._table([(one.sequence_ids, one.values) for one in self._of(metric)])

    def mean(self, metric: str) -> Estimate:
        """Over trainings and sequences."""
        found, bounds = crossed_interval(self.values(metric)), metrics[metric].bounds
        return found if bounds is None else Estimate(*np.clip(found, *bounds).tolist())

    def over(self, metric: str, among: Sequence[str] | None = None) -> tuple[str, Estimate] | None:
        """The strongest null of a metric over all trainings, and how much is over it; None without any."""
        own, sign = self._of(metric), 1 if metrics[metric].higher_is_better else -1
        found: list[tuple[float, str, Values]] = []
        for name in own[0].nulls():
            if among is not None and name not in among:
                continue
            differences = self._table([_differences(one, name) for one in own])
            if min(differences.shape) > 1:
                found.append((float(sign * differences.mean()), name, sign * differences))
        if not found:
            return None
        _, name, differences = min(found, key=lambda one: one[0])
        return name, crossed_interval(differences)

    def by_training(self, metric: str) -> Float[np.ndarray, " trainings"]:
        """The mean of every training, turned so that higher is better."""
        return (1 if metrics[metric].higher_is_better else -1) * self.values(metric).mean(1)

    def _of(self, metric: str) -> list[MetricScores]:
        return [found[metric] for found in self._scores]

    def _table(self, rows: Sequence[tuple[Sequence[str], Sequence[float | None]]]) -> Values:
        known = [{name: x for name, x in zip(*row, strict=True) if x is not None} for row in rows]
        shared = [name for name in known[0] if all(name in one for one in known)]
        return np.array([[one[name] for name in shared] for one in known], dtype=float)


def _differences(one: MetricScores, null: str) -> tuple[Sequence[str], list[float | None]]:
    others = one.nulls().get(null, (None,) * one.n)
    return one.sequence_ids, [None if b is None else a - b for a, b in zip(one.values, others, strict=True)]


class ExplainedKind(NamedTuple):
    """All explanations of one kind of model on one task."""

    task: str
    kind: str
    trainings: tuple[int, ...]
    explanations: tuple[OverTrainings, ...]

    @property
    def metrics(self) -> list[str]:
        """Those that every explanation has."""
        return [metric for metric in METRICS if all(metric in one.metrics for one in self.explanations)]

    def ranks(self, odd: bool) -> Float[np.ndarray, "explanations questions"]:
        """Places by every metric, 1 the best, over trainings of even or odd numbers, without `REFERENCE`."""
        rows = [place for place, number in enumerate(self.trainings) if number % 2 == odd]
        found = np.array([
            [one.by_training(metric)[rows].mean() for metric in self.metrics] for one in self.rivals
        ])  # fmt: skip
        return 1 + (found[None] > found[:, None]).sum(1) + ((found[None] == found[:, None]).sum(1) - 1) / 2

    @property
    def rivals(self) -> list[OverTrainings]:
        """All but what they are measured by."""
        return [one for one in self.explanations if one.name != REFERENCE]


def conclude(folder: Path, runs: Sequence[ExplainedTraining]) -> list[str]:
    """``study.md`` with words and tables, ``study.tsv`` with every mean; gives the words."""
    with reading(folder, "remove what is damaged, and run the study again"):
        found = [_kind(list(some), folder) for _, some in groupby(runs, key=lambda run: (run.task, run.kind))]
    said = [*_choices(found), *(line for one in found for line in _best(one))]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text(_page(found, said), encoding="utf-8")
    header = (
        "task",
        "kind",
        "explanation",
        "metric",
        "mean",
        "low",
        "high",
        "null",
        "over",
        "over_low",
        "over_high",
    )
    write_tsv(folder / _ROWS, header, (row for one in found for row in _rows(one)))
    return [*said, f"{folder / _PAGE}: all tables; {folder / _ROWS}: all means"]


def _kind(runs: list[ExplainedTraining], folder: Path) -> ExplainedKind:
    names = dict.fromkeys(run.name for run in runs)
    some = tuple(OverTrainings([run for run in runs if run.name == name], folder) for name in names)
    return ExplainedKind(runs[0].task, runs[0].kind, tuple(sorted({run.training for run in runs})), some)


def _choices(found: Sequence[ExplainedKind]) -> Iterator[str]:
    """For every kind of model the explanation with the best mean place by even trainings, and by odd ones."""
    for kind in dict.fromkeys(one.kind for one in found):
        own = [one for one in found if one.kind == kind]
        names = [one.name for one in own[0].rivals]
        if any(len(one.trainings) < 2 or not one.metrics for one in own):
            continue
        even, odd = (
            np.concatenate([one.ranks(half) for one in own], axis=1).mean(1) for half in (False, True)
        )
        best = int(even.argmin())
        place = 1 + int((odd < odd[best]).sum())
        yield (
            f"{kind}: over all tasks and questions {names[best]} comes first by even trainings (mean place "
            f"{even[best]:.2f} of {len(names)}); by odd ones it is number {place} (mean place "
            f"{odd[best]:.2f}, the first is {names[int(odd.argmin())]} with {odd.min():.2f})"
        )


def _best(one: ExplainedKind) -> Iterator[str]:
    """What is over the strongest null, by the best explanation."""
    for metric in (metric for metric in _PLACES if metric in one.metrics):
        sign = 1 if metrics[metric].higher_is_better else -1
        best = max(one.explanations, key=lambda some: sign * some.mean(metric).mean)
        over, exchange = best.over(metric), best.over(metric, EXCHANGES)
        if over is not None and exchange is not None:
            yield (
                f"{one.task}, {one.kind}: the best {metric} is that of {best.name}, "
                f"{interval(*best.mean(metric))}; over its strongest null, {over[0]}, "
                f"{interval(*over[1])}, over {exchange[0]} {interval(*exchange[1])}"
            )


def _always_better(one: ExplainedKind) -> Iterator[str]:
    """Who is better than whom in every training."""
    for metric in one.metrics:
        better = [f"{a.name} over {b.name}" for a in one.rivals for b in one.rivals if _always(a, b, metric)]
        if better:
            yield f"better by {metric} in every training: {'; '.join(better)}"


def _always(a: OverTrainings, b: OverTrainings, metric: str) -> bool:
    """Whether one is better in each training, and so that the interval of the difference is off 0."""
    first, second = a.values(metric), b.values(metric)
    if first.shape != second.shape or not (a.by_training(metric) > b.by_training(metric)).all():
        return False
    sign = 1 if metrics[metric].higher_is_better else -1
    return crossed_interval(sign * (first - second)).low > 0


def _page(found: Sequence[ExplainedKind], said: Sequence[str]) -> str:
    parts = ["# What explanations are worth\n", listed(said), "## Explanations\n"]
    parts += ["What each column asks of an explanation, letter by letter:\n"]
    parts.append(listed(f"{metric}: {question}" for metric, question in METRICS.items()))
    for one in found:
        parts += [f"### {one.task}, {one.kind}\n", markdown(_table(one)), listed(_always_better(one))]
    return "\n".join(parts)


def _table(one: ExplainedKind) -> Table:
    header: list[str] = ["explanation"]
    for metric in one.metrics:
        header.append(f"{metric} {ARROWS[metrics[metric].direction]}")
        header += ["over its strongest null", "over exchange"] if metric in _PLACES else []
    rows = []
    for explanation in one.explanations:
        cells = [Cell(explanation.name)]
        for metric in one.metrics:
            cells.append(Cell(interval(*explanation.mean(metric))))
            if metric in _PLACES:
                cells += [_over(explanation.over(metric)), _over(explanation.over(metric, EXCHANGES))]
        rows.append(tuple(cells))
    caption = (
        f"Means over {len(one.trainings)} trainings and their sequences, with 95% intervals for others of "
        "both; ↑ higher is better, ↓ lower is better. Nulls are those with the best mean over all trainings; "
        "exchange: those that have the noise of an explanation."
    )
    return Table(caption, tuple(header), tuple(rows))


def _over(found: tuple[str, Estimate] | None) -> Cell:
    return Cell("" if found is None else f"{interval(*found[1])} ({found[0]})")


def _rows(one: ExplainedKind) -> Iterator[tuple[object, ...]]:
    for explanation in one.explanations:
        for metric in one.metrics:
            over = explanation.over(metric)
            null = ("", None, None, None) if over is None else (over[0], *over[1])
            yield (one.task, one.kind, explanation.name, metric, *explanation.mean(metric), *null)
