"""Variants by models of whole sequences: the alternative's answer minus that of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as List
from math import isfinite, isnan
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from relevome.data.variants.windows import VariantWindows
from relevome.discovery.variants.letter_tokens import LetterTokens
from relevome.discovery.variants.strands import StrandedWindow, overflowed, stranded
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.models.predictions import Outputs
from relevome.models.responses import (
    Response,
    answers_or_errors,
    probabilities_of_target,
    scores_of_target,
)
from relevome.results.variants.effect import VariantEffect

# Score, probability and log-odds; what there is not is NaN.
_Numbers: TypeAlias = tuple[float, float, float]


def sequence_effects(
    model: Model, targets: List[Target], windows: List[VariantWindows], both_strands: bool
) -> list[list[VariantEffect] | InputError]:
    """What every variant does to every target; the error of one at which the model fails.

    Equal letters are asked about once, as the reference of several alternatives.
    """
    asked: dict[StrandedWindow, str] = {}
    for one in windows:
        for readings in stranded(one, both_strands):
            asked |= dict.fromkeys(readings, one.variant.name)
    answers = _answers(model, targets, asked)
    return [_effects(targets, one, both_strands, answers) for one in windows]


def _answers(
    model: Model, targets: List[Target], asked: dict[StrandedWindow, str]
) -> dict[StrandedWindow, list[_Numbers] | InputError]:
    """The numbers of every target, for every reading."""
    found: dict[StrandedWindow, list[_Numbers] | InputError] = {}
    known: dict[StrandedWindow, Response] = {}
    tokens, tokenize = [], LetterTokens(model)
    for reading, name in asked.items():
        try:
            tokens.append((reading, tokenize(reading.sequence(name, model.alphabet))))
        except InputError as error:
            found[reading] = error
    answers = answers_or_errors(model, [(one, targets[0]) for _, one in tokens])
    for (reading, _), answer in zip(tokens, answers, strict=True):
        if isinstance(answer, InputError):
            found[reading] = answer
        else:
            known[reading] = answer
    numbers = zip(*(_numbers(list(known.values()), target) for target in targets), strict=True)
    found.update((reading, list(each)) for reading, each in zip(known, numbers, strict=True))
    return found


def _effects(
    targets: List[Target],
    windows: VariantWindows,
    both_strands: bool,
    answers: dict[StrandedWindow, list[_Numbers] | InputError],
) -> list[VariantEffect] | InputError:
    found: list[list[list[_Numbers]]] = []  # of either allele, of every reading, of every target
    for readings in stranded(windows, both_strands):
        some: list[list[_Numbers]] = []
        for reading in readings:
            said = answers[reading]
            if isinstance(said, InputError):
                return said
            some.append(said)
        found.append(some)
    effects: list[VariantEffect] = []
    for place, target in enumerate(targets):
        reference, alternative = (_mean([numbers[place] for numbers in some]) for some in found)
        if not (isfinite(reference[0]) and isfinite(alternative[0])):
            return overflowed(windows)
        index = None if target.is_likelihood else target.index
        scores, chances, odds = zip(map(_known, reference), map(_known, alternative), strict=True)
        effects.append(VariantEffect(target.label, index, *scores, *chances, *odds))
    return effects


def _known(number: float) -> float | None:
    return None if isnan(number) else number


def _mean(numbers: list[_Numbers]) -> _Numbers:
    """The mean of each."""
    if len(numbers) == 1:
        return numbers[0]
    score, probability, log_odds = np.mean(numbers, axis=0).tolist()
    return score, probability, log_odds


def _numbers(responses: List[Response], target: Target) -> Iterator[_Numbers]:
    """Of every response, all of one kind."""
    if not responses:
        return iter(())
    logits, kind = np.stack([one.logits for one in responses]), responses[0].kind
    scores = scores_of_target(logits, target)
    nothing = np.full(len(logits), np.nan)
    chance, log_odds = probabilities_of_target(logits, target, kind), nothing
    if chance is not None:
        log_odds = log_odds_of(logits, target.index, kind)
    columns = (scores, nothing if chance is None else chance, log_odds)
    return zip(*(column.tolist() for column in columns), strict=True)


def log_odds_of(
    logits: Float[np.ndarray, "sequences outputs"], index: int, kind: Outputs
) -> Float[np.ndarray, " sequences"]:
    """Log p / (1 - p) of an output, from logits: of one class of several against all others."""
    if kind == "any of several":
        return logits[:, index]
    others = np.delete(logits, index, axis=1)
    return logits[:, index] - np.logaddexp.reduce(others, axis=1)
