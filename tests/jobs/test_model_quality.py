"""How good a model is, from its folder to a run, and on top of all that is made of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import relevome
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.evaluation.checks import checks
from relevome.evaluation.measurement import Measured, summarise
from relevome.evaluation.metrics import metrics
from relevome.jobs.compare import compare
from relevome.jobs.evaluate import evaluate
from relevome.models.base import Model
from relevome.models.untrained import with_random_weights, with_shuffled_weights
from relevome.report.comparisons import legend, scores_table, write_comparison_pages
from relevome.report.scores import left_out
from relevome.results.comparison import Comparison, PairedTest, read_comparison
from relevome.results.evaluation.checks import Check, grouped
from relevome.results.evaluation.folder import read_evaluation
from relevome.results.quality.loaded import quality_of_loaded
from relevome.results.quality.record import NOT_KEPT, quality_of
from relevome.results.run.reader import Run
from relevome.stores.place import local
from tests.toys import saved  # noqa: F401 - fixture

PROTEINS = {"a": "MKTAYIAKQRGAVLI", "b": "GAVLIMCFYWHKTAY", "c": "WHKTAYMKTAYIAKQRG"}
TRUTH = {"a": [Site(2, 6, "box")], "b": [Site(1, 4, "box")], "c": [Site(9, 12, "box")]}


def training(auroc: float | None, mcc: float | None = 0.8) -> str:
    test = {"sequences": 400, "also_in_training": 3, "sha256": "t", "outputs": {"0": 200, "1": 200}}
    return json.dumps({
        "chosen": {"task": "binary"}, "metrics": {"test": {"auroc": auroc, "mcc": mcc}},
        "data": {"test": test}, "command": ["train", "--seed", "3"],
    })  # fmt: skip


@pytest.fixture
def trained(saved: Any, tmp_path: Path) -> Any:  # noqa: F811
    """Makes a folder of a model whose training reached some AUROC, or left some text in its record."""

    def make(name: str, left: float | str | None, different: float = 0.0) -> Path:
        folder = shutil.copytree(saved("esm"), tmp_path / name)
        if left is not None:
            text = left if isinstance(left, str) else training(left)
            (folder / "training.json").write_text(text)
        if different:
            model = relevome.load_model(folder)
            module: Any = model.module
            with torch.no_grad():
                next(iter(module.parameters())).add_(different)
            module.save_pretrained(folder)
        return folder

    return make


def explained(folder: Path, out: Path) -> Run:
    return relevome.explain(relevome.load_model(folder), PROTEINS, "gradient-x-input", 1, out=out)


def test_a_run_keeps_it_where_the_model_is_gone(trained: Any, tmp_path: Path) -> None:
    folder = trained("model", 0.97)
    run = explained(folder, tmp_path / "run")
    shutil.rmtree(folder)
    moved = shutil.move(local(run.path), tmp_path / "elsewhere")
    found = evaluate(moved, TRUTH, out=tmp_path / "scores")
    assert (found.quality.metrics, found.quality.in_training) == ({"auroc": 0.97, "mcc": 0.8}, 3)
    assert found.quality.command == ("train", "--seed", "3")
    line = "model: AUROC 0.970, MCC 0.800 on 400 test sequences; 3 of them are in training too"
    assert line in repr(found)
    assert line in repr(read_evaluation(tmp_path / "scores"))
    assert (tmp_path / "scores" / "scores.md").read_text().startswith(f"- {line}\n\n")


def test_an_earlier_run_goes_on_and_is_evaluated_by_what_the_model_says_now(
    trained: Any, tmp_path: Path
) -> None:
    folder = trained("model", 0.97)
    run = explained(folder, tmp_path / "run")
    said = json.loads((run.path / "run.json").read_text())
    del said["model"]["quality"]
    (local(run.path) / "run.json").write_text(json.dumps(said))
    assert quality_of(Run(run.path).manifest["model"]).unknown == NOT_KEPT
    assert evaluate(run.path, TRUTH, use_model=False).quality.unknown == NOT_KEPT
    assert "quality not known" in repr(evaluate(run.path, TRUTH, use_model=False))
    known = evaluate(run.path, TRUTH, fast=True, null=0, random_models=0, metrics=["faithfulness"])
    assert known.quality.metrics["auroc"] == 0.97
    parts = [path.read_bytes() for path in sorted(run.path.glob("part-*"))]
    again = explained(folder, local(run.path))  # whose parts know which run they are of
    assert [path.read_bytes() for path in sorted(run.path.glob("part-*"))] == parts
    assert quality_of(again.manifest["model"]).metrics["auroc"] == 0.97


def test_a_moved_and_rescored_model_continues_its_run(trained: Any, tmp_path: Path) -> None:
    folder = trained("model", 0.97)
    run = explained(folder, tmp_path / "run")
    moved = Path(shutil.move(folder, tmp_path / "moved"))
    (moved / "training.json").write_text(training(0.9))
    assert quality_of(explained(moved, local(run.path)).manifest["model"]).metrics["auroc"] == 0.9


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (None, NOT_KEPT),
        ("{", "training.json is damaged (JSONDecodeError"),
        (training(None, None), "no score"),
    ],
)
def test_what_is_not_known_is_said_in_one_line(trained: Any, tmp_path: Path, left: Any, why: str) -> None:
    run = explained(trained("model", left), tmp_path / "run")
    found = evaluate(run, TRUTH, use_model=False)
    (line,) = [line for line in repr(found).splitlines() if "quality" in line]
    assert line.startswith("  model: quality not known, ")
    assert why in line


def test_a_run_whose_quality_is_no_record_is_refused_in_one_line(trained: Any, tmp_path: Path) -> None:
    run = explained(trained("model", 0.97), tmp_path / "run")
    path = local(run.path) / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model": {"quality": 3}}))
    with pytest.raises(InputError, match="quality is '3'"):
        Run(run.path)


def test_other_weights_than_those_of_the_folder_are_not_known(trained: Any) -> None:
    model = relevome.load_model(trained("model", 0.97))
    assert quality_of_loaded(model).metrics["auroc"] == 0.97
    for other in (with_shuffled_weights(model, 0), with_random_weights(model, 0)):
        assert quality_of_loaded(other).unknown == "its weights are others than its folder has"
    changed = next(iter(model.module.parameters()))
    with torch.no_grad():
        changed.mul_(2)
    assert quality_of_loaded(model).unknown == "its weights are others than its folder has"


def test_a_model_of_ones_own_and_one_with_another_tokenizer_are_not_known(trained: Any) -> None:
    folder = trained("model", 0.97)
    other = relevome.load_model(folder, tokenizer=trained("other", None))
    assert "another tokenizer" in quality_of_loaded(other).unknown
    model = relevome.load_model(folder)
    model.source = replace(model.source, loaded=None)  # as of relevome.from_module
    assert quality_of_loaded(model).unknown == NOT_KEPT


def better(found: Comparison, run: str) -> Comparison:
    """The same comparison, in which a run wins every test."""

    def won(test: PairedTest) -> PairedTest:
        sign = (1 if test.first == run else -1) * (1 if test.direction == "higher is better" else -1)
        estimate = test.paired.difference._replace(mean=float(sign))
        return replace(test, paired=replace(test.paired, difference=estimate), p=0.001)

    return replace(found, tests=tuple(map(won, found.tests)))


def test_the_better_map_of_a_weaker_model_is_not_marked(trained: Any, tmp_path: Path) -> None:
    """0.73 against 0.97, both good enough by themselves."""
    models = {"strong": trained("strong", 0.97), "weak": trained("weak", 0.73, different=0.1)}
    runs = [explained(folder, tmp_path / "runs" / name) for name, folder in models.items()]
    found = compare(runs, TRUTH, use_model=False, out=tmp_path / "table")
    top = found.on_top()
    assert top[:2] == [
        "model of strong: AUROC 0.970, MCC 0.800 on 400 test sequences; 3 of them are in training too",
        "model of weak: AUROC 0.730, MCC 0.800 on 400 test sequences; 3 of them are in training too",
    ]
    assert top[2:] == [
        "the model of weak is significantly weaker than that of strong: a better map of a worse model is no "
        "better explanation"
    ]
    for winner, marked in (("strong", "strong"), ("weak", None)):
        won = better(found, winner)
        assert (won.best("auroc", "letters"), won.marked("auroc", "letters")) == (winner, marked)
        table = scores_table(won)
        assert any(cell.bold for row in table.rows for cell in row) == (marked is not None)
        assert (legend(won) != "") == (marked is not None)
        assert "but not weak, for the model" in table.caption
    assert "weak (not marked: its model)" in repr(better(found, "weak"))
    page = (tmp_path / "table" / "table.md").read_text()
    assert page.startswith("- model of strong: AUROC 0.970")
    tex = (tmp_path / "table" / "table.tex").read_text()
    assert tex.count("The model of weak is significantly weaker than that of strong") == 1
    assert read_comparison(tmp_path / "table").on_top() == top


def test_methods_on_one_model_have_one_line_and_are_marked(trained: Any, tmp_path: Path) -> None:
    run = explained(trained("model", 0.97), tmp_path / "one")
    found = compare([run, Run(shutil.copytree(local(run.path), tmp_path / "two"))], TRUTH, use_model=False)
    assert len(found.on_top()) == 1
    assert better(found, "two").marked("auroc", "letters") == "two"
    write_comparison_pages(found, tmp_path)
    assert (tmp_path / "table.md").read_text().startswith("- model: AUROC 0.970")


def test_no_map_of_a_model_that_is_not_above_chance_is_marked(trained: Any, tmp_path: Path) -> None:
    run = explained(trained("model", 0.52), tmp_path / "one")
    found = compare([run, Run(shutil.copytree(local(run.path), tmp_path / "two"))], TRUTH, use_model=False)
    assert found.held_back == {"one", "two"}
    assert better(found, "two").marked("auroc", "letters") is None
    assert found.on_top()[1] == (
        "the model is not above chance (AUROC 0.52, where a guess has 0.5, by luck up to 0.557): its maps "
        "explain nothing that it has learnt"
    )


def check(kind: str, outcome: Any) -> Check:
    return Check(f"{kind} against random order", outcome, "")


def test_checks_are_told_by_what_they_ask() -> None:
    found = [check("localisation", "fail"), check("localisation", "pass"), check("faithfulness", "pass"),
             Check("weight randomisation", "pass", ""), check("mine", "pass")]  # fmt: skip
    *lines, meaning = grouped(found)
    assert lines == [
        "localisation (is relevance on the known sites, more than on any null?): 1 of 2 failed",
        "faithfulness (does the prediction go with the relevant letters?): 0 of 1 failed",
        "weight randomisation (does relevance go where the model has forgotten everything?): 0 of 1 failed",
        "mine: 0 of 1 failed",
    ]
    assert "the model may rest on letters nobody annotated" in meaning
    assert grouped([]) == []


@pytest.mark.parametrize(
    ("found", "learnt"),
    [
        ([check("localisation", "fail"), check("faithfulness", "fail")], True),
        ([check("localisation", "fail")], True),
        ([check("localisation", "pass"), check("faithfulness", "pass")], True),
        ([check("localisation", "fail"), check("faithfulness", "pass")], False),
    ],
)
def test_what_else_fails_or_was_not_asked_excuses_nothing(found: list[Check], learnt: bool) -> None:
    assert not any("nobody annotated" in line for line in grouped(found, learnt))


def test_a_check_of_fewer_sequences_than_its_row_says_why() -> None:
    some = [Measured(f"s{i}", 0.8, 0.5, 0.7 + i / 200 if i % 2 else None) for i in range(34)]
    scores = summarise(metrics["auroc"], "letters", some, {})
    (found,) = checks([scores])
    assert "17 of its 34 sequences: those that the model was asked about (--sequences)" in found.sentence
    (line,) = left_out([scores])
    assert line.startswith(
        "localisation of letters: of 34 sequences 17 are compared with shuffled sequences: "
    )
    every = summarise(metrics["auroc"], "letters", [one for one in some if one.null is not None], {})
    assert "; 17 sequences, adjusted" in checks([every])[0].sentence
    assert left_out([every]) == []


def test_too_few_sequences_are_called_so() -> None:
    few = [Measured(f"s{i}", 0.9, 0.5) for i in range(5)]
    assert checks([summarise(metrics["auroc"], "letters", few, {})])[0].outcome == "pass"
    (found,) = checks([summarise(metrics["auroc"], "letters", few[:4], {})])
    assert found.sentence.endswith("with fewer than 5 sequences no test can be passed")


def test_a_loaded_model_knows_whether_it_was_changed(trained: Any) -> None:
    model: Model = relevome.load_model(trained("model", None))
    assert model.as_loaded
    assert not with_shuffled_weights(model, 1).as_loaded
