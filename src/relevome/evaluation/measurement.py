"""Metrics over a whole run: one value per sequence, and what they come to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import named_alphabet
from relevome.errors import InputError
from relevome.evaluation.choice import chosen_metrics
from relevome.evaluation.contrasts import OWN, RANDOM_ORDER, RANDOM_WEIGHTS, SHUFFLED, ContrastsOfRun, placed
from relevome.evaluation.excess import with_excess
from relevome.evaluation.given import ArgumentSource, Given
from relevome.evaluation.metrics import Metric
from relevome.evaluation.nulls import MOTIF, OTHER_MAPS, OtherSites
from relevome.evaluation.places import LOGIC, OF_PLACES, Mapped, Places, RandomModels
from relevome.evaluation.questions import Answer
from relevome.evaluation.statistics import bootstrap_interval
from relevome.evaluation.truth import Truth, has_effects
from relevome.evaluation.units import check_level
from relevome.results.estimate import Estimate
from relevome.results.evaluation.curves import FaithfulnessCurves, MeanCurves
from relevome.results.evaluation.scores import OTHERS, Level, MetricScores
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run, rows_of


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
    untrained: Sequence[Mapping[str, Explanation]] = (),
    own: Mapping[str, Explanation] | None = None,
    too_few: list[str] | None = None,
) -> list[MetricScores]:
    """Metrics that need no model, over the sequences of a run, in order of their names.

    ``wanted`` names metrics or kinds of metrics; without it, all that can be had. Those of localisation
    need known sites, the ``truth``, and those of logic their effects, too; those of similarity, ``other``, a
    run of the same sequences, whose letters are gathered into the tokens of ``run`` where its own are others.
    ``level`` and ``how`` are those of `relevance_at`. Every sequence is put into random order ``draws``
    times. ``nulls`` are explanations of its shuffles, by its id; ``untrained`` those of the sequences by
    each model with random weights, by their ids; ``own`` those by the model's own mutagenesis, beside which
    localisation stands. Metrics of places also have the nulls of `Places`, at the level of letters, and
    those of logic that of `OtherSites`. Raises InputError for a metric that needs what is not given, for
    one that applies to fewer than two sequences (of logic a note in ``too_few``, where there is such a
    list), and where a run has several targets and none is named.
    """
    check_level(level)
    effects = truth if has_effects(truth) else None
    given = {
        "relevance": run, "mask": truth, "other": other, "effects": effects, "contrasts": effects,
        "run": effects, "motifs": effects,
    }  # fmt: skip
    chosen = chosen_metrics(wanted, {need for need, found in given.items() if found is not None})
    source = ArgumentSource(named_alphabet(run.manifest["alphabet"]), truth, other, level, how)
    places = None
    if level == "letters" and any(metric.kind in OF_PLACES for metric in chosen):
        places = Places((_mapped(row, source.given(row)) for row in rows_of(run, target)), seed)
    found = _OverRun(
        chosen, source, places, _other_sites(run, target, chosen, source),
        nulls or {}, own or {}, untrained, draws, np.random.default_rng(seed),
    )  # fmt: skip
    for row in rows_of(run, target):
        found.add(row)
    return found.scores(seed, too_few)


@dataclass
class _OverRun:
    """Metrics over the rows of a run so far.

    ``shuffled`` and ``own`` are explanations of shuffles and by the model's own mutagenesis, by the ids of
    their sequences; ``untrained`` those by each model with random weights.
    """

    metrics: list[Metric]
    source: ArgumentSource
    places: Places | None
    motifs: OtherSites | None
    shuffled: Mapping[str, Sequence[Explanation]]
    own: Mapping[str, Explanation]
    untrained: Sequence[Mapping[str, Explanation]]
    draws: int
    rng: np.random.Generator
    measured: dict[str, list[Measured]] = field(init=False)
    left_out: dict[str, Counter[str]] = field(init=False)
    of_run: ContrastsOfRun = field(default_factory=ContrastsOfRun)
    of_models: RandomModels = field(default_factory=RandomModels)

    def __post_init__(self) -> None:
        self.measured = {metric.name: [] for metric in self.metrics}
        self.left_out = {metric.name: Counter() for metric in self.metrics}

    @property
    def of_sites(self) -> list[Metric]:
        """Those of where known sites are."""
        return [one for one in self.metrics if one.kind in OF_PLACES and "mask" in one.needs]

    @property
    def of_contrasts(self) -> list[Metric]:
        """Those of the sites of all sequences together."""
        return [metric for metric in self.metrics if "contrasts" in metric.needs]

    def add(self, row: Explanation) -> None:
        """One more row."""
        found = self.source.given(row)
        orders = [self.rng.permutation(found["relevance"]) for _ in range(self.draws)]
        shuffled = [self.source.given(one) for one in self.shuffled.get(row.sequence_id, ())]
        random = [(i, one[row.sequence_id]) for i, one in enumerate(self.untrained) if row.sequence_id in one]
        by_random = {i: self.source.given(one) for i, one in random}
        mutants = [self.source.given(self.own[name]) for name in (row.sequence_id,) if name in self.own]
        knowing = {} if self.places is None else self.places.means(row.sequence, row.relevance)
        values = {} if self.places is None else self.places.of(_mapped(row, found), self.of_sites)
        if has_effects(self.source.truth):
            known = knowing | _motif_map(self.motifs, found)
            self.of_run.add(row.sequence_id, placed(found, orders, shuffled, [*by_random.values()], known))
        for metric in (one for one in self.metrics if "contrasts" not in one.needs):
            result = _measure(metric, row.sequence_id, found, orders, shuffled)
            if isinstance(result, str):
                self.left_out[metric.name][result] += 1
                continue
            if metric.kind in OF_PLACES:
                others = values.get(metric.name) or _of_maps(metric, found, knowing)
                result = replace(result, others=others, model=_mean(_nulls(metric, mutants)))
                by_model = {i: _mean(_nulls(metric, [given])) for i, given in by_random.items()}
                self.of_models.add(metric, row.sequence_id, by_model)
            self.measured[metric.name].append(result)

    def scores(self, seed: int, too_few: list[str] | None) -> list[MetricScores]:
        """Of every metric; of logic a note in ``too_few``, if there is such a list, where sequences are."""
        for metric in self.of_sites:
            expected = {} if self.places is None else self.places.exchanged(metric.name)
            self.measured[metric.name] = _with_null(self.measured[metric.name], OTHER_MAPS, expected)
        for metric in self.metrics:
            best = self.of_models.best(metric)
            self.measured[metric.name] = _with_null(self.measured[metric.name], RANDOM_WEIGHTS, best)
        for metric in self.of_contrasts:
            self.measured[metric.name], self.left_out[metric.name] = _of_run(metric, self.of_run)
        scores = []
        for metric in self.metrics:
            found, left_out = self.measured[metric.name], self.left_out[metric.name]
            try:
                scores.append(summarise(metric, self.source.level, found, left_out, seed))
            except InputError as error:
                if too_few is None or metric.kind != LOGIC:
                    raise
                too_few.append(str(error))
        return scores


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


def _mapped(row: Explanation, found: Given) -> Mapped:
    """A row at the level of letters, with its known sites if it has any."""
    mask = found.get("mask")
    return Mapped(
        row.sequence_id, row.sequence, row.relevance, mask if isinstance(mask, np.ndarray) else None
    )


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


def _other_sites(
    run: Run, target: str | None, chosen: Sequence[Metric], source: ArgumentSource
) -> OtherSites | None:
    """What is known of all sites together, if a metric asks what each of them must have."""
    if source.truth is None or not any("contrasts" in metric.needs for metric in chosen):
        return None
    given = (source.given(row) for row in rows_of(run, target))
    placed = ((found["sites"], found["relevance"]) for found in given)
    return OtherSites((sites, relevance) for sites, relevance in placed if isinstance(sites, tuple))


def _motif_map(motifs: OtherSites | None, found: Given) -> dict[str, np.ndarray]:
    """What the motifs of the sites of a sequence say in others, if anything asks for it."""
    if motifs is None or isinstance(found["sites"], str):
        return {}
    return motifs.maps(found["sites"], found["relevance"])


def _of_run(metric: Metric, of_run: ContrastsOfRun) -> tuple[list[Measured], Counter[str]]:
    """A metric over the sites of all sequences, and why others are left out.

    Between sites of one motif means over the other sequences say nothing but which one they leave out: there
    a map that knows a motif alone has 0.
    """
    by_motif = "motifs" in metric.needs
    kinds = [OWN, RANDOM_ORDER, SHUFFLED, *((RANDOM_WEIGHTS,) if by_motif else OTHERS)]
    own, orders, shuffled, *others = (of_run.values(kind, metric.compute, by_motif) for kind in kinds)
    found = []
    for id, value in own.items():
        known = {kind: some[id] for kind, some in zip(kinds[3:], others, strict=True) if id in some}
        known |= {MOTIF: 0.0} if by_motif else {}
        found.append(Measured(id, value, orders.get(id), shuffled.get(id), known))
    return found, of_run.without(by_motif)


def _of_maps(metric: Metric, found: Given, knowing: Mapping[str, np.ndarray]) -> dict[str, float]:
    """A metric of maps that know a place or letters alone."""
    given = {name: found | {"relevance": values} for name, values in knowing.items()}
    return {name: metric.compute(*(one[need] for need in metric.needs)) for name, one in given.items()}


def _with_null(measured: Sequence[Measured], null: str, values: Mapping[str, float]) -> list[Measured]:
    """With the values of a null, of those sequences that have one."""
    known = [{null: values[one.sequence_id]} if one.sequence_id in values else {} for one in measured]
    return [replace(one, others={**one.others, **some}) for one, some in zip(measured, known, strict=True)]


def _nulls(metric: Metric, shuffled: Sequence[Given]) -> list[float]:
    """The values of those shuffles to which the metric applies."""
    rows = [[given[need] for need in metric.needs] for given in shuffled]
    return [metric.compute(*row) for row in rows if not any(isinstance(one, str) for one in row)]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def over_all(
    values: Iterable[float | None], seed: int, bounds: tuple[float, float] | None = None
) -> Estimate | None:
    """Mean and interval of values that are known, if two or more are."""
    known = [value for value in values if value is not None]
    return bootstrap_interval(known, seed, bounds=bounds) if len(known) > 1 else None
