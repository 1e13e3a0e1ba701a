"""What study C shows over all its tasks and trainings: tables, and words on what every training says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from relevome.evaluation.metrics import metrics
from relevome.report.scores import ARROWS, listed
from relevome.report.tables import Cell, Table, interval, markdown, number
from relevome.results.estimate import Estimate
from relevome.results.evaluation.scores import EXCHANGES
from relevome.results.folder import whole_file
from relevome.results.quality.words import described, not_specialised
from relevome.results.record import reading
from relevome.results.relevance_heads.heads import COLUMNS, LEAST, effect_rows
from relevome.results.relevance_heads.nulls import NULLS as HEAD_NULLS
from relevome.results.tables import write_tsv
from relevome.studies.protein_tasks import ExplainedClass
from relevome.studies.protein_trainings import (
    LEFT,
    MEASURE,
    NULLS,
    Claim,
    ClassOverTrainings,
    HeadsOverTrainings,
    Row,
    TrainedModel,
    least_left,
)

_PAGE, _ROWS, _CLAIMS = "study.md", "study.tsv", "claims.tsv"
_LEARNT = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "mcc": "MCC",
    "accuracy": "accuracy",
}
# The statistic of the published study, which the page speaks of; study.tsv has all.
_STATISTIC = "point-biserial"
_PLACE = "auroc"
_EVALUATED = (_PLACE, "mass-accuracy", "normalised-area-between-curves", "effective-letters")
_AREA = ("random", "most")
# What is left over a null is said in these words; a null that has none here is called as in heads.tsv.
_CALLED = {one.name: one.over for one in HEAD_NULLS}


class _Claimed(NamedTuple):
    """A claim by one method, on segments of one type, and what the trainings say."""

    method: str
    kind: str
    question: str
    claim: Claim
    numbers: str


def conclude(folder: Path, asked: Sequence[ExplainedClass], trainings: int) -> list[str]:
    """What all trainings say: ``study.md`` with words and tables, and what is behind them; gives the words.

    ``study.tsv`` has every head of every training, ``claims.tsv`` what is claimed and what is not.
    """
    with reading(folder, "remove what is damaged, and run the study again"):
        shown = [ClassOverTrainings(one, folder, trainings) for one in asked]
    models = list({model.name: model for one in shown for model in one.models}.values())
    said = [line for one in models for line in _learnt(one)]
    said += [f"{one.name}: {line}" for one in shown for line in _words(one)]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text(_page(models, shown, said, trainings), encoding="utf-8")
    write_tsv(folder / _ROWS, ("task", "training", "method", *COLUMNS), _rows(shown))
    header = ("task", "method", "type", "question", "trainings", "below", "say_so", "claimed", "values")
    write_tsv(folder / _CLAIMS, header, _claim_rows(shown))
    return [
        *said,
        f"{folder / _PAGE}: all tables; {folder / _ROWS}: all heads; {folder / _CLAIMS}: all claims",
    ]


def _rows(shown: Sequence[ClassOverTrainings]) -> Iterator[tuple[Any, ...]]:
    for one in shown:
        for method, each in one.found.items():
            for training, found in enumerate(each):
                for effect in found.effects:
                    for row in effect_rows(effect, found):
                        yield (one.name, training, method, *row)


def _claim_rows(shown: Sequence[ClassOverTrainings]) -> Iterator[tuple[Any, ...]]:
    for one in shown:
        for found in _claims(one):
            claim = found.claim
            counts = (len(claim.said), sum(claim.below), claim.times, int(claim.holds))
            yield (one.name, found.method, found.kind, found.question, *counts, found.numbers)


def _learnt(one: TrainedModel) -> list[str]:
    """How good a model is, and that nothing is called specialised of one that is not good enough."""
    below = not_specialised(one.quality)
    said = [described(one.quality, one.name)]
    return said if below is None else [*said, f"{one.name}: {below}"]


def _words(one: ClassOverTrainings) -> Iterator[str]:
    """What every training says, and what it does not: a line for every question."""
    below = [str(number) for number, model in enumerate(one.models) if model.below]
    if below:
        yield f"nothing is claimed, as not every model is good enough (those of trainings {', '.join(below)})"
    if len(one.models) == 1:
        yield "nothing is claimed of one training, as others may differ: --trainings 3"
    found = [] if below else list(_claims(one))
    for question in dict.fromkeys(claimed.question for claimed in found):
        own = [claimed for claimed in found if claimed.question == question]
        always = [f"by {some.method}, {some.numbers}" for some in own if some.claim.holds]
        others = [f"by {some.method} {some.claim}" for some in own if not some.claim.holds]
        said = (("in every training: ", always), ("not claimed: ", others))
        yield f"{question}: " + "; ".join(how + "; ".join(some) for how, some in said if some)
    yield from one.not_tested()


def _claims(one: ClassOverTrainings) -> Iterator[_Claimed]:
    """What can be claimed: of residues, heads, substitution and places."""
    every = one.tests(_STATISTIC)
    yield from (_of_residues(*some) for some in every)
    yield from (_of_heads(*some) for some in every)
    for method, areas in one.areas.items():
        if _AREA in areas.pairs:
            question = f"the most relevant residues, replaced, lower the {MEASURE} more than others"
            numbers = f"area between the curves {_together(areas.mean(_AREA))}"
            yield _Claimed(method, "", question, areas.claim(_AREA), numbers)
    kinds = ", ".join(one.asked.kinds)
    for method, scores in one.scores.items():
        over = scores.over(_PLACE) if _PLACE in scores.metrics else None
        if over is not None:
            question = f"relevance tells residues of {kinds} from others better than any null (AUROC)"
            numbers = f"over the strongest null ({over[0]}) {_together(over[1])}"
            yield _Claimed(method, kinds, question, one.over_null(method, _PLACE), numbers)


def _of_residues(method: str, kind: str, found: HeadsOverTrainings) -> _Claimed:
    numbers = f"r {_each(one.embedding['effect'] for one in found.trainings)}"
    null = found.strongest()
    if null is not None:
        left = _each(one.embedding[NULLS[null]] for one in found.trainings)
        numbers += f", over the strongest null ({_called(null)}) {left}"
    question = f"relevance lies on residues of {kind} more than any null explains (r)"
    return _Claimed(method, kind, question, found.of_residues(), numbers)


def _of_heads(method: str, kind: str, found: HeadsOverTrainings) -> _Claimed:
    claim, count = found.of_heads(), len(found.trainings[0].heads)
    numbers = f"{', '.join(str(len(rows)) for rows in found.surviving)} of {count}"
    if claim.holds:
        layers = ", ".join(map(str, found.layers())) or "none"
        numbers += f" (layers that always have some: {layers})"
    question = f"the model has heads that are specialised in {kind}, over every null"
    return _Claimed(method, kind, question, claim, numbers)


def _page(
    models: Sequence[TrainedModel], shown: Sequence[ClassOverTrainings], said: Sequence[str], trainings: int
) -> str:
    parts = ["# What the study shows\n", listed(said), "## Models\n", markdown(_models(models))]
    for one in shown:
        parts += [f"## {one.name}\n", "### Claims\n", markdown(_claimed(one))]
        parts += ["### Residues\n", markdown(_residues(one)), "### Heads\n", markdown(_heads(one))]
        parts += ["### Substitution\n", markdown(_substitutions(one))]
        parts += ["### Evaluation\n", markdown(_evaluations(one))]
        folders = f"`{one.name}/0`" + f" to `{one.name}/{trainings - 1}`" * (trainings > 1)
        parts.append(
            f"Each training has its folder, {folders}: maps and lists of all heads are in `heads`, curves in "
            "`substitution`, all metrics in `comparison`. The number of a head means nothing in another "
            "training, its layer does.\n"
        )
    return "\n".join(parts)


def _models(models: Sequence[TrainedModel]) -> Table:
    rows = tuple(
        (Cell(one.name), *(Cell(_score(one.scores.get(name))) for name in _LEARNT)) for one in models
    )
    header = ("model", *_LEARNT.values())
    return Table("What the models have learnt, on proteins held out.", header, rows)


def _claimed(one: ClassOverTrainings) -> Table:
    """A row for every question, a column for every method."""
    found = list(_claims(one))
    methods = list(dict.fromkeys(claimed.method for claimed in found))
    by = {(claimed.question, claimed.method): claimed.claim for claimed in found}
    rows = tuple(
        (Cell(question), *(_yes(by.get((question, method))) for method in methods))
        for question in dict.fromkeys(claimed.question for claimed in found)
    )
    caption = (
        "Claimed is what every training says, of two or more, and where there is one (of areas and AUROC) "
        "the interval over trainings and proteins together; else so many trainings say so. One whose model "
        "is below the quality that is asked says nothing."
    )
    return Table(caption, ("claim", *methods), rows)


def _yes(claim: Claim | None) -> Cell:
    if claim is None:
        return Cell("")
    apart = ", not together" * (claim.times == len(claim.said) > 1)
    return Cell("yes" * claim.holds or f"no: {claim.times} of {len(claim.said)}{apart}", claim.holds)


def _residues(one: ClassOverTrainings) -> Table:
    """Relevance of residues against the segments, a row for every method and type."""
    every = one.tests(_STATISTIC)
    nulls = [null for null in NULLS if any(null in found.nulls for _, _, found in every)]
    rows = []
    for method, kind, found in every:
        embeddings = [one.embedding for one in found.trainings]
        counts = "/".join(dict.fromkeys(str(row["proteins"]) for row in embeddings))
        cells = [Cell(method), Cell(kind), Cell(counts)]
        significant = all(row["significant"] for row in embeddings)
        cells.append(Cell(_each(row["effect"] for row in embeddings), significant))
        for null in nulls:
            always = all(one.over(one.embedding, null) for one in found.trainings)
            cells.append(Cell(_each(row[NULLS[null]] for row in embeddings), always))
        rows.append(tuple(cells))
    caption = (
        "Relevance of residues at the embedding against annotated segments: median of point-biserial r over "
        "proteins, then what is over each null, in r, or in standard deviations (SD) above it. The mean over "
        "trainings, then every training; bold: significant in every training."
    )
    over = (f"over {_called(null)}" + ", SD" * (not NULLS[null].endswith(LEFT)) for null in nulls)
    return Table(caption, ("method", "segments", "proteins", "r", *over), tuple(rows), words=2)


def _heads(one: ClassOverTrainings) -> Table:
    """A row for every method, type and training."""
    rows = []
    others = [name for tests in one.heads.values() for name in tests if name != _STATISTIC]
    others = list(dict.fromkeys(others))
    for (method, kind), tests in one.heads.items():
        found = tests[_STATISTIC]
        for training, own in enumerate(found.trainings):
            surviving = found.surviving[training]
            counts = [
                _count(own.heads, "significant"), _count(own.heads, "specialised"), len(surviving),
                *(len(tests[name].surviving[training]) if name in tests else "" for name in others),
            ]  # fmt: skip
            layers = Counter(int(row["layer"]) for row in surviving)
            where = ", ".join(f"{layer} ({count})" for layer, count in sorted(layers.items()))
            words = (method, kind, str(training), *map(str, counts), where)
            rows.append((*map(Cell, words), *_largest(own.largest, found.nulls)))
    count = len(next(iter(one.found.values()))[0].names)
    caption = (
        f"How many of {count} heads are significant by r; specialised, as maps mark them with a star; those "
        "of them over every null of the table above, and the same by other statistics; the layers that these "
        f"are in, from 0, and how many in each. Effects below {LEAST:g} count as none. Then the head with "
        "the largest r, and the least that is left of it over a null, in r."
    )
    header = (
        "method", "segments", "training", "significant", "specialised", "over every null",
        *(f"by {name}" for name in others), "layers (heads)", "largest r", "its layer", "left over its nulls",
    )  # fmt: skip
    return Table(caption, header, tuple(rows), words=2)


def _largest(row: Row | None, nulls: Iterable[str]) -> tuple[Cell, Cell, Cell]:
    if row is None:
        return Cell(""), Cell(""), Cell("")
    effect, least = interval(row["effect"], row["low"], row["high"]), least_left(row, nulls)
    return Cell(effect), Cell(str(row["layer"])), Cell("" if least is None else number(least))


def _substitutions(one: ClassOverTrainings) -> Table:
    """Area between replacing by relevance and in random order."""
    rows = [
        (
            Cell(method), Cell(f"{pair[0]} over {pair[1]}"), Cell(_together(areas.mean(pair))),
            Cell(", ".join(number(area.mean) for area in areas.each(pair))), _yes(areas.claim(pair)),
        )
        for method, areas in one.areas.items()
        for pair in areas.pairs
    ]  # fmt: skip
    caption = (
        "Residues replaced, 1, 2, 4, ... 64 of them, by relevance (most, least) and at random: areas between "
        f"the curves of the {MEASURE}, over trainings and proteins with 95% intervals for others of both; of "
        "each training; and whether it is above 0 in every one."
    )
    return Table(caption, ("method", "curves", "area", "by training", "above 0"), tuple(rows), words=2)


def _evaluations(one: ClassOverTrainings) -> Table:
    shown = [name for name in _EVALUATED if all(name in scores.metrics for scores in one.scores.values())]
    header = ["method"]
    for name in shown:
        header.append(f"{name} {ARROWS[metrics[name].direction]}")
        header += ["over its strongest null", "over exchange"] if name == _PLACE else []
    rows = []
    for method, scores in one.scores.items():
        cells = [Cell(method)]
        for name in shown:
            cells.append(Cell(_together(scores.mean(name))))
            if name == _PLACE:
                claimed = one.over_null(method, name).holds
                cells += [_over(scores.over(name), claimed), _over(scores.over(name, EXCHANGES))]
        rows.append(tuple(cells))
    caption = (
        "Some scores of relevome evaluate: means over trainings and proteins, with 95% intervals for others "
        "of both; ↑ higher is better, ↓ lower is better. Nulls are those with the best mean over all "
        "trainings; exchange: those that have the noise of an explanation. Bold: claimed, above 0 in every "
        "training."
    )
    return Table(caption, tuple(header), tuple(rows))


def _over(found: tuple[str, Estimate] | None, claimed: bool = False) -> Cell:
    return Cell("" if found is None else f"{interval(*found[1])} ({found[0]})", claimed)


def _called(null: str) -> str:
    return _CALLED.get(null, null)


def _count(rows: Iterable[Row], flag: str) -> int:
    return sum(bool(row[flag]) for row in rows)


def _each(values: Iterable[float | None]) -> str:
    """The mean over trainings, and the value of each, none where there is none."""
    every = list(values)
    known = [value for value in every if value is not None]
    if not known:
        return ""
    largest = max(map(abs, known))
    shown = ["none" if value is None else number(value, largest) for value in every]
    return shown[0] if len(every) == 1 else f"{number(float(np.mean(known)), largest)} ({', '.join(shown)})"


def _together(found: Estimate | None) -> str:
    return "" if found is None else interval(*found)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
