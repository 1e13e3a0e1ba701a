"""Robustness: is the explanation the same after a change of letters that leaves the prediction as it was?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from relevome.attribution import Method
from relevome.attribution.batches import ONCE, explain_sequences
from relevome.attribution.readings import Readings
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.perturbation import falling_order, sequence_rng
from relevome.evaluation.questions import Answer, AskedRows, Reply
from relevome.evaluation.scoring import Scorer
from relevome.models.base import Model, Target
from relevome.results.evaluation.scores import Level
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.words import counted

AGARWAL = "Agarwal et al. 2022, NeurIPS 35:15784-15799 (relative stability), for substitutions of letters"


@dataclass(frozen=True)
class Substitutions:
    """Which substitutions an explanation should not mind.

    Of ``draws`` single letters, none of them among the ``spared`` share that is most relevant by size, those
    are kept that move the logit by ``bound`` at most.
    """

    draws: int = 20
    bound: float = 0.1
    spared: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.draws < 1 or self.bound < 0 or not 0 <= self.spared < 1:
            raise InputError(
                f"{counted(self.draws, 'substitution')}, bound {self.bound}, spared share {self.spared}: "
                "expected one or more, a bound of 0 or more, and a share from 0 to below 1"
            )

    @classmethod
    def of(cls, settings: EvaluationSettings) -> Substitutions:
        """As an evaluation asks for them."""
        return cls(draws=5 if settings.fast else 20, seed=settings.seed)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The relevance of a sequence, and of its variants with one letter substituted; ``drawn`` were tried."""

    relevance: Float[np.ndarray, "letters"]
    variants: Float[np.ndarray, "variants letters"]
    drawn: int


def robust_correlation(neighbours: Neighbours) -> float:
    """Mean Pearson correlation of relevance before and after a substitution that changes no prediction.

    From -1 to 1; 0 where one of both tells no letter from another.
    """
    return _mean_of("pearson", neighbours)


def robust_overlap(neighbours: Neighbours) -> float:
    """Mean share of the most relevant tenth of letters that stays so after such a substitution.

    By signed relevance; letters that tie for the last places share them evenly.
    """
    return _mean_of("top-k-overlap", neighbours)


def _mean_of(similarity: str, neighbours: Neighbours) -> float:
    compute = metrics[similarity].compute
    return float(np.mean([compute(neighbours.relevance, variant) for variant in neighbours.variants]))


@dataclass(frozen=True)
class NeighboursQuestion:
    """How sequences are explained in which a letter was substituted."""

    def levels(self, settings: EvaluationSettings) -> tuple[Level, ...]:
        """Letters, whatever was asked for: tokens are others after a substitution."""
        return ("letters",)

    def ask(self, rows: AskedRows, level: Level) -> Reply:
        """Every row and its variants explained; in random orders its own relevance alone."""
        made, settings = rows.explainer, rows.settings
        found = explained_neighbours(
            made.model, made.method, rows.sequences(), rows.targets(), Substitutions.of(settings), made.lift,
            rows.scorer, made.readings,
        )  # fmt: skip
        rng = np.random.default_rng(settings.seed)
        return Reply(
            [one if isinstance(one, InputError) else _answer(one, settings.draws, rng) for one in found]
        )


def _answer(one: Neighbours, draws: int, rng: np.random.Generator) -> Answer:
    orders = (rng.permutation(one.relevance) for _ in range(draws))
    return Answer((one,), [(replace(one, relevance=order),) for order in orders])


for _name, _compute in (("robust-correlation", robust_correlation), ("robust-overlap", robust_overlap)):
    metrics.register(_name)(
        Metric(_name, "robustness", True, _compute, AGARWAL, question=NeighboursQuestion())
    )


def explained_neighbours(
    model: Model,
    method: Method,
    sequences: list[Sequence],
    targets: list[Target],
    substitutions: Substitutions | None = None,
    lift: str = "split",
    scorer: Scorer | None = None,
    readings: Readings = ONCE,
) -> list[Neighbours | InputError]:
    """Every sequence and its variants explained; one that cannot be, or has no variant, gives its error.

    With several ``readings`` its relevance is their mean, and so is the logit that has to stay.
    """
    substitutions = substitutions or Substitutions()
    scorer = scorer or Scorer(model)
    found: list[Neighbours | InputError] = []
    for sequence, target in zip(sequences, targets, strict=True):
        try:
            found.append(_neighbours(model, method, sequence, target, substitutions, lift, scorer, readings))
        except InputError as error:
            found.append(error)
    return found


def _neighbours(
    model: Model,
    method: Method,
    sequence: Sequence,
    target: Target,
    substitutions: Substitutions,
    lift: str,
    scorer: Scorer,
    readings: Readings,
) -> Neighbours:
    (own,) = _explained(model, method, [sequence], target, lift, readings)
    tried = _variants(sequence, target, own, substitutions)
    scores = _scores(model, [sequence, *tried], target, scorer, readings)
    kept = [
        one
        for one, score in zip(tried, scores[1:], strict=True)
        if abs(score - scores[0]) <= substitutions.bound
    ]
    if not kept:
        raise InputError(
            f"none of {counted(len(tried), 'substitution')} left the logit of sequence {sequence.id!r} "
            f"within {substitutions.bound:g}: expected a wider bound or more draws"
        )
    variants = np.stack(_explained(model, method, kept, target, lift, readings))
    return Neighbours(own, variants, len(tried))


def _scores(
    model: Model, sequences: list[Sequence], target: Target, scorer: Scorer, readings: Readings
) -> Float[np.ndarray, " sequences"]:
    """The logit of every sequence, its mean over readings."""
    asked = (
        (readings.tokens(model, sequence, reading), reading.target(model, target, sequence))
        for sequence in sequences
        for reading in readings.all
    )
    return scorer.scores(asked).reshape(len(sequences), -1).mean(1)


def _explained(
    model: Model,
    method: Method,
    sequences: list[Sequence],
    target: Target,
    lift: str,
    readings: Readings,
) -> list[Float[np.ndarray, " letters"]]:
    tracks = []
    for result in explain_sequences(model, method, sequences, [target], lift=lift, readings=readings):
        if isinstance(result, InputError):
            raise result
        tracks.append(result.track.values.astype(np.float64))
    return tracks


def _variants(
    sequence: Sequence, target: Target, relevance: np.ndarray, substitutions: Substitutions
) -> list[Sequence]:
    """The sequence with one letter substituted, each in another place or by another letter."""
    rng = sequence_rng(substitutions.seed, sequence)
    order = falling_order(np.abs(relevance), rng)
    free = [p for p in order[int(np.ceil(substitutions.spared * len(order))) :] if p not in target.letters]
    choices = [
        (int(p), letter)
        for p in sorted(free)
        for letter in sequence.alphabet.letters
        if letter != sequence.letters[p]
    ]
    drawn = rng.permutation(len(choices))[: substitutions.draws]
    return [_substituted(sequence, *choices[i]) for i in drawn]


def _substituted(sequence: Sequence, position: int, letter: str) -> Sequence:
    letters = sequence.letters
    return replace(sequence, letters=letters[:position] + letter + letters[position + 1 :])
