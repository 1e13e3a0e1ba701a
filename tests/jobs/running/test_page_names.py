"""One name for each run on a page, wherever it is spoken of, and each evaluation counted once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.jobs.running.page_names import is_about, is_same
from relevome.report.html.parts.substitution import EXCHANGED
from relevome.report.html.verdict import FAILED, SURVIVES
from relevome.results.comparison import Comparison, read_comparison
from relevome.results.evaluation.folder import read_evaluation
from relevome.results.run.reader import Run
from tests.evaluation.additive import additive_model
from tests.evaluation.example_runs import best_letters, changed, explained
from tests.report.html.unpacked import unpacked

NAMES = ("plain", "plain-averaged", "plain-mean")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of one method, an evaluation of each, one of another run, and a comparison of them."""
    folder, patch = tmp_path_factory.mktemp("study"), pytest.MonkeyPatch()
    model = additive_model()
    run = explained(model, folder / "runs" / NAMES[0])
    truth, rng = best_letters(model, run), np.random.default_rng(3)
    for name in (*NAMES[1:], "gone"):
        changed(run, folder / "runs" / name, lambda values: values + rng.normal(size=len(values)))
    with patch.context() as there:
        there.chdir(folder)  # so that results have the paths of runs as they were typed
        scores = []
        for name in (*NAMES, "gone"):
            scores.append(f"scores/{name}")
            relevome.evaluate(f"runs/{name}", truth, use_model=False, out=scores[-1])
        relevome.compare(scores[1:], labels=["net-averaged", "net-mean", "net-gone"], out="comparison")
        relevome.compare(scores[:2], labels=["one", "two"], out="again")
    return folder


@pytest.fixture
def page(study: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def made(*names: str, **options: Any) -> dict[str, Any]:
        relevome.report([study / name for name in names], tmp_path / "page.html", overwrite=True, **options)
        return unpacked(tmp_path / "page.html").content

    return made


def spoken_of(content: dict[str, Any], topic: str) -> list[str]:
    found = [one for one in content["verdict"]["topics"] if one["title"] == topic]
    return [remark["text"].split(":")[0] for one in found for remark in one["remarks"]]


RUNS, SCORES = [f"runs/{name}" for name in NAMES], [f"scores/{name}" for name in NAMES]


def test_evaluations_of_one_method_are_called_as_their_runs_everywhere(page) -> None:
    content = page(*RUNS, *SCORES)
    assert [run["label"] for run in content["runs"]] == list(NAMES)
    assert [part["name"] for part in content["parts"]] == list(NAMES)
    assert spoken_of(content, SURVIVES) == list(NAMES)
    assert [name for name in spoken_of(content, FAILED) if name in NAMES] == list(NAMES)


def test_evaluations_without_their_runs_are_told_apart_by_their_folders(page) -> None:
    content = page(*SCORES)
    assert [part["name"] for part in content["parts"]] == spoken_of(content, SURVIVES) == list(NAMES)


def test_an_evaluation_that_is_compared_too_counts_once_by_one_name(page) -> None:
    alone, both = page(*RUNS, *SCORES), page(*RUNS, *SCORES, "comparison")
    names = [NAMES[0], "net-averaged", "net-mean"]
    assert [run["label"] for run in both["runs"]] == names
    assert [part["name"] for part in both["parts"][:3]] == names
    assert spoken_of(both, SURVIVES) == [*names, "net-gone"]
    few, more = (int(one["verdict"]["headline"].split()[2]) for one in (alone, both))
    assert more * 3 == few * 4


def test_labels_that_are_given_are_those_of_comparisons_too(page) -> None:
    content = page(*RUNS, "comparison", "again", labels=["A", "B", "C"])
    first, second = (part["content"] for part in content["parts"])
    assert first["labels"] == ["B", "C", "net-gone"]
    assert second["labels"] == ["A", "B"]
    assert {test["first"] for test in first["tests"]} == {"B", "C"}
    assert spoken_of(content, SURVIVES) == ["B", "C", "net-gone", "A"]


def test_what_else_is_said_of_a_run_leaves_its_measures_counted(page, study) -> None:
    """Letters that were exchanged are said of the run by its name; a comparison alone has its measures."""
    relevome.substitute(
        study / RUNS[0], model=additive_model(), sequences=2, most=1, orders=1, out=study / "exchanged"
    )
    alone, both = page(*RUNS[:2], "again"), page(*RUNS[:2], "exchanged", "again")
    assert spoken_of(both, EXCHANGED)[0] == "one"
    assert spoken_of(both, SURVIVES) == spoken_of(alone, SURVIVES) == ["one", "two"]
    assert both["verdict"]["headline"] == alone["verdict"]["headline"]


def test_another_evaluation_of_the_same_name_is_told_apart_and_counted(page, study) -> None:
    content = page("runs/gone", "comparison", "again", labels=["one"])
    first, second = (part["content"]["labels"] for part in content["parts"])
    assert first == ["net-averaged", "net-mean", "one"]
    assert second == ["one, again", "net-averaged"]


def test_a_result_is_about_a_run_by_its_path_and_by_how_it_was_explained(study) -> None:
    run, about = Run(study / RUNS[0]), read_evaluation(study / SCORES[0]).about
    assert is_about(about, run)
    assert is_about({**about, "run": str(study / RUNS[0])}, run)
    assert is_about({**about, "run": f"../x/../{study.name}/{RUNS[0]}"}, run)
    for other in (
        {"run": RUNS[1]},
        {"run": f"x/{RUNS[0]}"},
        {"run": None},
        {"tokenisations": 10},
        {"method": "m"},
        {"target": "a"},
    ):
        assert not is_about({**about, **other}, run)


def test_an_evaluation_is_the_one_that_a_comparison_read(study) -> None:
    compared = read_comparison(study / "comparison").evaluations
    alone = [read_evaluation(study / name) for name in SCORES]
    assert [is_same(one, compared["net-mean"]) for one in alone] == [False, False, True]


def test_only_labels_are_renamed_in_words_of_a_comparison(study) -> None:
    """Labels are any words or numbers, which sentences have besides."""
    found = read_comparison(study / "comparison")
    of = found.evaluations["net-mean"]
    notes = (
        "auroc of letters is not compared: letters, 1 without it",
        "auroc of tokens is not compared: the runs share 1 sequence with it",
        "how alike 1 and letters are was left out: 1/run.json is not there, run 1 again for letters",
    )
    left_out = {"1": {"not in letters": 2, "with other letters in another run": 1}}
    small = Comparison({"1": of, "letters": of}, {}, (), (), left_out, notes)
    renamed = small.renamed({"1": "A", "letters": "B"})
    assert renamed.notes == (
        "auroc of letters is not compared: B, A without it",
        "auroc of tokens is not compared: the runs share 1 sequence with it",
        "how alike A and B are was left out: 1/run.json is not there, run 1 again for letters",
    )
    assert renamed.left_out == {"A": {"not in B": 2, "with other letters in another run": 1}}


def test_words_of_a_comparison_get_its_new_labels(study) -> None:
    found = read_comparison(study / "comparison")
    names = {"net-averaged": "A", "net-mean": "B", "net-gone": "C"}
    renamed = found.renamed(names)
    assert list(renamed.scores) == list(renamed.evaluations) == ["A", "B", "C"]
    assert [test.better and names[test.better] for test in found.tests] == [t.better for t in renamed.tests]
    assert not any("net-" in note for note in renamed.notes)
    assert found.renamed({**names, "net-gone": "A"}) is found
