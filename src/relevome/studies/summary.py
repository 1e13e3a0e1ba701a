"""What study A shows: which explanations of two kinds of models hold over trainings and their nulls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, permutations
from pathlib import Path
from typing import NamedTuple

from relevome.evaluation.metrics import metrics
from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, escaped, interval, markdown
from relevome.results.evaluation.checks import Check, kind_of
from relevome.results.evaluation.scores import EXCHANGES
from relevome.results.folder import whole_file
from relevome.results.run.reader import Run
from relevome.studies.trainings.explained import ExplainedTraining
from relevome.studies.trainings.over import ExplainedKind, OverTrainings, explained_kinds
from relevome.studies.trainings.tables import (
    NOTHING_CLAIMED,
    cautions,
    explanations_tables,
    how_to_read,
    learnt,
    models_table,
    write_means,
)

# A column of the tables for each question.
METRICS = {
    "auroc": "is relevance higher on sites than off them?",
    "average-precision": "are the most relevant letters those of sites?",
    "mutagenesis-spearman": "does it say what the model's own mutagenesis finds?",
    "normalised-area-between-curves": "does the prediction go when the most relevant letters go?",
    "scaled-infidelity": "does the prediction go by the relevance of what is taken away?",
    "effective-letters": "on how many letters does relevance lie?",
    "robust-correlation": "does relevance stay where substitutions leave the prediction as it was?",
    "weight-randomisation": "does relevance stay with random weights, as it should not?",
}
_PLACES = ("auroc", "average-precision")
# Said in words: where relevance is, and whether the prediction goes with it.
_PLACE, _FAITHFUL = "auroc", "normalised-area-between-curves"
_PAGE, _ROWS = "study.md", "study.tsv"


class ComparedTask(NamedTuple):
    """One task: its name, what its sites are, and what is explained of every kind of model."""

    task: str
    sites: str
    kinds: tuple[ExplainedKind, ...]

    @property
    def explanations(self) -> list[OverTrainings]:
        """Those of all kinds."""
        return [some for one in self.kinds for some in one.explanations]

    def asked(self, *questions: str) -> list[str]:
        """Those of some metrics that every explanation has."""
        return [metric for metric in questions if all(one.asked([metric]) for one in self.kinds)]


def conclude(folder: Path, runs: Sequence[ExplainedTraining], sites: Mapping[str, str]) -> list[str]:
    """``study.md`` with words and tables on all tasks, ``study.tsv`` with every mean; gives the words.

    ``sites`` say of every task what the sites are that relevance is compared with.
    """
    kinds = explained_kinds(folder, runs)
    tasks = [
        ComparedTask(task, said, tuple(one for one in kinds if one.task == task))
        for task, said in sites.items()
    ]
    said = {one.task: list(_words(one)) for one in tasks}
    parts = ["# What the study shows\n", models_table(kinds), "## How to read the tables\n"]
    parts.append(how_to_read(kinds, METRICS, _PLACES))
    parts += [_section(one, said[one.task]) for one in tasks]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text("\n".join(parts), encoding="utf-8")
    write_means(folder / _ROWS, kinds)
    every = [f"{task}: {line}" for task, lines in said.items() for line in lines]
    return [*every, f"{folder / _PAGE}: all tables; {folder / _ROWS}: all means"]


def _section(one: ComparedTask, said: Sequence[str]) -> str:
    parts = [f"## {one.task}\n", listed(said), f"Sites: {escaped(one.sites)}.\n"]
    parts.append(explanations_tables(one.kinds, METRICS, _PLACES))
    if one.asked(_PLACE):
        parts.append(markdown(_predicted(one)))
    parts.append(markdown(_checks(one)))
    parts.append(
        f"All metrics, tests, curves and failed checks of every training are in `{one.task}/comparison`.\n"
    )
    return "\n".join(parts)


def _predicted(one: ComparedTask) -> Table:
    """Whether explanations miss the sites where the model itself does."""
    rows = []
    for some in one.explanations:
        cells = [Cell(some.kind), Cell(some.name)]
        for among in _by_prediction(some):
            n = some.values(_PLACE, among).shape[1]
            cells += [Cell(interval(*some.mean(_PLACE, among)) if n > 1 else ""), Cell(str(n))]
        rows.append(tuple(cells))
    caption = (
        f"The {_PLACE} above, of the positives that every training takes for positives (log odds above 0), "
        "and of those that every training misses; others are in neither. Where the model sees nothing, no "
        "explanation finds it."
    )
    header = ("model", "explanation", "recognised", "sequences", "missed", "sequences")
    return Table(caption, header, tuple(rows), words=2)


def _by_prediction(some: OverTrainings) -> tuple[set[str], set[str]]:
    """Sequences whose log odds, as explained, are above 0 in every training, and those in none."""
    logits = [{row.sequence_id: row.score for row in Run(folder)} for folder in some.runs]
    above = [{name for name, score in found.items() if score > 0} for found in logits]
    return set.intersection(*above), set(logits[0]).difference(*above)


def _checks(one: ComparedTask) -> Table:
    """What every explanation was put to, and how often it failed."""
    found = [(some, list(chain(*_made(some)))) for some in one.explanations]
    kinds = list(dict.fromkeys(kind_of(check) for _, checks in found for check in checks))
    rows = []
    for some, checks in found:
        cells = [Cell(some.kind), Cell(some.name)]
        for kind in kinds:
            outcomes = [check.outcome for check in checks if kind_of(check) == kind]
            cells.append(Cell(f"{outcomes.count('fail')} of {len(outcomes)}" if outcomes else ""))
        rows.append(tuple(cells))
    caption = "Failed checks of letters, all trainings together."
    return Table(caption, ("model", "explanation", *kinds), tuple(rows), words=2)


def _made(some: OverTrainings) -> list[list[Check]]:
    """The checks of every training but those of tokens; weight randomisation is of no level."""
    return [[check for check in made.checks if check.level != "tokens"] for made in some.evaluations]


def _words(one: ComparedTask) -> Iterator[str]:
    """What there is to explain, what explains it over the nulls, who explains it best, who fails a check."""
    yield from (_quality(kind) for kind in one.kinds)
    yield from (line for kind in one.kinds for line in cautions(kind))
    yield from (
        f"every training of {a.kind} is significantly weaker than every one of {b.kind}: a better map of a "
        "worse model is no better explanation"
        for a, b in permutations(one.kinds, 2)
        if a.weaker(b)
    )
    if not all(kind.several for kind in one.kinds):
        yield NOTHING_CLAIMED
        return
    yield from (line for kind in one.kinds for metric in one.asked(_PLACE) for line in _over(kind, metric))
    for metric in one.asked(_PLACE, _FAITHFUL):
        yield from (_best(kind, metric) for kind in one.kinds)
        yield from _between(one.kinds, metric)
    yield from _failures(one)


def _quality(one: ExplainedKind) -> str:
    scores = [("AUROC", learnt(one.qualities, "auroc")), ("MCC", learnt(one.qualities, "mcc"))]
    known = ", ".join(f"{name} {score}" for name, score in scores if score)
    unknown = next((quality.unknown for quality in one.qualities if quality.unknown), "")
    if not known:
        return f"model of {one.kind}: quality not known, {unknown}"
    tested = {
        f"{quality.examples:,} {quality.table} sequences" for quality in one.qualities if quality.examples
    }
    where = f" on {', '.join(sorted(tested))}" * bool(tested)
    return f"model of {one.kind}: {known}{where}, {len(one.trainings)} training{'s' * one.several}"


def _over(one: ExplainedKind, metric: str) -> Iterator[str]:
    """Which explanations survive their strongest null; which of the others at least know their sequence.

    What is over all nulls is over those with the noise of an explanation too, so both intervals must say so.
    """
    knowing = [some for some in one.explanations if some.is_over(metric, EXCHANGES)]
    surviving = [some for some in knowing if some.is_over(metric)]
    failing = [some for some in one.explanations if some not in surviving]
    head = f"{one.kind}, {_asked(metric)}"
    if surviving:
        not_these = f"; not {_names(failing)}" * bool(failing)
        yield f"{head}: above the strongest null are {_names(surviving)}{not_these}"
    else:
        yield f"{head}: no explanation survives its strongest null"
    only = [some for some in knowing if some not in surviving]
    if only:
        yield f"{head}: over exchange, so that they know something of their sequence, are {_names(only)}"


def _names(some: Iterable[OverTrainings]) -> str:
    return ", ".join(one.name for one in some)


def _best(one: ExplainedKind, metric: str) -> str:
    """The explanation that leads, and whether it is the best."""
    leading = one.leading(metric)
    head = f"{one.kind}, {_asked(metric)}: {leading.name} leads, {interval(*leading.mean(metric))}"
    if one.below:
        return f"{head}; none is called the best, since a training is below the quality that is asked"
    if one.best(metric) is leading:
        return f"{head}, and is better than every other explanation in every training"
    others = [some for some in one.explanations if some is not leading]
    won = sum(leading.better(some, metric) is not None for some in others)
    return f"{head}; it is better than {won} of {len(others)} others in every training, so none is the best"


def _between(kinds: Sequence[ExplainedKind], metric: str) -> Iterator[str]:
    """Whether the explanation that leads on one kind of model is better than that on another."""
    for pair in combinations(kinds, 2):
        names = [f"{one.leading(metric).name} of {one.kind}" for one in pair]
        said = f"{_asked(metric)}: neither {names[0]} nor {names[1]} is called better"
        for (one, other), (name, beaten) in zip(permutations(pair), permutations(names), strict=True):
            difference = one.leading(metric).better(other.leading(metric), metric)
            if difference is not None and not one.below and not one.weaker(other):
                said = f"{_asked(metric)}: {name} is better than {beaten} in all trainings of both, by "
                said += interval(*difference)
        yield said


def _failures(one: ComparedTask) -> Iterator[str]:
    """Checks that an explanation fails in every training: of weights, and of faithfulness."""
    failed: dict[str, list[str]] = {}
    for some in one.explanations:
        each = [
            {(check.name, check.metric) for check in checks if check.outcome == "fail"}
            for checks in _made(some)
        ]
        for name, metric in sorted(set.intersection(*each)):
            if metric in ("", _FAITHFUL):
                said = name + f" by {metric}" * bool(metric)
                failed.setdefault(said, []).append(f"{some.name} of {some.kind}")
    for name, who in failed.items():
        every = len(who) == len(one.explanations)
        yield f"{name} is failed in every training by {'every explanation' if every else ', '.join(who)}"


def _asked(metric: str) -> str:
    return f"{metrics[metric].kind} ({metric})"
