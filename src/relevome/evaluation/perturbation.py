"""How letters are taken away from a sequence, and what that does to the tokens of the others.

Every way to take letters away is a filler: a sequence of the same length, or of mask tokens, whose letters
stand in for those that are taken away. So sequences that lose more and more letters are nested, and what has
lost all of them is the filler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.data.sequences import Alphabet, Sequence
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.errors import InputError
from relevome.models.base import Model, TooLongError
from relevome.models.tokens import Tokens
from relevome.results.evaluation.scores import Level


@dataclass(frozen=True)
class Replacement:
    """What stands in for letters that are taken away.

    ``fill`` gives as many letters as the sequence has, or is None for the mask token; ``drawn`` says that
    they are others every time.
    """

    name: str
    fill: Callable[[Sequence, np.random.Generator], str] | None
    drawn: bool = False


def replacement(name: str, alphabet: Alphabet) -> Replacement:
    """The replacement called ``unknown``, ``mask``, ``random``, ``shuffle``, or by the one letter it is.

    ``unknown`` is the alphabet's letter for any letter (N, X). ``random`` draws every letter with equal
    chance, its own included. ``shuffle`` keeps the counts of pairs of neighbours. ``A`` is alanine for
    proteins. ``mask`` exchanges ids: the mask token stands where a token was, and nothing is tokenised
    afresh. Where tokens overlap, those beside still show its letters. ESM-2 with ``token_dropout`` rescales
    all other embeddings by the share of masks, so a curve is then about that: prefer ``unknown`` there.
    """
    known = {
        "unknown": Replacement("unknown", lambda sequence, _: alphabet.unknown * len(sequence)),
        "mask": Replacement("mask", None),
        "random": Replacement("random", _random_letters, drawn=True),
        "shuffle": Replacement(
            "shuffle", lambda sequence, rng: dinucleotide_shuffle(sequence.letters, rng), drawn=True
        ),
    }
    if len(name) == 1 and name in alphabet:
        return Replacement(name, lambda sequence, _: name * len(sequence))
    if name not in known:
        raise InputError(
            f"unknown replacement {name!r}: expected {', '.join(known)}, or one {alphabet.name} letter of "
            f"{alphabet.all_letters}"
        )
    return known[name]


def notes_on_masks(model: Model, name: str) -> list[str]:
    """What to know of a model in which masks change the embeddings of what is not masked."""
    if name != "mask" or not getattr(getattr(model.module, "config", None), "token_dropout", False):
        return []
    return [
        "this model rescales its embeddings by the share of mask tokens (token_dropout), so that "
        "faithfulness by mask is about that: prefer --replacement unknown"
    ]


def _random_letters(sequence: Sequence, rng: np.random.Generator) -> str:
    return "".join(rng.choice(list(sequence.alphabet.letters), len(sequence)))


def sequence_rng(seed: int, sequence: Sequence) -> np.random.Generator:
    """Draws for one sequence that do not depend on which others are beside it."""
    return np.random.default_rng([seed, crc32(sequence.letters.encode())])


def unit_values(
    relevance: Float[np.ndarray, " all"], wild: Tokens, level: Level
) -> Float[np.ndarray, " units"]:
    """Relevance of every unit: of letters as it is, of tokens without the special ones.

    Raises ``InputError`` where it does not fit the sequence as the model's tokenizer reads it.
    """
    expected = len(wild) if level == "tokens" else len(wild.sequence)
    if relevance.shape != (expected,):
        raise InputError(
            f"relevance of sequence {wild.sequence.id!r} has shape {relevance.shape}: expected one value for "
            f"each of its {expected} {level}, as this model's tokenizer reads it"
        )
    if not np.isfinite(relevance).all():
        raise InputError(f"relevance of sequence {wild.sequence.id!r} is infinite or not a number somewhere")
    return relevance[~wild.special] if level == "tokens" else relevance


def falling_order(values: Float[np.ndarray, " units"], rng: np.random.Generator) -> Int[np.ndarray, " units"]:
    """Units by falling relevance; the order of those that tie is drawn."""
    return np.lexsort((rng.random(len(values)), -values))


@dataclass(frozen=True, eq=False)
class Erased:
    """A sequence without some of its letters, tokenised.

    Where only ids were exchanged, its letters and texts are still those of the whole sequence. Of the
    ``others``, the ordinary tokens none of whose letters was taken away, ``changed`` are not in it; where
    nothing was taken away, there are no others to speak of.
    """

    tokens: Tokens
    others: int = 0
    changed: int = 0


class Eraser:
    """Takes units away from one sequence, with one filler: letters, or tokens with all their letters.

    Units are the letters, or the tokens that are not special, from left to right. Raises ``InputError`` for
    masks where a letter is no token of its own, or where the model has none.
    """

    def __init__(
        self, model: Model, wild: Tokens, level: Level, by: Replacement, rng: np.random.Generator
    ) -> None:
        self._model = model
        self._wild = wild
        self._by = by
        self._ordinary = np.flatnonzero(~wild.special)
        whole = level == "tokens"
        letters = np.arange(len(wild.sequence))
        self._starts = wild.starts[self._ordinary] if whole else letters
        self._ends = wild.ends[self._ordinary] if whole else letters + 1
        self._letters = by.fill(wild.sequence, rng) if by.fill else None
        self._tokens = self._masks(whole) if self._letters is None else self._aligned(self._letters)

    def __len__(self) -> int:
        return len(self._starts)

    def without(self, units: Bool[np.ndarray, "units"]) -> Erased:
        """The sequence without these units, tokenised afresh unless that could change no other token."""
        return self.without_each(units[None])[0]

    def without_each(self, units: Bool[np.ndarray, "inputs units"]) -> list[Erased]:
        """What `without` gives for each row, quicker than one by one."""
        if self._tokens is not None:
            return self._exchanged(self._tokens, units)
        return [self._afresh(row) for row in units]

    def _afresh(self, units: Bool[np.ndarray, "units"]) -> Erased:
        if not units.any():
            return Erased(self._wild)
        gone = self._covered(self._starts[units], self._ends[units])
        tokens = self._tokenised(self._mixed(gone, self._letters or ""))
        others = self._ordinary[_untouched(self._wild, gone)[self._ordinary]]
        kept = np.isin(_names(self._wild)[others], _names(tokens))
        return Erased(tokens, len(others), int((~kept).sum()))

    def _exchanged(self, filler: Tokens, units: Bool[np.ndarray, "inputs units"]) -> list[Erased]:
        """Ids of the filler at some places: there every token stands for the same letters in both."""
        gone = np.zeros((len(units), len(self._wild)), dtype=bool)
        gone[:, self._ordinary] = units
        ids = np.where(gone, filler.ids, self._wild.ids)
        others = np.where(units.any(1), (~units).sum(1), 0)
        return [
            Erased(self._wild.with_ids(row), number) for row, number in zip(ids, others.tolist(), strict=True)
        ]

    def _mixed(self, gone: Bool[np.ndarray, "letters"], filler: str) -> Sequence:
        """The sequence with letters of the filler where its own are gone."""
        own = self._wild.sequence
        pair = (np.frombuffer(letters.encode(), dtype=np.uint8) for letters in (filler, own.letters))
        return replace(own, letters=np.where(gone, *pair).tobytes().decode())

    def _covered(
        self, starts: Int[np.ndarray, "gone"], ends: Int[np.ndarray, "gone"]
    ) -> Bool[np.ndarray, "letters"]:
        """Letters under some stretches."""
        depth = np.zeros(len(self._wild.sequence) + 1, dtype=int)
        np.add.at(depth, starts, 1)
        np.add.at(depth, ends, -1)
        return np.cumsum(depth)[:-1] > 0

    def _tokenised(self, sequence: Sequence) -> Tokens:
        try:
            return self._model.tokenize(sequence)
        except TooLongError as error:
            raise InputError(f"with letters replaced by {self._by.name!r}, {error}") from error

    def _aligned(self, letters: str) -> Tokens | None:
        """The filler's tokens, if taking some of them leaves the others as they are."""
        if not (self._model.tokenizer.one_letter_always and self._wild.one_letter_each):
            return None
        tokens = self._tokenised(replace(self._wild.sequence, letters=letters))
        return tokens if tokens.one_letter_each and len(tokens) == len(self._wild) else None

    def _masks(self, whole: bool) -> Tokens:
        mask = self._model.tokenizer.mask_id
        if mask is None:
            raise InputError("the model has no mask token: expected another replacement, such as unknown")
        if not whole and not self._wild.one_letter_each:
            raise InputError(
                "a mask hides whole tokens, and here a token is more than a letter: take tokens away, or "
                "expected another replacement, such as unknown"
            )
        return replace(self._wild, ids=np.where(self._wild.special, self._wild.ids, mask))


def _untouched(tokens: Tokens, gone: Bool[np.ndarray, "letters"]) -> Bool[np.ndarray, "tokens"]:
    """Whether none of a token's letters is gone."""
    before = np.concatenate([[0], np.cumsum(gone)])
    return before[tokens.ends] == before[tokens.starts]


def _names(tokens: Tokens) -> Int[np.ndarray, "tokens"]:
    """One number for the start, the end and the id of every token (ids below a billion)."""
    return (tokens.starts * (len(tokens.sequence) + 1) + tokens.ends) * 1_000_000_000 + tokens.ids
