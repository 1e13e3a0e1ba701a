"""What is said of a comparison, from results written by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from relevome.evaluation.statistics import bootstrap_interval
from relevome.results.comparison import (
    Comparison,
    Paired,
    PairedTest,
    read_comparison,
    write_comparison,
)
from relevome.results.estimate import Estimate
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.folder import write_evaluation
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import Level, MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.studies.summary import ComparedTask, conclude, model_of

RUNS = ("cnn-lrp", "cnn-saliency", "transformer-attnlrp", "transformer-rollout")
# Means of the runs above. By AUROC two tie; by infidelity lower is better.
MEANS = {
    ("auroc", "higher is better"): (0.9, 0.9, 0.8, 0.4),
    ("normalised-area-between-curves", "higher is better"): (0.5, 1.25, 0.75, 0.125),
    ("scaled-infidelity", "lower is better"): (0.25, 0.5, 0.3, 0.9),
}
LEVELS: tuple[Level, ...] = ("letters", "tokens")
# Metric, level, two runs, and the better of them.
TESTS: tuple[tuple[str, Level, str, str, str], ...] = (
    ("auroc", "letters", "cnn-lrp", "cnn-saliency", ""),
    ("auroc", "letters", "cnn-lrp", "transformer-attnlrp", "cnn-lrp"),
    ("auroc", "letters", "transformer-attnlrp", "transformer-rollout", "transformer-attnlrp"),
    ("auroc", "tokens", "cnn-lrp", "cnn-saliency", "cnn-saliency"),
    ("normalised-area-between-curves", "letters", "cnn-lrp", "cnn-saliency", "cnn-saliency"),
    ("scaled-infidelity", "letters", "cnn-lrp", "cnn-saliency", "cnn-lrp"),
)
FAILED = {
    "transformer-rollout": [("weight randomisation", "", ""),
                            ("localisation against random order", "auroc", "letters"),
                            ("localisation against random order", "auroc", "tokens")],
    "cnn-lrp": [("localisation against random order", "rank-accuracy", "letters")],
}  # fmt: skip
EVERY = ("faithfulness against random order", "normalised-area-between-curves", "letters")

# AUROC of every sequence, and its log odds: the model misses the last two.
PLACED = {"a": 0.75, "b": 1.0, "c": 0.5, "d": 0.5}
LOGITS = {"a": 3.0, "b": 0.1, "c": -0.1, "d": -2.0}


def sums(
    metric: str, level: Level, direction: str, n: int, mean: float, random: float | None
) -> MetricScores:
    """A metric over ``n`` sequences."""
    names, nothing = tuple(f"s{i}" for i in range(n)), (None,) * n
    against = None if random is None else Estimate(random, random, random)
    return MetricScores(
        metric, "kind", level, direction, mean, mean - 0.1, mean + 0.1, against, None, {}, names, (mean,) * n,
        nothing, nothing,
    )  # fmt: skip


def paired(metric: str, level: Level, first: str, second: str, better: str) -> PairedTest:
    """A test that is significant where one of the two is better."""
    direction = next(direction for name, direction in MEANS if name == metric)
    sign = 1 if (better == first) == (direction == "higher is better") else -1
    difference = Estimate(0.5 * sign, 0.4 * sign, 0.6 * sign)
    p = 0.01 if better else 0.5
    return PairedTest(
        metric, level, direction, first, second, Paired(12, difference, Estimate(0.5, 0, 1), p), p
    )


def comparison() -> Comparison:
    scores = {
        run: tuple(
            sums(metric, level, direction, 12 + index, means[position],
                 0.5 - position / 8 if metric == "auroc" else None)
            for index, ((metric, direction), means) in enumerate(MEANS.items())
            for level in LEVELS
        )
        for position, run in enumerate(RUNS)
    }  # fmt: skip
    return Comparison({}, scores, tuple(paired(*test) for test in TESTS), (), {}, ())


def write_checks(folder: Path, run: str) -> None:
    passed = Check("robustness against random order", "pass", "passes", "robust-overlap", "letters", 0.01)
    failed = [
        Check(name, "fail", "fails", metric, level) for name, metric, level in (*FAILED.get(run, ()), EVERY)
    ]
    folder.mkdir(parents=True)
    names, values = tuple(PLACED), tuple(PLACED.values())
    missing = (None,) * len(PLACED)
    placed = MetricScores(
        "auroc", "localisation", "letters", "higher is better", 0.7, 0.5, 0.9, None, None, {}, names, values,
        missing, missing,
    )  # fmt: skip
    evaluation = Evaluation(
        {"run": run, "truth": None}, EvaluationSettings(), {}, (placed,), (passed, *failed)
    )
    write_evaluation(evaluation, folder)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ComparedTask, "logits", lambda *_: LOGITS)
    task = tmp_path / "toy"
    (task / "comparison").mkdir(parents=True)
    write_comparison(comparison(), task / "comparison")
    for model, mcc in (("cnn", 0.8125), ("transformer", 0.0)):
        (task / model).mkdir()
        scores = {"auroc": 0.875, "mcc": mcc, "accuracy": 0.75}
        (task / model / "metrics.json").write_text(json.dumps({"validation": {}, "test": scores}))
    for run in RUNS:
        write_checks(task / "scores" / run, run)
    return tmp_path


@pytest.fixture
def compared(study: Path) -> ComparedTask:
    return ComparedTask("toy", "planted", study)


def test_the_words_name_the_best_of_every_model_and_of_all(study):
    assert conclude(study, {"toy": "planted"})[:-1] == [
        "toy: model of cnn: AUROC 0.875, MCC 0.812 on test sequences",
        "toy: model of transformer: AUROC 0.875, MCC 0.000 on test sequences",
        "toy: the model of transformer is weak (MCC 0, below 0.2): its maps explain a model that is often "
        "wrong",
        "toy: the models are not known to be scored on the same examples: do not compare their scores",
        "toy: cnn-lrp has the best auroc of its model, 0.900 [0.800, 1.000], significantly better than 0 of "
        "1 others",
        "toy: transformer-attnlrp has the best auroc of its model, 0.800 [0.700, 0.900], significantly "
        "better than 1 of 1 others",
        "toy: by auroc cnn-lrp is significantly better than transformer-attnlrp",
        "toy: cnn-saliency has the best normalised-area-between-curves of its model, 1.250 [1.150, 1.350], "
        "significantly better than 1 of 1 others",
        "toy: transformer-attnlrp has the best normalised-area-between-curves of its model, 0.750 [0.650, "
        "0.850], significantly better than 0 of 1 others",
        "toy: by normalised-area-between-curves neither of cnn-saliency and transformer-attnlrp is "
        "significantly better",
        "toy: faithfulness against random order by normalised-area-between-curves is failed by every "
        "explanation",
        "toy: weight randomisation is failed by transformer-rollout",
        "toy: localisation against random order by auroc is failed by transformer-rollout",
    ]


def test_bold_is_what_beats_all_others_of_its_model(compared):
    bold = {(metric, run) for metric in compared.metrics for run in RUNS if compared.cell(metric, run).bold}
    assert bold == {
        ("normalised-area-between-curves", "cnn-saliency"),
        ("scaled-infidelity", "cnn-lrp"),
    }


def test_what_beats_all_others_is_bold_if_its_model_is_good_enough(study):
    scores = {"auroc": 0.875, "mcc": 0.25, "accuracy": None}
    (study / "toy" / "transformer" / "metrics.json").write_text(json.dumps({"test": scores}))
    compared = ComparedTask("toy", "planted", study)
    assert compared.cell("auroc", "transformer-attnlrp").bold
    assert not any("weak" in line for line in conclude(study, {"toy": "planted"}))
    assert "| toy | transformer | 0.875 | 0.250 |  |" in (study / "study.md").read_text()


def test_a_model_with_one_explanation_has_no_bold(compared):
    compared.runs = ["transformer-attnlrp"]
    assert not compared.cell("auroc", "transformer-attnlrp").bold


def test_lower_is_better_where_the_metric_says_so(compared):
    assert compared.best("scaled-infidelity", "cnn") == "cnn-lrp"
    assert compared.best("scaled-infidelity", "transformer") == "transformer-attnlrp"


def test_of_a_tie_the_first_is_named(compared):
    assert compared.best("auroc", "cnn") == "cnn-lrp"


def test_the_page_has_every_number_beside_chance(study):
    conclude(study, {"toy": "best match of <it>"})
    page = (study / "study.md").read_text(encoding="utf-8")
    assert "| toy | transformer | 0.875 | 0.000 | 0.750 |" in page
    assert "auroc ↑ | normalised-area-between-curves ↑ | scaled-infidelity ↓ | failed checks |" in page
    assert r"| cnn-saliency | 0.900 \[0.800, 1.000\] | **1.250 \[1.150, 1.350\]** | 0.500 \[" in page
    assert r"0.600\] | 1 of 2 |" in page
    assert "| random order | 0.125 to 0.500 |  |  |  |" in page
    assert "| sequences | 12 | 13 | 14 |  |" in page
    assert "| 3 of 4 |" in page  # one of rollout's four failures is of tokens
    assert "best match of &lt;it&gt;" in page


def test_sequences_that_the_model_misses_stand_apart(study, compared):
    assert compared.by_prediction("auroc", "cnn-lrp") == ([0.75, 1.0], [0.5, 0.5])
    conclude(study, {"toy": "planted"})
    page = (study / "study.md").read_text(encoding="utf-8")
    _, low, high = bootstrap_interval([0.75, 1.0], seed=0, bounds=(0.0, 1.0))
    assert rf"| cnn-lrp | 0.875 \[{low:.3f}, {high:.3f}\] | 2 | 0.500 \[0.500, 0.500\] | 2 |" in page


def test_all_scores_of_all_tasks_are_in_one_table(study):
    (study / "other").symlink_to(study / "toy")
    conclude(study, {"toy": "planted", "other": "planted"})
    with (study / "study.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 2 * 4 * 3 * 2
    assert {row["task"] for row in rows} == {"toy", "other"}


def test_a_metric_that_could_not_be_compared_is_left_out(study):
    folder = study / "toy" / "comparison"
    whole = read_comparison(folder)
    fewer = {run: tuple(one for one in found if one.metric != "auroc") for run, found in whole.scores.items()}
    write_comparison(replace(whole, scores=fewer), folder)
    said = conclude(study, {"toy": "planted"})
    assert not any("the best auroc" in line for line in said)
    assert "auroc ↑" not in (study / "study.md").read_text(encoding="utf-8")


def test_runs_are_named_after_their_model():
    assert model_of("transformer-attnlrp-mean") == "transformer"
