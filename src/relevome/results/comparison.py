"""What `relevome compare` keeps: scores of several runs side by side, a test for every pair, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from relevome.errors import InputError
from relevome.results.estimate import Estimate
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.curves import MeanCurves
from relevome.results.evaluation.folder import (
    VALUES,
    read_score,
    read_settings,
    score_record,
    value_rows,
)
from relevome.results.evaluation.result import Evaluation, tidy
from relevome.results.evaluation.scores import OTHERS, OWN, Level, MetricScores
from relevome.results.kinds import of_its_kind
from relevome.results.notebook import as_html, plotted
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.verdict import verdict, weaker
from relevome.results.quality.words import side_by_side
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import read_tsv, write_tsv
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SCHEMA_VERSION = 1
NAME = "comparison.json"
SIGNIFICANT = 0.05  # false discovery rate over all tests of one comparison

# Where notes, and reasons to leave sequences out, name runs; other words of them may be labels by chance.
_NAMING = re.compile(
    r"(?<= is not compared: ).+(?= without it$)|(?<=^how alike ).+?(?= are was left out: )|(?<=^not in ).+"
)

_ROWS: TypeAlias = dict[tuple[str, ...], list[list[str]]]


@dataclass(frozen=True)
class Paired:
    """Two sets of values of the same sequences, the first against the second.

    ``difference`` is the mean of first minus second. ``superiority`` is the probability that the first is
    larger for a sequence, where ties count half. ``p`` is that of the sign-flip test.
    """

    n: int
    difference: Estimate
    superiority: Estimate
    p: float


@dataclass(frozen=True)
class PairedTest:
    """One metric of two runs on the same sequences; ``p`` is adjusted for all tests of the comparison."""

    metric: str
    level: Level
    direction: str
    first: str
    second: str
    paired: Paired
    p: float

    @property
    def better(self) -> str | None:
        """The run that is significantly better, if one is."""
        if self.p >= SIGNIFICANT or self.paired.difference.mean == 0:
            return None
        higher = self.paired.difference.mean > 0
        return self.first if higher == (self.direction == "higher is better") else self.second


@dataclass(frozen=True)
class Similarity:
    """A metric of similarity between two runs."""

    first: str
    second: str
    scores: MetricScores


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found: evaluations by label, over the sequences that all have in common.

    ``scores`` has the same metrics for every label, each over the same sequences. ``left_out`` counts, by
    label and reason, sequences that not all runs have. ``curves`` are means of those of faithfulness over the
    sequences that have them in every run, by level and label.
    """

    evaluations: Mapping[str, Evaluation]
    scores: Mapping[str, tuple[MetricScores, ...]]
    tests: tuple[PairedTest, ...]
    similarities: tuple[Similarity, ...]
    left_out: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...]
    curves: Mapping[Level, Mapping[str, MeanCurves]] = field(default_factory=dict)

    def best(self, metric: str, level: str) -> str | None:
        """The run that is significantly better than every other by a metric, if one is."""
        wins = Counter(
            test.better for test in self.tests if (test.metric, test.level) == (metric, level) and test.better
        )
        return next((label for label, won in wins.items() if won == len(self.scores) - 1), None)

    @property
    def qualities(self) -> dict[str, ModelQuality]:
        """How good the model of every run is, by label."""
        return {label: one.quality for label, one in self.evaluations.items()}

    @cached_property
    def held_back(self) -> frozenset[str]:
        """Runs that are marked nowhere as best: their model is below what is asked, or weaker than another.

        See `relevome.results.quality.verdict` for both.
        """
        found = self.qualities
        return frozenset(
            label
            for label, one in found.items()
            if verdict(one).below or any(weaker(one, other) for other in found.values())
        )

    def marked(self, metric: str, level: str) -> str | None:
        """The run that tables mark: the `best`, unless its model is too weak for that."""
        best = self.best(metric, level)
        return None if best in self.held_back else best

    def renamed(self, names: Mapping[str, str]) -> Comparison:
        """The same with other labels, by those that it has; as it is if they would be alike.

        Notes and reasons name labels, see `_NAMING`, and get the new ones there.
        """
        if len(set(names.values())) < len(names) or all(old == new for old, new in names.items()):
            return self
        longest = sorted(names, key=len, reverse=True)
        word = re.compile(rf"(?<![\w/-])(?:{'|'.join(map(re.escape, longest))})(?![\w/-])")

        def said(text: str) -> str:
            return _NAMING.sub(lambda some: word.sub(lambda found: names[found[0]], some[0]), text)

        def pair(one: Any) -> Any:
            return replace(one, first=names[one.first], second=names[one.second])

        return Comparison(
            {names[label]: one for label, one in self.evaluations.items()},
            {names[label]: found for label, found in self.scores.items()},
            tuple(map(pair, self.tests)),
            tuple(map(pair, self.similarities)),
            {
                names[label]: {said(why): count for why, count in reasons.items()}
                for label, reasons in self.left_out.items()
            },
            tuple(map(said, self.notes)),
            {
                level: {names[label]: one for label, one in found.items()}
                for level, found in self.curves.items()
            },
        )

    def on_top(self) -> list[str]:
        """What is said of the models before anything of their explanations."""
        models = {label: _model(one) for label, one in self.evaluations.items()}
        return side_by_side(self.qualities, models)

    def to_pandas(self) -> pd.DataFrame:
        """A row for every run, metric and level.

        Columns: ``run``, its label; ``metric``, ``kind``, ``level``, ``direction``; ``sequences``, how many
        have a value, the same ones in every run; ``mean`` over them in the metric's own unit, with ``low``
        and ``high``, the ends of its 95% interval; ``random_order`` and ``shuffled``, means to compare with,
        NaN where there are none.
        """
        return tidy(self.scores)

    def __repr__(self) -> str:
        names = [(one.metric, one.level) for one in next(iter(self.scores.values()), ())]
        best = {name: self.best(*name) for name in names}
        found = [
            f"    {metric} of {level}: {run}{' (not marked: its model)' * (run in self.held_back)}"
            for (metric, level), run in best.items()
            if run
        ]
        checked = self.evaluations.items()
        failed = [f"{label} {len(one.failed)} of {len(one.checks)}" for label, one in checked]
        significant = sum(test.better is not None for test in self.tests)
        return "\n".join(
            [
                f"Comparison of {counted(len(self.scores), 'run')}: {', '.join(self.scores)}",
                *(f"  {line}" for line in self.on_top()),
                f"  failed checks: {', '.join(failed)}",
                f"  {counted(len(names), 'metric')}, {counted(len(self.tests), 'paired test')}, "
                f"{significant:,} significant",
                "  significantly better than every other:" if found else "  none is better than every other",
                *found,
            ]
        )

    def _repr_html_(self) -> str:
        found = zip(*self.scores.values(), strict=True)
        rows = ((some[0].metric, some[0].level, some[0].direction, *(x.mean for x in some)) for some in found)
        return as_html(repr(self), ("metric", "level", "direction", *self.scores), rows)

    def plot(self, what: Literal["scores", "curves"] = "scores") -> list[Axes]:
        """All runs side by side.

        Args:
            what: ``scores``, the mean of every metric with its 95% interval (default), or ``curves``, the
                score as more and more letters, or tokens, are taken away.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: For a comparison without metrics, or without curves.
        """
        return plotted(self, what=what)


