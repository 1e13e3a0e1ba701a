"""What is said in words about an explanation, and when."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.evaluation.checks import checks
from relevome.evaluation.measurement import Measured, summarise
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.sanity import Randomisation
from relevome.results.evaluation.checks import summary
from relevome.results.evaluation.scores import MetricScores

STRONGEST = "localisation against the strongest null"
AROUND = np.random.default_rng(0).normal(0, 0.05, size=(3, 20))


def scores(name: str, own: float, random: float, null: float | None = None) -> MetricScores:
    """Values of 20 sequences around three means."""
    rows = [
        Measured(f"s{i}", own + a, random + b, None if null is None else null + c)
        for i, (a, b, c) in enumerate(AROUND.T)
    ]
    return summarise(metrics[name], "letters", rows, {})


def test_what_is_better_passes() -> None:
    (check,) = checks([scores("auroc", 0.8, 0.5)])
    assert (check.outcome, check.inverted, check.metric) == ("pass", False, "auroc")
    assert check.sentence.startswith("passes localisation against the strongest null, a random order: auroc")
    assert summary([check]) == "all 1 check passed"


def test_what_is_no_better_than_a_random_order_fails() -> None:
    (check,) = checks([scores("comprehensiveness", 0.5, 0.5)])
    assert (check.outcome, check.inverted) == ("fail", False)
    assert check.sentence.endswith("it is no better than a random order")
    assert summary([check]) == "1 of 1 check failed"


def test_what_is_no_better_than_on_shuffled_sequences_fails() -> None:
    (check,) = checks([scores("auroc", 0.7, 0.5, 0.7)])
    assert (check.name, check.outcome, check.inverted) == (STRONGEST, "fail", False)
    assert "no better than relevance of shuffled sequences" in check.sentence


def test_what_is_worse_than_a_null_and_better_than_a_random_order_is_not_inverted() -> None:
    (check,) = checks([scores("auroc", 0.7, 0.5, 0.9)])
    assert (check.outcome, check.inverted) == ("fail", False)
    assert check.sentence.endswith("it is significantly worse than relevance of shuffled sequences")


def test_an_inverted_map_is_called_so() -> None:
    (check,) = checks([scores("auroc", 0.2, 0.5)])
    assert (check.outcome, check.inverted) == ("fail", True)
    assert "the map may be inverted" in check.sentence


@pytest.mark.parametrize(("own", "outcome"), [(0.1, "pass"), (0.9, "fail")])
def test_lower_is_better_where_it_is(own: float, outcome: str) -> None:
    (check,) = checks([scores("sufficiency", own, 0.5)])
    assert check.outcome == outcome


def test_faithfulness_of_shuffles_is_no_check() -> None:
    assert [c.name for c in checks([scores("area-between-curves", 1, 0, 2)])] == [
        "faithfulness against random order"
    ]


@pytest.mark.parametrize(("similarity", "outcome"), [(0.9, "fail"), (0.1, "pass")])
def test_weight_randomisation_comes_first(similarity: float, outcome: str) -> None:
    randomisation = Randomisation(("top",), np.full((1, 4), similarity))
    found = [randomisation.check, *checks([scores("auroc", 0.8, 0.5)])]
    assert (found[0].name, found[0].outcome) == ("weight randomisation", outcome)
    assert found[0].sentence.startswith(f"{outcome}{'es' if outcome == 'pass' else 's'} weight randomisation")


def test_many_comparisons_are_adjusted_together() -> None:
    """A difference that passes alone does not pass among many that are none."""
    rng = np.random.default_rng(3)
    weak = [Measured(f"s{i}", 0.5 + float(a), 0.5) for i, a in enumerate(np.linspace(-0.1, 0.2, 20))]
    alone = summarise(metrics["auroc"], "letters", weak, {})
    nothing = [
        summarise(
            metrics["auroc"], "letters", [Measured(f"s{i}", float(a), 0.5) for i, a in enumerate(row)], {}
        )
        for row in rng.uniform(size=(9, 20))
    ]
    assert checks([alone])[0].outcome == "pass"
    assert checks([alone, *nothing])[0].outcome == "fail"


def test_nothing_to_check() -> None:
    assert summary(checks([])) == "no check could be made"
