"""The quality of a model from its folder: test or validation, damage, and back from a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relevome.results.quality.folder import trained_quality
from relevome.results.quality.record import NOT_KEPT, ModelQuality, quality_of, quality_record
from relevome.results.quality.words import caution, described, on_top, side_by_side

SCORES = {"accuracy": 0.9, "mcc": 0.8, "auroc": 0.97, "average_precision": None}
TRAINING: dict[str, Any] = {
    "chosen": {"task": "binary"},
    "metrics": {"validation": {"auroc": 0.99, "mcc": 0.9}, "test": SCORES},
    "data": {
        "train": {"sequences": 9, "sha256": "t"},
        "validation": {
            "sequences": 300,
            "also_in_training": 0,
            "sha256": "v",
            "outputs": {"0": 100, "1": 200},
        },
        "test": {"sequences": 2774, "also_in_training": 30, "sha256": "s", "outputs": {"0": 1387, "1": 1387}},
    },
}


def left(folder: Path, name: str, content: Any) -> Path:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_the_test_counts_where_there_is_one(tmp_path: Path) -> None:
    found = trained_quality(left(tmp_path, "training.json", TRAINING))
    assert found == ModelQuality(
        "binary", "test", {"accuracy": 0.9, "mcc": 0.8, "auroc": 0.97}, {}, 2774, "sequences",
        (1387, 1387), 30, "s",
    )  # fmt: skip
    assert on_top(found) == [
        "model: AUROC 0.970, MCC 0.800 on 2,774 test sequences; 30 of them are in training too"
    ]


def test_validation_counts_else_and_that_is_said(tmp_path: Path) -> None:
    metrics = {"validation": TRAINING["metrics"]["validation"]}
    found = trained_quality(left(tmp_path, "training.json", TRAINING | {"metrics": metrics}))
    assert (found.table, found.examples, found.positives) == ("validation", 300, (100, 200))
    assert described(found).endswith("on 300 validation sequences, by which its epoch was chosen")


def test_earlier_trainings_counted_no_outputs(tmp_path: Path) -> None:
    data = {"test": {"path": "t.csv", "sha256": "s", "sequences": 60, "also_in_training": 0}}
    found = trained_quality(left(tmp_path, "training.json", TRAINING | {"data": data}))
    assert (found.examples, found.positives, found.contests) == (60, (), [])


def test_metrics_alone_will_do(tmp_path: Path) -> None:
    found = trained_quality(left(tmp_path, "metrics.json", {"test": {"spearman": 0.1, "pearson": 0.2}}))
    assert (
        described(found)
        == "model: Spearman's correlation 0.100, Pearson's correlation 0.200 on test sequences"
    )
    assert (caution(found) or "").startswith("the model is weak (Spearman's correlation 0.1, below 0.3)")


def test_sites_of_a_genome_and_hidden_tokens_have_their_own_chance(tmp_path: Path) -> None:
    sites = {
        "chosen": {"task": "token"},
        "metrics": {
            "validation": {"loss": 0.1, "auroc": 0.95, "average_precision": 0.17},
            "chance": {"auroc": 0.5, "average_precision": 0.002},
        },
        "data": {"genome": {"letters": 10**6}, "labels": {"held_out": 400}},
    }
    found = trained_quality(left(tmp_path, "training.json", sites))
    assert (found.examples, found.positives, found.counted) == (200_000, (199_600, 400), "positions")
    assert described(found) == (
        "model: AUROC 0.950, average precision 0.170 (a guess: 0.002) on 200,000 validation positions, by "
        "which its epoch was chosen"
    )
    hidden = {
        "chosen": {"task": "masked"},
        "metrics": {"validation": {"loss": 1.3, "accuracy": 0.4}, "unigram": {"loss": 1.38, "accuracy": 0.3}},
        "data": {"genome": {"path": "g.fa"}},
    }
    found = trained_quality(left(tmp_path, "training.json", hidden))
    assert described(found).startswith("model: loss 1.300 (a guess: 1.380) on validation sequences")


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", "3", '{"metrics": 3}', "\udcff", "[" * 100_000, '{"metrics": {"test": {}}}',
        json.dumps(TRAINING | {"chosen": []}), json.dumps(TRAINING | {"data": 3}),
        json.dumps(TRAINING | {"data": {"test": {"sequences": "many"}}}),
        json.dumps(TRAINING | {"data": {"test": {"outputs": [1]}}}),
    ],
)  # fmt: skip
def test_damaged_files_are_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "training.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    found = trained_quality(tmp_path)
    assert str(tmp_path / "training.json") in found.unknown
    assert "is damaged" in found.unknown
    (line,) = on_top(found)
    assert line.startswith("model: quality not known, ")
    assert "\n" not in line


@pytest.mark.parametrize("name", ["training.json", "metrics.json"])
def test_scores_that_are_no_numbers_are_unknown(tmp_path: Path, name: str) -> None:
    metrics = {"test": dict.fromkeys(SCORES), "validation": {"auroc": 0.9}}
    content = TRAINING | {"metrics": metrics} if name == "training.json" else metrics
    assert trained_quality(left(tmp_path, name, content)).unknown == "no score of its test is a number"


@pytest.mark.parametrize(
    "content", ['{"test": {"auroc": NaN, "mcc": Infinity}}', '{"test": {"auroc": true}}']
)
def test_other_peoples_numbers_are_unknown_too(tmp_path: Path, content: str) -> None:
    assert trained_quality(left(tmp_path, "metrics.json", content)).unknown.startswith("no score of its test")


def test_a_folder_without_scores_and_one_that_is_not_there_are_unknown(tmp_path: Path) -> None:
    assert trained_quality(tmp_path).unknown == NOT_KEPT
    assert trained_quality(tmp_path / "nowhere").unknown == NOT_KEPT
    assert trained_quality("owner/on-the-hub").unknown == NOT_KEPT
    assert "File name too long" in trained_quality("x" * 5000).unknown


@pytest.mark.parametrize(
    "found",
    [
        ModelQuality(unknown="why"),
        ModelQuality("binary", "test", {"auroc": 0.9}, {}, 9, "letters", (4, 5), 1, "a"),
    ],
)
def test_what_a_run_says_is_what_was_known(found: ModelQuality) -> None:
    said = json.loads(json.dumps(quality_record(found), allow_nan=False))
    assert quality_of({"path": "m", "quality": said}) == found


@pytest.mark.parametrize("model", [None, {}, {"quality": None}, {"path": "m"}, 3, {"quality": [1]}])
def test_earlier_runs_know_nothing(model: Any) -> None:
    assert quality_of(model) == ModelQuality(unknown=NOT_KEPT)


@pytest.mark.parametrize(
    "said",
    [
        {"metrics": 3}, {"metrics": {"auroc": "x"}}, {"metrics": {"auroc": float("nan")}}, {"later": 1},
        {"examples": -3}, {"positives": 5}, {"positives": ["a"]}, {"task": None}, {"in_training": -1},
        {"metrics": {"auroc": 10**400}}, {"unknown": "\ud800"},
    ],
)  # fmt: skip
def test_what_is_damaged_in_a_run_is_unknown(said: Any) -> None:
    assert quality_of({"quality": said}).unknown == "what the run says of it is damaged"


def test_runs_of_one_model_have_one_line_and_those_of_others_one_each() -> None:
    fields: dict[str, Any] = {"examples": 400, "positives": (200, 200), "sha256": "t"}
    good, bad = (ModelQuality("binary", "test", {"auroc": x}, {}, **fields) for x in (0.97, 0.73))
    assert side_by_side({"a": good, "b": good}, {"a": "m", "b": "m"}) == [
        "model: AUROC 0.970 on 400 test sequences"
    ]
    assert side_by_side({"a": good, "b": bad, "c": good}, {"a": "m", "b": "n", "c": "m"}) == [
        "model of a, c: AUROC 0.970 on 400 test sequences",
        "model of b: AUROC 0.730 on 400 test sequences",
        "the model of b is significantly weaker than that of a, c: a better map of a worse model is no "
        "better explanation",
    ]
    other = ModelQuality("binary", "test", {"auroc": 0.73}, {}, 400, "sequences", (200, 200), 0, "u")
    assert side_by_side({"a": good, "b": other}, {"a": "m", "b": "n"})[-1] == (
        "the models are not known to be scored on the same examples: do not compare their scores"
    )
    unknown = ModelQuality(unknown="why")
    assert side_by_side({"a": good, "b": unknown}, {"a": "m", "b": "n"})[1:] == [
        "model of b: quality not known, why"
    ]
