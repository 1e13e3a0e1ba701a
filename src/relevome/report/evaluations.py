"""What `relevome evaluate` leaves: a table to read, values to compute with, pictures."""

from __future__ import annotations

from pathlib import Path

from relevome.evaluation.checks import summary
from relevome.evaluation.result import Evaluation
from relevome.evaluation.score_files import write_evaluation, write_tsv
from relevome.report.curves import draw_bars, draw_curves
from relevome.report.logo import save_logo
from relevome.report.scores import (
    ARROWS,
    FOLDER,
    SCORES,
    bars,
    left_out,
    listed,
    range_of,
    score_row,
    several_levels,
)
from relevome.report.tables import Cell, Table, interval, markdown


def write_scores(evaluation: Evaluation, folder: Path) -> None:
    """Everything about one run into a folder, in place of an earlier result."""
    FOLDER.clear(folder)
    write_tsv(folder / "scores.tsv", SCORES, map(score_row, evaluation.scores))
    (folder / "scores.md").write_text(_page(evaluation), encoding="utf-8")
    for level, found in (evaluation.curves or {}).items():
        if found:
            save_logo(draw_curves({"": list(found.values())}, level), folder / f"curves-{level}.png")
    levels = several_levels(evaluation.scores)
    panels = [
        bars(one.metric, one.level if levels else "", {"run": one}, with_null=True)
        for one in evaluation.scores
    ]
    save_logo(draw_bars(panels), folder / "scores.png")
    write_evaluation(evaluation, folder)


def _page(evaluation: Evaluation) -> str:
    about = evaluation.about
    rows = []
    for one in evaluation.scores:
        words = (f"{one.metric} {ARROWS[one.direction]}", one.kind, one.level)
        numbers = (interval(one.mean, one.low, one.high), range_of([one.random]), range_of([one.null]))
        rows.append(tuple(Cell(text) for text in (*words, *numbers, str(one.n))))
    caption = (
        f"{about['run']}: {about['method']}, target {about['target']}. Means and 95% bootstrap intervals "
        "over sequences; ↑ higher is better, ↓ lower is better; shuffled: sequences with the same "
        "dinucleotides."
    )
    header = ("metric", "kind", "level", "mean", "random order", "shuffled", "sequences")
    said = [check.sentence for check in evaluation.failed]
    said += [*left_out(evaluation.scores), *evaluation.notes]
    table = markdown(Table(caption, header, tuple(rows), words=3))
    return f"{table}\n{summary(evaluation.checks)}\n\n{listed(said)}"
