"""Infidelity: does the relevance of letters that are taken away add up to the fall of the prediction?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.perturbation import (
    Eraser,
    Replacement,
    replacement,
    sequence_rng,
    unit_values,
)
from relevome.evaluation.questions import AskedRows, Reply, one_argument
from relevome.evaluation.scoring import Asked, Scorer
from relevome.models.base import Model, Target
from relevome.results.evaluation.scores import Level
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.words import counted

YEH = "Yeh et al. 2019, NeurIPS 32:10967-10978, equation 1"


@dataclass(frozen=True)
class Subsets:
    """Which letters are taken away together: ``draws`` subsets of as many as a share of the units, at random.

    ``by`` is the name of a `replacement`, drawn anew for every subset where it is drawn.
    """

    by: str = "unknown"
    level: Level = "letters"
    share: float = 0.1
    draws: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or self.draws < 1:
            raise InputError(
                f"{counted(self.draws, 'subset')} of a share of {self.share}: expected one or more, and a "
                "share above 0 up to 1"
            )

    @classmethod
    def of(cls, settings: EvaluationSettings, level: Level) -> Subsets:
        """As an evaluation asks for them."""
        return cls(settings.replacement, level, draws=20 if settings.fast else 50, seed=settings.seed)


@dataclass(frozen=True, eq=False)
class Falls:
    """For every subset taken away from a sequence: its relevance, and how far the score fell."""

    relevance: Float[np.ndarray, "subsets"]
    score: Float[np.ndarray, "subsets"]


def infidelity(falls: Falls) -> float:
    """Mean squared difference between the relevance of a subset and the fall of the score, in logits squared.

    A subset's relevance is the product of the perturbation and the explanation in the source, where relevance
    is what a letter adds over its replacement. For relevance that is in logits.
    """
    return float(np.mean((falls.relevance - falls.score) ** 2))


def scaled_infidelity(falls: Falls) -> float:
    """Infidelity after relevance was scaled as fits best, over the mean squared fall: from 0 to 1.

    For relevance in any unit; its sign stays. 1 is what no relevance at all comes to, which is also given
    where the score never falls.
    """
    total = float(np.mean(falls.score**2))
    power = float(np.mean(falls.relevance**2))
    if total == 0 or power == 0:
        return 1.0
    scale = max(0.0, float(np.mean(falls.relevance * falls.score))) / power
    return float(np.mean((scale * falls.relevance - falls.score) ** 2)) / total


@dataclass(frozen=True)
class FallsQuestion:
    """How far the score falls without random subsets of the letters or tokens."""

    def levels(self, settings: EvaluationSettings) -> tuple[Level, ...]:
        """All that were asked for."""
        return settings.levels

    def ask(self, rows: AskedRows, level: Level) -> Reply:
        """Subsets of every row, of its shuffles, and of random orders of its relevance."""
        subsets = Subsets.of(rows.settings, level)
        own = rows.own(falls_of_subsets, level, subsets)
        null = rows.of_shuffles(falls_of_subsets, level, subsets)
        return Reply(one_argument(own, rows.of_random_orders(falls_of_subsets, level, subsets), null))


for _name, _compute in (("infidelity", infidelity), ("scaled-infidelity", scaled_infidelity)):
    metrics.register(_name)(Metric(_name, "infidelity", False, _compute, YEH, question=FallsQuestion()))


def falls_of_subsets(
    model: Model,
    sequences: list[Sequence],
    targets: list[Target],
    relevance: list[np.ndarray],
    subsets: Subsets | None = None,
    scorer: Scorer | None = None,
) -> list[Falls | InputError]:
    """What taking subsets away did to every sequence; one that cannot be asked gives its error.

    Relevance is over letters, or at the level of tokens over all tokens, of which special ones stay. Subsets
    depend on the seed and the sequence, not on its relevance.
    """
    subsets = subsets or Subsets()
    by = replacement(subsets.by, model.alphabet)
    taken: list[np.ndarray | InputError] = []

    def asked() -> Iterator[Asked]:
        for sequence, target, values in zip(sequences, targets, relevance, strict=True):
            try:
                sums, inputs = _plan(model, sequence, target, values, subsets, by)
            except InputError as error:
                taken.append(error)
                continue
            taken.append(sums)
            yield from inputs

    scores = iter((scorer or Scorer(model)).scores(asked()))
    return [one if isinstance(one, InputError) else _falls(one, scores) for one in taken]


def _plan(
    model: Model,
    sequence: Sequence,
    target: Target,
    relevance: np.ndarray,
    subsets: Subsets,
    by: Replacement,
) -> tuple[Float[np.ndarray, "subsets"], list[Asked]]:
    """The relevance of every subset, and the inputs: the sequence, and it without each of them."""
    wild = model.tokenize(sequence)
    values = unit_values(relevance, wild, subsets.level).astype(np.float64)
    rng = sequence_rng(subsets.seed, sequence)
    count = max(1, int(subsets.share * len(values) + 0.5))
    eraser = Eraser(model, wild, subsets.level, by, rng)
    sums, inputs = [], [(wild, target)]
    for _ in range(subsets.draws):
        eraser = Eraser(model, wild, subsets.level, by, rng) if by.drawn else eraser
        gone = np.isin(np.arange(len(values)), rng.choice(len(values), count, replace=False))
        sums.append(values[gone].sum())
        inputs.append((eraser.without(gone).tokens, target))
    return np.array(sums), inputs


def _falls(sums: Float[np.ndarray, "subsets"], scores: Iterator[float]) -> Falls:
    whole = next(scores)
    return Falls(sums, np.array([whole - next(scores) for _ in sums]))
