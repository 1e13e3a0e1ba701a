"""What comparisons of models and methods over several tasks show: tables, and words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import combinations
from pathlib import Path

from relevome.evaluation.metrics import metrics
from relevome.evaluation.statistics import bootstrap_interval
from relevome.report.comparisons import run_rows
from relevome.report.scores import ARROWS, SCORES, listed, range_of
from relevome.report.tables import Cell, Table, interval, markdown
from relevome.results.comparison import read_comparison
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.folder import read_evaluation
from relevome.results.folder import whole_file
from relevome.results.quality.folder import trained_quality
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.verdict import verdict
from relevome.results.quality.words import side_by_side
from relevome.results.run.reader import Run
from relevome.results.tables import write_tsv

# A column of the table for each question.
METRICS = {
    "auroc": "is relevance higher on sites than off them?",
    "average-precision": "are the most relevant letters those of sites?",
    "normalised-area-between-curves": "does the prediction go when the most relevant letters go?",
    "scaled-infidelity": "does the prediction go by the relevance of what is taken away?",
    "effective-letters": "on how many letters does relevance lie?",
    "robust-correlation": "does relevance stay where substitutions leave the prediction as it was?",
    "weight-randomisation": "does relevance stay with random weights, as it should not?",
}
# Said in words: where relevance is, and whether the prediction goes with it. The empty name is that of
# checks which are of no metric, such as weight randomisation.
_PLACE = "auroc"
_SAID = (_PLACE, "normalised-area-between-curves")
_CHECKED = ("", *_SAID)
_LEARNT = ("auroc", "mcc", "accuracy")
_PAGE, _ROWS = "study.md", "study.tsv"


class ComparedTask:
    """One task, letter by letter: what `relevome train`, `evaluate` and `compare` left of it.

    Runs are named after their model and method.
    """

    def __init__(self, task: str, sites: str, folder: Path) -> None:
        self.task = task
        self.sites = sites
        self.folder = folder / task
        self.comparison = read_comparison(self.folder / "comparison")
        self.letters = {
            (run, one.metric): one
            for run, scores in self.comparison.scores.items()
            for one in scores
            if one.level == "letters"
        }
        self.runs = list(dict.fromkeys(run for run, _ in self.letters))
        self.models = list(dict.fromkeys(map(model_of, self.runs)))
        self.metrics = [metric for metric in METRICS if (self.runs[0], metric) in self.letters]
        self.evaluations = {run: read_evaluation(self.folder / "scores" / run) for run in self.runs}

    @cached_property
    def beaten(self) -> set[tuple[str, str, str]]:
        """Metric, winner and loser of every test that is significant."""
        return {
            (test.metric, test.better, other)
            for test in self.comparison.tests
            for other in (test.first, test.second)
            if test.level == "letters" and test.better not in (None, other)
        }

    @cached_property
    def learnt(self) -> dict[str, dict[str, float | None]]:
        """Scores of every model on its test table, None where undefined."""
        paths = {model: self.folder / model / "metrics.json" for model in self.models}
        return {model: json.loads(path.read_text(encoding="utf-8"))["test"] for model, path in paths.items()}

    @cached_property
    def qualities(self) -> dict[str, ModelQuality]:
        """How good every model is."""
        return {model: trained_quality(self.folder / model) for model in self.models}

    @cached_property
    def checks(self) -> dict[str, list[Check]]:
        """Those that every explanation was put to."""
        found = {run: made.checks for run, made in self.evaluations.items()}
        return {run: [one for one in made if one.level != "tokens"] for run, made in found.items()}

    def logits(self, run: str) -> dict[str, float]:
        """What was explained, by sequence."""
        return {one.sequence_id: one.score for one in Run(self.folder / "runs" / run)}

    def by_prediction(self, metric: str, run: str) -> tuple[list[float], list[float]]:
        """The metric of sequences that the model takes for what they are, positives, and of the others."""
        logits = self.logits(run)
        found: tuple[list[float], list[float]] = ([], [])
        for scores in self.evaluations[run].scores:
            if (scores.metric, scores.level) == (metric, "letters"):
                for name, value in zip(scores.sequence_ids, scores.values, strict=True):
                    found[logits[name] <= 0].append(value)
        return found

    def best(self, metric: str, model: str) -> str:
        """The explanation of a model with the best mean, the first of those that tie."""
        sign = 1 if self.direction(metric) == "higher is better" else -1
        runs = [run for run in self.runs if model_of(run) == model]
        return max(runs, key=lambda run: sign * self.letters[run, metric].mean)

    def direction(self, metric: str) -> str:
        """Whether higher or lower is better."""
        return self.letters[self.runs[0], metric].direction

    def beaten_rivals(self, metric: str, run: str) -> tuple[int, int]:
        """How many of the other explanations of its model a run is significantly better than, of how many."""
        rivals = [other for other in self.runs if other != run and model_of(other) == model_of(run)]
        return sum((metric, run, other) in self.beaten for other in rivals), len(rivals)

    def cell(self, metric: str, run: str) -> Cell:
        """The mean and its interval, bold where significantly better than all rivals.

        Nothing is bold of a model below the quality that is asked.
        """
        beaten, rivals = self.beaten_rivals(metric, run)
        one = self.letters[run, metric]
        marked = 0 < rivals == beaten and not verdict(self.qualities[model_of(run)]).below
        return Cell(interval(one.mean, one.low, one.high), marked)

    def chance(self, metric: str) -> str:
        """The metric of random orders, lowest to highest of all runs; empty where it has none."""
        return range_of([self.letters[run, metric].random for run in self.runs])


def conclude(folder: Path, tasks: Mapping[str, str]) -> list[str]:
    """``study.md`` with words and tables on all ``tasks``, ``study.tsv`` with all scores; gives the words.

    ``tasks`` maps names to what the sites are that relevance is compared with.
    """
    compared = [ComparedTask(task, sites, folder) for task, sites in tasks.items()]
    said = [f"{one.task}: {line}" for one in compared for line in _words(one)]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text(_page(compared, said), encoding="utf-8")
    rows = ((one.task, *row) for one in compared for row in run_rows(one.comparison))
    write_tsv(folder / _ROWS, ("task", "run", *SCORES), rows)
    return [*said, f"{folder / _PAGE}: all tables; {folder / _ROWS}: all scores"]


def model_of(run: str) -> str:
    """The model that a run explains, from its name."""
    return run.split("-")[0]


def _page(compared: Iterable[ComparedTask], said: Iterable[str]) -> str:
    parts = ["# What the study shows\n", listed(said), "## Models\n", markdown(_models(compared))]
    parts += ["## Explanations\n", "What each column asks of an explanation, letter by letter:\n"]
    parts.append(listed(f"{metric}: {question}" for metric, question in METRICS.items()))
    for one in compared:
        parts += [f"### {one.task}\n", markdown(_methods(one))]
        if _PLACE in one.metrics:
            parts.append(markdown(_predicted(one)))
        parts.append(f"All metrics, tests, curves and failed checks are in `{one.task}/comparison`.\n")
    return "\n".join(parts)


def _models(compared: Iterable[ComparedTask]) -> Table:
    rows = tuple(
        (Cell(one.task), Cell(model), *(Cell(_score(scores[name])) for name in _LEARNT))
        for one in compared
        for model, scores in one.learnt.items()
    )
    header = ("task", "model", "AUROC", "MCC", "accuracy")
    return Table("What the models have learnt, on their test tables.", header, rows, words=2)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _methods(one: ComparedTask) -> Table:
    """A row for every explanation, a column for every question."""
    rows = [
        (Cell(run), *(one.cell(metric, run) for metric in one.metrics), Cell(_failed(one.checks[run])))
        for run in one.runs
    ]
    rows.append((Cell("random order"), *(Cell(one.chance(metric)) for metric in one.metrics), Cell("")))
    counts = (str(one.letters[one.runs[0], metric].n) for metric in one.metrics)
    rows.append((Cell("sequences"), *map(Cell, counts), Cell("")))
    caption = (
        f"Sites: {one.sites}. Means over sequences with 95% intervals; ↑ higher is better, ↓ lower is "
        "better; bold: significantly better than every other explanation of the same model (false discovery "
        "rate 5%), and the model is not below the quality that is asked."
    )
    columns = (f"{metric} {ARROWS[one.direction(metric)]}" for metric in one.metrics)
    return Table(caption, ("explanation", *columns, "failed checks"), tuple(rows))


def _predicted(one: ComparedTask) -> Table:
    """Whether explanations miss the sites where the model itself does."""
    rows = []
    for run in one.runs:
        groups = one.by_prediction(_PLACE, run)
        bounds = metrics[_PLACE].bounds
        cells = [Cell(text) for values in groups for text in (_mean(values, bounds), str(len(values)))]
        rows.append((Cell(run), *cells))
    caption = (
        f"The {_PLACE} above, of the positives that the model takes for positives (log odds above 0) and of "
        "those that it misses: where the model sees nothing, no explanation finds it."
    )
    header = ("explanation", "recognised", "sequences", "missed", "sequences")
    return Table(caption, header, tuple(rows))


def _mean(values: list[float], bounds: tuple[float, float] | None) -> str:
    return interval(*bootstrap_interval(values, seed=0, bounds=bounds)) if len(values) > 1 else ""


def _failed(checks: list[Check]) -> str:
    return f"{sum(check.outcome == 'fail' for check in checks)} of {len(checks)}"


def _words(one: ComparedTask) -> Iterator[str]:
    """What there is to explain, who explains it best, on which model better, and who fails which check."""
    yield from side_by_side(one.qualities, {model: model for model in one.models})
    for metric in [metric for metric in _SAID if metric in one.metrics]:
        best = [one.best(metric, model) for model in one.models]
        for run in best:
            beaten, rivals = one.beaten_rivals(metric, run)
            yield (
                f"{run} has the best {metric} of its model, {one.cell(metric, run).text}, significantly "
                f"better than {beaten} of {rivals} others"
            )
        yield from (_between(one, metric, *pair) for pair in combinations(best, 2))
    yield from _failures(one)


def _between(one: ComparedTask, metric: str, first: str, second: str) -> str:
    """The best explanations of two models."""
    for better, other in ((first, second), (second, first)):
        if (metric, better, other) in one.beaten:
            return f"by {metric} {better} is significantly better than {other}"
    return f"by {metric} neither of {first} and {second} is significantly better"


def _failures(one: ComparedTask) -> Iterator[str]:
    failed: dict[str, list[str]] = {}
    for run, checks in one.checks.items():
        for check in checks:
            if check.outcome == "fail" and check.metric in _CHECKED:
                name = check.name + f" by {check.metric}" * bool(check.metric)
                failed.setdefault(name, []).append(run)
    for name, runs in failed.items():
        who = "every explanation" if len(runs) == len(one.runs) else ", ".join(runs)
        yield f"{name} is failed by {who}"
