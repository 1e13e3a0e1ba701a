"""Scores, curves and checks as the page reads them, whether of one run or of several."""

from __future__ import annotations

from typing import Any

from relevome.report.html.arrays import finite
from relevome.results.estimate import Estimate
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.curves import MeanCurves
from relevome.results.evaluation.scores import MetricScores


def estimate_content(one: Estimate | None) -> list[float | None] | None:
    """A mean and the ends of its interval."""
    return None if one is None else [finite(value) for value in (one.mean, one.low, one.high)]


def score_content(one: MetricScores) -> dict[str, Any]:
    """A metric with all that it is compared with."""
    over, exchange = (
        None
        if some is None
        else {"null": some.null, "of": [some.strongest, some.strongest_low, some.strongest_high],
              "excess": [some.mean, some.low, some.high]}
        for some in (one.excess, one.over_exchange)
    )  # fmt: skip
    return {
        "metric": one.metric, "kind": one.kind, "level": one.level, "direction": one.direction,
        "sequences": one.n, "mean": estimate_content(Estimate(one.mean, one.low, one.high)),
        "random": estimate_content(one.random), "shuffled": estimate_content(one.null),
        "over": over, "exchange": exchange, "own": estimate_content(one.model),
    }  # fmt: skip


def curves_content(found: MeanCurves) -> dict[str, Any]:
    """Mean curves with their bands."""
    lines = {
        "most relevant first": found.morf,
        "least relevant first": found.lerf,
        "random order": found.random,
    }
    return {
        "sequences": found.sequences,
        "x": list(found.shares),
        "lines": [
            {"name": name, "points": [estimate_content(one) for one in line]} for name, line in lines.items()
        ],
    }


def check_content(one: Check) -> dict[str, Any]:
    """A check, and the sentence that says how it went."""
    return {"name": one.name, "failed": one.outcome == "fail", "sentence": one.sentence}
