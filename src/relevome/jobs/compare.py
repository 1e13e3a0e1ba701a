"""Methods on one model, or models on the same sequences, side by side: paired tests of every pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

from relevome.data.sites import Site
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.evaluation.excess import with_excess
from relevome.evaluation.measurement import evaluate_run, mean_curves, over_all
from relevome.evaluation.metrics import metrics
from relevome.evaluation.statistics import adjusted, bootstrap_interval
from relevome.evaluation.statistics import compare as compare_values
from relevome.evaluation.truth import truth_record
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.evaluate import evaluate, settings_of
from relevome.jobs.running.labels import told_apart
from relevome.report.comparisons import write_comparison_pages
from relevome.results.comparison import Comparison, PairedTest, Similarity, write_comparison
from relevome.results.evaluation.curves import MeanCurves
from relevome.results.evaluation.folder import SCORES_FOLDER, is_scores, read_evaluation
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import Level, MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.run.reader import Run
from relevome.stores.place import named_place
from relevome.words import counted

ToCompare: TypeAlias = Run | Evaluation | str | Path


@SCORES_FOLDER.alone
def compare(
    runs: Sequence[ToCompare],
    truth: str | Path | Mapping[str, list[Site]] | None = None,
    *,
    labels: Sequence[str] = (),
    features: Collection[str] = (),
    use_model: bool = True,
    device: str = "auto",
    trust_remote_code: bool = False,
    batch_size: int | None = None,
    settings: EvaluationSettings | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    say: Say = lambda _: None,
    progress: Progress = nobody,
    **options: Any,
) -> Comparison:
    """Compare runs of the same sequences by every metric that all of them have, and test every pair.

    P-values are those of paired sign-flip tests over the sequences that all runs have, adjusted over all
    tests (Benjamini, Hochberg 1995, JRSS B 57:289-300).

    Args:
        runs: Two or more: runs or their folders, which are evaluated here as `evaluate` does; or evaluations
            or their folders, all made with the same settings and known sites.
        truth: Known sites for localisation, as `evaluate` takes them. None by default.
        labels: Names of the runs in tables, in their order; by default as much of the end of their paths as
            tells them apart.
        features: Which types of sites of a file count; all if empty (default).
        use_model: False leaves out what asks the models. Default True.
        device: Where models compute: ``auto`` (default), ``cpu``, ``cuda`` and so on.
        trust_remote_code: Whether code that comes with a checkpoint may run. Default False.
        batch_size: Sequences that go through a model at once. Default: derived from each model and the number
            of tokens, so that the same call gives the same digits.
        settings: All of ``options`` in one object, which then are not looked at.
        out: A folder for tables, pages, pictures and ``comparison.json``, from which `read_comparison` gives
            the result back. Nothing is written without it (default).
        overwrite: Whether a result that is in ``out`` may be replaced. Default False.
        engine: As that of `evaluate`, for what is evaluated here.
        say: Called with a few words when something new begins. By default nobody is told.
        progress: Called as `evaluate` calls it.
        **options: Fields of `EvaluationSettings`, each a keyword, as `evaluate` takes them.

    Returns:
        Scores of every run over the sequences that all have, tests of every pair, and how alike their
        relevance is.

    Raises:
        InputError: For fewer than two runs, evaluations that were made differently, runs with fewer than two
            sequences in common, an ``out`` that is taken, and for what `evaluate` refuses.
    """
    if len(runs) < 2:
        raise InputError(f"{len(runs)} run to compare: expected two or more")
    settings = settings or settings_of(options)
    found: list[Evaluation] = []
    for given in runs:
        if isinstance(given, Evaluation):
            found.append(given)
        elif isinstance(given, str | Path) and is_scores(given):
            found.append(read_evaluation(given))
        else:
            name = given.path if isinstance(given, Run) else given
            say(f"evaluating {name}")
            one = evaluate(
                given, truth, features=features, use_model=use_model, device=device,
                trust_remote_code=trust_remote_code, batch_size=batch_size, settings=settings, engine=engine,
                say=lambda what, name=name: say(f"evaluating {name}: {what}"), progress=progress,
            )  # fmt: skip
            found.append(one)
    names = told_apart(labels, [named_place(one.about["run"]) for one in found])
    if len(set(names)) < len(names):
        raise InputError(
            f"{found[0].about['run']} is given twice, or two evaluations of it: give each a --label"
        )
    evaluations = dict(zip(names, found, strict=True))
    _check_alike(evaluations)
    _check_asked(found[0], settings, truth_record(truth, features))
    say("comparing")
    comparison = _compared(evaluations, found[0].settings)
    if out is not None:
        SCORES_FOLDER.clear(Path(out))
        write_comparison_pages(comparison, Path(out))
        write_comparison(comparison, Path(out))
    return comparison


def _check_alike(evaluations: Mapping[str, Evaluation]) -> None:
    """Raises InputError where evaluations were made in ways that cannot be compared."""
    (name, one), *others = evaluations.items()
    for other_name, other in others:
        mine, its = (replace(each.settings, target=None) for each in (one, other))
        if mine != its:
            field = next(f for f in mine.__dataclass_fields__ if getattr(mine, f) != getattr(its, f))
            raise InputError(
                f"{name} was evaluated with --{field} {getattr(mine, field)}, {other_name} with "
                f"{getattr(its, field)}: expected the same, evaluate one of them again"
            )
        if _digest(one) != _digest(other):
            raise InputError(
                f"{name} and {other_name} were evaluated with other known sites: expected the same --truth"
            )


def _check_asked(
    evaluation: Evaluation, settings: EvaluationSettings, truth: Mapping[str, Any] | None
) -> None:
    """Raises InputError where evaluations were given that were made otherwise than is asked for now."""
    if settings != EvaluationSettings() and replace(evaluation.settings, target=None) != replace(
        settings, target=None
    ):
        raise InputError(
            f"{evaluation.about['run']} was evaluated with other options than are given now: give none, or "
            "evaluate it again"
        )
    if truth is not None and _digest_of(truth) != _digest(evaluation):
        raise InputError(
            f"{evaluation.about['run']} was evaluated with other known sites: leave --truth out, or evaluate "
            "it again"
        )


def _digest(evaluation: Evaluation) -> tuple[str, tuple[str, ...]] | None:
    return _digest_of(evaluation.about["truth"])


def _digest_of(truth: Mapping[str, Any] | None) -> tuple[str, tuple[str, ...]] | None:
    return None if truth is None else (truth["sha256"], tuple(truth["features"]))


def _compared(evaluations: Mapping[str, Evaluation], settings: EvaluationSettings) -> Comparison:
    common, left_out = _common({label: one.sequences for label, one in evaluations.items()})
    if len(common) < 2:
        reasons = "; ".join(
            f"{label}: {', '.join(f'{n} {reason}' for reason, n in counts.items())}"
            for label, counts in left_out.items()
        )
        raise InputError(
            f"the runs have {counted(len(common), 'sequence')} in common: expected two or more ({reasons}); "
            "explain the same sequences"
        )
    scores, notes = _same_metrics(evaluations, common, settings.seed)
    similarities, more = _similarities(evaluations, settings)
    return Comparison(
        evaluations,
        scores,
        tuple(_tests(scores, settings.seed)),
        tuple(similarities),
        left_out,
        (*notes, *more),
        {level: curves for level in settings.levels if (curves := _common_curves(evaluations, level))},
    )


def _common_curves(evaluations: Mapping[str, Evaluation], level: Level) -> dict[str, MeanCurves]:
    """Mean curves over the sequences that have one in every run; none where a run has none."""
    found = {label: (one.curves or {}).get(level, {}) for label, one in evaluations.items()}
    shared = sorted(set.intersection(*({*curves} for curves in found.values())))
    if not shared:
        return {}
    return {label: mean_curves([curves[name] for name in shared]) for label, curves in found.items()}


def _common(sequences: Mapping[str, Mapping[str, str]]) -> tuple[set[str], dict[str, dict[str, int]]]:
    """Ids that all runs have with the same letters; by run, how many others it has, and why."""
    common: set[str] = set.intersection(*({*digests.items()} for digests in sequences.values()))  # pyright: ignore[reportAssignmentType]
    names = {name for name, _ in common}
    left_out: dict[str, dict[str, int]] = {}
    for label, digests in sequences.items():
        reasons: Counter[str] = Counter()
        for name in digests.keys() - names:
            lacking = [other for other, known in sequences.items() if name not in known]
            reasons[f"not in {lacking[0]}" if lacking else "with other letters in another run"] += 1
        if reasons:
            left_out[label] = dict(reasons)
    return names, left_out


def _same_metrics(
    evaluations: Mapping[str, Evaluation], common: set[str], seed: int
) -> tuple[dict[str, tuple[MetricScores, ...]], list[str]]:
    """Metrics that all runs have, each over the sequences for which all have it; and what is missing."""
    by_key = {
        label: {(score.metric, score.level): score for score in one.scores}
        for label, one in evaluations.items()
    }
    notes = []
    kept: dict[str, list[MetricScores]] = {label: [] for label in evaluations}
    for key in dict.fromkeys(key for scores in by_key.values() for key in scores):
        without = [label for label, scores in by_key.items() if key not in scores]
        if without:
            notes.append(f"{key[0]} of {key[1]} is not compared: {', '.join(without)} without it")
            continue
        shared = common.intersection(*(scores[key].sequence_ids for scores in by_key.values()))
        if len(shared) < 2:
            notes.append(
                f"{key[0]} of {key[1]} is not compared: the runs share "
                f"{counted(len(shared), 'sequence')} with it"
            )
            continue
        for label, scores in by_key.items():
            kept[label].append(_over(scores[key], shared, seed))
    return {label: tuple(found) for label, found in kept.items()}, notes


def _over(scores: MetricScores, shared: Set[str], seed: int) -> MetricScores:
    """The same metric over some of its sequences, in order of their ids."""
    place = {name: i for i, name in enumerate(scores.sequence_ids)}
    names = tuple(sorted(place.keys() & shared))
    order = [place[name] for name in names]
    values = tuple(scores.values[i] for i in order)
    random = tuple(scores.random_values[i] for i in order)
    null = tuple(scores.null_values[i] for i in order)
    others = {name: tuple(some[i] for i in order) for name, some in scores.others.items()}
    models = tuple(scores.model_values[i] for i in order) if scores.model_values else ()
    bounds = metrics[scores.metric].bounds if scores.metric in metrics else None
    mean, low, high = bootstrap_interval(values, seed, bounds=bounds)
    found = replace(
        scores,
        mean=mean,
        low=low,
        high=high,
        random=over_all(random, seed, bounds),
        null=over_all(null, seed, bounds),
        sequence_ids=names,
        values=values,
        random_values=random,
        null_values=null,
        others=others,
        model=over_all(models, seed, bounds),
        model_values=models,
    )
    return found if scores.excess is None else with_excess(found, seed)


def _by_construction(scores: MetricScores) -> bool:
    """Whether a run agrees with the model's own mutagenesis because it is that: it has no random orders."""
    return scores.kind == "agreement" and all(one is None for one in scores.random_values)


