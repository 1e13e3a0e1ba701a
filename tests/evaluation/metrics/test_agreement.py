"""Agreement with the model's own mutagenesis: where it is exact, plain loops, and whose fault a map is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

import relevome
from relevome.attribution import methods
from relevome.attribution.mutagenesis import effects_at
from relevome.data.sequences import Sequence
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.evaluation.explainer import explainer
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.agreement import (
    mutagenesis_size_spearman,
    mutagenesis_spearman,
    mutagenesis_top,
)
from relevome.evaluation.own_mutagenesis import OwnMutagenesis, drawn_places, own_mutagenesis
from relevome.jobs.compare import compare
from relevome.jobs.evaluate import evaluate
from relevome.models.base import Batch, Model
from relevome.results.comparison import read_comparison
from relevome.results.evaluation.folder import read_evaluation
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.run.reader import Run
from tests.evaluation.additive import additive_model, proteins, worth
from tests.evaluation.example_runs import LENGTHS, best_letters, changed, explained
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
NAMES = ("mutagenesis-spearman", "mutagenesis-size-spearman", "mutagenesis-top")


@pytest.fixture(scope="module")
def model() -> Model:
    return additive_model()


@pytest.fixture(scope="module")
def run(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return explained(model, tmp_path_factory.mktemp("runs") / "right")


def by_hand(model: Model, sequence: Sequence) -> np.ndarray:
    """Mutagenesis of the additive model in closed form: a letter's worth less the mean of the other 19."""
    letters = model.alphabet.letters
    own, every = worth(model, sequence.letters), worth(model, letters)
    return (own - (every.sum() - own) / (len(letters) - 1)) / len(sequence)


def named(found: Evaluation) -> dict[str, MetricScores]:
    return {one.metric: one for one in found.scores if one.level == "letters"}


def test_the_metrics_are_scipys_correlation_and_a_count() -> None:
    one, two = np.random.default_rng(1).normal(size=(2, 50))
    assert mutagenesis_spearman(one, two) == pytest.approx(
        np.corrcoef(stats.rankdata(one), stats.rankdata(two))[0, 1]
    )
    sizes = np.corrcoef(stats.rankdata(np.abs(one)), stats.rankdata(np.abs(two)))[0, 1]
    assert mutagenesis_size_spearman(one, -two) == pytest.approx(sizes)
    both = set(np.argsort(one)[-5:]) & set(np.argsort(two)[-5:])
    assert mutagenesis_top(one, two) == len(both) / 5


def test_the_rows_have_the_mutagenesis_of_the_model_in_closed_form(model: Model, run: Run) -> None:
    rows = list(run)
    for mutants, most in ((0, 99), (100, 5), (3, 2)):
        found = own_mutagenesis(explainer(run, model), rows, EvaluationSettings(mutants=mutants))
        for one, sequence in zip(found, proteins(*LENGTHS), strict=True):
            assert isinstance(one, OwnMutagenesis)
            assert len(one.places) == min(most, len(sequence))
            assert one.asked == 19 * len(one.places)
            np.testing.assert_allclose(one.relevance, by_hand(model, sequence)[one.places], atol=1e-12)


def test_exact_relevance_agrees_fully_inverted_relevance_not_at_all_and_noise_as_chance_has_it(
    model: Model, run: Run, tmp_path: Path
) -> None:
    rng = np.random.default_rng(2)
    inverted = changed(run, tmp_path / "inverted", lambda relevance: -relevance)
    noise = changed(run, tmp_path / "noise", lambda relevance: rng.normal(size=len(relevance)))
    right, wrong, other = (
        named(evaluate(one, model=model, null=0, metrics="agreement")) for one in (run, inverted, noise)
    )
    assert right["mutagenesis-spearman"].mean == pytest.approx(1)
    assert right["mutagenesis-top"].mean == 1
    assert wrong["mutagenesis-spearman"].mean == pytest.approx(-1)
    assert wrong["mutagenesis-top"].mean == 0
    assert wrong["mutagenesis-size-spearman"].mean == right["mutagenesis-size-spearman"].mean
    assert abs(other["mutagenesis-spearman"].mean) < 0.2
    assert abs(other["mutagenesis-top"].mean - 0.1) < 0.15
    for found in (right, wrong, other):
        random = found["mutagenesis-spearman"].random
        assert random is not None
        assert abs(random.mean) < 0.15
        assert set(found) == set(NAMES)


