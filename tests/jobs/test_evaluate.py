"""A whole run evaluated: every metric with its error bars, nulls and checks, and what is refused."""

from __future__ import annotations

import itertools
import operator
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import relevome
from relevome.attribution import methods
from relevome.attribution.readings import Readings
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.faithfulness import Removal, area, faithfulness_curves
from relevome.evaluation.metrics.robustness import Neighbours, explained_neighbours, robust_correlation
from relevome.evaluation.metrics.sanity import weight_randomisation
from relevome.jobs.evaluate import evaluate
from relevome.jobs.substitute import substitute
from relevome.models.base import Model
from relevome.results.evaluation.folder import read_evaluation, write_evaluation
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.parts.manifest import OWN
from relevome.results.parts.part import Counts
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.evaluation.additive import TARGET, additive_model, proteins
from tests.evaluation.example_runs import LENGTHS, best_letters, changed, explained
from tests.toys import TOYS


@pytest.fixture(scope="module")
def model() -> Model:
    return additive_model()


@pytest.fixture(scope="module")
def run(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return explained(model, tmp_path_factory.mktemp("runs") / "right")


@pytest.fixture(scope="module")
def found(model: Model, run: Run) -> Evaluation:
    return evaluate(run, best_letters(model, run), model=model, level="both", fast=True)


def named(evaluation: Evaluation, level: str = "letters") -> dict[str, MetricScores]:
    return {one.metric: one for one in evaluation.scores if one.level == level}


def test_every_metric_is_computed_but_those_of_two_runs_and_of_effects(found: Evaluation) -> None:
    without = ("similarity", "logic")
    assert set(named(found)) == {name for name, metric in metrics.items() if metric.kind not in without}
    kinds = ("robustness", "sanity", "agreement", "double substitutions")
    of_letters = {name for name, m in metrics.items() if m.kind in kinds}
    assert set(named(found, "tokens")) == set(named(found)) - of_letters
    assert all(one.n == len(LENGTHS) and one.left_out == {} for one in found.scores)


def test_exact_relevance_of_a_linear_model_is_perfect(found: Evaluation) -> None:
    scores = named(found)
    assert scores["auroc"].mean == 1
    assert scores["infidelity"].mean == pytest.approx(0, abs=1e-10)
    assert scores["robust-correlation"].mean > 0.9
    ordered = ["auroc", "area-between-curves", "comprehensiveness"]
    for one in (scores[name] for name in ordered):
        assert one.random is not None
        assert one.mean > one.random.mean


def test_faithfulness_is_that_of_its_own_family(model: Model, run: Run, found: Evaluation) -> None:
    sequences = proteins(*LENGTHS)
    relevance = [row.relevance.astype(np.float64) for row in run]
    removal = Removal.of(EvaluationSettings(fast=True), "letters")
    curves = faithfulness_curves(model, sequences, [TARGET] * len(sequences), relevance, removal)
    expected = [area(one) for one in curves if not isinstance(one, InputError)]
    assert named(found)["area-between-curves"].values == pytest.approx(expected)


def test_shuffles_are_explained_alike_and_measured_at_the_same_places(found: Evaluation) -> None:
    null = named(found)["auroc"].null
    assert null is not None
    assert 0.3 < null.mean < 0.7  # letters of a shuffle are elsewhere
    assert named(found)["robust-overlap"].null is None


def test_right_relevance_passes_and_inverted_relevance_is_called_inverted(
    model: Model, run: Run, tmp_path: Path, found: Evaluation
) -> None:
    wrong = changed(run, tmp_path / "inverted", lambda relevance: -relevance)
    inverted = evaluate(
        wrong, best_letters(model, run), model=model, fast=True, metrics=["localisation", "faithfulness"]
    )
    right = {(check.metric, check.name): check.outcome for check in found.checks if check.level == "letters"}
    # what a linear model says of a letter it says of that letter anywhere
    assert right["auroc", "localisation against the strongest null"] == "fail"
    assert right["area-between-curves", "faithfulness against random order"] == "pass"
    by_metric = {check.metric: check for check in inverted.failed}
    assert by_metric["auroc"].inverted
    assert by_metric["area-between-curves"].inverted
    assert "the map may be inverted" in by_metric["auroc"].sentence


def test_relevance_without_meaning_fails_its_checks(model: Model, run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    noise = changed(run, tmp_path / "noise", lambda relevance: rng.normal(size=len(relevance)))
    found = evaluate(noise, best_letters(model, run), model=model, fast=True, metrics=("auroc", "infidelity"))
    assert {check.metric for check in found.failed} >= {"auroc"}
    assert not any(check.inverted for check in found.failed)


def test_some_sequences_are_drawn_by_what_they_are_and_the_others_counted(model: Model, run: Run) -> None:
    some = evaluate(run, model=model, fast=True, null=0, sequences=3, metrics=["area-between-curves"])
    (one,) = some.scores
    assert one.n == 3
    assert one.left_out == {"not drawn (--sequences)": len(LENGTHS) - 3}
    every = evaluate(run, model=model, fast=True, null=0, sequences=0, metrics="area-between-curves")
    known = dict(zip(every.scores[0].sequence_ids, every.scores[0].values, strict=True))
    assert one.values == pytest.approx([known[name] for name in one.sequence_ids])


def test_of_an_averaged_run_it_is_the_mean_that_is_robust_and_sane(
    toy_model: Callable[[str], Model], tmp_path: Path
) -> None:
    model, toy = toy_model("bpe"), TOYS["bpe"]
    sequences, target = toy.sequences(25, 30, 28), toy.target(model)
    run = relevome.explain(
        model, sequences, "gradient-x-input", target.index, tokenisations=3, average_strands=True,
        out=tmp_path / "averaged",
    )  # fmt: skip
    wanted = ("robust-correlation", "weight-randomisation")
    found = named(evaluate(run, model=model, null=0, metrics=wanted))
    averaged = Readings(tokenisations=3, both_strands=True)
    asked = (model, methods["gradient-x-input"](), sequences, [target] * 3)
    for readings, same in ((averaged, True), (Readings(), False)):
        near = explained_neighbours(*asked, readings=readings)
        robust = [robust_correlation(one) for one in near if isinstance(one, Neighbours)]
        left = weight_randomisation(*asked, readings=readings).similarity[-1].tolist()
        assert (list(found["robust-correlation"].values) == pytest.approx(robust)) is same
        assert (list(found["weight-randomisation"].values) == pytest.approx(left)) is same


def test_the_same_call_gives_the_same_digits_whatever_else_the_machine_does(
    load: Callable[..., Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy, letters = TOYS["esm"], []
    for number, slower in enumerate((1.0, 2.0)):  # on the second machine every pass takes twice the last
        ticks = itertools.accumulate(itertools.repeat(slower), operator.mul)
        monkeypatch.setattr(time, "perf_counter", lambda ticks=ticks: next(ticks))
        model = load("esm", dtype="float32")
        run = relevome.explain(
            model, toy.sequences(*range(20, 26)), "gradient-x-input", 1, out=tmp_path / f"run{number}"
        )
        letters.append((tmp_path / f"run{number}" / "part-00000.parquet").read_bytes())
        out = tmp_path / f"scores{number}"
        evaluate(run, model=model, fast=True, metrics=["faithfulness"], null=0, out=out)
        relevome.substitute(run, model=model, most=4, out=tmp_path / f"curves{number}")
    assert letters[0] == letters[1]
    for name in ("values.tsv", "curves.tsv"):
        assert (tmp_path / "scores0" / name).read_bytes() == (tmp_path / "scores1" / name).read_bytes()
    first, second = (sorted((tmp_path / f"curves{number}").glob("*.tsv")) for number in (0, 1))
    assert first
    assert [one.read_bytes() for one in first] == [one.read_bytes() for one in second]


def test_the_batch_size_is_recorded_given_or_derived(
    model: Model, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    scores = Model.scores
    monkeypatch.setattr(
        Model, "scores", lambda self, inputs, batch: seen.append(len(batch)) or scores(self, inputs, batch)
    )
    one = evaluate(run, model=model, fast=True, null=0, metrics=["area-between-curves"], batch_size=2)
    assert (one.about["batch_size"], max(seen)) == (2, 2)
    other = evaluate(run, model=model, fast=True, null=0, metrics=["area-between-curves"])
    assert other.about["batch_size"].keys() == {"32"}
    assert max(seen) > 2
    assert substitute(run, model=model, most=2, batch_size=3).about["batch_size"] == 3
    assert evaluate(run, use_model=False).about["batch_size"] is None


def test_without_its_model_the_rest_is_computed_and_the_note_says_so(run: Run) -> None:
    found = evaluate(run)
    assert {one.kind for one in found.scores} == {"complexity"}
    assert found.notes[0].startswith("what asks the model was left out: there is no folder made here")
    assert "--model DIR" in found.notes[0]
    assert evaluate(run, use_model=False).notes == ("what asks the model was left out (--no-model)",)


def test_a_plan_of_what_asks_no_model_says_so_in_one_sentence(run: Run) -> None:
    plan: dict[str, Any] = {"planned": lambda _: None, "metrics": "entropy"}
    with pytest.raises(InputError, match=r"asks a model, so that there is nothing to plan$"):
        evaluate(run, **plan)
    with pytest.raises(
        InputError, match=r"nothing to plan; what asks the model was left out \(--no-model\)$"
    ):
        evaluate(run, use_model=False, planned=plan["planned"])


def test_other_weights_are_refused(run: Run) -> None:
    other = additive_model()
    with torch.no_grad():
        next(other.module.parameters()).add_(1)
    with pytest.raises(InputError, match=r"made here is not the model that .* expected [0-9a-f]{12}\)"):
        evaluate(run.path, model=other)


ELSEWHERE = {"elsewhere": [Site(0, 3, "x")]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metrics": ["faithfulness"]}, "the model of .* is needed: there is no folder made here"),
        ({"metrics": ["infidelity"], "use_model": False}, "infidelity needs the model: expected it without"),
        ({"metrics": ["auroc"]}, "auroc needs known sites: give them with --truth"),
        ({"metrics": ["pearson"]}, "pearson is about two runs: relevome compare"),
        ({"metrics": ["pointing"]}, "unknown metric 'pointing'"),
        (
            {"truth": ELSEWHERE},
            "no sequence of .* is in the file of known sites: 1 site on 'elsewhere', which is no",
        ),
        ({"level": "words"}, "--level words: expected one of letters, tokens, both"),
        ({"how": "max"}, "--how max: expected sum, mean or max_abs"),
        ({"draws": 3}, "--draws 3: expected an even number"),
        ({"sequences": 1}, "not 1 sequence"),
        ({"depth": 1}, "the evaluation has no option --depth"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(run: Run, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(run, **given)


def test_sites_on_unknown_sequences_are_noted(model: Model, run: Run) -> None:
    found = evaluate(run, best_letters(model, run) | ELSEWHERE, use_model=False)
    assert any("1 site on 'elsewhere', which is no sequence" in note for note in found.notes)


def test_sites_over_everything_leave_sequences_out(model: Model, run: Run) -> None:
    truth = best_letters(model, run) | {"s0": [Site(0, LENGTHS[0], "all")]}
    found = evaluate(run, truth, use_model=False, metrics=["auroc"])
    assert found.scores[0].left_out == {"with all letters inside known sites": 1}


def test_letters_that_cannot_be_masked_are_told_and_the_rest_is_computed(
    model: Model, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model.tokenizer, "mask_id", None)
    found = evaluate(run, model=model, fast=True, null=0, replacement="mask")
    assert "faithfulness" not in {one.kind for one in found.scores}
    assert "robustness" in {one.kind for one in found.scores}
    assert any("no mask token" in note for note in found.notes)


def test_an_evaluation_comes_back_as_it_was_written(found: Evaluation, tmp_path: Path) -> None:
    write_evaluation(found, tmp_path)
    back = read_evaluation(tmp_path)
    assert (back.scores, back.checks, back.settings) == (found.scores, found.checks, found.settings)
    assert (back.about, back.sequences, back.layers, back.notes) == (
        found.about,
        found.sequences,
        found.layers,
        found.notes,
    )
    one, other = (each.curves["tokens"]["s3"] for each in (found, back) if each.curves)
    assert np.array_equal(one.morf, other.morf)
    assert np.array_equal(one.random.mean(0), other.random[0])


def test_a_folder_that_is_no_evaluation_is_refused(found: Evaluation, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no scores.json: expected a folder of `relevome evaluate -o`"):
        read_evaluation(tmp_path)
    write_evaluation(found, tmp_path)
    (tmp_path / "values.tsv").write_text("x\n")
    with pytest.raises(InputError, match="is damaged"):
        read_evaluation(tmp_path)


def test_an_evaluation_is_left_in_a_folder_and_read_back(run: Run, tmp_path: Path) -> None:
    found = evaluate(run, use_model=False, out=tmp_path / "scores")
    assert read_evaluation(tmp_path / "scores").scores == found.scores
    with pytest.raises(InputError, match="replace it with --overwrite"):
        evaluate(run, use_model=False, out=tmp_path / "scores")
    assert found.to_pandas()["mean"].tolist() == [one.mean for one in found.scores]
    assert repr(found).splitlines()[0] == f"Evaluation of {run.path}"


def test_rows_with_one_id_are_not_taken_for_each_other(model: Model, run: Run, tmp_path: Path) -> None:
    rows = list(run)
    twice = [*rows[:3], replace(rows[3], sequence_id=rows[0].sequence_id, conserved=False)]
    manifest = {key: value for key, value in run.manifest.items() if key not in OWN}
    with RunWriter(tmp_path / "twice", manifest) as writer:
        writer.write_part(0, twice, Counts(read=4, explained=4))
    for ask in (evaluate, substitute):
        with pytest.raises(InputError, match=r"'s0' is in .* more than once: expected every id once"):
            ask(Run(tmp_path / "twice"), model=model)


def test_places_stand_beside_all_nulls(model: Model, run: Run) -> None:
    found = evaluate(run, best_letters(model, run), model=model, fast=True, metrics="auroc", random_models=2)
    (one,) = found.scores
    known = {"random order", "shuffled sequences", "letter", "letter pairs", "random weights"}
    known |= {"same letters", "same pairs"}  # of several lengths there are no maps to exchange
    assert set(one.nulls()) == known
    assert one.excess is not None
    assert one.excess.strongest == max(
        np.mean([value for value in values if value is not None]) for values in one.nulls().values()
    )
    assert any(note.startswith("no null of positions: sequences have") for note in found.notes)
    alone = evaluate(run, best_letters(model, run), use_model=False, metrics="auroc")
    assert set(alone.scores[0].nulls()) == known - {"shuffled sequences", "random weights"}
    with pytest.raises(InputError, match="--random-models -1: expected 0 or more"):
        evaluate(run, best_letters(model, run), model=model, random_models=-1)
