"""Scores of one run on the page: every metric beside its nulls, curves of faithfulness, checks."""

from __future__ import annotations

from typing import Any

from relevome.report.html.evaluations import check_content, curves_content, score_content
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.verdict import FAILED, Remark, excess_remarks, model_remarks
from relevome.report.scores import left_out
from relevome.results.evaluation.checks import summary
from relevome.results.evaluation.folder import NAME, read_evaluation
from relevome.results.evaluation.result import Evaluation

_SHOWN = 8  # failed checks of a verdict; all are in the part itself


def _failed(found: Evaluation) -> list[Remark]:
    """The checks that failed, as far as a verdict has room for them."""
    method = found.about.get("method")
    said = [Remark(FAILED, f"{method}: {check.sentence}", "bad") for check in found.failed]
    more = [Remark(FAILED, f"{method}: {len(said) - _SHOWN} more, see below", "bad")] * (len(said) > _SHOWN)
    tone = "plain" if found.failed else "good" if found.checks else "unknown"
    return [Remark(FAILED, f"{method}: {summary(found.checks)}", tone), *said[:_SHOWN], *more]


def _content(found: Evaluation, tools: PageTools) -> dict[str, Any]:
    curves = {
        level: curves_content(tools.mean_curves(list(some.values())))
        for level, some in (found.curves or {}).items()
        if some
    }
    about = found.about
    return {
        "run": str(about.get("run")), "method": str(about.get("method")), "target": str(about.get("target")),
        "sequences": len(found.sequences), "scores": [score_content(one) for one in found.scores],
        "curves": curves, "checks": [check_content(one) for one in found.checks],
        "grouped": found.grouped(), "notes": [*left_out(found.scores), *found.notes],
    }  # fmt: skip


def _remarks(found: Evaluation) -> list[Remark]:
    name = str(found.about.get("method"))
    return [*model_remarks(found.quality), *excess_remarks(found.scores, name), *_failed(found)]


page_parts.register("evaluation")(PagePart(NAME, read_evaluation, "Whether to trust it", _content, _remarks))
