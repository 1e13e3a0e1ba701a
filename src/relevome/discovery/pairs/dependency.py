"""Dependency maps: how far a substitution changes the odds of the letters elsewhere.

Tomaz da Silva, Karollus, Hingerl, Galindez, Wagner, Hernandez-Alias, Incarnato, Gagneur 2025, Nature Genetics
57:2589-2602, doi 10.1038/s41588-025-02347-3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import log

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import Sequence as Letters
from relevome.discovery.pairs.strands import PairMap, gathered, put_together
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.mutants.every_letter import UNCHANGED, LetterLogits
from relevome.models.predictions import Outputs, outputs
from relevome.models.tokens import Tokens


def dependency_maps(model: Model, sequences: Sequence[Letters]) -> Iterator[tuple[int, PairMap | InputError]]:
    """The dependency map of every sequence, with its number, as they come; or why there is none.

    At [i, j] is the largest |log2 odds(n at j | k at i) / odds(n at j | as it is)| over all letters k that
    are not at i, and all letters n (the first equation of the source's methods). Nothing is masked. Odds are
    among the letters of the alphabet, as in the source's code, which adds 1e-10 to each probability; here
    they come from the logits, and nothing need be added. Of a model with outputs for every letter n is an
    output, not a letter.

    Of a causal model i is before j, and of nucleic acids the pairs with i behind j come from the other
    strand: both halves are put together as they are. Of proteins pairs with i behind j are NaN.

    Args:
        model: A masked or causal language model, or one with outputs for every letter, reading single
            letters.
        sequences: Any that the model takes.

    Raises:
        InputError: For a model that reads tokens of several letters, or whose outputs are numbers or of whole
            sequences.
    """
    kind: Outputs = "one of several" if model.kind.language else outputs(model)
    if kind == "a number":
        raise InputError(f"{model.source.path} gives numbers, which have no odds: expected --method jacobian")
    for number, found in gathered(model, sequences, partial(_Largest, kind)):
        if isinstance(found, InputError):
            yield number, found
            continue
        maps = [one.values for one in found if isinstance(one, _Largest)]
        yield number, PairMap(sequences[number], put_together(maps, bool(model.kind.ahead)))


def log2_odds(logits: Float[np.ndarray, "*places outputs"], kind: Outputs) -> np.ndarray:
    """The logarithm to the base of 2 of p / (1 - p), of every output.

    Of one class of several, p is its softmax, and 1 - p is added up of the others, so that odds stay exact
    where p is 1 to rounding. Of any of several, p is the logistic function.
    """
    if kind == "any of several":
        return logits / log(2)
    best = logits.argmax(-1)[..., None]
    top = np.take_along_axis(logits, best, -1)
    away = logits - top
    others = np.exp(away)
    np.put_along_axis(others, best, 0.0, -1)
    rest = others.sum(-1, keepdims=True)  # of what is not the most probable one, whose share is 1
    odds = away - np.log1p(rest - others)
    np.put_along_axis(odds, best, -np.log(np.maximum(rest, np.finfo(float).tiny)), -1)
    return odds / log(2)


class _Largest:
    """The largest change of odds by every substitution of one strand."""

    def __init__(self, kind: Outputs, tokens: Tokens) -> None:
        self._kind: Outputs = kind
        self._own = np.zeros(0)
        self.values = np.zeros((len(tokens.sequence),) * 2)

    def add(self, found: LetterLogits) -> None:
        odds = log2_odds(found.logits, self._kind)
        if found.places[0] == UNCHANGED:
            self._own, odds = odds[0], odds[1:]
        places = found.places[found.places != UNCHANGED]
        np.maximum.at(self.values, places, np.abs(odds - self._own).max(-1))
