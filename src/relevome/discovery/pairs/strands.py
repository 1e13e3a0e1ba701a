"""Maps of pairs over sequences: every strand that is needed, one after the other, and put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float

from relevome.data.sequences import Sequence as Letters
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.mutants.every_letter import LetterLogits, check_says_letters, substituted_logits
from relevome.models.tokens import Tokens


@dataclass(frozen=True, eq=False)
class PairMap:
    """How strongly letters of a sequence go together in a model.

    Attributes:
        sequence: The sequence.
        values: At [i, j] what substituting letter i changes at letter j. 0 where i is j, NaN where nothing
            is known, as behind the letter of a causal model of proteins.
    """

    sequence: Letters
    values: Float[np.ndarray, "letters letters"]


class Gathered(Protocol):
    """What is kept of one strand as blocks of its mutants come."""

    def add(self, found: LetterLogits) -> None:
        """Take in some mutants; the first of all is the unchanged sequence."""
        ...


def strands(model: Model, sequence: Letters) -> tuple[Letters, ...]:
    """The sequence, and its other strand where a causal model reads nucleic acids.

    A causal model sees letters only before the one it predicts: each strand gives one half of the pairs.
    """
    if model.kind.ahead and model.alphabet.complements is not None:
        return sequence, sequence.reverse_complement()
    return (sequence,)


def seen_pairs(model: Model, letters: int) -> Bool[np.ndarray, "letters letters"]:
    """At [i, j] whether what is said of letter j can depend on letter i, on the strands that are read."""
    if not model.kind.ahead:
        return np.ones((letters, letters), dtype=bool)
    before = np.triu(np.ones((letters, letters), dtype=bool), 1)
    return before | before.T if model.alphabet.complements is not None else before


def put_together(
    maps: Sequence[Float[np.ndarray, "letters letters"]], causal: bool
) -> Float[np.ndarray, "letters letters"]:
    """One map of those of the strands: of a causal model of every pair that of the strand which sees it.

    Where there is no other strand, pairs that only it would see are NaN. A letter has 0 with itself.
    """
    values = maps[0].copy()
    if causal:
        behind = np.tri(len(values), k=-1, dtype=bool)
        values[behind] = maps[1][::-1, ::-1][behind] if len(maps) > 1 else np.nan
    np.fill_diagonal(values, 0.0)
    return values


def gathered(
    model: Model, sequences: Sequence[Letters], begin: Callable[[Tokens], Gathered]
) -> Iterator[tuple[int, list[Gathered] | InputError]]:
    """Of every sequence what was gathered of its strands, with its number, as soon as all of it is there.

    Raises InputError for a model that says nothing of single letters.
    """
    check_says_letters(model)
    every: list[tuple[int, Tokens]] = []
    waiting: dict[int, dict[int, Gathered | None]] = {}
    for number, sequence in enumerate(sequences):
        try:
            both = [model.tokenize(one) for one in strands(model, sequence)]
        except InputError as error:
            yield number, error
            continue
        waiting[number] = dict.fromkeys(range(len(every), len(every) + len(both)))
        every += [(number, tokens) for tokens in both]
    for strand, found in _by_strand(model, [tokens for _, tokens in every], begin):
        number = every[strand][0]
        if number not in waiting:  # its other strand has failed
            continue
        if isinstance(found, InputError):
            del waiting[number]
            yield number, found
            continue
        waiting[number][strand] = found
        done = [one for one in waiting[number].values() if one is not None]
        if len(done) == len(waiting[number]):
            del waiting[number]
            yield number, done


def _by_strand(
    model: Model, tokens: list[Tokens], begin: Callable[[Tokens], Gathered]
) -> Iterator[tuple[int, Gathered | InputError]]:
    """Every strand when the last of its mutants has come."""
    now: tuple[int, Gathered] | None = None
    for found in substituted_logits(model, tokens):
        if isinstance(found, tuple):
            now = None
            yield found
            continue
        if now is not None and now[0] != found.number:
            yield now
            now = None
        if now is None:
            now = found.number, begin(tokens[found.number])
        now[1].add(found)
    if now is not None:
        yield now
