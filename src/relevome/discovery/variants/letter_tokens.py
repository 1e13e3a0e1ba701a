"""Tokens of many sequences for a model that reads single letters, out of a table instead of its tokenizer."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Int

from relevome.data.sequences import Sequence
from relevome.models.base import Model
from relevome.models.tokens import Tokens

_KNOWN_BYTES = 128  # letters are ASCII


class LetterTokens:
    """The tokens that `Model.tokenize` gives, for sequences of few lengths in a fraction of its time.

    Where each letter is a token whatever is beside it, sequences of one length differ in ids alone. Any other
    model, and a letter that has no id, is left to `Model.tokenize`.

    Args:
        model: The model.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._alike: dict[int, Tokens] = {}
        self._places: dict[int, Int[np.ndarray, " letters"]] = {}

    def __call__(self, sequence: Sequence) -> Tokens:
        """Tokens of a sequence. Raises InputError as `Model.tokenize` does."""
        table = self._table
        if table is None or sequence.alphabet != self._model.alphabet:
            return self._model.tokenize(sequence)
        alike = self._alike.get(len(sequence))
        if alike is None:
            alike = self._alike[len(sequence)] = self._model.tokenize(sequence)
        letters = table[np.frombuffer(sequence.letters.encode("ascii"), dtype=np.uint8)]
        if self._some_unknown and letters.min() < 0:
            return self._model.tokenize(sequence)
        ids = letters
        if len(alike) > len(letters):
            ids = alike.ids.copy()
            ids[~alike.special] = letters
        return Tokens.known(sequence, ids, alike.starts, alike.ends, alike.special, alike.texts)

    def substitution(self, tokens: Tokens, letter: int, other: str) -> tuple[int, int] | None:
        """The token of a letter, and its id with another letter there; None where that changes others too.

        Args:
            tokens: Tokens of a sequence, as this gives them.
            letter: Which of its letters, 0-based.
            other: What is in its place.
        """
        table = self._table
        if table is None or table[ord(other)] < 0:
            return None
        size = len(tokens.sequence)
        if size not in self._places:
            self._places[size] = np.flatnonzero(~tokens.special)
        places = self._places[size]
        return (int(places[letter]), int(table[ord(other)])) if len(places) == size else None

    @cached_property
    def _some_unknown(self) -> bool:
        """Whether the alphabet has a letter without an id."""
        every = np.frombuffer(self._model.alphabet.all_letters.encode("ascii"), dtype=np.uint8)
        return self._table is None or bool((self._table[every] < 0).any())

    @cached_property
    def _table(self) -> Int[np.ndarray, " bytes"] | None:
        """The id of every letter, -1 of one that has none; None where ids do not stand by themselves."""
        tokenizer, alphabet = self._model.tokenizer, self._model.alphabet
        if not tokenizer.one_letter_always:
            return None
        known = alphabet.all_letters if tokenizer.unknown_id is not None else alphabet.letters
        # every letter beside itself and beside every other kind
        probe = tokenizer.encode(Sequence("probe", known + known[::-1], alphabet))
        ids = probe.ids[~probe.special]
        if not probe.one_letter_each or (ids != ids[::-1]).any():
            return None
        table = np.full(_KNOWN_BYTES, -1, dtype=probe.ids.dtype)
        table[np.frombuffer(known.encode("ascii"), dtype=np.uint8)] = ids[: len(known)]
        return table
