"""One evaluation under way: which rows, which metrics, and what to say about them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relevome.data.sequences import Sequence, named_alphabet
from relevome.data.sites import Site, unplaced_sites
from relevome.errors import InputError
from relevome.evaluation.checks import checks
from relevome.evaluation.explainer import Explainer
from relevome.evaluation.measurement import Measured, Scores, evaluate_run, summarise
from relevome.evaluation.metrics import Metric
from relevome.evaluation.metrics.faithfulness import Curves
from relevome.evaluation.metrics.sanity import Randomisation
from relevome.evaluation.perturbation import sequence_rng
from relevome.evaluation.questions import Asking, Given
from relevome.evaluation.result import Evaluation
from relevome.evaluation.scoring import Scorer
from relevome.evaluation.settings import Settings
from relevome.evaluation.units import Level
from relevome.models.base import Model
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run, rows_of

# What metrics take that only the model can give; those of the second kind have no level but letters.
ASKED = ("curves", "falls", "neighbours")
ON_LETTERS = ("neighbours", "randomised")
NOT_DRAWN = "not drawn (--sequences)"

Say = Callable[[str], None]


def asks(metric: Metric) -> bool:
    """Whether a metric needs the model."""
    return bool({*ASKED, "randomised"} & set(metric.needs))


@dataclass(frozen=True)
class Work:
    """One evaluation under way."""

    run: Run
    settings: Settings
    truth: Mapping[str, list[Site]] | None
    explainer: Explainer | None
    wanted: list[Metric]
    notes: list[str]
    say: Say

    def evaluation(self, truth: dict[str, Any] | None) -> Evaluation:
        """Everything that was wanted; ``truth`` is what to keep of the known sites."""
        sequences = {
            row.sequence_id: hashlib.sha256(row.sequence.encode()).hexdigest()[:16] for row in self._rows()
        }
        self._note_sites()
        asking = self._asking(self.explainer) if self.explainer else None
        scores = [score for level in self.settings.levels for score in self._plain(level, asking)]
        curves: dict[Level, dict[str, Curves]] = {}
        randomisation = None
        if asking is not None:
            for need, level in self._questions():
                scores += self._family(asking, need, level, curves)
            randomisation = self._randomisation(asking, scores)
        self._note_curves(curves)
        if not scores:
            raise InputError(f"no metric of {self.run.path} could be computed: {'; '.join(self.notes)}")
        return Evaluation(
            self._about(truth),
            self.settings,
            sequences,
            tuple(sorted(scores, key=lambda one: (one.kind, one.metric, one.level))),
            tuple(checks(scores, randomisation, self.settings.seed)),
            curves,
            _layers(randomisation),
            tuple(self.notes),
        )

    def _rows(self) -> Iterator[Explanation]:
        return rows_of(self.run, self.settings.target)

    def _about(self, truth: dict[str, Any] | None) -> dict[str, Any]:
        said = self.run.manifest
        kept = (
            "method",
            "parameters",
            "lift",
            "average_strands",
            "tokenisations",
            "offsets",
            "model",
            "input",
        )
        target = next(self._rows()).target
        about = {"run": str(self.run.path), "target": target} | {name: said.get(name) for name in kept}
        return about | {"truth": truth}

    def _asking(self, made: Explainer) -> Asking:
        """The rows to ask about, the same ones for every run of the same sequences, and their shuffles."""
        self._note_masks(made.model)
        rows = list(self._rows())
        if self.settings.sequences:
            drawn = {r.sequence_id: sequence_rng(self.settings.seed, made.sequence(r)).random() for r in rows}
            chosen = set(sorted(drawn, key=lambda name: drawn[name])[: self.settings.sequences])
            rows = [row for row in rows if row.sequence_id in chosen]
        nulls: dict[str, list[Explanation]] = {}
        if self.settings.null:
            self.say("explaining shuffled sequences")
            seed, count = self.settings.seed, self.settings.null
            nulls = {row.sequence_id: made.shuffled(row, count, seed) for row in rows}
        return Asking(made, rows, nulls, self.settings, Scorer(made.model))

    def _plain(self, level: Level, asking: Asking | None) -> list[Scores]:
        """Metrics that take no more than relevance and known sites."""
        names = [metric.name for metric in self.wanted if not asks(metric)]
        nulls = asking.nulls if asking else {}
        settings = self.settings
        return (
            evaluate_run(
                self.run, names, self.truth, level=level, how=settings.how, target=settings.target,
                seed=settings.seed, draws=settings.draws, nulls=nulls,
            )
            if names
            else []
        )  # fmt: skip

    def _questions(self) -> list[tuple[str, Level]]:
        needed = [need for need in ASKED if any(need in metric.needs for metric in self.wanted)]
        return [
            (need, level)
            for need in needed
            for level in (("letters",) if need in ON_LETTERS else self.settings.levels)
        ]

    def _family(
        self, asking: Asking, need: str, level: Level, curves: dict[Level, dict[str, Curves]]
    ) -> list[Scores]:
        """All metrics that take the same answers of the model."""
        family = [metric for metric in self.wanted if need in metric.needs]
        self.say(f"{family[0].kind}, {level}")
        given = dict(zip([row.sequence_id for row in asking.rows], asking.given(need, level), strict=True))
        if need == "curves":
            curves[level] = {name: one.own for name, one in given.items() if isinstance(one, Given)}
        errors = {name: one for name, one in given.items() if isinstance(one, InputError)}
        left_out = _reasons(errors) | self._not_drawn(asking)
        kept = {name: one for name, one in given.items() if isinstance(one, Given)}
        return [
            score
            for metric in family
            for score in self._summarised(
                metric, level, [one.measured(metric, n) for n, one in kept.items()], left_out
            )
        ]

    def _randomisation(self, asking: Asking, scores: list[Scores]) -> Randomisation | None:
        metric = next((metric for metric in self.wanted if "randomised" in metric.needs), None)
        if metric is None:
            return None
        self.say("weight randomisation")
        found = asking.randomisation()
        measured = [
            Measured(row.sequence_id, float(value))
            for row, value in zip(asking.rows, found.similarity[-1], strict=True)
        ]
        scores += self._summarised(metric, "letters", measured, self._not_drawn(asking))
        return found

    def _summarised(
        self, metric: Metric, level: Level, measured: list[Measured], left_out: dict[str, int]
    ) -> list[Scores]:
        """The metric, or a note where it applies to too few sequences and nobody asked for it by name."""
        try:
            return [summarise(metric, level, measured, left_out, self.settings.seed)]
        except InputError as error:
            if self.settings.metrics:
                raise
            self.notes.append(str(error))
            return []

    def _not_drawn(self, asking: Asking) -> dict[str, int]:
        missing = sum(1 for _ in self._rows()) - len(asking.rows)
        return {NOT_DRAWN: missing} if missing else {}

    def _note_masks(self, model: Model) -> None:
        """Where masks change the embeddings of what is not masked."""
        if self.settings.replacement == "mask" and _rescales(model):
            self.notes.append(
                "this model rescales its embeddings by the share of mask tokens (token_dropout), so that "
                "faithfulness by mask is about that: prefer --replacement unknown"
            )

    def _note_sites(self) -> None:
        """Known sites on what is no sequence of the run. Raises InputError where all are, and are needed."""
        if self.truth is None:
            return
        alphabet = named_alphabet(self.run.manifest["alphabet"])
        read = (Sequence(row.sequence_id, row.sequence, alphabet, row.interval) for row in self._rows())
        unplaced = unplaced_sites(self.truth, read, "known sites")
        more = f" (and {len(unplaced) - 1:,} more such names)" if len(unplaced) > 1 else ""
        reason = f"{unplaced[0].reason}{more}" if unplaced else "it holds none"
        listed = sum(1 for sites in self.truth.values() if sites)
        if len(unplaced) == listed and any("mask" in metric.needs for metric in self.wanted):
            raise InputError(f"no sequence of {self.run.path} is in the file of known sites: {reason}")
        if unplaced:
            self.notes.append(f"known sites: {reason}")

    def _note_curves(self, curves: Mapping[Level, Mapping[str, Curves]]) -> None:
        """How far tokens changed of which no letter was taken away."""
        for level, found in curves.items():
            others = sum(one.others for one in found.values())
            changed = sum(one.changed for one in found.values())
            if changed:
                self.notes.append(
                    f"taking {level} away changed {changed / others:.1%} of the other tokens too, since "
                    "sequences are tokenised afresh"
                )


def _rescales(model: Model) -> bool:
    return bool(getattr(getattr(model.module, "config", None), "token_dropout", False))


def _layers(found: Randomisation | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {name: float(mean) for name, mean in zip(found.layers, found.similarity.mean(1), strict=True)}


def _reasons(errors: Mapping[str, InputError]) -> dict[str, int]:
    """How many sequences have each error; errors that differ in names and numbers only are one."""
    first: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name, error in errors.items():
        kind = re.sub(r"\d+", "", str(error).replace(repr(name), ""))
        reason = first.setdefault(kind, str(error))
        counts[reason] = counts.get(reason, 0) + 1
    return counts
