"""Tables of models that are trained several times, and of their explanations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from relevome.evaluation.metrics import metrics
from relevome.report.scores import ARROWS, listed, range_of
from relevome.report.tables import Cell, Table, interval, markdown
from relevome.results.evaluation.scores import EXCHANGES
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.words import caution
from relevome.results.tables import write_tsv
from relevome.studies.trainings.over import ExplainedKind, OverTrainings

NOTHING_CLAIMED = "one training of each model: nothing is claimed over trainings"
_LEARNT = {"auroc": "AUROC", "mcc": "MCC", "accuracy": "accuracy"}
_ENDS = ("", "_low", "_high")
_COLUMNS = (
    "task", "kind", "explanation", "metric", "trainings", "sequences", "mean", "low", "high",
    "null", *(f"over{end}" for end in _ENDS), "exchange", *(f"over_exchange{end}" for end in _ENDS),
)  # fmt: skip


def models_table(kinds: Iterable[ExplainedKind]) -> str:
    """How good every kind of model is on what it did not learn from, in Markdown."""
    rows = tuple(
        (
            Cell(one.task), Cell(one.kind), Cell(str(len(one.trainings))),
            *(Cell(learnt(one.qualities, name)) for name in _LEARNT),
        )
        for one in kinds
    )  # fmt: skip
    caption = (
        "What the models have learnt, on sequences that they did not learn from: mean (lowest to highest)."
    )
    return markdown(Table(caption, ("task", "model", "trainings", *_LEARNT.values()), rows, words=2))


def learnt(qualities: Sequence[ModelQuality], name: str) -> str:
    """The mean score of all trainings, and of several the lowest and highest; empty where one lacks it."""
    found = [one.metrics.get(name) for one in qualities]
    known = [value for value in found if value is not None]
    if len(known) < len(found):
        return ""
    mean = f"{sum(known) / len(known):.3f}"
    return mean if len(known) == 1 else f"{mean} ({min(known):.3f} to {max(known):.3f})"


def cautions(one: ExplainedKind) -> Iterator[str]:
    """What to heed of every training that is below the quality that is asked."""
    for number, quality in zip(one.trainings, one.qualities, strict=True):
        said = caution(quality, f"training {number} of {one.kind}")
        if said is not None:
            yield said


def how_to_read(kinds: Sequence[ExplainedKind], questions: Mapping[str, str], places: Sequence[str]) -> str:
    """What the columns of `explanations_tables` ask, what nulls are, and what is bold, in Markdown."""
    asked = [metric for metric in questions if any(one.asked([metric]) for one in kinds)]
    said = [f"{metric}: {questions[metric]}" for metric in asked]
    said.append("↑ higher is better, ↓ lower is better")
    if set(asked).intersection(places):
        said += [
            "over its strongest null: what is left of the metric over the best of all nulls, which know "
            "nothing of the sequence; the best is that by its mean over all trainings, and is named",
            "over exchange: the same over the best of those that have the noise of an explanation; what "
            "is above this one alone knows something of its sequence, and finds sites no better than a habit",
        ]
    trainings = max(len(one.trainings) for one in kinds)
    if trainings == 1:
        said += [f"intervals: 95%, for other sequences alone; {NOTHING_CLAIMED}, and nothing is bold"]
    else:
        said += [
            f"means: over {trainings} trainings and the sequences that all of them have; intervals: 95%, for "
            "other trainings and other sequences, one by one, not corrected for how many there are",
            "bold: better than every other explanation of the same model in every training, with the "
            "interval of the difference off 0; of what is over a null, the interval is above 0; nothing is "
            "bold of a model of which any training is below the quality that is asked",
        ]
    return listed(said)


def explanations_tables(
    kinds: Sequence[ExplainedKind], questions: Iterable[str], places: Sequence[str]
) -> str:
    """Every explanation of some kinds of model on one task by some metrics, in Markdown.

    Metrics that are ``places`` have a table of their own, beside their strongest nulls.
    """
    asked = [metric for metric in questions if all(one.asked([metric]) for one in kinds)]
    halves = {
        "Where relevance lies, beside nulls.": [metric for metric in asked if metric in places],
        "What else is asked of explanations.": [metric for metric in asked if metric not in places],
    }
    tables = [_means(caption, kinds, some, some[0] in places) for caption, some in halves.items() if some]
    return "\n".join(map(markdown, tables))


def _means(caption: str, kinds: Sequence[ExplainedKind], asked: Sequence[str], with_nulls: bool) -> Table:
    header = ["model", "explanation"]
    for metric in asked:
        header.append(f"{metric} {ARROWS[metrics[metric].direction]}")
        header += ["over its strongest null", "over exchange"] * with_nulls
    marked = {(metric, best) for metric in asked for one in kinds if (best := one.best(metric))}
    rows = [
        (Cell(one.kind), Cell(some.name), *_cells(one, some, asked, with_nulls, marked))
        for one in kinds
        for some in one.explanations
    ]
    every = [some for one in kinds for some in one.explanations]
    blank = [Cell("")] * (2 * with_nulls)
    having = [(metric, [some for some in every if metric in some.metrics]) for metric in asked]
    random = [range_of([found.random for some in own for found in some.of(name)]) for name, own in having]
    counts = [[some.values(metric).shape[1] for some in own] for metric, own in having]
    numbers = [" to ".join(map(str, dict.fromkeys((min(some), max(some))))) for some in counts]
    for name, texts in (("random order", random), ("sequences", numbers)):
        rows.append((Cell(name), Cell(""), *(cell for text in texts for cell in (Cell(text), *blank))))
    return Table(caption, tuple(header), tuple(rows), words=2)


def _cells(
    one: ExplainedKind,
    some: OverTrainings,
    asked: Sequence[str],
    with_nulls: bool,
    marked: set[tuple[str, OverTrainings]],
) -> Iterator[Cell]:
    for metric in asked:
        if metric not in some.metrics:
            yield from [Cell("")] * (1 + 2 * with_nulls)
            continue
        yield Cell(interval(*some.mean(metric)), (metric, some) in marked)
        for nulls in (None, EXCHANGES) if with_nulls else ():
            found = some.over(metric, nulls)
            known = one.several and not one.below
            text = "" if found is None else f"{interval(*found[1])} ({found[0]})"
            yield Cell(text, known and some.is_over(metric, nulls))


def write_means(path: Path, kinds: Iterable[ExplainedKind]) -> None:
    """A table of the mean of every explanation by every metric, what is over its nulls, and over which."""
    write_tsv(path, _COLUMNS, (row for one in kinds for row in _rows(one)))


def _rows(one: ExplainedKind) -> Iterator[tuple[object, ...]]:
    for some in one.explanations:
        for metric in some.metrics:
            names = (one.task, one.kind, some.name, metric, *some.values(metric).shape)
            nulls = (some.over(metric), some.over(metric, EXCHANGES))
            over = ((None,) * 4 if found is None else (found[0], *found[1]) for found in nulls)
            yield (*names, *some.mean(metric), *chain(*over))
