"""What explanations of several trainings are worth: tables over trainings and sequences, and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, interval, markdown
from relevome.results.evaluation.scores import EXCHANGES
from relevome.results.folder import whole_file
from relevome.studies.trainings.cost import ROUNDS, SEQUENCES, costs
from relevome.studies.trainings.explained import ExplainedTraining
from relevome.studies.trainings.over import ExplainedKind, explained_kinds
from relevome.studies.trainings.tables import (
    cautions,
    explanations_tables,
    how_to_read,
    models_table,
    write_means,
)

ROBUSTNESS = "robust-correlation"
# A column of the tables for each question.
METRICS = {
    "auroc": "is relevance higher on sites than off them?",
    "absolute-auroc": "and its size?",
    "mass-accuracy": "what share of the positive relevance lies on sites?",
    "mutagenesis-spearman": "does it say what the model's own mutagenesis finds?",
    "normalised-area-between-curves": "does the prediction go when the most relevant letters go?",
    "logic-agreement": "is every site worth what the others make of it?",
    "logic-correlation": "and between sites of one motif?",
    ROBUSTNESS: "does relevance stay where substitutions leave the prediction as it was?",
}
_PLACES = ("auroc", "absolute-auroc")
_PAGE, _ROWS = "study.md", "study.tsv"


def conclude(folder: Path, runs: Sequence[ExplainedTraining], timed: bool = True) -> list[str]:
    """``study.md`` with words and tables, ``study.tsv`` with every mean; gives the words.

    What explanations cost is measured where they are to be ``timed`` (default: they are).
    """
    found = explained_kinds(folder, runs)
    said = [f"{one.task}: {line}" for one in found for line in cautions(one)]
    said += [*_choices(found), *(line for one in found for line in _best(one))]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text(_page(found, said, timed), encoding="utf-8")
    write_means(folder / _ROWS, found)
    return [*said, f"{folder / _PAGE}: all tables; {folder / _ROWS}: all means"]


def _ranks(one: ExplainedKind, odd: bool) -> Float[np.ndarray, "explanations questions"]:
    """Places by every metric, 1 the best, over trainings of even or odd numbers, without the reference."""
    rows = [place for place, number in enumerate(one.trainings) if number % 2 == odd]
    found = np.array([
        [some.by_training(metric)[rows].mean() for metric in one.asked(METRICS)] for some in one.rivals
    ])  # fmt: skip
    return 1 + (found[None] > found[:, None]).sum(1) + ((found[None] == found[:, None]).sum(1) - 1) / 2


def _choices(found: Sequence[ExplainedKind]) -> Iterator[str]:
    """For every kind of model the explanation with the best mean place by even trainings, and by odd ones."""
    for kind in dict.fromkeys(one.kind for one in found):
        own = [one for one in found if one.kind == kind]
        names = [one.name for one in own[0].rivals]
        if any(len(one.trainings) < 2 or not one.asked(METRICS) for one in own):
            continue
        even, odd = (
            np.concatenate([_ranks(one, half) for one in own], axis=1).mean(1) for half in (False, True)
        )
        best = int(even.argmin())
        place = 1 + int((odd < odd[best]).sum())
        yield (
            f"{kind}: over all tasks and questions {names[best]} comes first by even trainings (mean place "
            f"{even[best]:.2f} of {len(names)}); by odd ones it is number {place} (mean place "
            f"{odd[best]:.2f}, the first is {names[int(odd.argmin())]} with {odd.min():.2f})"
        )


def _best(one: ExplainedKind) -> Iterator[str]:
    """What is over the strongest null, by the best explanation."""
    for metric in one.asked(_PLACES):
        best = one.leading(metric)
        over, exchange = best.over(metric), best.over(metric, EXCHANGES)
        if over is not None and exchange is not None:
            yield (
                f"{one.task}, {one.kind}: the best {metric} is that of {best.name}, "
                f"{interval(*best.mean(metric))}; over its strongest null, {over[0]}, "
                f"{interval(*over[1])}, over {exchange[0]} {interval(*exchange[1])}"
            )


def _always_better(one: ExplainedKind) -> Iterator[str]:
    """Who is better than whom in every training."""
    for metric in one.asked(METRICS):
        better = [
            f"{a.name} over {b.name}"
            for a in one.rivals
            for b in one.rivals
            if a is not b and a.better(b, metric) is not None
        ]
        if better:
            yield f"better by {metric} in every training: {'; '.join(better)}"


def _page(found: Sequence[ExplainedKind], said: Sequence[str], timed: bool) -> str:
    parts = ["# What explanations are worth\n", listed(said), "## Models\n", models_table(found)]
    parts += ["## Explanations\n", how_to_read(found, METRICS, _PLACES)]
    for one in found:
        parts += [f"### {one.task}, {one.kind}\n", explanations_tables([one], METRICS, _PLACES)]
        parts.append(listed(_always_better(one)))
    if timed:
        parts += ["## What they cost\n", markdown(_costs(found))]
    return "\n".join(parts)


def _costs(found: Sequence[ExplainedKind]) -> Table:
    """How long every explanation takes, of the first training of every kind of model on every task."""
    measured = [costs({some.name: some.runs[0] for some in one.explanations}) for one in found]
    names = dict.fromkeys(name for one in measured for name in one)
    rows = [
        (Cell(name), *(Cell(f"{one[name]:.1f}" if name in one else "") for one in measured)) for name in names
    ]
    header = ("explanation", *(f"{one.task}, {one.kind}" for one in found))
    caption = (
        f"Processor time, times that of gradient x input in turns with it: medians of {ROUNDS} ratios, of "
        f"{SEQUENCES} sequences."
    )
    return Table(caption, header, tuple(rows))
