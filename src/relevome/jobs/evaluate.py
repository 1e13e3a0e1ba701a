"""A run evaluated by all metrics that can be computed, with error bars, random orders, nulls and checks."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from relevome.data.sites import Site
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.evaluation.checks import checks
from relevome.evaluation.choice import questions_of, wanted_metrics
from relevome.evaluation.explainer import Explainer, explainer, model_of
from relevome.evaluation.measurement import (
    error_counts,
    evaluate_run,
    mean_curves,
    measured,
    summarise,
)
from relevome.evaluation.metrics import Metric
from relevome.evaluation.nulls import unaligned
from relevome.evaluation.perturbation import notes_on_masks
from relevome.evaluation.places import OF_PLACES
from relevome.evaluation.questions import Answer, AskedRows, Question, Reply, asked_rows
from relevome.evaluation.truth import Truth, notes_on_truth, read_truth, truth_record
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.evaluation_plan import EvaluationPlan
from relevome.jobs.running.estimates import Planned
from relevome.models.base import Model
from relevome.models.batching import BatchSizes, batch_sizes_of
from relevome.options import configured
from relevome.report.evaluations import write_evaluation_pages
from relevome.results.evaluation.curves import FaithfulnessCurves, MeanCurves
from relevome.results.evaluation.folder import SCORES_FOLDER, write_evaluation
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import Level, MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.quality.loaded import quality_of_loaded
from relevome.results.quality.record import quality_of, quality_record
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run, rows_of
from relevome.stores.place import Place

NOT_DRAWN = "not drawn (--sequences)"


@SCORES_FOLDER.alone
@torch.inference_mode(mode=False)
@torch.enable_grad()
def evaluate(
    run: Run | str | Place,
    truth: str | Path | Mapping[str, list[Site]] | None = None,
    *,
    features: Collection[str] = (),
    model: Model | str | Path | None = None,
    tokenizer: str | Path | None = None,
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
    planned: Planned | None = None,
    **options: Any,
) -> Evaluation:
    """Evaluate a run by every metric that can be computed, and say which checks its explanations pass.

    What asks the model is left out where the model of the run is not there, and the notes of the result say
    so; a metric that was named and cannot be computed is an error.

    Args:
        run: A run of `explain`, or its folder.
        truth: Known sites for localisation: a file (BED, GFF3, UniProt, a feature table, labels), a class of
            letters such as ``residues:hydrophobic``, or sites by sequence id, from 0, half-open. With the
            effects that sites must have (column ``required_effect`` of a table) logic is asked for, too, and
            localisation is on those above 0. Without it nothing is localised (default).
        features: Which types of sites of a file count; all if empty (default).
        model: The model of the run, or its folder where it moved. By default it is read from where it was.
            Its weights must be those that the run explains.
        tokenizer: Where its tokenizer is, if that is elsewhere. Default: where the run says.
        use_model: False leaves out what asks the model. Default True.
        device: Where the model computes: ``auto`` (default), ``cpu``, ``cuda`` and so on.
        trust_remote_code: Whether code that comes with the checkpoint may run. Default False.
        batch_size: Sequences that go through the model at once. Default: derived from the model and the
            number of tokens, so that the same call gives the same digits.
        settings: All of ``options`` in one object, which then are not looked at.
        out: A folder for tables, pages, pictures and ``scores.json``, from which `read_evaluation` gives the
            result back. Nothing is written without it (default).
        overwrite: Whether a result that is in ``out`` may be replaced. Default False.
        engine: Where shuffles and models with random weights are explained, and the model's own mutagenesis
            is computed: an `Engine`, or the name of one, of `relevome list engines`. All else the model is
            asked here. Default: ``local``, this process.
        say: Called with a few words when something new begins. By default nobody is told.
        progress: Called with how many sequences were just shuffled and explained, and of how many in all.
        planned: Called with what asking the model will take, from a sample of the sequences that are drawn,
            before anything is written; what it raises ends the job. What asks nothing, pages and pictures
            are not in it. Default: nothing is estimated.
        **options: Fields of `EvaluationSettings`, each a keyword. ``metrics``: names or kinds of metrics, all
            that can be computed by default. ``level``: ``letters`` (default), ``tokens`` or ``both``.
            ``how`` letters become tokens: ``sum`` (default), ``mean`` or ``max_abs``. ``target``: which one,
            where the run has several. ``replacement`` for letters taken away: ``unknown`` (default),
            ``mask``, ``random``, ``shuffle`` or a letter. ``draws``: random orders of every sequence, an even
            number (default 10). ``null``: shuffles of every sequence (default 1). ``random_models``: by how
            many models with random weights every sequence is explained too (default 5). ``sequences``: about
            how many the model is asked, drawn at random (default 100; 0: all). ``fast``: ask it less about
            each (default False). ``mutants``: its own mutagenesis is of as many letters of each as have so
            many substitutions (default 1000; 0: all letters). ``seed``: of all that is drawn (default 0).

    Returns:
        Scores with 95% intervals, checks, curves and notes.

    Raises:
        InputError: For metrics that were named and cannot be computed, for truth that fits too few sequences,
            for other weights than the run explains, for options that there are not, and for an ``out`` that
            is taken.
    """
    settings = settings or settings_of(options)
    opened = run if isinstance(run, Run) else Run(run)
    sizes = batch_sizes_of(batch_size)
    sites, unplaced = read_truth(opened, truth, features) if isinstance(truth, str | Path) else (truth, [])
    wanted = wanted_metrics(settings.metrics, sites)
    notes: list[str] = []
    reading = (device, trust_remote_code, tokenizer)
    made = _made(opened, wanted, settings, model, use_model, reading, sizes, notes)
    if planned is not None:
        if made is None:
            raise InputError(
                "; ".join(
                    ["nothing of this evaluation asks a model, so that there is nothing to plan", *notes]
                )
            )
        tried = replace(made, model=made.model.with_batch_sizes(batch_sizes_of(batch_size)))  # no trace
        plan = EvaluationPlan(tried, wanted, settings, known=sites is not None)
        planned(plan.estimate(list(rows_of(opened, settings.target)), engine))
    started = _Evaluating(opened, settings, sites, wanted, [*notes, *unplaced], say, progress, engine)
    found = started.evaluation(made, truth_record(truth, features))
    if out is not None:
        _write(found, Path(out))
    return found


def settings_of(options: Mapping[str, Any]) -> EvaluationSettings:
    """Settings from their names. Raises InputError for others, or a value that one does not take."""
    named = options.get("metrics", ())
    chosen = (named,) if isinstance(named, str) else tuple(named)
    return configured(EvaluationSettings, "the evaluation", {**options, "metrics": chosen})


def _write(found: Evaluation, folder: Path) -> None:
    """The pages, and what can be read back, whose record comes last."""
    every = found.curves or {}
    curves: dict[Level, MeanCurves] = {
        level: mean_curves(list(some.values())) for level, some in every.items() if some
    }
    SCORES_FOLDER.clear(folder)
    write_evaluation_pages(found, curves, folder)
    write_evaluation(found, folder)


def _made(
    run: Run,
    wanted: Sequence[Metric],
    settings: EvaluationSettings,
    given: Model | str | Path | None,
    use_model: bool,
    reading: tuple[str, bool, str | Path | None],
    sizes: BatchSizes,
    notes: list[str],
) -> Explainer | None:
    """How a run was made, if anything asks; None and a note where its model is not there or not used.

    Metrics of places ask for shuffles and random weights, and can do without.
    """
    asking = [metric for metric in wanted if metric.question is not None]
    named = bool(settings.metrics and asking)
    places = any(metric.kind in OF_PLACES for metric in wanted)
    if not asking and not (places and (settings.null or settings.random_models)):
        return None
    if not use_model and named:
        raise InputError(f"the metric {asking[0].name} needs the model: expected it without --no-model")
    if not use_model:
        notes.append("what asks the model was left out (--no-model)")
        return None
    try:
        model = given if isinstance(given, Model) else model_of(run, given, *reading)
    except InputError as error:
        if given is not None or named:
            raise InputError(f"the model of {run.path} is needed: {error}; or give --model DIR") from error
        notes.append(f"what asks the model was left out: {error}; where it moved, give --model DIR")
        return None
    return explainer(run, model.with_batch_sizes(sizes))


@dataclass
class _Evaluating:
    """One evaluation under way: what was found so far."""

    run: Run
    settings: EvaluationSettings
    truth: Truth | None
    wanted: list[Metric]
    notes: list[str]
    say: Say
    progress: Progress
    engine: Engine | str = "local"
    scores: list[MetricScores] = field(default_factory=list)
    replies: list[tuple[Level, Reply]] = field(default_factory=list)

    def evaluation(self, made: Explainer | None, truth: dict[str, Any] | None) -> Evaluation:
        """Everything that was wanted; ``truth`` is what to keep of the known sites."""
        sequences = {
            row.sequence_id: hashlib.sha256(row.sequence.encode()).hexdigest()[:16] for row in self._rows()
        }
        if self.truth is not None:
            needed = any({"mask", "effects", "contrasts"} & {*metric.needs} for metric in self.wanted)
            self.notes += notes_on_truth(self.run, self.settings.target, self.truth, needed)
        rows = self._asked_rows(made) if made else None
        untrained = self._untrained(rows)
        own = self._own_mutagenesis(rows)
        for level in self.settings.levels:
            self.scores += self._unasked(level, rows.nulls if rows else {}, untrained, own)
        if any(one.kind in OF_PLACES and one.level == "letters" for one in self.scores):
            self.notes += unaligned(len(row.sequence) for row in self._rows())
        if rows is not None:
            asked: list[tuple[Question, list[Metric], Level]] = [
                (question, family, level)
                for question, family in questions_of(self.wanted)
                for level in question.levels(self.settings)
            ]
            for number, one in enumerate(asked, 1):
                self._ask(*one, rows, f"question {number} of {len(asked)}")
        self.notes += [note for _, reply in self.replies for note in reply.notes]
        if not self.scores:
            raise InputError(f"no metric of {self.run.path} could be computed: {'; '.join(self.notes)}")
        return self._result(sequences, truth, made)

    def _rows(self) -> Iterator[Explanation]:
        return rows_of(self.run, self.settings.target)

    def _asked_rows(self, made: Explainer) -> AskedRows:
        self.notes += notes_on_masks(made.model, self.settings.replacement)
        if self.settings.null:
            self.say("explaining shuffled sequences")
        return asked_rows(made, list(self._rows()), self.settings, self.progress, self.engine)

    def _untrained(self, rows: AskedRows | None) -> list[dict[str, Explanation]]:
        """Explanations by models with random weights, if a metric of places compares with them."""
        if rows is None or not any(metric.kind in OF_PLACES for metric in self.wanted):
            return []
        if self.settings.random_models:
            self.say("explaining with random weights")
        return rows.untrained()

    def _own_mutagenesis(self, rows: AskedRows | None) -> dict[str, Explanation]:
        """Explanations by the model's own mutagenesis, if metrics of places stand beside them."""
        if rows is None or self.truth is None or not any(one.kind in OF_PLACES for one in self.wanted):
            return {}
        self.say("the model's own mutagenesis")
        return rows.explained_by_mutagenesis()

    def _unasked(
        self,
        level: Level,
        nulls: Mapping[str, list[Explanation]],
        untrained: list[dict[str, Explanation]],
        own: Mapping[str, Explanation],
    ) -> list[MetricScores]:
        """Metrics that take no more than relevance and known sites."""
        names = [metric.name for metric in self.wanted if metric.question is None]
        if not names:
            return []
        settings = self.settings
        return evaluate_run(
            self.run, names, self.truth, level=level, how=settings.how, target=settings.target,
            seed=settings.seed, draws=settings.draws, nulls=nulls, untrained=untrained,
            own=own, too_few=None if settings.metrics else self.notes,
        )  # fmt: skip

    def _ask(
        self, question: Question, family: list[Metric], level: Level, rows: AskedRows, which: str
    ) -> None:
        """All metrics that take the same answers of the model."""
        self.say(f"{family[0].kind}, {level} ({which})")
        reply = question.ask(rows, level)
        self.replies.append((level, reply))
        given = dict(zip([row.sequence_id for row in rows.rows], reply.answers, strict=True))
        left_out = error_counts({name: one for name, one in given.items() if isinstance(one, InputError)})
        if missing := sum(1 for _ in self._rows()) - len(rows.rows):
            left_out[NOT_DRAWN] = missing
        answers = {name: one for name, one in given.items() if isinstance(one, Answer)}
        for metric in family:
            found = [measured(metric, name, one) for name, one in answers.items()]
            try:
                self.scores.append(summarise(metric, level, found, left_out, self.settings.seed))
            except InputError as error:
                # nobody asked for it by name, so the others will do
                if self.settings.metrics:
                    raise
                self.notes.append(str(error))

    def _result(
        self, sequences: dict[str, str], truth: dict[str, Any] | None, made: Explainer | None
    ) -> Evaluation:
        replies = [reply for _, reply in self.replies]
        curves: dict[Level, Mapping[str, FaithfulnessCurves]] = {
            level: reply.curves for level, reply in self.replies if reply.curves is not None
        }
        asked = [check for reply in replies for check in reply.checks]
        return Evaluation(
            self._about(truth, made),
            self.settings,
            sequences,
            tuple(sorted(self.scores, key=lambda one: (one.kind, one.metric, one.level))),
            (*asked, *checks(self.scores, self.settings.seed)),
            curves,
            next((reply.layers for reply in replies if reply.layers is not None), None),
            tuple(self.notes),
        )

    def _about(self, truth: dict[str, Any] | None, made: Explainer | None) -> dict[str, Any]:
        said = self.run.manifest
        kept = (
            "method",
            "parameters",
            "lift",
            "average_strands",
            "tokenisations",
            "offsets",
            "shifts",
            "model",
            "input",
        )
        target = next(self._rows()).target
        about = {"run": str(self.run.path), "target": target} | {name: said.get(name) for name in kept}
        if made is not None and quality_of(said.get("model")).unknown:
            now = quality_record(quality_of_loaded(made.model))
            about["model"] = dict(said["model"]) | {"quality": now}
        sizes = None if made is None else made.model.batch_sizes.on_record()
        return about | {"truth": truth, "batch_size": sizes}
