"""What metrics ask the model of a run: about sequences without letters, shuffles, other weights, or anything.

A family of metrics that asks the model has a `Question` in its own file. It is asked about `AskedRows` and
gives a `Reply`: what the metrics take for every row, or why not, and what else comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np

from relevome.data.sequences import Sequence as Letters
from relevome.engines.base import Engine, in_order
from relevome.errors import InputError
from relevome.evaluation.explainer import Explainer
from relevome.evaluation.own_mutagenesis import OwnMutagenesis, own_mutagenesis
from relevome.evaluation.perturbation import sequence_rng
from relevome.evaluation.scoring import Scorer
from relevome.evaluation.units import relevance_at, with_special_tokens
from relevome.models.base import Model, Target
from relevome.progress import Progress, nobody
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.curves import FaithfulnessCurves
from relevome.results.evaluation.scores import Level
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.run.columns import Explanation

How = TypeVar("How")

# Asks a model about sequences, their targets and relevance, in some way: one answer each, or why not.
Ask: TypeAlias = Callable[[Model, list[Letters], list[Target], list[np.ndarray], How, Scorer], list[Any]]


@dataclass(frozen=True)
class Answer:
    """What the metrics of a question take for one sequence: each time all arguments of ``compute``.

    ``own`` is of its relevance; ``random`` of random orders of that, ``null`` of explanations of its
    shuffles, both as many as were asked about; ``model`` of the model's own mutagenesis in place of its
    relevance, where that says something.
    """

    own: tuple[Any, ...]
    random: Sequence[tuple[Any, ...]] = ()
    null: Sequence[tuple[Any, ...]] = ()
    model: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Reply:
    """What came of a question: an answer for every row, or why there is none; and what else is to be kept.

    ``curves`` of faithfulness by sequence id, ``layers`` as an `Evaluation` has them, ``checks`` that were
    made with the answers, and ``notes`` on what else should be known.
    """

    answers: Sequence[Answer | InputError]
    curves: Mapping[str, FaithfulnessCurves] | None = None
    layers: Mapping[str, float] | None = None
    checks: Sequence[Check] = ()
    notes: Sequence[str] = ()


@runtime_checkable
class Question(Protocol):
    """What a family of metrics asks of the model of a run; metrics that share one share its answers."""

    def levels(self, settings: EvaluationSettings) -> tuple[Level, ...]:
        """At which levels it is asked, of those that were asked for or others."""
        ...

    def ask(self, rows: AskedRows, level: Level) -> Reply:
        """Ask it about all rows; answers in their order."""
        ...


@dataclass(frozen=True)
class AskedRows:
    """Rows of a run about which its model is asked, and explanations of their shuffles by sequence id.

    A score that was computed is known to all questions, and so is the model's own mutagenesis.
    """

    explainer: Explainer
    rows: list[Explanation]
    nulls: Mapping[str, list[Explanation]]
    settings: EvaluationSettings
    scorer: Scorer = field(repr=False)
    engine: Engine | str = "local"
    _mutagenesis: list[OwnMutagenesis | InputError] = field(default_factory=list, repr=False)

    def sequences(self) -> list[Letters]:
        """The sequence of every row."""
        return [self.explainer.sequence(row) for row in self.rows]

    def targets(self) -> list[Target]:
        """The target of every row."""
        return [self.explainer.target(row) for row in self.rows]

    def own(self, ask: Ask[How], level: Level, how: How) -> list[Any]:
        """What a function gives for every row."""
        values = [relevance_at(row, level, self.settings.how) for row in self.rows]
        return self._asked(ask, level, how, self.rows, values)

    def of_shuffles(self, ask: Ask[How], level: Level, how: How) -> list[list[Any]]:
        """What it gives for the shuffles of every row, without those that are refused."""
        shuffles = [null for row in self.rows for null in self.nulls.get(row.sequence_id, ())]
        values = [relevance_at(null, level, self.settings.how) for null in shuffles]
        found = self._asked(ask, level, how, shuffles, values)
        nulls: dict[str, list[Any]] = {row.sequence_id: [] for row in self.rows}
        for null, one in zip(shuffles, found, strict=True):
            if not isinstance(one, InputError):
                nulls[null.sequence_id].append(one)
        return [nulls[row.sequence_id] for row in self.rows]

    def mutagenesis(self) -> list[OwnMutagenesis | InputError]:
        """The model's own mutagenesis of every row, or why there is none; asked once."""
        if not self._mutagenesis:
            found = own_mutagenesis(self.explainer, self.rows, self.settings, self.engine)
            self._mutagenesis.extend(found)
        return self._mutagenesis

    @property
    def has_mutagenesis(self) -> bool:
        """Whether anything has asked for that."""
        return bool(self._mutagenesis)

    def explained_by_mutagenesis(self) -> dict[str, Explanation]:
        """Every row by the model's own mutagenesis, by its id, where that is of all letters."""
        return {
            row.sequence_id: own.as_row(row)
            for row, own in zip(self.rows, self.mutagenesis(), strict=True)
            if isinstance(own, OwnMutagenesis) and own.whole
        }

    def untrained(self) -> list[dict[str, Explanation]]:
        """Explanations of the rows, by their ids, by each model with random weights that is asked for."""
        seeds = (self.settings.seed + number for number in range(self.settings.random_models))
        made, rows = self.explainer, self.rows
        found = in_order(self.engine, lambda seed: made.untrained(rows, seed), seeds)
        return [{one.sequence_id: one for one in some} for some in found]

    def of_random_orders(self, ask: Ask[How], level: Level, how: How) -> list[list[Any]]:
        """What it gives for every row whose relevance is put into random orders."""
        orders = [
            self._asked(ask, level, how, self.rows, [self._permuted(row, level, draw) for row in self.rows])
            for draw in range(self.settings.draws)
        ]
        return [[found[place] for found in orders] for place in range(len(self.rows))]

    def _permuted(self, row: Explanation, level: Level, draw: int) -> np.ndarray:
        rng = sequence_rng(self.settings.seed + draw, self.explainer.sequence(row))
        return rng.permutation(relevance_at(row, level, self.settings.how))

    def _asked(
        self, ask: Ask[How], level: Level, how: How, rows: list[Explanation], values: list[np.ndarray]
    ) -> list[Any]:
        """Special tokens have no relevance, and stay where they are."""
        made = self.explainer
        sequences, targets = [made.sequence(row) for row in rows], [made.target(row) for row in rows]
        every = [with_special_tokens(own, row, level) for row, own in zip(rows, values, strict=True)]
        return ask(made.model, sequences, targets, every, how, self.scorer)


