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
from relevome.evaluation.contrasts import OWN, RANDOM_ORDER, RANDOM_WEIGHTS, SHUFFLED, ContrastsOfRun, placed
from relevome.evaluation.given import ArgumentSource, Given
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.nulls import MOTIF, OtherSequences, OtherSites
from relevome.evaluation.questions import Answer
from relevome.evaluation.statistics import bootstrap_interval, paired_test
from relevome.evaluation.truth import Truth, has_effects
from relevome.evaluation.units import check_level
from relevome.results.estimate import Estimate
from relevome.results.evaluation.curves import FaithfulnessCurves, MeanCurves
from relevome.results.evaluation.scores import OTHERS, Excess, Level, MetricScores
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run, rows_of

# Metrics of where relevance lies, which a map may reach that knows nothing of its sequence.
LOGIC = "logic"
OF_PLACES = ("localisation", LOGIC)
# What metrics need besides relevance, in words.
WITH_EFFECTS = "known sites with the effect that each must have, as simulate writes them (effects.tsv)"
_NEEDS = {
    "mask": "known sites (truth)",
    "other": "another run of the same sequences",
    "effects": WITH_EFFECTS,
    "contrasts": WITH_EFFECTS,
}


@dataclass(frozen=True)
class Measured:
    """What a metric gives for one sequence.

    ``random`` is the mean over random orders of its relevance, None for metrics that no order changes.
    ``null`` is the mean over explanations of other sequences with the same dinucleotides, None where
    nobody made them: that takes the model. ``others`` are of further nulls, by their names.
    """

    sequence_id: str
    value: float
    random: float | None = None
    null: float | None = None
    others: Mapping[str, float] = field(default_factory=dict)


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
    too_few: list[str] | None = None,
) -> list[MetricScores]:
    """Metrics that need no model, over the sequences of a run, in order of their names.

    ``wanted`` names metrics or kinds of metrics; without it, all that can be had. Those of localisation
    need known sites, the ``truth``, and those of logic their effects, too; those of similarity, ``other``, a
    run of the same sequences, whose letters are gathered into the tokens of ``run`` where its own are others.
    ``level`` and ``how`` are those of `relevance_at`. Every sequence is put into random order ``draws``
    times. ``nulls`` are explanations of its shuffles, by its id; ``untrained`` those of the sequence itself
    by models with random weights. Metrics of places also have the nulls of `OtherSequences`, at the level of
    letters, and those of logic that of `OtherSites`. Raises InputError for a metric that needs what is not
    given, for one that applies to fewer than two sequences (of logic a note in ``too_few``, where there is
    such a list), and where a run has several targets and none is named.
    """
    check_level(level)
    effects = truth if has_effects(truth) else None
    given = {
        "relevance": run, "mask": truth, "other": other, "effects": effects, "contrasts": effects,
        "run": effects, "motifs": effects,
    }  # fmt: skip
    chosen = _chosen(wanted, {need for need, found in given.items() if found is not None})
    source = ArgumentSource(named_alphabet(run.manifest["alphabet"]), truth, other, level, how)
    others = _other_sequences(run, target, chosen, level)
    motifs = _other_sites(run, target, chosen, source)
    of_run = ContrastsOfRun()
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
        knowing = {} if others is None else others.maps(row.sequence, row.relevance)
        if effects is not None:
            known = knowing | _motif_map(motifs, found)
            of_run.add(row.sequence_id, placed(found, orders, shuffled, random, known))
        for metric in (one for one in chosen if "contrasts" not in one.needs):
            result = _measure(metric, row.sequence_id, found, orders, shuffled)
            if isinstance(result, Measured) and metric.kind in OF_PLACES:
                result = replace(result, others=_others(metric, found, knowing, random))
            if isinstance(result, Measured):
                measured[metric.name].append(result)
            else:
                left_out[metric.name][result] += 1
    for metric in (one for one in chosen if "contrasts" in one.needs):
        measured[metric.name], left_out[metric.name] = _of_run(metric, of_run)
    scores = []
    for metric in chosen:
        try:
            scores.append(summarise(metric, level, measured[metric.name], left_out[metric.name], seed))
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
    return replace(found, excess=excess(found, seed)) if metric.kind in OF_PLACES else found


def excess(scores: MetricScores, seed: int = 0) -> Excess | None:
    """How much a metric exceeds the strongest of its nulls, that with the best mean; None without any.

    Compared are the sequences that have a value of it, two or more.
    """
    sign = 1.0 if scores.direction == "higher is better" else -1.0
    best: tuple[float, str, np.ndarray, np.ndarray] | None = None
    for name, some in scores.nulls().items():
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
    return Measured(sequence_id, metric.compute(*answer.own), _mean(random), _mean(null))


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


def _other_sequences(
    run: Run, target: str | None, chosen: Sequence[Metric], level: Level
) -> OtherSequences | None:
    """What is known of all explanations together, if a metric of places asks for it."""
    if level != "letters" or not any(metric.kind in OF_PLACES for metric in chosen):
        return None
    return OtherSequences((row.sequence, row.relevance) for row in rows_of(run, target))


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


def _others(
    metric: Metric, found: Given, knowing: Mapping[str, np.ndarray], random: Sequence[Given]
) -> dict[str, float]:
    """A metric of maps that know a place or letters alone, and of models with random weights."""
    given = {name: found | {"relevance": values} for name, values in knowing.items()}
    values = {name: metric.compute(*(one[need] for need in metric.needs)) for name, one in given.items()}
    of_random = _mean(_nulls(metric, random))
    return values if of_random is None else values | {RANDOM_WEIGHTS: of_random}


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