def test_the_checks_say_inverted(model: Model, run: Run, tmp_path: Path) -> None:
    inverted = changed(run, tmp_path / "inverted", lambda relevance: -relevance)
    (check,) = evaluate(inverted, model=model, null=0, metrics="mutagenesis-spearman").checks
    assert (check.outcome, check.inverted) == ("fail", True)
    (check,) = evaluate(run, model=model, null=0, metrics="mutagenesis-spearman").checks
    assert check.outcome == "pass"


def test_drawn_letters_are_the_same_for_every_run_and_say_how_many(model: Model, run: Run) -> None:
    found = evaluate(run, best_letters(model, run), model=model, mutants=152, random_models=0)
    assert named(found)["mutagenesis-spearman"].mean == pytest.approx(1)
    assert any(
        "agreement is over 8 letters, drawn at random, in 8 of 8 sequences (--mutants 152; 0: all letters)"
        in note
        for note in found.notes
    )
    assert f"the model's own mutagenesis: {8 * 8 * 19:,} mutants of 8 sequences" in found.notes
    assert named(found)["auroc"].model is None  # of whole sequences only
    (sequence,) = proteins(40)
    np.testing.assert_array_equal(drawn_places(sequence, 152, 0), drawn_places(sequence, 152, 0))
    assert len({tuple(drawn_places(sequence, 152, seed)) for seed in range(20)}) > 15
    # every letter as likely as any other
    counts = np.bincount(np.concatenate([drawn_places(sequence, 152, s) for s in range(2000)]), minlength=40)
    assert stats.chisquare(counts).pvalue > 0.001


def test_fast_asks_a_quarter_and_nothing_drawn_means_all() -> None:
    assert EvaluationSettings(mutants=1000, fast=True).mutants_each == 250
    assert EvaluationSettings(mutants=1000).mutants_each == 1000
    assert EvaluationSettings(mutants=0, fast=True).mutants_each == 0
    with pytest.raises(InputError, match="--mutants -1: expected 0 or more"):
        EvaluationSettings(mutants=-1)


def test_a_run_of_mutagenesis_agrees_by_construction_and_is_not_tested(model: Model, tmp_path: Path) -> None:
    own = relevome.explain(model, proteins(*LENGTHS), "mutagenesis", 1, out=tmp_path / "own")
    found = evaluate(own, model=model, null=0, metrics="agreement")
    assert all(one.mean == pytest.approx(1) and one.random is None for one in found.scores)
    assert found.checks == ()
    assert any("is 1 by construction" in note for note in found.notes)
    assert not any("mutants of" in note for note in found.notes)  # nothing was asked
    other = explained(model, tmp_path / "other")
    again = explained(model, tmp_path / "again")
    runs = (own, other, again)
    both = compare([evaluate(x, model=model, null=0, metrics=["agreement", "complexity"]) for x in runs])
    tested = {(test.first, test.second) for test in both.tests if test.metric == "mutagenesis-spearman"}
    assert tested == {("other", "again")}
    assert both.best("mutagenesis-size-spearman", "letters") is None
    assert len([test for test in both.tests if test.metric == "entropy"]) == 3