def _tests(scores: Mapping[str, tuple[MetricScores, ...]], seed: int) -> list[PairedTest]:
    """Every metric of every pair of runs, but where one of the two has it by construction."""
    pairs = [
        (one, two, *found)
        for one, two in combinations(scores, 2)
        for found in zip(scores[one], scores[two], strict=True)
        if not any(map(_by_construction, found))
    ]
    paired = [compare_values(a.values, b.values, seed) for _, _, a, b in pairs]
    p_values = adjusted([one.p for one in paired])
    return [
        PairedTest(a.metric, a.level, a.direction, one, two, found, p)
        for (one, two, a, _), found, p in zip(pairs, paired, p_values, strict=True)
    ]


def _similarities(
    evaluations: Mapping[str, Evaluation], settings: EvaluationSettings
) -> tuple[list[Similarity], list[str]]:
    """How alike the relevance of every pair of runs is, where the runs are still there."""
    found: list[Similarity] = []
    notes: list[str] = []
    for (one, first), (two, second) in combinations(evaluations.items(), 2):
        try:
            pair = [Run(each.about["run"]) for each in (first, second)]
            for level in settings.levels:
                scores = evaluate_run(
                    pair[0], ["similarity"], other=pair[1], level=level, how=settings.how,
                    target=first.about["target"], seed=settings.seed, draws=settings.draws,
                )  # fmt: skip
                found += [Similarity(one, two, score) for score in scores]
        except InputError as error:
            notes.append(f"how alike {one} and {two} are was left out: {error}")
    return found, notes
