"""Metrics over a whole run: one value per sequence, and what they come to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import Sequence as Letters
from relevome.data.sequences import named_alphabet
from relevome.data.sites import listed_as, mask
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.nulls import OTHER_MAPS
from relevome.evaluation.places import OF_PLACES, Mapped, Places
from relevome.evaluation.questions import Answer
from relevome.evaluation.statistics import bootstrap_interval, paired_test
from relevome.evaluation.truth import Truth
from relevome.evaluation.units import check_level, mask_at, relevance_at
from relevome.results.estimate import Estimate
from relevome.results.evaluation.curves import FaithfulnessCurves, MeanCurves
from relevome.results.evaluation.scores import EXCHANGES, OTHERS, Excess, Level, MetricScores
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run, rows_of

Given: TypeAlias = dict[str, np.ndarray | str]

# What metrics need besides relevance, in words.
_NEEDS = {"mask": "known sites (truth)", "other": "another run of the same sequences"}


@dataclass(frozen=True)
class Measured:
    """What a metric gives for one sequence.

    ``random`` is the mean over random orders of its relevance, None for metrics that no order changes.
    ``null`` is the mean over explanations of other sequences with the same dinucleotides, None where
    nobody made them: that takes the model. ``others`` are of further nulls, by their names, and ``model`` is
    of the model's own mutagenesis, None where nobody asked for that.
    """

    sequence_id: str
    value: float
    random: float | None = None
    null: float | None = None
    others: Mapping[str, float] = field(default_factory=dict)
    model: float | None = None


def evaluate_run(
    run: Run,
    wanted: Iterable[str] | None = None,
    truth: Truth | None = None,
    other: Run | None = None,
    level: Level = "letters",
    how: str = "sum",
    target: str | None = None,
    seed: int = 0,
    draws: int = 10,
    nulls: Mapping[str, Sequence[Explanation]] | None = None,
    untrained: Mapping[str, Sequence[Explanation]] | None = None,
    own: Mapping[str, Explanation] | None = None,
) -> list[MetricScores]:
    """Metrics that need no model, over the sequences of a run, in order of their names.

    ``wanted`` names metrics or kinds of metrics; without it, all that can be had. Those of localisation
    need known sites, the ``truth``; those of similarity, ``other``, a run of the same sequences, whose
    letters are gathered into the tokens of ``run`` where its own are others. ``level`` and ``how`` are
    those of `relevance_at`. Every sequence is put into random order ``draws`` times. ``nulls`` are
    explanations of its shuffles, by its id; ``untrained`` those of the sequence itself by models with random
    weights; ``own`` those by the model's own mutagenesis, beside which metrics of places stand. These also
    have the nulls of `Places`, at the level of letters. Raises InputError for a metric that needs what is not
    given, for one that applies to fewer than two sequences, and where a run has several targets and none is
    named.
    """
    check_level(level)
    given = {"relevance": run, "mask": truth, "other": other}
    chosen = _chosen(wanted, {need for need, found in given.items() if found is not None})
    source = _Source(run, truth, other, level, how)
    of_places = [metric for metric in chosen if metric.kind in OF_PLACES]
    places = None
    if of_places and level == "letters":
        places = Places((source.mapped(row) for row in rows_of(run, target)), seed)
    rng = np.random.default_rng(seed)
    measured: dict[str, list[Measured]] = {metric.name: [] for metric in chosen}
    left_out: dict[str, Counter[str]] = {metric.name: Counter() for metric in chosen}
    for row in rows_of(run, target):
        found = source.given(row)
        orders = [rng.permutation(found["relevance"]) for _ in range(draws)]
        shuffled, random = (
            [source.given(one) for one in (some or {}).get(row.sequence_id, ())]
            for some in (nulls, untrained)
        )
        mutants = [source.given(own[row.sequence_id])] if own and row.sequence_id in own else []
        knowing = {} if places is None else places.of(source.mapped(row), of_places)
        for metric in chosen:
            result = _measure(metric, row.sequence_id, found, orders, shuffled)
            if isinstance(result, Measured) and metric.kind in OF_PLACES:
                others = _others(metric, knowing, random)
                result = replace(result, others=others, model=_mean(_nulls(metric, mutants)))
            if isinstance(result, Measured):
                measured[metric.name].append(result)
            else:
                left_out[metric.name][result] += 1
    for metric in of_places if places else ():
        expected = places.exchanged(metric.name)
        measured[metric.name] = [_exchanged(one, expected) for one in measured[metric.name]]
    return [summarise(metric, level, measured[metric.name], left_out[metric.name], seed) for metric in chosen]


def summarise(
    metric: Metric, level: Level, measured: Sequence[Measured], left_out: Mapping[str, int], seed: int = 0
) -> MetricScores:
    """Means and intervals over sequences. Raises InputError for fewer than two, with why others are left out.

    Families of metrics that work on many sequences at once, such as faithfulness, measure by themselves
    and join the others here.
    """
    if len(measured) < 2:
        sequences = len(measured) + sum(left_out.values())
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise InputError(
            f"{metric.name} applies to {len(measured)} of {sequences} sequences: expected two or more for an "
            f"interval; left out: {reasons or 'none'}"
        )
    values = tuple(one.value for one in measured)
    found = MetricScores(
        metric.name,
        metric.kind,
        level,
        metric.direction,
        *bootstrap_interval(values, seed, bounds=metric.bounds),
        over_all([one.random for one in measured], seed, metric.bounds),
        over_all([one.null for one in measured], seed, metric.bounds),
        dict(left_out),
        tuple(one.sequence_id for one in measured),
        values,
        tuple(one.random for one in measured),
        tuple(one.null for one in measured),
    )
    values_of = {name: tuple(one.others.get(name) for one in measured) for name in OTHERS}
    others = {name: some for name, some in values_of.items() if any(one is not None for one in some)}
    found = replace(found, others=others)
    if any(one.model is not None for one in measured):
        models = tuple(one.model for one in measured)
        found = replace(found, model=over_all(models, seed, metric.bounds), model_values=models)
    return with_excess(found, seed) if metric.kind in OF_PLACES else found


def with_excess(scores: MetricScores, seed: int = 0) -> MetricScores:
    """The same with what it exceeds its strongest null by, of all and of exchanges."""
    exchanges = excess(scores, seed, EXCHANGES)
    return replace(scores, excess=excess(scores, seed), over_exchange=exchanges)


def excess(scores: MetricScores, seed: int = 0, among: Collection[str] | None = None) -> Excess | None:
    """How much a metric exceeds the strongest of its nulls, that with the best mean; None without any.

    Compared are the sequences that have a value of it, two or more. ``among`` are the nulls that count, all
    by default.
    """
    sign = 1.0 if scores.direction == "higher is better" else -1.0
    best: tuple[float, str, np.ndarray, np.ndarray] | None = None
    for name, some in scores.nulls().items():
        if among is not None and name not in among:
            continue
        pairs = [(a, b) for a, b in zip(scores.values, some, strict=True) if b is not None]
        if len(pairs) > 1:
            own, other = np.array(pairs, dtype=float).T
            if best is None or sign * other.mean() > best[0]:
                best = (sign * float(other.mean()), name, own, other)
    if best is None:
        return None
    _, name, own, other = best
    null, over = bootstrap_interval(other, seed), bootstrap_interval(sign * (own - other), seed)
    return Excess(name, null.mean, *over, paired_test(own, other, seed), null.low, null.high)


def measured(metric: Metric, sequence_id: str, answer: Answer) -> Measured:
    """A metric of what the model answered about one sequence."""
    random, null = ([metric.compute(*one) for one in some] for some in (answer.random, answer.null))
    model = None if answer.model is None else metric.compute(*answer.model)
    own = metric.compute(*answer.own)
    return Measured(sequence_id, own, _mean(random), _mean(null), model=model)


def error_counts(errors: Mapping[str, InputError]) -> dict[str, int]:
    """How many sequences have each error; errors that differ in names and numbers only are one."""
    first: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name, error in errors.items():
        kind = re.sub(r"\d+", "", str(error).replace(repr(name), ""))
        reason = first.setdefault(kind, str(error))
        counts[reason] = counts.get(reason, 0) + 1
    return counts


def mean_curves(found: Sequence[FaithfulnessCurves]) -> MeanCurves:
    """Means over sequences of which the same shares are taken away, with their 95% intervals."""
    rows = {
        "morf": [one.morf for one in found],
        "lerf": [one.lerf for one in found],
        "random": [one.random.mean(0) for one in found],
    }
    lines = {name: _mean_line(np.array(some)) for name, some in rows.items()}
    return MeanCurves(len(found), tuple(map(float, found[0].shares)), **lines)


def _mean_line(rows: Float[np.ndarray, "sequences shares"]) -> tuple[Estimate, ...]:
    """One sequence has a mean, and no interval."""
    means = map(float, rows.mean(0))
    if len(rows) == 1:
        return tuple(Estimate(mean, mean, mean) for mean in means)
    ends = [bootstrap_interval(column, 0, draws=1000) for column in rows.T]
    return tuple(Estimate(mean, end.low, end.high) for mean, end in zip(means, ends, strict=True))


@dataclass(frozen=True)
class _Source:
    """Where the arguments of metrics come from, row by row; a missing one is the reason why."""

    run: Run
    truth: Truth | None
    other: Run | None
    level: Level
    how: str

    def given(self, row: Explanation) -> Given:
        found: Given = {"relevance": relevance_at(row, self.level, self.how)}
        if self.truth is not None:
            found["mask"] = self._mask(row, self.truth)
        if self.other is not None:
            found["other"] = self._other(row, self.other)
        return found

    def mapped(self, row: Explanation) -> Mapped:
        """A row at the level of letters, with its known sites if it has any."""
        mask = None if self.truth is None else self._mask(row, self.truth)
        return Mapped(
            row.sequence_id, row.sequence, row.relevance, mask if isinstance(mask, np.ndarray) else None
        )

    def _mask(self, row: Explanation, truth: Truth) -> np.ndarray | str:
        if not any(name and listed_as(name, truth) for name in (row.sequence_id, row.chrom)):
            return "not in the file of known sites"
        alphabet = named_alphabet(self.run.manifest["alphabet"])
        inside = mask(Letters(row.sequence_id, row.sequence, alphabet, row.interval), truth)
        if not inside.any():
            return "without a known site"
        inside = mask_at(inside, row, self.level)
        if inside.all():
            return f"with all {self.level} inside known sites"
        return inside if inside.any() else f"with no {self.level} inside known sites"

    def _other(self, row: Explanation, other: Run) -> np.ndarray | str:
        try:
            found = other.find(row.sequence_id, None if len(other.targets) == 1 else row.target)[0]
        except InputError:
            return "not in the other run"
        if found.sequence != row.sequence:
            return "with other letters in the other run"
        return relevance_at(found, self.level, self.how, tokens_of=row)


def _measure(
    metric: Metric,
    sequence_id: str,
    found: Given,
    orders: Sequence[np.ndarray],
    shuffled: Sequence[Given],
) -> Measured | str:
    """The value of one sequence, or the reason why it has none."""
    arguments = [found[need] for need in metric.needs]
    reason = next((given for given in arguments if isinstance(given, str)), None)
    if reason is not None:
        return reason
    random: list[float] = []
    if metric.ordered:
        given = [found | {"relevance": order} for order in orders]
        random = [metric.compute(*(one[need] for need in metric.needs)) for one in given]
    return Measured(sequence_id, metric.compute(*arguments), _mean(random), _mean(_nulls(metric, shuffled)))


def _others(
    metric: Metric, knowing: Mapping[str, Mapping[str, float]], random: Sequence[Given]
) -> dict[str, float]:
    """A metric of maps that know a place or letters alone, and of models with random weights."""
    values, of_random = dict(knowing.get(metric.name, {})), _mean(_nulls(metric, random))
    return values if of_random is None else values | {"random weights": of_random}


def _exchanged(one: Measured, expected: Mapping[str, float]) -> Measured:
    """With the null of exchanged maps, if the sequence has one."""
    if one.sequence_id not in expected:
        return one
    return replace(one, others={**one.others, OTHER_MAPS: expected[one.sequence_id]})


def _nulls(metric: Metric, shuffled: Sequence[Given]) -> list[float]:
    """The values of those shuffles to which the metric applies."""
    rows = [[given[need] for need in metric.needs] for given in shuffled]
    return [metric.compute(*row) for row in rows if not any(isinstance(one, str) for one in row)]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _chosen(wanted: Iterable[str] | None, given: set[str]) -> list[Metric]:
    """The metrics that were asked for by name or by kind; without a wish, those that need nothing else."""
    if wanted is None:
        every = [metric for _, metric in metrics.items()]
        return [one for one in every if one.question is None and given.issuperset(one.needs)]
    kinds = {metric.kind for _, metric in metrics.items()}
    names = {name for word in wanted for name in (_of_kind(word) if word in kinds else [word])}
    chosen = [metrics[name] for name in sorted(names)]
    for metric in chosen:
        missing = [_NEEDS[need] for need in metric.needs if need not in given]
        missing += ["the model"] * (metric.question is not None)
        if missing:
            raise InputError(f"the metric {metric.name} needs {missing[0]}, which is not given here")
    return chosen


def _of_kind(kind: str) -> list[str]:
    return [name for name, metric in metrics.items() if metric.kind == kind]


def over_all(
    values: Iterable[float | None], seed: int, bounds: tuple[float, float] | None = None
) -> Estimate | None:
    """Mean and interval of values that are known, if two or more are."""
    known = [value for value in values if value is not None]
    return bootstrap_interval(known, seed, bounds=bounds) if len(known) > 1 else None
