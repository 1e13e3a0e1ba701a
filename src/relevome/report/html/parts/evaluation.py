"""Scores of one run on the page: every metric beside its nulls, curves of faithfulness, checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relevome.report.html.evaluations import check_content, curves_content, score_content
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.references import BOOTSTRAP, RATE
from relevome.report.html.verdict import FAILED, Remark, excess_remarks
from relevome.report.scores import left_out
from relevome.results.evaluation.checks import kind_of, summary
from relevome.results.evaluation.folder import NAME, read_evaluation
from relevome.results.evaluation.result import Evaluation


def _failed(found: Evaluation) -> list[Remark]:
    """How many checks of every kind failed; their sentences are in the part itself."""
    method, checks = _name(found), found.checks
    if not checks:
        return [Remark(FAILED, summary(checks), "unknown", name=method)]
    kinds = {kind: [one for one in checks if kind_of(one) == kind] for kind in map(kind_of, checks)}
    bad = {kind: sum(one.outcome == "fail" for one in some) for kind, some in kinds.items()}
    which = ", ".join(f"{kind} {bad[kind]} of {len(some)}" for kind, some in kinds.items() if bad[kind])
    text = summary(checks) + (f" ({which})" if which else "")
    counted = (len(found.failed), len(checks))
    said = [Remark(FAILED, text, "bad" if found.failed else "good", counted=counted, name=method)]
    return [*said, *(Remark(FAILED, line, "caution", name=method) for line in found.grouped()[len(kinds) :])]


def _content(found: Evaluation, tools: PageTools) -> dict[str, Any]:
    curves = {
        level: curves_content(tools.mean_curves(list(some.values())))
        for level, some in (found.curves or {}).items()
        if some
    }
    about = found.about
    return {
        "run": str(about.get("run")), "method": str(about.get("method")), "target": str(about.get("target")),
        "truth": _truth(about.get("truth")),
        "sequences": len(found.sequences), "scores": [score_content(one) for one in found.scores],
        "curves": curves, "checks": [check_content(one) for one in found.checks],
        "grouped": found.grouped(), "notes": [*left_out(found.scores), *found.notes],
    }  # fmt: skip


def _truth(said: Any) -> str | None:
    """The name of the known sites, without its folders."""
    return Path(str(said["path"])).name if isinstance(said, Mapping) and said.get("path") else None


def _remarks(found: Evaluation) -> list[Remark]:
    return [*excess_remarks(found.scores, _name(found)), *_failed(found)]


def _name(found: Evaluation) -> str:
    return str(found.about.get("method"))


page_parts.register("evaluation")(
    PagePart(
        NAME, read_evaluation, "Whether to trust it", _content, _remarks,
        qualities=lambda found: {_name(found): found.quality},
        statistics=(BOOTSTRAP, RATE),
    )
)  # fmt: skip
