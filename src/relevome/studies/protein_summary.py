"""What study C shows over all its tasks: tables, and words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, interval, markdown, number
from relevome.results.comparison import read_comparison
from relevome.results.evaluation.scores import MetricScores
from relevome.results.folder import whole_file
from relevome.results.head_name import HeadName
from relevome.results.quality.folder import trained_quality
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.verdict import verdict
from relevome.results.quality.words import described, not_specialised
from relevome.results.relevance_heads.folder import NAME as HEADS
from relevome.results.relevance_heads.folder import read_relevance_heads
from relevome.results.relevance_heads.heads import (
    ALL,
    COLUMNS,
    LEAST,
    Effect,
    RelevantHeads,
    effect_rows,
)
from relevome.results.relevance_heads.nulls import Against
from relevome.results.substitution import NAME as SUBSTITUTION
from relevome.results.substitution import Area, read_substitution
from relevome.results.tables import write_tsv
from relevome.studies.protein_tasks import ExplainedClass

_PAGE, _ROWS = "study.md", "study.tsv"
_LEARNT = ("auroc", "average_precision", "mcc", "accuracy")
# The statistic of the published study, which the page speaks of; study.tsv has all.
_STATISTIC = "point-biserial"
_MEASURE = "logit"
_EVALUATED = ("auroc", "normalised-area-between-curves", "effective-letters")


@dataclass(frozen=True)
class Shown:
    """What the commands left of one question: heads and areas by method, scores as `relevome compare` has.

    No head of a model below the ``quality`` that is asked is specialised, whatever an earlier result says.
    """

    asked: ExplainedClass
    learnt: Mapping[str, float | None]
    quality: ModelQuality
    heads: Mapping[str, RelevantHeads]
    areas: Mapping[str, tuple[Area, ...]]
    scores: Mapping[str, tuple[MetricScores, ...]]

    @classmethod
    def of(cls, asked: ExplainedClass, study: Path) -> Shown:
        """Reads the folders of a study."""
        folder = study / asked.folder
        learnt = json.loads((study / asked.model / "metrics.json").read_text(encoding="utf-8"))["test"]
        quality = trained_quality(study / asked.model)
        heads = {
            path.parent.name: _judged(read_relevance_heads(path.parent), quality)
            for path in sorted(folder.glob(f"heads/*/{HEADS}"))
        }
        areas = {
            path.parent.name: read_substitution(path.parent).areas
            for path in sorted(folder.glob(f"substitution/*/{SUBSTITUTION}"))
        }
        return cls(asked, learnt, quality, heads, areas, read_comparison(folder / "comparison").scores)

    @property
    def name(self) -> str:
        """The task, or one class of it."""
        return self.asked.folder

    @property
    def tests(self) -> list[tuple[str, str]]:
        """Methods with heads, each with every type of segments."""
        return [(method, kind) for method in self.heads for kind in self.asked.kinds]

    def tested(self, method: str, kind: str) -> Effect:
        """The statistic of the page for all proteins: the embedding first, then every head."""
        wanted = (ALL, kind, _STATISTIC)
        effects = self.heads[method].effects
        return next(one for one in effects if (one.group, one.kind, one.metric) == wanted)

    def others(self, method: str, kind: str) -> list[Effect]:
        """The other statistics, which the maps show beside it."""
        every = (one for one in self.heads[method].effects if (one.group, one.kind) == (ALL, kind))
        return [one for one in every if one.metric != _STATISTIC]

    def names(self, method: str) -> list[HeadName]:
        """All heads."""
        return self.heads[method].names

    def specialised(self, method: str, kind: str) -> list[HeadName]:
        """Heads that pass the published test and both nulls, those with most left over them first."""
        one = self.tested(method, kind)
        left = one.left
        chosen = sorted(np.flatnonzero(one.specialised[1:]), key=lambda head: -left[1 + head])
        return [self.names(method)[head] for head in chosen]


def _judged(found: RelevantHeads, quality: ModelQuality) -> RelevantHeads:
    """The same heads, none of which can be specialised where the model is below the quality that is asked."""
    if not verdict(quality).below:
        return found
    return replace(found, effects=tuple(replace(one, learnt=False) for one in found.effects))


def conclude(folder: Path, asked: Sequence[ExplainedClass]) -> list[str]:
    """``study.md`` with words and tables on all that was asked, ``study.tsv`` with all heads; gives words."""
    shown = [Shown.of(one, folder) for one in asked]
    models = list({one.asked.model: one for one in reversed(shown)}.values())[::-1]
    said = [line for one in models for line in _learnt(one)]
    said += [f"{one.name}: {line}" for one in shown for line in _words(one)]
    with whole_file(folder / _PAGE) as temporary:
        temporary.write_text(_page(models, shown, said), encoding="utf-8")
    rows = (
        (one.name, method, *row)
        for one in shown
        for method, found in one.heads.items()
        for effect in found.effects
        for row in effect_rows(effect, found)
    )
    write_tsv(folder / _ROWS, ("task", "method", *COLUMNS), rows)
    return [*said, f"{folder / _PAGE}: all tables; {folder / _ROWS}: all heads"]


def _page(models: list[Shown], shown: list[Shown], said: list[str]) -> str:
    parts = ["# What the study shows\n", listed(said), "## Models\n", markdown(_models(models))]
    for one in shown:
        parts += [f"## {one.name}\n", markdown(_embeddings(one)), markdown(_substitutions(one))]
        parts += [markdown(_evaluations(one))]
        parts += [markdown(_heads(one, method, kind)) for method, kind in one.tests]
        parts.append(f"Maps of all heads are in `{one.name}/heads`, curves in `{one.name}/substitution`.\n")
    return "\n".join(parts)


def _models(shown: list[Shown]) -> Table:
    rows = tuple(
        (Cell(one.asked.model), *(Cell(_score(one.learnt[name])) for name in _LEARNT)) for one in shown
    )
    header = ("model", "AUROC", "average precision", "MCC", "accuracy")
    return Table("What the models have learnt, on proteins held out.", header, rows)


def _embeddings(one: Shown) -> Table:
    """Relevance of residues against the segments, a row for every method and type."""
    rows = []
    for method, kind in one.tests:
        found = one.tested(method, kind)
        count = int(found.significant[1:].sum())
        nulls = (_left(found.nulls["exchange"], 0), _left(found.nulls.get("random"), 0))
        cells = (str(found.proteins[0]), _effect(found, 0), _p(found.p[0]), *nulls)
        many = f"{count}, {len(one.specialised(method, kind))} of {len(one.names(method))}"
        rows.append(tuple(map(Cell, (method, kind, *cells, many))))
    caption = (
        "Relevance of residues at the embedding against annotated segments: median of point-biserial r over "
        "proteins with its 95% interval, one-sided p of Wilcoxon's test; what is left of r over exchanges of "
        "the annotation among like letters, and over models with random weights, with q; and of all heads "
        "how many are significant and how many specialised, by r."
    )
    header = ("method", "segments", "proteins", "r", "p", "over composition", "over random weights", "heads")
    return Table(caption, header, tuple(rows), words=2)


def _heads(one: Shown, method: str, kind: str) -> Table:
    found = one.tested(method, kind)
    rows = [
        (
            Cell(str(name), bool(found.specialised[unit])), Cell(_effect(found, unit)),
            Cell(_p(found.q[unit])),
            Cell(_left(found.nulls["exchange"], unit)), Cell(_left(found.nulls.get("random"), unit)),
            Cell("" if found.random_rank is None else _p(found.random_rank[unit])),
        )
        for unit, name in enumerate(one.names(method), start=1)
        if found.significant[unit]
    ]  # fmt: skip
    caption = (
        f"{method}, {kind}: every head that is significant by r (layer.head, from 0), bold if specialised: "
        f"its effect remains over both nulls; effects below {LEAST:g} count as none. The last column is the "
        "share of heads of models with random weights whose effect is as large."
    )
    header = ("head", "r", "q", "over composition", "over random weights", "random as large")
    return Table(caption, header, tuple(rows))


def _substitutions(one: Shown) -> Table:
    """Area between replacing by relevance and in random order."""
    rows = [
        (
            Cell(method), Cell(f"{area.upper} over {area.lower}"), Cell(interval(*area.estimate)),
            Cell("yes" if area.excludes_0 else "no"),
        )
        for method, found in one.areas.items()
        for area in found
        if area.measure == _MEASURE
    ]  # fmt: skip
    caption = (
        "Residues replaced, 1, 2, 4, ... 64 of them, by relevance (most, least) and at random: areas between "
        f"the curves of the {_MEASURE}, with 95% intervals."
    )
    return Table(caption, ("method", "curves", "area", "excludes 0"), tuple(rows), words=2)


def _evaluations(one: Shown) -> Table:
    scores = {
        (run, score.metric): score
        for run, found in one.scores.items()
        for score in found
        if score.level == "letters"
    }
    runs = list(dict.fromkeys(run for run, _ in scores))
    metrics = [metric for metric in _EVALUATED if (runs[0], metric) in scores]
    rows = tuple((Cell(run), *(Cell(_mean(scores[run, metric])) for metric in metrics)) for run in runs)
    return Table("Some scores of relevome evaluate, means with 95% intervals.", ("method", *metrics), rows)


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _learnt(one: Shown) -> list[str]:
    """How good a model is, and that nothing is called specialised of one that is not good enough."""
    below = not_specialised(one.quality)
    said = [described(one.quality, one.asked.model)]
    return said if below is None else [*said, f"{one.asked.model}: {below}"]


def _words(one: Shown) -> Iterator[str]:
    """What carries the relevance, and what nulls leave of it."""
    learnt = not verdict(one.quality).below
    for method, kind in one.tests:
        found = one.tested(method, kind)
        residues = f"{method}, {kind}: r of residues is {_effect(found, 0)}, p {_p(found.p[0])}"
        heads = f"{_significant(found)} of {len(one.names(method))} heads are significant by r"
        others = one.others(method, kind)
        if not learnt:
            counts = ", ".join(f"{_significant(other)} by {other.metric}" for other in others)
            yield f"{residues}; {heads} ({counts})"
            continue
        special = list(map(str, one.specialised(method, kind)))
        named = f" ({', '.join(special)})" * bool(special)
        counts = ", ".join(
            f"{_significant(other)} and {other.specialised[1:].sum()} by {other.metric}" for other in others
        )
        yield f"{residues}; {heads}, {len(special)} specialised{named} (significant and specialised {counts})"


def _significant(found: Effect) -> int:
    return int(found.significant[1:].sum())


def _effect(found: Effect, unit: int) -> str:
    """A median and its interval, empty where no protein has one."""
    values = [float(part[unit]) for part in found.effect]
    return "" if np.isnan(values).any() else interval(*values)


def _left(found: Against | None, unit: int) -> str:
    if found is None or np.isnan(found.median[unit]) or np.isnan(found.q[unit]):
        return ""
    return f"{number(float(found.median[unit]))} (q {_p(found.q[unit])})"


def _p(value: float) -> str:
    return "" if np.isnan(value) else number(float(value))


def _mean(one: MetricScores) -> str:
    """A mean and its interval."""
    return interval(one.mean, one.low, one.high)