def _model(one: Evaluation) -> str:
    """What tells the model of an evaluation from others."""
    said = one.about.get("model")
    known = (said.get("sha256"), said.get("path")) if isinstance(said, Mapping) else ()
    return next((str(name) for name in known if name is not None), str(one.about.get("run")))


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Write all that `read_comparison` reads into a folder that is there; the record comes last."""
    names = ("run", "other", "metric", "level", "sequence_id")
    header = (*names, "value", "random_order", "shuffled", *OTHERS, OWN)
    write_tsv(folder / VALUES, header, _value_rows(comparison))
    write_record(folder / NAME, _content(comparison))


def read_comparison(folder: str | Path) -> Comparison:
    """A comparison as it was written.

    Of the evaluations it has what they are about, settings, checks, layers and notes; their scores over all
    of their own sequences, and the curves of each sequence, are in their own folders. Raises InputError for
    a folder that is none, of an earlier version without a record, of a later version, or damaged.
    """
    path = Path(folder)
    if not (path / NAME).is_file() and (path / "table.tsv").is_file():
        raise InputError(
            f"{path} was written by an earlier relevome, without {NAME}: compare the runs again with "
            "--overwrite"
        )
    said = read_record(path / NAME, SCHEMA_VERSION, "relevome compare")
    with reading(path, "compare the runs again with --overwrite"):
        return of_its_kind(_comparison(path, said))


def _value_rows(comparison: Comparison) -> Iterator[tuple[Any, ...]]:
    """Values of every run, then of every pair of runs, whose second is the other."""
    found = [(label, None, one) for label, scores in comparison.scores.items() for one in scores]
    found += [(one.first, one.second, one.scores) for one in comparison.similarities]
    for run, other, one in found:
        yield from ((run, other, one.metric, one.level, *row) for row in value_rows(one))


def _content(comparison: Comparison) -> dict[str, Any]:
    curves = {
        level: {label: asdict(one) for label, one in found.items()}
        for level, found in comparison.curves.items()
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": {label: _run(one) for label, one in comparison.evaluations.items()},
        "scores": {label: [score_record(one) for one in found] for label, found in comparison.scores.items()},
        "tests": [asdict(test) for test in comparison.tests],
        "similarities": [
            {"first": one.first, "second": one.second, "scores": score_record(one.scores)}
            for one in comparison.similarities
        ],
        "curves": curves,
        "left_out": {label: dict(reasons) for label, reasons in comparison.left_out.items()},
        "notes": list(comparison.notes),
        **provenance(),
    }


def _run(one: Evaluation) -> dict[str, Any]:
    return {
        "about": dict(one.about),
        "settings": asdict(one.settings),
        "checks": [asdict(check) for check in one.checks],
        "layers": one.layers,
        "notes": list(one.notes),
    }


def _comparison(path: Path, said: dict[str, Any]) -> Comparison:
    values: _ROWS = {}
    for row in read_tsv(path / VALUES):
        values.setdefault(tuple(row[:4]), []).append(row[4:])
    return Comparison(
        {label: _read_run(one) for label, one in said["runs"].items()},
        {
            label: tuple(_read_score(one, values, label, "") for one in found)
            for label, found in said["scores"].items()
        },
        tuple(_read_test(test) for test in said["tests"]),
        tuple(
            Similarity(*pair, _read_score(one["scores"], values, *pair))
            for one in said["similarities"]
            for pair in [(one["first"], one["second"])]
        ),
        said["left_out"],
        tuple(said["notes"]),
        {
            level: {label: _read_curves(one) for label, one in found.items()}
            for level, found in said["curves"].items()
        },
    )


def _read_run(said: dict[str, Any]) -> Evaluation:
    checks = tuple(Check(**check) for check in said["checks"])
    settings, notes = read_settings(said["settings"]), tuple(said["notes"])
    return Evaluation(said["about"], settings, {}, (), checks, None, said["layers"], notes)


def _read_score(said: dict[str, Any], values: _ROWS, run: str, other: str) -> MetricScores:
    return read_score(said, values[run, other, said["metric"], said["level"]])


def _read_test(said: dict[str, Any]) -> PairedTest:
    paired = said["paired"]
    estimates = {name: Estimate(*paired[name]) for name in ("difference", "superiority")}
    fields: dict[str, Any] = {**said, "paired": Paired(**{**paired, **estimates})}
    return PairedTest(**fields)


def _read_curves(said: dict[str, Any]) -> MeanCurves:
    lines = {name: tuple(Estimate(*one) for one in said[name]) for name in ("morf", "lerf", "random")}
    return MeanCurves(said["sequences"], tuple(said["shares"]), **lines)
