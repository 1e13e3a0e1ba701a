"""Tokens of single letters looked up in a table, for tokenizers that read every letter by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Int

from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError
from relevome.models.tokens import CodedTexts, Tokens

_CODES = 128  # letters of every alphabet are ASCII
_NONE = -1

Places: TypeAlias = tuple[Int[np.ndarray, "tokens"], Int[np.ndarray, "tokens"], Bool[np.ndarray, "tokens"]]


@dataclass(frozen=True, eq=False)
class LetterTable:
    """The token of every letter, and those before and behind all sequences; tried against the tokenizer.

    ``ids`` has the token of each ASCII code, -1 where the tokenizer was not asked.
    """

    before: Int[np.ndarray, "before"]
    ids: Int[np.ndarray, "codes"]
    after: Int[np.ndarray, "after"]
    texts: dict[int, str]

    @classmethod
    def of(cls, encode: Callable[[Sequence], Tokens], alphabet: Alphabet) -> LetterTable | None:
        """The table of a tokenizer that gives ``encode``, or None where it does not read letter by letter.

        It is read off single letters, and has to give the same where any letter is behind any other. Where
        codes for several letters spoil that, as where a tokenizer takes two that it does not know for one,
        they have no place in it; nor has a letter that the tokenizer refuses.
        """
        tables = (
            cls._read(encode, alphabet, letters) for letters in (alphabet.all_letters, alphabet.letters)
        )
        return next((table for table in tables if table is not None and table._holds(encode, alphabet)), None)

    @classmethod
    def _read(
        cls, encode: Callable[[Sequence], Tokens], alphabet: Alphabet, letters: str
    ) -> LetterTable | None:
        own = encode(Sequence("probe", alphabet.letters, alphabet))
        if not own.one_letter_each:
            return None
        first, last = np.flatnonzero(~own.special)[[0, -1]]
        ids = np.full(_CODES, _NONE)
        texts = dict(zip(own.ids.tolist(), own.texts, strict=True))
        for letter in letters:
            try:
                alone = encode(Sequence("probe", letter, alphabet))
            except InputError:
                continue
            ids[ord(letter)] = alone.ids[first]
            texts |= zip(alone.ids.tolist(), alone.texts, strict=True)
        return cls(own.ids[:first], ids, own.ids[last + 1 :], texts)

    def _holds(self, encode: Callable[[Sequence], Tokens], alphabet: Alphabet) -> bool:
        known = [letter for letter in alphabet.all_letters if self.knows(letter)]
        probes = [*known, "".join(map("".join, product(known, repeat=2)))]
        return all(self._agrees(encode, Sequence("probe", letters, alphabet)) for letters in probes)

    def knows(self, letter: str) -> bool:
        """Whether a letter has a token here."""
        return bool(self.ids[ord(letter)] != _NONE)

    @cached_property
    def _known(self) -> str:
        """All letters that have a token here."""
        return "".join(map(chr, np.flatnonzero(self.ids != _NONE)))

    @cached_property
    def _words(self) -> tuple[tuple[str, ...], Int[np.ndarray, "ids"]]:
        """All texts, and the number among them of that of every id."""
        numbers = np.full(max(self.texts) + 1, _NONE)
        numbers[list(self.texts)] = np.arange(len(self.texts))
        return tuple(self.texts.values()), numbers

    def read(self, letters: str) -> tuple[Int[np.ndarray, "tokens"], CodedTexts] | None:
        """Ids and texts of the tokens of letters; None if there are none, or one is not in the table."""
        if not letters or letters.strip(self._known):
            return None
        found = self.ids.take(np.frombuffer(letters.encode("ascii"), dtype=np.uint8))
        around = len(self.before) or len(self.after)
        ids = np.concatenate([self.before, found, self.after]) if around else found
        words, numbers = self._words
        return ids, CodedTexts(numbers.take(ids), words)

    def places(self, letters: int) -> Places:
        """First letter, the one behind the last, and whether it is special, of every token."""
        starts, ends, special = _places(len(self.before), letters, len(self.after))
        return starts.copy(), ends.copy(), special.copy()

    def _agrees(self, encode: Callable[[Sequence], Tokens], sequence: Sequence) -> bool:
        own, found = encode(sequence), self.read(sequence.letters)
        if found is None or own.texts != found[1]:
            return False
        arrays = own.ids, own.starts, own.ends, own.special
        pairs = zip(arrays, (found[0], *self.places(len(sequence))), strict=True)
        return all(np.array_equal(one, other) for one, other in pairs)


@lru_cache(maxsize=256)
def _places(before: int, letters: int, after: int) -> Places:
    none = np.zeros(before, dtype=int), np.zeros(after, dtype=int)
    starts = np.concatenate([none[0], np.arange(letters), none[1]])
    ends = np.concatenate([none[0], np.arange(1, letters + 1), none[1]])
    return starts, ends, ends == starts
