"""The pages of `relevome evaluate`: a table to read, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from relevome.report.curves import draw_bars, draw_curves
from relevome.report.logo import save_logo
from relevome.report.scores import (
    ARROWS,
    SCORES,
    bars,
    exchanged,
    left_out,
    listed,
    range_of,
    score_row,
    several_levels,
)
from relevome.report.tables import Cell, Table, interval, markdown, number
from relevome.results.evaluation.checks import summary
from relevome.results.evaluation.curves import MeanCurves
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import Level
from relevome.results.quality.words import on_top
from relevome.results.tables import write_tsv


def write_evaluation_pages(evaluation: Evaluation, curves: Mapping[Level, MeanCurves], folder: Path) -> None:
    """Scores as tables and pictures, and mean ``curves`` by level, into a folder that is there."""
    write_tsv(folder / "scores.tsv", SCORES, map(score_row, evaluation.scores))
    (folder / "scores.md").write_text(_page(evaluation), encoding="utf-8")
    for level, found in curves.items():
        save_logo(draw_curves({"": found}, level), folder / f"curves-{level}.png")
    levels = several_levels(evaluation.scores)
    panels = [
        bars(one.metric, one.level if levels else "", {"run": one}, with_null=True)
        for one in evaluation.scores
    ]
    save_logo(draw_bars(panels), folder / "scores.png")


def _page(evaluation: Evaluation) -> str:
    about = evaluation.about
    rows = []
    for one in evaluation.scores:
        words = (f"{one.metric} {ARROWS[one.direction]}", one.kind, one.level)
        over = one.excess
        numbers = (
            interval(one.mean, one.low, one.high), range_of([one.random]), range_of([one.null]),
            "" if over is None else f"{over.null}, {number(over.strongest, abs(over.strongest))}",
            "" if over is None else interval(over.mean, over.low, over.high), exchanged(one),
            range_of([one.model]),
        )  # fmt: skip
        rows.append(tuple(Cell(text) for text in (*words, *numbers, str(one.n))))
    caption = (
        f"{about['run']}: {about['method']}, target {about['target']}. Means and 95% bootstrap intervals "
        "over sequences; ↑ higher is better, ↓ lower is better; shuffled: sequences with the same "
        "dinucleotides; excess: over the strongest null, and over the strongest that has the noise of an "
        "explanation (exchange); own mutagenesis: that of the model, in place of relevance; see "
        "docs/evaluation.md."
    )
    header = (
        "metric", "kind", "level", "mean", "random order", "shuffled", "strongest null", "excess",
        "over exchange", "own mutagenesis", "sequences",
    )  # fmt: skip
    said = [check.sentence for check in evaluation.failed]
    said += [*left_out(evaluation.scores), *evaluation.notes]
    table = markdown(Table(caption, header, tuple(rows), words=3))
    top = listed(on_top(evaluation.quality))
    checked = f"{summary(evaluation.checks)}\n\n{listed(evaluation.grouped())}"
    return f"{top}\n{table}\n{checked}" + f"\n{listed(said)}" * bool(said)
