"""The k most relevant letters exchanged for another, against random ones: the performance curve.

Exchanged in order of relevance the prediction should change soon, in the reverse order late (Wenzel, Gruner,
Strodthoff 2024, doi 10.1093/bioinformatics/btae031, exchange residues for alanine). Every changed sequence is
tokenised afresh.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError
from relevome.evaluation.perturbation import (
    Erased,
    Eraser,
    Replacement,
    falling_order,
    replacement,
    sequence_rng,
    unit_values,
)
from relevome.evaluation.predictions import answers
from relevome.evaluation.scoring import Asked
from relevome.models.base import Model, Target
from relevome.progress import Progress, nobody
from relevome.results.substitution import Exchange, Exchanged


def exchanged_curves(
    model: Model,
    sequences: list[Sequence],
    targets: list[Target],
    relevance: list[np.ndarray],
    exchange: Exchange | None = None,
    progress: Progress = nobody,
) -> list[Exchanged | InputError]:
    """Curves of every sequence, its target and the relevance of its letters; or why it has none.

    Where a sequence has fewer letters than a count, all are exchanged. Orders and random letters depend on
    the seed and the sequence, not on its relevance. ``progress`` is told when another is taken up.
    """
    exchange = exchange or Exchange()
    by = _replacement(exchange.by, model.alphabet)
    plans: list[_Plan | InputError] = []

    def asked() -> Iterator[Asked]:
        for sequence, target, values in zip(sequences, targets, relevance, strict=True):
            progress(1, len(sequences))
            try:
                plan, found = _plan(model, sequence, values, exchange, by)
            except InputError as error:
                plans.append(error)
                continue
            plans.append(plan)
            yield from ((one.tokens, target) for one in found)

    answered = answers(model, asked())
    first, results = 0, []
    for plan in plans:
        if isinstance(plan, _Plan):
            size = plan.paths * len(exchange.counts)
            results.append(plan.curves(answered[first : first + size], len(exchange.counts)))
            first += size
        else:
            results.append(plan)
    return results


@dataclass(frozen=True)
class _Plan:
    """What was asked of the model for one sequence: paths from the top, from the bottom, and random ones."""

    draws: int
    orders: int
    letters: int
    same: int
    others: int
    changed: int

    @property
    def paths(self) -> int:
        return 2 * self.draws + self.orders

    def curves(self, answered: Float[np.ndarray, "inputs 3"], counts: int) -> Exchanged:
        """From the answers, path after path."""
        paths = answered.reshape(self.paths, counts, 3)
        most, least, random = np.split(paths, [self.draws, 2 * self.draws])
        return Exchanged(most, least, random, self.letters, self.same, self.others, self.changed)


def _replacement(by: str, alphabet: Alphabet) -> Replacement:
    return Replacement("random", _other_letters, drawn=True) if by == "random" else replacement(by, alphabet)


def _other_letters(sequence: Sequence, rng: np.random.Generator) -> str:
    """For every letter another one of the alphabet's own, each as likely."""
    letters = sequence.alphabet.letters
    return "".join(rng.choice([one for one in letters if one != own]) for own in sequence.letters)


def _plan(
    model: Model, sequence: Sequence, relevance: np.ndarray, exchange: Exchange, by: Replacement
) -> tuple[_Plan, list[Erased]]:
    wild = model.tokenize(sequence)
    rng = sequence_rng(exchange.seed, sequence)
    values = unit_values(relevance, wild, "letters")
    places = np.array([i for i, letter in enumerate(sequence.letters) if letter != exchange.by], dtype=int)
    if not len(places):
        raise InputError(
            f"sequence {sequence.id!r} has no letter other than {exchange.by}: nothing to exchange"
        )
    erasers = [Eraser(model, wild, "letters", by, rng) for _ in range(exchange.orders if by.drawn else 1)]
    random = [rng.permutation(places) for _ in range(exchange.orders)]
    order = places[falling_order(values[places], rng)]
    paths = [(order, one) for one in erasers] + [(order[::-1], one) for one in erasers]
    paths += [(one, erasers[i % len(erasers)]) for i, one in enumerate(random)]
    found = [
        one
        for path, eraser in paths
        for one in eraser.without_each(_first(path, exchange, len(wild.sequence)))
    ]
    sums = sum(one.others for one in found), sum(one.changed for one in found)
    same = len(sequence) - len(places)
    return _Plan(len(erasers), len(random), len(places), same, *sums), found


def _first(
    order: Int[np.ndarray, " places"], exchange: Exchange, letters: int
) -> Bool[np.ndarray, "counts letters"]:
    """The first letters of an order, for every count."""
    gone = np.zeros((len(exchange.counts), letters), dtype=bool)
    for row, count in zip(gone, exchange.counts, strict=True):
        row[order[:count]] = True
    return gone
