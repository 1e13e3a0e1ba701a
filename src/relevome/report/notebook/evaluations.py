"""Evaluations: the verdict in words, and the scores of one run or of several."""

from __future__ import annotations

from matplotlib.figure import Figure

from relevome.errors import InputError
from relevome.report.curves import Bars, draw_bars, draw_curves
from relevome.report.html.parts import page_parts
from relevome.report.html.verdict import SURVIVES, verdict_content
from relevome.report.scores import bars, several_levels
from relevome.results.comparison import Comparison
from relevome.results.evaluation.result import Evaluation
from relevome.results.notebook import NotebookLook, looks


def _verdict(found: Evaluation) -> list[str]:
    """As at the top of a report: the sentence above all, and what exceeds the strongest null."""
    remarks = page_parts["evaluation"].remarks(found)
    return [verdict_content(remarks)["headline"], *(one.sentence for one in remarks if one.about == SURVIVES)]


def _draw_one(found: Evaluation) -> Figure:
    levels = several_levels(found.scores)
    return _panels([
        bars(one.metric, one.level if levels else "", {"run": one}, with_null=True) for one in found.scores
    ])  # fmt: skip


def _draw_several(found: Comparison, *, what: str = "scores") -> Figure:
    if what == "curves":
        if not found.curves:
            raise InputError("no curves: compare runs that were evaluated by faithfulness, with their model")
        level, curves = next(iter(found.curves.items()))
        return draw_curves(curves, level)
    if what != "scores":
        raise InputError(f"plot({what!r}): expected scores or curves")
    first = next(iter(found.scores.values()), ())
    levels = several_levels(first)
    return _panels([
        bars(
            one.metric,
            one.level if levels else "",
            {label: scores[index] for label, scores in found.scores.items()},
        )
        for index, one in enumerate(first)
    ])  # fmt: skip


def _panels(panels: list[Bars]) -> Figure:
    if not panels:
        raise InputError("no metric was computed: there is nothing to draw; see .notes")
    return draw_bars(panels)


looks.register("Evaluation")(NotebookLook(_draw_one, _verdict))
looks.register("Comparison")(NotebookLook(_draw_several))
