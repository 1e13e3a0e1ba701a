"""Variants by models of whole sequences: the alternative's answer minus that of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as List
from functools import cache, partial
from itertools import repeat
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float

from relevome.data.variants.windows import VariantWindows
from relevome.discovery.variants.letter_tokens import LetterTokens
from relevome.discovery.variants.strands import (
    OtherLetter,
    StrandedWindow,
    other_letter,
    overflowed,
    stranded,
)
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.models.mutants.beside import SubstitutedToken, logits_with_substitutions, substitutes_quickly
from relevome.models.predictions import Outputs, outputs_of
from relevome.models.responses import answers_or_errors, probabilities_of_target, scores_of_target
from relevome.models.tokens import Tokens
from relevome.results.variants.effect import VariantEffect

# Readings of either allele of a variant.
_Alleles: TypeAlias = tuple[list[StrandedWindow], list[StrandedWindow]]


class _Asked(NamedTuple):
    """Readings with their names, in the order in which they are asked about.

    ``others`` are those that differ in one letter from another of them, which is before them.
    """

    names: dict[StrandedWindow, str]
    others: dict[StrandedWindow, OtherLetter]


class _Answers(NamedTuple):
    """Score, probability and log-odds of every reading, in its row; what there is not is NaN.

    ``failed`` are the errors of readings at which the model fails.
    """

    rows: dict[StrandedWindow, int]
    numbers: Float[np.ndarray, "readings targets 3"]
    failed: dict[StrandedWindow, InputError]


def sequence_effects(
    model: Model, targets: List[Target], windows: List[VariantWindows], both_strands: bool
) -> list[list[VariantEffect] | InputError]:
    """What every variant does to every target; the error of one at which the model fails.

    Equal letters are asked about once, as the reference of several alternatives. Where one letter is another
    and the model `substitutes_quickly`, only what that changes is computed of the alternative.
    """
    asked, read = _Asked({}, {}), [stranded(one, both_strands) for one in windows]
    for one, (reference, alternative) in zip(windows, read, strict=True):
        asked.names.update(zip((*reference, *alternative), repeat(one.variant.name), strict=False))
        for old, new in zip(reference, alternative, strict=False):
            other = other_letter(one, old, model.alphabet)
            if other is not None:
                asked.others[new] = other
    return _effects(targets, windows, read, _answers(model, targets, asked))


def _answers(model: Model, targets: List[Target], asked: _Asked) -> _Answers:
    """The numbers of every target, for every reading."""
    failed: dict[StrandedWindow, InputError] = {}
    plain: dict[StrandedWindow, Tokens] = {}
    quick: dict[StrandedWindow, Tokens] = {}
    substituted: dict[StrandedWindow, SubstitutedToken] = {}
    rows: dict[StrandedWindow, int] = {}
    tokenize, pays = LetterTokens(model), cache(partial(substitutes_quickly, model))
    for reading, name in asked.names.items():
        other = asked.others.get(reading)
        if other is not None and other.reading in quick:
            found = tokenize.substitution(quick[other.reading], other.place, other.letter)
            if found is not None:
                substituted[reading] = SubstitutedToken(rows[other.reading], *found)
                continue
        try:
            tokens = tokenize(reading.sequence(name, model.alphabet))
        except InputError as error:
            failed[reading] = error
            continue
        if pays(len(tokens)):
            rows[reading] = len(quick)
            quick[reading] = tokens
        else:
            plain[reading] = tokens
    logits: dict[StrandedWindow, np.ndarray] = {}
    answers = answers_or_errors(model, [(one, targets[0]) for one in plain.values()])
    for reading, answer in zip(plain, answers, strict=True):
        if isinstance(answer, InputError):
            failed[reading] = answer
        else:
            logits[reading] = answer.logits
    own, others = logits_with_substitutions(model, [*quick.values()], [*substituted.values()])
    logits.update(zip((*quick, *substituted), (*own, *others), strict=True))
    numbers = _numbers([*logits.values()], targets, outputs_of(model, targets[0]))
    return _Answers({reading: row for row, reading in enumerate(logits)}, numbers, failed)


def _numbers(
    logits: List[Float[np.ndarray, " outputs"]], targets: List[Target], kind: Outputs
) -> Float[np.ndarray, "readings targets 3"]:
    """The numbers of every target, of logits of all outputs."""
    found = np.full((len(logits), len(targets), 3), np.nan)
    if logits:
        every = np.stack(logits)
        for place, target in enumerate(targets):
            found[:, place, 0] = scores_of_target(every, target)
            chance = probabilities_of_target(every, target, kind)
            if chance is not None:
                found[:, place, 1] = chance
                found[:, place, 2] = log_odds_of(every, target.index, kind)
    return found


def _effects(
    targets: List[Target], windows: List[VariantWindows], read: List[_Alleles], answers: _Answers
) -> list[list[VariantEffect] | InputError]:
    errors = [_error(pair, answers) for pair in read] if answers.failed else [None] * len(read)
    there = [pair for pair, error in zip(read, errors, strict=True) if error is None]
    alleles = [_means([pair[number] for pair in there], answers) for number in (0, 1)]
    fits = np.atleast_1d(np.isfinite(np.stack(alleles)[..., 0]).all(axis=(0, 2)))
    columns = [_of_target(target, *(one[:, n] for one in alleles)) for n, target in enumerate(targets)]
    effects = zip(fits, zip(*columns, strict=True), strict=True)
    found: list[list[VariantEffect] | InputError] = []
    for one, error in zip(windows, errors, strict=True):
        if error is not None:
            found.append(error)
            continue
        finite, some = next(effects)
        found.append([*some] if finite else overflowed(one))
    return found


def _error(alleles: _Alleles, answers: _Answers) -> InputError | None:
    """Why there is nothing to be said of a variant."""
    return next((answers.failed[one] for some in alleles for one in some if one in answers.failed), None)


def _means(
    readings: List[list[StrandedWindow]], answers: _Answers
) -> Float[np.ndarray, "variants targets 3"]:
    """The means of the readings of an allele, of every variant."""
    rows = [[answers.rows[one] for one in some] for some in readings]
    if all(len(some) == 1 for some in rows):
        return answers.numbers[[some[0] for some in rows]]
    return np.stack([answers.numbers[some].mean(0) for some in rows])


def _of_target(
    target: Target, reference: Float[np.ndarray, "variants 3"], alternative: Float[np.ndarray, "variants 3"]
) -> Iterator[VariantEffect]:
    """What every variant does to a target."""
    index = None if target.is_likelihood else target.index
    both = np.stack([reference, alternative], 2).reshape(len(reference), 6).T
    columns = [
        [None if gone else value for value, gone in zip(some.tolist(), np.isnan(some).tolist(), strict=True)]
        for some in both
    ]
    return map(VariantEffect, repeat(target.label), repeat(index), *columns)


def log_odds_of(
    logits: Float[np.ndarray, "sequences outputs"], index: int, kind: Outputs
) -> Float[np.ndarray, " sequences"]:
    """Log p / (1 - p) of an output, from logits: of one class of several against all others."""
    if kind == "any of several":
        return logits[:, index]
    others = np.delete(logits, index, axis=1)
    return logits[:, index] - np.logaddexp.reduce(others, axis=1)
