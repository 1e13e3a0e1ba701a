"""The verdict: what a page says first, and that bad news is said before good."""

from __future__ import annotations

import pytest

from relevome.report.html.verdict import (
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

GOOD = Remark(MODEL, "good", "good")
WEAK = Remark(MODEL, "weak", "caution")


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
        ([Remark(MODEL, "", "bad"), Remark(SURVIVES, "", "good", None, (3, 3))], "not above chance", "bad"),
        ([GOOD, Remark(SURVIVES, "", "good", None, (3, 3))], "3 of 3 measures", "good"),
        ([WEAK, Remark(SURVIVES, "", "good", None, (3, 3))], "the model is weak", "caution"),
        ([GOOD, Remark(SURVIVES, "", "bad", None, (0, 3))], "0 of 3 measures", "bad"),
        ([GOOD, Remark(SURVIVES, "", "good", None, (3, 3)), Remark(FAILED, "", "bad", None, (1, 4))],
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
    assert "1 of 3" in found.text
    assert "auroc of letters minus that of position: 0.000 [-0.100, 0.100]" in found.text
    assert found.estimate is not None
    assert found.estimate[1:] == (-0.1, 0.1)
    assert excess_remarks([], "m") == []


def test_a_model_that_guesses_is_bad_news():
    guess = ModelQuality("binary", "test", {"auroc": 0.5}, examples=100, positives=(50, 50))
    assert {one.tone for one in model_remarks(guess)} == {"bad"}
    assert [one.tone for one in model_remarks(ModelQuality(unknown="nobody knows"))] == ["unknown"]
