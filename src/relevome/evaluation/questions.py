"""What the model of a run is asked again: about sequences without letters, shuffles, and random weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from relevome.data.sequences import Sequence as Letters
from relevome.errors import InputError
from relevome.evaluation.explainer import Explainer
from relevome.evaluation.measurement import Measured
from relevome.evaluation.metrics import Metric
from relevome.evaluation.metrics.faithfulness import Removal, faithfulness_curves
from relevome.evaluation.metrics.infidelity import Subsets, falls_of_subsets
from relevome.evaluation.metrics.robustness import Neighbours, explained_neighbours
from relevome.evaluation.metrics.sanity import Randomisation, weight_randomisation
from relevome.evaluation.perturbation import sequence_rng
from relevome.evaluation.scoring import Scorer
from relevome.evaluation.settings import Settings
from relevome.evaluation.units import Level, relevance_at
from relevome.models.base import Target
from relevome.results.run.columns import Explanation

Nulls: TypeAlias = Mapping[str, list[Explanation]]
Ask: TypeAlias = Callable[..., list[Any]]


@dataclass(frozen=True)
class Given:
    """What the metrics of a family take for one sequence: of its relevance, of random orders, of shuffles."""

    own: Any
    random: Sequence[Any] = ()
    null: Sequence[Any] = ()

    def measured(self, metric: Metric, sequence_id: str) -> Measured:
        """A metric of it."""
        means = [
            float(np.mean([metric.compute(one) for one in some])) if some else None
            for some in (self.random, self.null)
        ]
        return Measured(sequence_id, metric.compute(self.own), *means)


Found: TypeAlias = list[Given | InputError]


@dataclass(frozen=True)
class Asking:
    """Rows of a run about which its model is asked; a score that was computed is known to all metrics."""

    explainer: Explainer
    rows: list[Explanation]
    nulls: Nulls
    settings: Settings
    scorer: Scorer

    def given(self, need: str, level: Level) -> Found:
        """What metrics that need ``curves``, ``falls`` or ``neighbours`` take, row by row."""
        return {"curves": self._curves, "falls": self._falls, "neighbours": self._neighbours}[need](level)

    def randomisation(self) -> Randomisation:
        """Explanations after weights were randomised, layer by layer."""
        made = self.explainer
        return weight_randomisation(
            made.model, made.method, *self._questions(self.rows), lift=made.lift, readings=made.readings,
            seed=self.settings.seed,
        )  # fmt: skip

    def _curves(self, level: Level) -> Found:
        own, nulls = self._asked(faithfulness_curves, level, self.settings.removal(level))
        return [
            one if isinstance(one, InputError) else Given(one, one.of_random_orders(), null)
            for one, null in zip(own, nulls, strict=True)
        ]

    def _falls(self, level: Level) -> Found:
        subsets = self.settings.subsets(level)
        own, nulls = self._asked(falls_of_subsets, level, subsets)
        random = []
        for draw in range(self.settings.draws):
            values = [self._permuted(row, level, draw) for row in self.rows]
            random.append(self._answers(falls_of_subsets, self.rows, values, subsets))
        return [
            one if isinstance(one, InputError) else Given(one, [orders[i] for orders in random], nulls[i])
            for i, one in enumerate(own)
        ]

    def _neighbours(self, _: Level) -> Found:
        made, settings = self.explainer, self.settings
        sequences, targets = self._questions(self.rows)
        found = explained_neighbours(
            made.model, made.method, sequences, targets, settings.substitutions, made.lift, self.scorer,
            made.readings,
        )  # fmt: skip
        rng = np.random.default_rng(settings.seed)
        return [one if isinstance(one, InputError) else self._in_random_orders(one, rng) for one in found]

    def _in_random_orders(self, one: Neighbours, rng: np.random.Generator) -> Given:
        orders = (rng.permutation(one.relevance) for _ in range(self.settings.draws))
        return Given(one, [replace(one, relevance=order) for order in orders])

    def _asked(
        self, function: Ask, level: Level, how: Removal | Subsets
    ) -> tuple[list[Any], list[list[Any]]]:
        """What a function gives for every row, and for its shuffles, some of which may be refused."""
        own = self._answers(function, self.rows, [self._values(row, level) for row in self.rows], how)
        shuffles = [null for row in self.rows for null in self.nulls.get(row.sequence_id, ())]
        found = self._answers(function, shuffles, [self._values(null, level) for null in shuffles], how)
        nulls: dict[str, list[Any]] = {row.sequence_id: [] for row in self.rows}
        for null, one in zip(shuffles, found, strict=True):
            if not isinstance(one, InputError):
                nulls[null.sequence_id].append(one)
        return own, [nulls[row.sequence_id] for row in self.rows]

    def _answers(
        self, function: Ask, rows: list[Explanation], values: list[np.ndarray], how: Removal | Subsets
    ) -> list[Any]:
        return function(self.explainer.model, *self._questions(rows), values, how, self.scorer)

    def _questions(self, rows: list[Explanation]) -> tuple[list[Letters], list[Target]]:
        return [self.explainer.sequence(row) for row in rows], [self.explainer.target(row) for row in rows]

    def _values(self, row: Explanation, level: Level) -> np.ndarray:
        """Relevance of every letter, or of every token, where special ones have 0."""
        return _with_specials(row, level, relevance_at(row, level, self.settings.how))

    def _permuted(self, row: Explanation, level: Level, draw: int) -> np.ndarray:
        """The same in a random order; special tokens stay where they are."""
        rng = sequence_rng(self.settings.seed + draw, self.explainer.sequence(row))
        return _with_specials(row, level, rng.permutation(relevance_at(row, level, self.settings.how)))


def _with_specials(row: Explanation, level: Level, given: np.ndarray) -> np.ndarray:
    if level == "letters":
        return given
    values = np.zeros(len(row.tokens))
    values[row.token_start < row.token_end] = given
    return values