def one_argument(
    own: Sequence[Any], random: Sequence[Sequence[Any]], null: Sequence[Sequence[Any]]
) -> list[Answer | InputError]:
    """Answers of which each is the only argument of ``compute``; errors stay what they are."""
    return [
        one
        if isinstance(one, InputError)
        else Answer((one,), [(x,) for x in orders], [(x,) for x in shuffles])
        for one, orders, shuffles in zip(own, random, null, strict=True)
    ]


def drawn_rows(made: Explainer, rows: list[Explanation], settings: EvaluationSettings) -> list[Explanation]:
    """Those rows about which the model is asked, the same ones for every run of the same sequences."""
    if not settings.sequences:
        return rows
    drawn = {row.sequence_id: sequence_rng(settings.seed, made.sequence(row)).random() for row in rows}
    chosen = set(sorted(drawn, key=lambda name: drawn[name])[: settings.sequences])
    return [row for row in rows if row.sequence_id in chosen]


def asked_rows(
    made: Explainer,
    rows: list[Explanation],
    settings: EvaluationSettings,
    progress: Progress = nobody,
    engine: Engine | str = "local",
) -> AskedRows:
    """Those rows that are drawn, see `drawn_rows`, and their shuffles.

    ``progress`` is told when another row has its shuffles, and of how many. By the engine are explained
    shuffles and models with random weights, and by it is the model's own mutagenesis.
    """
    rows = drawn_rows(made, rows, settings)
    nulls: dict[str, list[Explanation]] = {}
    if settings.null:
        count, seed = settings.null, settings.seed
        found = in_order(engine, lambda row: made.shuffled(row, count, seed), rows)
        for row, shuffles in zip(rows, found, strict=True):
            nulls[row.sequence_id] = shuffles
            progress(1, len(rows))
    return AskedRows(made, rows, nulls, settings, Scorer(made.model), engine)
