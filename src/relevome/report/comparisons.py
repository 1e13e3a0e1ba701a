"""The pages of `relevome compare`: a table for a paper, all tests, how alike runs are, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from relevome.report.curves import draw_bars, draw_curves
from relevome.report.logo import save_logo
from relevome.report.scores import (
    ARROWS,
    SCORES,
    bars,
    exceeded,
    exchanged,
    listed,
    range_of,
    score_row,
    several_levels,
)
from relevome.report.tables import Cell, Table, interval, latex, markdown
from relevome.results.comparison import Comparison
from relevome.results.evaluation.scores import MetricScores
from relevome.results.tables import write_tsv
from relevome.words import counted

_TESTS = (
    "metric", "level", "direction", "first", "second", "sequences", "difference", "low", "high",
    "first_larger", "first_larger_low", "first_larger_high", "p", "adjusted_p", "better",
)  # fmt: skip

# Two runs have no shuffles, and know no places.
_OF_PAIRS = SCORES[: SCORES.index("shuffled")]


def write_comparison_pages(comparison: Comparison, folder: Path) -> None:
    """Tables and pictures of several runs into a folder that is there."""
    scores, tests = scores_table(comparison), tests_table(comparison)
    tables = [scores, tests, *([similarity_table(comparison)] if comparison.similarities else [])]
    top = comparison.on_top()
    pages = [listed(top), *(markdown(table) for table in tables), listed(remarks(comparison))]
    printed = [replace(scores, caption=f"{scores.caption} {_sentences(top)}"), *tables[2:]]
    (folder / "table.md").write_text("\n".join(page for page in pages if page), encoding="utf-8")
    (folder / "table.tex").write_text("\n".join(latex(table) for table in printed), encoding="utf-8")
    write_tsv(folder / "tests.tsv", _TESTS, _test_rows(comparison))
    write_tsv(folder / "similarity.tsv", ("first", "second", *_OF_PAIRS, "left_out"), _alike_rows(comparison))
    for level, curves in comparison.curves.items():
        save_logo(draw_curves(curves, level), folder / f"curves-{level}.png")
    first = next(iter(comparison.scores.values()))
    levels = several_levels(first)
    panels = [
        bars(
            one.metric,
            one.level if levels else "",
            {label: found[index] for label, found in comparison.scores.items()},
        )
        for index, one in enumerate(first)
    ]
    if panels:
        save_logo(draw_bars(panels), folder / "scores.png")
    write_tsv(folder / "table.tsv", ("run", *SCORES), run_rows(comparison))


def run_rows(comparison: Comparison) -> Iterator[tuple[Any, ...]]:
    """A row for every run and metric: its label and the fields of `SCORES`."""
    return ((label, *score_row(one)) for label, found in comparison.scores.items() for one in found)


def scores_table(comparison: Comparison) -> Table:
    """A row for every metric, a column for every run; bold where significantly better than every other."""
    labels = tuple(comparison.scores)
    rows = []
    known = any(s.model is not None for found in comparison.scores.values() for s in found)
    for index, one in enumerate(comparison.scores[labels[0]]):
        best = comparison.marked(one.metric, one.level)
        found = {label: comparison.scores[label][index] for label in labels}
        cells = [Cell(interval(s.mean, s.low, s.high), label == best) for label, s in found.items()]
        words = (Cell(f"{one.metric} {ARROWS[one.direction]}"), Cell(one.level))
        beside = [[s.random for s in found.values()], *([[s.model for s in found.values()]] * known)]
        rows.append((*words, *cells, *(Cell(range_of(some)) for some in beside), Cell(str(one.n))))
        rows += _beyond_nulls(one, list(found.values()), len(beside))
    caption = (
        "Means and 95% bootstrap intervals over sequences; ↑ higher is better, ↓ lower is better; bold: "
        "significantly better than every other (paired sign-flip tests, false discovery rate 5% over all "
        "tests)"
    )
    if comparison.held_back:
        caption += f", but not {', '.join(sorted(comparison.held_back))}, for the model"
    caption += (
        "; below metrics of places what they exceed their strongest null by, which is named, and the "
        "strongest that has the noise of an explanation (exchange)."
    )
    caption += " Own mutagenesis: that of the model, in place of relevance." * known
    beside = ("random order", *(["own mutagenesis"] * known), "sequences")
    return Table(caption, ("metric", "level", *labels, *beside), tuple(rows), words=2)


def _beyond_nulls(
    one: MetricScores, found: Sequence[MetricScores], beside: int
) -> Iterator[tuple[Cell, ...]]:
    """For a metric of places the excess of every run, over its strongest null and over exchanges."""
    if not any(scores.excess for scores in found):
        return
    for words, shown in (("over its strongest null", exceeded), ("over exchange", exchanged)):
        texts = [f"{one.metric}, {words}", one.level, *map(shown, found), *[""] * beside, str(one.n)]
        yield tuple(map(Cell, texts))


def legend(comparison: Comparison) -> str:
    """What `*` means where a terminal shows `scores_table`; empty where nothing is marked."""
    names = {(one.metric, one.level) for one in next(iter(comparison.scores.values()), ())}
    if not any(comparison.marked(*name) for name in names):
        return ""
    return "*: significantly better than every other run (false discovery rate 5% over all tests)"


def _sentences(said: list[str]) -> str:
    return " ".join(f"{line[:1].upper()}{line[1:]}." for line in said)


def tests_table(comparison: Comparison) -> Table:
    """A row for every pair of runs and metric."""
    rows = tuple(
        (
            Cell(test.metric), Cell(test.level), Cell(test.first), Cell(test.second),
            Cell(interval(*test.paired.difference)), Cell(f"{test.paired.superiority.mean:.2f}"),
            Cell(f"{test.p:.2g}"), Cell(test.better or "", bold=True),
        )
        for test in comparison.tests
    )  # fmt: skip
    caption = (
        "Paired differences, first minus second, with 95% intervals; the share of sequences in which the "
        "first is larger (ties count half); p adjusted for all tests (Benjamini, Hochberg)."
    )
    header = ("metric", "level", "first", "second", "difference", "first larger", "adjusted p", "better")
    return Table(caption, header, rows, words=4)


def similarity_table(comparison: Comparison) -> Table:
    """How alike the relevance of every pair of runs is."""
    names = list(dict.fromkeys((one.scores.metric, one.scores.level) for one in comparison.similarities))
    pairs = list(dict.fromkeys((one.first, one.second) for one in comparison.similarities))
    found = {(one.first, one.second, one.scores.metric, one.scores.level): one.scores
             for one in comparison.similarities}  # fmt: skip
    rows = tuple(
        (Cell(a), Cell(b), *(Cell(_short(found.get((a, b, *name)))) for name in names)) for a, b in pairs
    )
    several = len({level for _, level in names}) > 1
    columns = tuple(f"{metric}, {level}" if several else metric for metric, level in names)
    caption = "Similarity of relevance, means and 95% intervals over the sequences that both runs have."
    return Table(caption, ("first", "second", *columns), rows, words=2)


def remarks(comparison: Comparison) -> list[str]:
    """What else there is to know: failed checks of every run, sequences left out, what is missing."""
    said = [
        f"{name}: {check.sentence}" for name, one in comparison.evaluations.items() for check in one.failed
    ]
    for label, reasons in comparison.left_out.items():
        said += [
            f"{label}: {counted(count, 'sequence')} left out, {reason}" for reason, count in reasons.items()
        ]
    notes: dict[str, list[str]] = {}
    for name, one in comparison.evaluations.items():
        for note in one.notes:
            notes.setdefault(note, []).append(name)
    every = len(comparison.evaluations)
    said += [note if len(names) == every else f"{', '.join(names)}: {note}" for note, names in notes.items()]
    return said + list(comparison.notes)


def _short(scores: MetricScores | None) -> str:
    return "" if scores is None else interval(scores.mean, scores.low, scores.high)


def _test_rows(comparison: Comparison) -> Iterator[tuple[Any, ...]]:
    for test in comparison.tests:
        paired = test.paired
        names = (test.metric, test.level, test.direction, test.first, test.second, paired.n)
        yield (*names, *paired.difference, *paired.superiority, paired.p, test.p, test.better)


def _alike_rows(comparison: Comparison) -> Iterator[tuple[Any, ...]]:
    for one in comparison.similarities:
        row = score_row(one.scores)
        yield (one.first, one.second, *row[: len(_OF_PAIRS)], row[-1])
