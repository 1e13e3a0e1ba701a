"""What a model says of every letter of sequences in which single letters are substituted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.mutants.replaced import blocks, with_letters
from relevome.models.predictions import logits_or_errors
from relevome.models.tokens import Tokens

_ANY = Target(0, "")
UNCHANGED = -1  # the place of the substitution that is none


@dataclass(frozen=True, eq=False)
class LetterLogits:
    """Logits of every letter of a sequence, for some of its mutants.

    Attributes:
        number: Which of the sequences that were asked about, from 0.
        places: The letter of each mutant that is another one, 0-based; `UNCHANGED` for the sequence itself.
        letters: What stands there, as an index of the alphabet.
        logits: What the model says of every letter: of a language model one logit for each letter of the
            alphabet, else one for each output. Of the first letter of a causal model, that nothing predicts,
            they mean nothing.
    """

    number: int
    places: Int[np.ndarray, " mutants"]
    letters: Int[np.ndarray, " mutants"]
    logits: Float[np.ndarray, "mutants letters outputs"]


def check_says_letters(model: Model) -> None:
    """Raises InputError for a model that has nothing to say of every letter, or reads several in a token."""
    if not model.kind.by_letter:
        raise InputError(
            f"{model.source.path} has outputs for whole sequences, none for every letter: expected a "
            "language model or one with outputs for every letter, or --method epistasis"
        )
    letters = model.tokenizer
    if letters.overlapping or not letters.one_letter_always or letters.letter_ids() is None:
        raise InputError(
            f"{model.source.path} reads tokens of several letters, of which single ones cannot be "
            "substituted: expected a model that reads single letters"
        )


def outputs_of_letters(model: Model) -> int:
    """How many logits are read of every letter."""
    return len(model.alphabet.letters) if model.kind.language else len(model.labels)


def substituted_logits(
    model: Model, sequences: Sequence[Tokens]
) -> Iterator[LetterLogits | tuple[int, InputError]]:
    """Logits of every letter, of each sequence and then of it with each letter replaced by each other one.

    Mutants go through the model in blocks, those of several sequences together, so that what is held does
    not grow with a sequence. Of each sequence the unchanged one comes first, and places rise. A sequence at
    which the model fails gives its number and error.

    Args:
        model: A model that says something of every letter; see `check_says_letters`.
        sequences: Any, as the model's tokenizer reads them. An ambiguous letter is replaced by all letters
            of the alphabet, and is never put in. Of causal models the last letter is never replaced, since
            nothing behind it would see that.
    """
    failed: set[int] = set()
    ids = model.tokenizer.letter_ids() if model.kind.language else None
    read = partial(_of_letters, ahead=model.kind.ahead, ids=ids)
    for block in blocks(model, _mutants(model, sequences, failed)):
        tokens, told = zip(*block, strict=True)
        found = logits_or_errors(model, Batch(tokens, (_ANY,) * len(tokens)), read)
        numbers = np.array([number for number, _, _ in told])
        for number in dict.fromkeys(numbers.tolist()):
            some = [at for at in np.flatnonzero(numbers == number) if number not in failed]
            error = next((found[at] for at in some if isinstance(found[at], InputError)), None)
            if isinstance(error, InputError):
                failed.add(number)
                yield number, error
            elif some:
                size = len(sequences[number].sequence)
                logits = np.stack([np.asarray(found[at])[:size] for at in some])
                places, letters = np.array([told[at][1:] for at in some]).T
                if np.isfinite(logits).all():
                    yield LetterLogits(number, places, letters, logits)
                    continue
                failed.add(number)
                yield number, _overflowed(sequences[number])


def _overflowed(tokens: Tokens) -> InputError:
    return InputError(
        f"a logit of sequence {tokens.sequence.id!r}, perhaps with a letter changed, is infinite or not a "
        "number: the model overflowed; use a wider --dtype"
    )


def _mutants(
    model: Model, sequences: Sequence[Tokens], failed: set[int]
) -> Iterator[tuple[Tokens, tuple[int, int, int]]]:
    """Longest first: every sequence, then its mutants, with its number, the place and the letter."""
    for number in sorted(range(len(sequences)), key=lambda one: -len(sequences[one])):
        wild = sequences[number]
        yield wild, (number, UNCHANGED, UNCHANGED)
        places, letters = substitutions(model, wild)
        made = with_letters(model, wild, places[:, None], letters[:, None])
        for mutant, place, letter in zip(made, places.tolist(), letters.tolist(), strict=True):
            if number in failed:
                break
            yield mutant, (number, place, letter)


def substitutions(
    model: Model, wild: Tokens
) -> tuple[Int[np.ndarray, " mutants"], Int[np.ndarray, " mutants"]]:
    """Places and letters of all single substitutions that another letter could see, places rising."""
    alphabet, own = model.alphabet.letters, wild.sequence.letters
    last = len(own) - 1 if model.kind.ahead else len(own)
    pairs = [(at, to) for at in range(last) for to, letter in enumerate(alphabet) if letter != own[at]]
    places, letters = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return places, letters


def _of_letters(logits: Tensor, batch: Batch, ahead: int, ids: list[int] | None) -> Tensor:
    """The logits of the letters of a batch, in its order; sequences that are shorter are filled up."""
    places = [np.maximum(np.flatnonzero(~one.special) - ahead, 0) for one in batch.tokens]
    at = np.zeros((len(places), max(map(len, places))), dtype=np.int64)
    for row, some in zip(at, places, strict=True):
        row[: len(some)] = some
    rows = torch.arange(len(at), device=logits.device)[:, None]
    found = logits[rows, torch.from_numpy(at).to(logits.device)]
    return found if ids is None else found[..., ids]
