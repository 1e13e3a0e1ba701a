"""Runs side by side: the same sequences, the same settings, a test for every pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.evaluation.metrics.similarity import pearson
from relevome.evaluation.statistics import bootstrap_interval, paired_test
from relevome.jobs.compare import compare
from relevome.jobs.evaluate import evaluate
from relevome.models.base import Model
from relevome.results.comparison import Comparison, read_comparison, write_comparison
from relevome.results.evaluation.folder import write_evaluation
from relevome.results.run.reader import Run
from relevome.stores.place import local
from tests.evaluation.additive import additive_model
from tests.evaluation.example_runs import best_letters, changed, explained

Truth = dict[str, list[Site]]


@pytest.fixture(scope="module")
def model() -> Model:
    return additive_model()


@pytest.fixture(scope="module")
def right(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return explained(model, tmp_path_factory.mktemp("runs") / "right")


@pytest.fixture(scope="module")
def truth(model: Model, right: Run) -> Truth:
    return best_letters(model, right)


@pytest.fixture(scope="module")
def noisy(right: Run) -> Run:
    return changed(right, local(right.path).parent / "noisy", noise(0.05))


@pytest.fixture(scope="module")
def found(right: Run, noisy: Run, truth: Truth) -> Comparison:
    noisier = changed(right, local(right.path).parent / "noisier", noise(1.0))
    return compare([right, noisy, noisier], truth, use_model=False)


def noise(size: float) -> Callable[[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(int(100 * size))
    return lambda relevance: relevance + size * rng.normal(size=len(relevance))


def test_less_noise_is_better_and_the_best_beats_every_other(found: Comparison) -> None:
    assert list(found.scores) == ["right", "noisy", "noisier"]
    means = [next(one.mean for one in scores if one.metric == "auroc") for scores in found.scores.values()]
    assert means == sorted(means, reverse=True)
    assert found.best("auroc", "letters") == "right"


def test_every_pair_is_tested_on_its_values_and_adjusted_over_all(found: Comparison) -> None:
    assert len(found.tests) == 3 * len(found.scores["right"])
    test = next(one for one in found.tests if (one.metric, one.second) == ("auroc", "noisy"))
    one, two = (next(s for s in found.scores[n] if s.metric == "auroc") for n in ("right", "noisy"))
    assert test.paired.p == paired_test(one.values, two.values)
    difference = np.subtract(one.values, two.values)
    assert tuple(test.paired.difference) == pytest.approx(bootstrap_interval(difference, 0))
    adjusted = stats.false_discovery_control([each.paired.p for each in found.tests])
    assert [each.p for each in found.tests] == pytest.approx(adjusted)


def test_a_difference_that_is_not_significant_has_no_winner(right: Run, noisy: Run, truth: Truth) -> None:
    same = changed(right, local(right.path).parent / "same", lambda relevance: relevance)
    found = compare([right, same], truth, use_model=False)
    assert {test.better for test in found.tests} == {None}
    assert found.best("auroc", "letters") is None


def test_lower_wins_where_lower_is_better(found: Comparison) -> None:
    for test in found.tests:
        if test.better is not None:
            gain = test.paired.difference.mean * (1 if test.direction == "higher is better" else -1)
            assert test.better == (test.first if gain > 0 else test.second)
    directions = {test.direction for test in found.tests if test.better is not None}
    assert directions == {"higher is better", "lower is better"}


def test_runs_are_compared_letter_by_letter(found: Comparison, right: Run, noisy: Run) -> None:
    one = next(s for s in found.similarities if (s.second, s.scores.metric) == ("noisy", "pearson"))
    expected = [pearson(a.relevance, b.relevance) for a, b in zip(right, noisy, strict=True)]
    assert one.scores.values == pytest.approx(expected)


def test_sequences_that_one_run_lacks_are_left_out_of_all_and_counted(
    right: Run, truth: Truth, tmp_path: Path
) -> None:
    fewer = changed(right, tmp_path / "fewer", noise(0.2), slice(0, 5))
    found = compare([right, fewer], truth, use_model=False)
    assert {one.n for scores in found.scores.values() for one in scores} == {5}
    assert found.left_out == {"right": {"not in fewer": 3}}


def test_other_letters_are_another_sequence(right: Run) -> None:
    one = evaluate(right, use_model=False)
    other = replace(
        one,
        about=dict(one.about) | {"run": "elsewhere/other"},
        sequences=dict(one.sequences) | {"s2": "0" * 16},
    )
    found = compare([one, other])
    assert found.left_out["right"] == {"with other letters in another run": 1}
    assert {score.n for score in found.scores["right"]} == {len(one.sequences) - 1}
    assert any(note.startswith("how alike right and other are was left out") for note in found.notes)


def test_folders_of_evaluate_do_as_well_as_runs(right: Run, noisy: Run, truth: Truth, tmp_path: Path) -> None:
    folders = []
    for run in (right, noisy):
        folders.append(tmp_path / f"scores-{run.path.name}")
        folders[-1].mkdir()
        write_evaluation(evaluate(run, truth, use_model=False), folders[-1])
    found, expected = compare(folders), compare([right, noisy], truth, use_model=False)
    assert (found.scores, found.tests) == (expected.scores, expected.tests)
    assert len(found.similarities) == len(expected.similarities) > 0


def test_metrics_that_one_run_lacks_are_noted(model: Model, right: Run, noisy: Run) -> None:
    with_model = evaluate(right, model=model, fast=True, null=0)
    found = compare([with_model, evaluate(noisy, fast=True, null=0, use_model=False)])
    assert "auroc" not in {one.metric for one in found.scores["right"]}
    assert "sufficiency of letters is not compared: noisy without it" in found.notes


def test_labels_name_runs(right: Run, noisy: Run) -> None:
    found = compare([right, noisy], labels=["one", "two"], use_model=False)
    assert list(found.scores) == ["one", "two"]
    twin = replace(
        evaluate(right, use_model=False), about={"run": "other/right", "truth": None, "target": "b"}
    )
    parent = right.path.parent.name
    assert list(compare([right, twin], use_model=False).scores) == [f"{parent}/right", "other/right"]


def cannot(message: str, *given: Any, **options: Any) -> None:
    with pytest.raises(InputError, match=message):
        compare([*given], use_model=False, **options)


def test_what_cannot_be_compared_is_refused(right: Run, noisy: Run, truth: Truth, tmp_path: Path) -> None:
    cannot("1 run to compare: expected two or more", right)
    cannot("is given twice", right, right)
    cannot("1 label for 2 runs", right, noisy, labels=["a"])
    cannot(
        "right was evaluated with --level letters, noisy with both: expected the same",
        evaluate(right, use_model=False), evaluate(noisy, use_model=False, level="both"),
    )  # fmt: skip
    cannot("evaluated with other known sites", evaluate(right, truth, use_model=False), noisy)
    one, two = evaluate(right, use_model=False), evaluate(noisy, use_model=False)
    cannot("was evaluated with other options than are given now", one, two, level="both")
    cannot("was evaluated with other known sites: leave --truth out", one, two, truth=truth)
    other = replace(one, about=dict(one.about) | {"run": "other"}, sequences={"x": "1", "y": "2"})
    cannot("have 0 sequences in common: .*right: 8 not in other; other: 2 not in right", one, other)


def test_a_comparison_comes_back_as_it_was_left(model: Model, right: Run, tmp_path: Path) -> None:
    other = changed(right, tmp_path / "other", lambda relevance: -relevance)
    evaluated = [evaluate(one, model=model, fast=True, null=0) for one in (right, other)]
    found = compare(evaluated, out=tmp_path / "table")
    back = read_comparison(tmp_path / "table")
    assert (back.scores, back.tests, back.similarities) == (found.scores, found.tests, found.similarities)
    assert (back.curves, back.left_out, back.notes) == (found.curves, found.left_out, found.notes)
    for label, one in found.evaluations.items():
        kept = back.evaluations[label]
        assert (kept.about, kept.settings, kept.checks) == (one.about, one.settings, one.checks)
        assert (kept.layers, kept.notes) == (one.layers, one.notes)
    assert len(found.to_pandas()) == 2 * len(found.scores["right"])
    assert back.to_pandas().equals(found.to_pandas())
    assert repr(back) == repr(found)
    assert repr(found).splitlines()[0] == "Comparison of 2 runs: right, other"


def test_a_comparison_of_an_earlier_version_or_damaged_is_refused_in_one_line(
    found: Comparison, tmp_path: Path
) -> None:
    (tmp_path / "table.tsv").write_text("run\tmetric\n")
    with pytest.raises(
        InputError, match=r"earlier relevome, without comparison.json: compare the runs again"
    ):
        read_comparison(tmp_path)
    write_comparison(found, tmp_path)
    (tmp_path / "values.tsv").write_text("x\n")
    with pytest.raises(
        InputError, match=r"is damaged \(KeyError: .*: compare the runs again with --overwrite"
    ):
        read_comparison(tmp_path)
