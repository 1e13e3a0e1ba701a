"""The verdict: what a page says first, and that bad news is said before good."""

from __future__ import annotations

import pytest

import relevome
from relevome.ledger import Entry, Ledger
from relevome.report.html.verdict import (
    ACCOUNTED,
    FAILED,
    MODEL,
    SURVIVES,
    Remark,
    excess_remarks,
    model_remarks,
    verdict_content,
)
from relevome.results.evaluation.scores import Excess, MetricScores
from relevome.results.quality.record import ModelQuality
from tests.report.html.pages import file_of, written
from tests.report.html.unpacked import unpacked

GOOD = Remark(MODEL, "good", "good", None, (0, 1))
WEAK = Remark(MODEL, "weak", "caution", None, (0, 1))
CHANCE = Remark(MODEL, "by chance", "bad", None, (1, 1))
ALL = Remark(SURVIVES, "all", "good", None, (3, 3))


def scores(metric, low, high):
    over = Excess("position", 0.6, (low + high) / 2, low, high, 0.01, 0.5, 0.7)
    return MetricScores(
        metric, "localisation", "letters", "higher is better", 0.7, 0.6, 0.8, None, None, {}, ("a",), (0.7,),
        excess=over,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("remarks", "headline", "tone"),
    [
        ([], "Nobody has tested", "unknown"),
        ([GOOD], "Nobody has tested", "unknown"),
        ([CHANCE, ALL], "not above chance", "bad"),
        ([GOOD, ALL], "3 of 3 measures", "good"),
        ([GOOD, CHANCE, ALL],
         "1 of 2 models is not above chance, 3 of 3 measures of place exceed", "caution"),
        ([GOOD, CHANCE], "1 of 2 models is not above chance. Nobody", "caution"),
        ([WEAK, ALL], "the model is weak", "caution"),
        ([GOOD, Remark(SURVIVES, "", "bad", None, (0, 3))], "0 of 3 measures", "bad"),
        ([GOOD, ALL, Remark(ACCOUNTED, "", "bad")],
         "a rule is wrong", "bad"),
        ([GOOD, ALL, Remark(FAILED, "", "bad", None, (1, 4))],
         "3 of 3 measures of place exceed their strongest null, 1 of 4 checks failed.", "caution"),
    ],
)  # fmt: skip
def test_the_headline_says_the_worst_that_is_known(remarks, headline, tone):
    found = verdict_content(remarks)
    assert headline in found["headline"]
    assert found["tone"] == tone


def test_measures_of_place_are_counted_and_the_best_known_is_shown():
    (found,) = excess_remarks(
        [scores("mass", 0.1, 0.2), scores("auroc", -0.1, 0.1), scores("rank", -0.3, -0.1)], "m"
    )
    assert found.counted == (1, 3)
    assert found.tone == "caution"
    assert found.sentence.startswith("m: 1 of 3 ")
    assert "auroc of letters minus that of position: 0.000 [-0.100, 0.100]" in found.text
    assert found.estimate is not None
    assert found.estimate[1:] == (-0.1, 0.1)
    assert excess_remarks([], "m") == []


def test_a_model_that_guesses_is_bad_news():
    guess = ModelQuality("binary", "test", {"auroc": 0.5}, examples=100, positives=(50, 50))
    assert {one.tone for one in model_remarks(guess)} == {"bad"}
    assert [one.tone for one in model_remarks(ModelQuality(unknown="nobody knows"))] == ["unknown"]


def test_of_a_weak_model_its_quality_and_what_it_means_are_one_sentence_that_names_the_first():
    weak = ModelQuality("binary", "test", {"auroc": 0.635}, examples=200, positives=(100, 100))
    (alone,) = model_remarks(weak)
    means = "it is weak (AUROC 0.635, below 0.7): its maps explain a model that is often wrong"
    assert alone.sentence == f"model: AUROC 0.635 on 200 test sequences; {means}"
    names = [f"run{i}" for i in range(12)]
    (one,) = model_remarks(weak, names)
    assert one.sentence.startswith("model of run0, run1, run2 and 9 more: AUROC 0.635")
    (topic,) = verdict_content([one])["topics"]
    assert topic["remarks"][0]["names"] == names


@pytest.mark.parametrize(("lost", "tone"), [(0.0, "good"), (0.5, "bad")])
def test_an_account_is_shown_and_one_that_does_not_close_is_bad_news(tmp_path, lost, tone):
    softmax = Entry("softmax", 3, 1.0, 1.5 - lost, {"softmax": -0.5}, lost)
    ledger = Ledger(2, 2.0, 2.5 - lost, (softmax,), lost, 3.0, lost)
    run = written(tmp_path / "run", 2, 20, "attnlrp", 1, ledger)
    found = unpacked(file_of(relevome.report([run], tmp_path / "page.html"))).content
    assert found["runs"][0]["ledger"] == {
        "logits": 2, "logit": 2.0, "tokens": 2.5 - lost, "unaccounted": lost, "share": lost / (3 + lost),
        "flows": [["softmax", "softmax", -0.5]],
    }  # fmt: skip
    (topic,) = [one for one in found["verdict"]["topics"] if one["title"] == ACCOUNTED]
    assert [one["tone"] for one in topic["remarks"]] == [tone]
    assert (found["verdict"]["tone"] == "bad") == (tone == "bad")
