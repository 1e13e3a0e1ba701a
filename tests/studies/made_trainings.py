"""What the commands of a study leave of several trainings, with scores written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from relevome.evaluation.metrics import metrics
from relevome.results.estimate import Estimate
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.folder import write_evaluation
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import Level, MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.parts.part import Counts
from relevome.results.run.columns import Explanation
from relevome.results.run.writer import RunWriter
from relevome.studies.trainings.explained import ExplainedTraining

Row = Mapping[str, float]


def made_scores(
    metric: str, row: Row, nulls: Mapping[str, float] | None = None, level: Level = "letters"
) -> MetricScores:
    """A metric with a value of every sequence; every null has one value for all."""
    values, nothing = tuple(row.values()), (None,) * len(row)
    given = dict(nulls or {})
    random = given.pop("random order", None)
    found, mean = metrics[metric], float(np.mean(values))
    against = None if random is None else Estimate(random, random, random)
    return MetricScores(
        metric, found.kind, level, found.direction, mean, mean, mean, against, None, {}, tuple(row), values,
        nothing if random is None else (random,) * len(row), nothing,
        {name: (value,) * len(row) for name, value in given.items()},
    )  # fmt: skip


def write_scores(
    study: Path, run: ExplainedTraining, scores: Sequence[MetricScores], checks: Sequence[Check] = ()
) -> None:
    """The evaluation of one run."""
    (study / run.scores).mkdir(parents=True)
    about = {"run": run.run, "truth": None}
    made = Evaluation(about, EvaluationSettings(), {}, tuple(scores), tuple(checks))
    write_evaluation(made, study / run.scores)


def write_logits(study: Path, run: ExplainedTraining, logits: Row) -> None:
    """A run of sequences with these scores."""
    part = [
        Explanation(
            sequence_id=name, sequence="ACG", target="1 - 0", target_index=1, score=float(score),
            relevance=np.ones(3, dtype=np.float32),
        )
        for name, score in logits.items()
    ]  # fmt: skip
    with RunWriter(study / run.run, {"alphabet_letters": "ACGT"}) as writer:
        writer.write_part(0, part, Counts(read=len(part), explained=len(part)))


def write_quality(study: Path, run: ExplainedTraining, auroc: float, mcc: float) -> None:
    """What its training left of a model that was tested on 100 sequences of either class."""
    (study / run.model).mkdir(parents=True)
    said = {
        "metrics": {"test": {"auroc": auroc, "mcc": mcc}},
        "chosen": {"task": "binary"},
        "data": {"test": {"sequences": 200, "outputs": {"0": 100, "1": 100}, "sha256": "same"}},
    }
    (study / run.model / "training.json").write_text(json.dumps(said))
