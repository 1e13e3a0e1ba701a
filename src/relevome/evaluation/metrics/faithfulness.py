"""Faithfulness: does the prediction go when the relevant letters go, and stay when they stay?

Letters (or tokens with all their letters) are taken away, most relevant first (MoRF) and least relevant first
(LeRF), and the model is asked again (Samek et al. 2017). Where units tie, their order is drawn. All numbers
are in logits of the target, so a prediction falls where relevance was right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Int

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.perturbation import (
    Eraser,
    Replacement,
    falling_order,
    replacement,
    sequence_rng,
    unit_values,
)
from relevome.evaluation.questions import AskedRows, Reply, one_argument
from relevome.evaluation.scoring import Asked, Scorer
from relevome.models.base import Model, Target
from relevome.results.evaluation.curves import FaithfulnessCurves
from relevome.results.evaluation.scores import Level
from relevome.results.evaluation.settings import EvaluationSettings

FAST_SHARES = tuple(i / 10 for i in range(11))
RATIONALES = (0.01, 0.05, 0.1, 0.2, 0.5)
SHARES = (0.0, 0.01, *(round(0.05 * i, 2) for i in range(1, 20)), 0.99, 1.0)

SAMEK = "Samek et al. 2017, IEEE TNNLS 28:2660-2673, doi 10.1109/TNNLS.2016.2599820"
RANDOM = "that of random orders, which the curves hold"
DEYOUNG = "DeYoung et al. 2020, ACL 4443-4458, doi 10.18653/v1/2020.acl-main.408"


@dataclass(frozen=True)
class Removal:
    """How letters are taken away, and in how many steps.

    ``by`` is the name of a `replacement`, of which ``draws`` are made where it is drawn; ``shares`` of the
    units, from 0 to 1, are taken away. Random orders come in ``random_pairs``: one, and its reverse.
    """

    by: str = "unknown"
    level: Level = "letters"
    shares: tuple[float, ...] = SHARES
    draws: int = 3
    random_pairs: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        steps = np.diff(self.shares)
        if len(self.shares) < 2 or (self.shares[0], self.shares[-1]) != (0, 1) or not (steps > 0).all():
            raise InputError(f"shares to take away are {self.shares}: expected rising numbers from 0 to 1")
        if min(self.draws, self.random_pairs) < 1:
            raise InputError(
                f"{self.draws} draws and {self.random_pairs} pairs of random orders: expected one or more"
            )

    @classmethod
    def of(cls, settings: EvaluationSettings, level: Level) -> Removal:
        """As an evaluation asks for it."""
        shares, fillers = (FAST_SHARES, 1) if settings.fast else (SHARES, 3)
        return cls(settings.replacement, level, shares, fillers, settings.draws // 2, settings.seed)


@dataclass(frozen=True)
class CurvesQuestion:
    """How the score falls as letters or tokens are taken away by their relevance."""

    def levels(self, settings: EvaluationSettings) -> tuple[Level, ...]:
        """All that were asked for."""
        return settings.levels

    def ask(self, rows: AskedRows, level: Level) -> Reply:
        """Curves of every row; those of random orders come with them."""
        removal = Removal.of(rows.settings, level)
        own = rows.own(faithfulness_curves, level, removal)
        null = rows.of_shuffles(faithfulness_curves, level, removal)
        random = [[] if isinstance(one, InputError) else one.of_random_orders() for one in own]
        found = {
            row.sequence_id: one
            for row, one in zip(rows.rows, own, strict=True)
            if isinstance(one, FaithfulnessCurves)
        }
        return Reply(one_argument(own, random, null), curves=found, notes=_changed(found.values(), level))


def _changed(found: Iterable[FaithfulnessCurves], level: Level) -> list[str]:
    """How far tokens changed of which no letter was taken away."""
    counts = [(one.changed, one.others) for one in found]
    changed, others = (sum(some) for some in zip(*counts, strict=True)) if counts else (0, 0)
    if not changed:
        return []
    return [
        f"taking {level} away changed {changed / others:.1%} of the other tokens too, since sequences are "
        "tokenised afresh"
    ]


Compute: TypeAlias = Callable[[FaithfulnessCurves], float]


def _faithfulness(
    name: str, higher_is_better: bool, chance: str, source: str
) -> Callable[[Compute], Compute]:
    def enter(compute: Compute) -> Compute:
        entry = Metric(
            name, "faithfulness", higher_is_better, compute, source, chance=chance, question=CurvesQuestion()
        )
        metrics.register(name)(entry)
        return compute

    return enter


@_faithfulness("area-between-curves", True, "0", SAMEK)
def area(curves: FaithfulnessCurves) -> float:
    """Area between the LeRF and the MoRF curve: their mean difference, in logits. Random orders: 0."""
    return float(np.trapezoid(curves.lerf - curves.morf, curves.shares))


@_faithfulness("normalised-area-between-curves", True, "0", SAMEK)
def normalised_area(curves: FaithfulnessCurves) -> float:
    """The area between the curves over the range of scores on random orders, so that models compare.

    The range, from the lowest to the highest score, is the same for every explanation of a sequence. 0 where
    it is 0: then the model does not look at the sequence.
    """
    span = float(np.ptp(curves.random))
    return area(curves) / span if span > 0 else 0.0


@_faithfulness("comprehensiveness", True, RANDOM, DEYOUNG)
def comprehensiveness(curves: FaithfulnessCurves) -> float:
    """How far the score falls without the most relevant letters, in logits.

    The mean over 1, 5, 10, 20 and 50% of the letters (AOPC), on straight lines between the shares.
    """
    return float(curves.morf[0] - np.interp(RATIONALES, curves.shares, curves.morf).mean())


@_faithfulness("sufficiency", False, RANDOM, DEYOUNG)
def sufficiency(curves: FaithfulnessCurves) -> float:
    """How far the score falls with nothing but the most relevant letters, in logits; the less the better.

    The mean over 1, 5, 10, 20 and 50% of the letters (AOPC), on straight lines between the shares.
    """
    taken = 1 - np.array(RATIONALES)
    return float(curves.morf[0] - np.interp(taken, curves.shares, curves.lerf).mean())


def faithfulness_curves(
    model: Model,
    sequences: list[Sequence],
    targets: list[Target],
    relevance: list[np.ndarray],
    removal: Removal | None = None,
    scorer: Scorer | None = None,
) -> list[FaithfulnessCurves | InputError]:
    """Curves of every sequence, its target and its relevance; one that cannot be asked gives its error.

    Relevance is over letters, or at the level of tokens over all tokens, of which special ones stay. Fillers
    and random orders depend on the seed and the sequence, not on its relevance, so that explanations
    of a sequence meet the same ones. A ``scorer`` shared between calls computes what they share once.
    """
    removal = removal or Removal()
    by = replacement(removal.by, model.alphabet)
    plans: list[_Plan | InputError] = []

    def asked() -> Iterator[Asked]:
        for one in zip(sequences, targets, relevance, strict=True):
            try:
                plan, inputs = _plan(model, *one, removal, by)
            except InputError as error:
                plans.append(error)
                continue
            plans.append(plan)
            yield from inputs

    scores = iter((scorer or Scorer(model)).scores(asked()))
    return [plan if isinstance(plan, InputError) else plan.curves(removal, scores) for plan in plans]


@dataclass(frozen=True)
class _Plan:
    """What was asked of the model for one sequence."""

    draws: int
    others: int
    changed: int

    def curves(self, removal: Removal, scores: Iterator[float]) -> FaithfulnessCurves:
        """From the next scores of all, path after path."""
        shape = (2 * self.draws + 2 * removal.random_pairs, len(removal.shares))
        paths = np.array([next(scores) for _ in range(shape[0] * shape[1])]).reshape(shape)
        own, random = paths[: 2 * self.draws], paths[2 * self.draws :]
        return FaithfulnessCurves(
            np.array(removal.shares), own[::2].mean(0), own[1::2].mean(0), random, self.others, self.changed
        )


def _plan(
    model: Model,
    sequence: Sequence,
    target: Target,
    relevance: np.ndarray,
    removal: Removal,
    by: Replacement,
) -> tuple[_Plan, list[Asked]]:
    """All inputs of one sequence: for every order and its reverse, every share taken away."""
    wild = model.tokenize(sequence)
    rng = sequence_rng(removal.seed, sequence)
    erasers = [Eraser(model, wild, removal.level, by, rng) for _ in range(removal.draws if by.drawn else 1)]
    random = [rng.permutation(len(erasers[0])) for _ in range(removal.random_pairs)]
    order = falling_order(unit_values(relevance, wild, removal.level), rng)
    own = [(order, eraser) for eraser in erasers]
    pairs = own + [(order, erasers[i % len(erasers)]) for i, order in enumerate(random)]
    found = [
        one
        for order, eraser in pairs
        for path in (order, order[::-1])
        for one in eraser.without_each(_first(path, removal.shares))
    ]
    counts = sum(one.others for one in found), sum(one.changed for one in found)
    return _Plan(len(erasers), *counts), [(one.tokens, target) for one in found]


def _first(order: Int[np.ndarray, " units"], shares: tuple[float, ...]) -> Bool[np.ndarray, "shares units"]:
    """The first units of an order, for every share; to the nearest number of units."""
    rank = np.argsort(order)
    counts = [int(share * len(order) + 0.5) for share in shares]
    return rank < np.array(counts)[:, None]
