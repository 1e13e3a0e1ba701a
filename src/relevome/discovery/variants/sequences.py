"""Variants by models of whole sequences: the alternative's answer minus that of the reference."""

from __future__ import annotations

from collections.abc import Sequence as List

import numpy as np
from jaxtyping import Float

from relevome.data.variants.windows import VariantWindows
from relevome.discovery.variants.letter_tokens import LetterTokens
from relevome.discovery.variants.strands import StrandedWindow, overflowed, stranded
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.models.predictions import Outputs
from relevome.models.responses import Response, answers_or_errors
from relevome.results.variants.effect import VariantEffect


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
    answers = _answers(model, targets[0], asked)
    return [_effects(targets, one, both_strands, answers) for one in windows]


def _answers(
    model: Model, target: Target, asked: dict[StrandedWindow, str]
) -> dict[StrandedWindow, Response | InputError]:
    found: dict[StrandedWindow, Response | InputError] = {}
    tokens, tokenize = [], LetterTokens(model)
    for reading, name in asked.items():
        try:
            tokens.append((reading, tokenize(reading.sequence(name, model.alphabet))))
        except InputError as error:
            found[reading] = error
    answers = answers_or_errors(model, [(one, target) for _, one in tokens])
    return found | {reading: answer for (reading, _), answer in zip(tokens, answers, strict=True)}


def _effects(
    targets: List[Target],
    windows: VariantWindows,
    both_strands: bool,
    answers: dict[StrandedWindow, Response | InputError],
) -> list[VariantEffect] | InputError:
    found: list[list[Response]] = []
    for readings in stranded(windows, both_strands):
        said = [answers[reading] for reading in readings]
        failed = next((one for one in said if isinstance(one, InputError)), None)
        if failed is not None:
            return failed
        found.append([one for one in said if isinstance(one, Response)])
    effects = []
    for target in targets:
        reference, alternative = (
            np.mean([_numbers(one, target) for one in responses], axis=0).tolist() for responses in found
        )
        if not np.isfinite([reference[0], alternative[0]]).all():
            return overflowed(windows)
        known = [number for pair in zip(reference, alternative, strict=True) for number in pair]
        index = None if target.is_likelihood else target.index
        effects.append(VariantEffect(target.label, index, *(None if np.isnan(x) else x for x in known)))
    return effects


def _numbers(response: Response, target: Target) -> list[float]:
    """Score, probability and log-odds; what there is not is NaN."""
    probability = response.probability(target)
    if probability is None:
        return [response.score(target), np.nan, np.nan]
    return [response.score(target), probability, log_odds_of(response.logits, target.index, response.kind)]


def log_odds_of(logits: Float[np.ndarray, " outputs"], index: int, kind: Outputs) -> float:
    """Log p / (1 - p) of an output, from logits: of one class of several against all others."""
    if kind == "any of several":
        return float(logits[index])
    return float(logits[index] - np.logaddexp.reduce(np.delete(logits, index)))