def test_localisation_stands_beside_that_of_the_models_own_mutagenesis(
    model: Model, run: Run, tmp_path: Path
) -> None:
    """Inverted relevance is the method's failure; sites that the model does not use are not."""
    truth = best_letters(model, run)
    wrong = changed(run, tmp_path / "inverted", lambda relevance: -relevance)
    out = tmp_path / "scores"
    found = evaluate(wrong, truth, model=model, level="both", metrics="localisation", out=out)
    for one in found.scores:
        assert one.model is not None
        assert len(one.model_values) == len(LENGTHS)
    own = relevome.explain(model, proteins(*LENGTHS), "mutagenesis", 1, out=tmp_path / "own")
    whole = named(evaluate(own, truth, model=model, metrics="localisation"))
    for name, one in named(found).items():
        assert one.model_values == pytest.approx(whole[name].values)
        assert whole[name].model_values == whole[name].values
    auroc = next(x for x in found.checks if (x.metric, x.level) == ("auroc", "letters"))
    assert auroc.sentence.endswith(
        "the model's own mutagenesis has 1, which is more than that null: the method fails"
    )

    known = read_evaluation(out)
    assert [one.model_values for one in known.scores] == [one.model_values for one in found.scores]
    assert [one.model for one in known.scores] == [one.model for one in found.scores]
    assert known.to_pandas()["mutagenesis"].tolist() == [one.model.mean for one in found.scores if one.model]
    assert "| own mutagenesis |" in (out / "scores.md").read_text()

    table = tmp_path / "table"
    right = evaluate(run, truth, model=model, level="both", metrics="localisation")
    both = compare([right, found], labels=["right", "wrong"], out=table)
    for label in ("right", "wrong"):
        of_wrong = {(x.metric, x.level): x for x in both.scores[label]}
        assert of_wrong["auroc", "letters"].model == named(found)["auroc"].model
    again = read_comparison(table)
    assert again.scores["wrong"][0].model_values == both.scores["wrong"][0].model_values
    assert "own mutagenesis" in (table / "table.md").read_text()


def test_sites_that_the_model_does_not_use_are_not_the_methods_fault(
    model: Model, run: Run, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    anywhere = {
        row.sequence_id: [Site(p, p + 1, "x") for p in rng.choice(19, 5, False).tolist()] for row in run
    }
    noise = changed(run, tmp_path / "noise", lambda relevance: rng.normal(size=len(relevance)))
    found = evaluate(noise, anywhere, model=model, null=0, random_models=1, metrics="auroc")
    (check,) = found.failed
    assert check.sentence.endswith(
        "no more than a random order beyond chance: the model does not use these sites"
    )


def test_a_table_of_an_earlier_version_has_no_mutagenesis(model: Model, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "scores"
    evaluate(run, best_letters(model, run), model=model, metrics="auroc", out=out)
    lines = (out / "values.tsv").read_text().splitlines()
    assert lines[0].endswith("\tmutagenesis")
    (out / "values.tsv").write_text("".join(line.rsplit("\t", 1)[0] + "\n" for line in lines))
    record = json.loads((out / "scores.json").read_text())
    del record["settings"]["mutants"]
    for score in record["scores"]:
        assert score.pop("mutagenesis")["mean"] == 1
    (out / "scores.json").write_text(json.dumps(record))
    (one,) = read_evaluation(out).scores
    assert (one.model, one.model_values) == (None, ())
    assert one.mean == 1


@pytest.mark.parametrize("name", ["cnn", "bpe", "protbert-masked", "dnabert"])
def test_letters_asked_alone_are_those_of_the_method(toy_model: ToyModel, name: str) -> None:
    model, toy = toy_model(name), TOYS[name]
    (sequence,) = toy.sequences(30 if name == "cnn" else 14)
    tokens, target, places = model.tokenize(sequence), toy.target(model), np.array([1, 2, 9])
    (whole,) = methods["mutagenesis"]().attribute(model, Batch((tokens,), (target,)))
    assert whole.letter_scores is not None
    found = effects_at(model, tokens, target, places)
    np.testing.assert_allclose(found, whole.letter_scores[places], rtol=0, atol=1e-6)
    letters, scores = toy.alphabet.letters, []
    for place in places.tolist():
        for letter in letters:
            changed_letters = sequence.letters[:place] + letter + sequence.letters[place + 1 :]
            one = Batch((model.tokenize(replace(sequence, letters=changed_letters)),), (target,))
            with model.frozen(), torch.inference_mode():
                scores.append(model.scores(model.inputs(one), one).item() - whole.score)
    np.testing.assert_allclose(found, np.reshape(scores, found.shape), rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_metrics_are_registered(name: str) -> None:
    metric = metrics[name]
    assert (metric.kind, metric.needs, metric.higher_is_better) == ("agreement", (), True)
