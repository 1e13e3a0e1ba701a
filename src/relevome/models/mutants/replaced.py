"""Sequences with letters replaced, very many of them, and the scores that a model gives them.

Single and double substitutions are made here for whoever asks about pairs of letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int

from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target, TooLongError
from relevome.models.batching import LEAST_FILLED, like_lengths
from relevome.models.predictions import logits_or_errors
from relevome.models.questions import scores_of
from relevome.models.tokens import Tokens

POOLED = 4096  # inputs that are put in order of their lengths before they go through a model

T = TypeVar("T")


def with_letters(
    model: Model,
    wild: Tokens,
    places: Int[np.ndarray, "mutants changes"],
    letters: Int[np.ndarray, "mutants changes"],
) -> Iterator[Tokens]:
    """A sequence with letters replaced, tokenised afresh unless that could change no other token.

    Args:
        model: The model that reads it.
        wild: The sequence as it is.
        places: The letters of each mutant that are replaced, 0-based.
        letters: What stands there in their place, as indices of the alphabet.

    Raises:
        InputError: For a mutant with more tokens than the model takes.
    """
    ids = model.tokenizer.letter_ids()
    if ids is not None and model.tokenizer.one_letter_always and wild.one_letter_each:
        tokens, names = np.flatnonzero(~wild.special)[places], np.array(ids)[letters]
        for place, name in zip(tokens, names, strict=True):
            exchanged = wild.ids.copy()
            exchanged[place] = name
            yield wild.with_ids(exchanged)
        return
    alphabet = np.frombuffer(model.alphabet.letters.encode(), dtype=np.uint8)
    own = np.frombuffer(wild.sequence.letters.encode(), dtype=np.uint8)
    for place, names in zip(places, letters, strict=True):
        text = own.copy()
        text[place] = alphabet[names]
        try:
            yield model.tokenize(replace(wild.sequence, letters=text.tobytes().decode()))
        except TooLongError as error:
            raise InputError(f"with letters replaced, {error}") from error


def interaction(
    whole: float,
    first: Float[np.ndarray, "*pairs"],
    second: Float[np.ndarray, "*pairs"],
    both: Float[np.ndarray, "*pairs"],
) -> Float[np.ndarray, "*pairs"]:
    """What two substitutions do at once that is not the sum of what each does: f(ij) - f(i) - f(j) + f(0).

    ``whole`` is the score of the sequence as it is, the others those with one substitution, with the other,
    and with both (Greenside et al. 2018, Bioinformatics 34:i629-i637, doi 10.1093/bioinformatics/bty575).
    """
    return both - first - second + whole


def scores_of_each(model: Model, target: Target, asked: Iterable[Tokens]) -> Iterator[tuple[int, float]]:
    """The score of every input with its number, as they come; ``asked`` is read bit by bit.

    Raises InputError where the model fails, or a score is infinite or not a number.
    """
    for block in blocks(model, ((one, number) for number, one in enumerate(asked))):
        tokens, numbers = zip(*block, strict=True)
        batch = Batch(tokens, (target,) * len(tokens))
        found = logits_or_errors(model, batch, lambda all, some: scores_of(all, some, model.kind)[:, None])
        for number, score in zip(numbers, found, strict=True):
            if isinstance(score, InputError):
                raise score
            if not np.isfinite(score).all():
                raise InputError(
                    f"the score of sequence {tokens[0].sequence.id!r}, with letters changed, is infinite or "
                    "not a number: the model overflowed; use a wider --dtype"
                )
            yield number, float(score[0])


def blocks(model: Model, asked: Iterable[tuple[Tokens, T]]) -> Iterator[list[tuple[Tokens, T]]]:
    """Inputs that go through a model together, of like lengths, each with what the caller knows it by.

    Of equal lengths the order stays. No more than `POOLED` wait at a time.
    """
    waiting = iter(asked)
    while pool := list(islice(waiting, POOLED)):
        for places in like_lengths(model, [len(tokens) for tokens, _ in pool], LEAST_FILLED):
            yield [pool[place] for place in places]
