"""Relevance of the letters of many sequences, one after the other, so that all are worked on at once."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError
from relevome.words import counted

MISSING = -1  # the number of a letter that is none of the alphabet's own


@dataclass(frozen=True, eq=False)
class LetterMaps:
    """Letters and their relevance, of sequences of any lengths.

    Args:
        alphabet: Of all sequences.
        codes: Every letter by its number in the alphabet, `MISSING` for codes of several.
        relevance: Of every letter.
        bounds: Where each sequence starts, and where the last one ends.
        units: Of every letter the number of its token, where letters of one token share one relevance;
            None where every letter has its own.
    """

    alphabet: Alphabet
    codes: Int[np.ndarray, " letters"]
    relevance: Float[np.ndarray, " letters"]
    bounds: Int[np.ndarray, " bounds"]
    units: Int[np.ndarray, " letters"] | None = None

    @classmethod
    def of(
        cls,
        sequences: Many[Sequence],
        relevance: Many[Float[np.ndarray, " letters"]],
        units: Many[Int[np.ndarray, " letters"]] | None = None,
    ) -> LetterMaps:
        """From sequences, the relevance of their letters, and the token of each letter, from 0 in each.

        Raises ``InputError`` for no sequences, unlike alphabets, and relevance that is not one finite number
        for every letter.
        """
        if not sequences:
            raise InputError("no sequences with relevance were given: expected at least one")
        alphabet = sequences[0].alphabet
        for sequence, values in zip(sequences, relevance, strict=True):
            _check(sequence, values, alphabet)
        lengths = [len(one) for one in sequences]
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        letters = "".join(one.letters for one in sequences)
        table = np.full(128, MISSING, dtype=np.int8)
        table[np.frombuffer(alphabet.letters.encode("ascii"), dtype=np.uint8)] = range(len(alphabet.letters))
        codes = table[np.frombuffer(letters.encode("ascii"), dtype=np.uint8)]
        values = np.concatenate([np.asarray(one, dtype=np.float32) for one in relevance])
        return cls(alphabet, codes, values, bounds, None if units is None else _one_after_other(units))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def sequence_of(self) -> Int[np.ndarray, " letters"]:
        """The sequence of every letter."""
        return np.repeat(np.arange(len(self)), np.diff(self.bounds))

    @property
    def frequencies(self) -> Float[np.ndarray, " alphabet"]:
        """How frequent each letter of the alphabet is; none is quite absent."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.alphabet.letters)) + 1.0
        return counts / counts.sum()

    def with_relevance(self, relevance: Float[np.ndarray, " letters"]) -> LetterMaps:
        """The same letters with other relevance."""
        return replace(self, relevance=relevance)


def complement_codes(alphabet: Alphabet) -> Int[np.ndarray, " alphabet"] | None:
    """The number of every letter's complement; None for proteins."""
    pairs = alphabet.complements
    if pairs is None:
        return None
    return np.array([alphabet.letters.index(pairs[letter]) for letter in alphabet.letters])


def joined(maps: Many[LetterMaps]) -> LetterMaps:
    """All sequences of several maps, one after the other."""
    ends = np.cumsum([0, *(len(one.codes) for one in maps)])
    bounds = [one.bounds[:-1] + end for one, end in zip(maps, ends[:-1], strict=True)]
    units = [one.units for one in maps if one.units is not None]
    return LetterMaps(
        maps[0].alphabet,
        np.concatenate([one.codes for one in maps]),
        np.concatenate([one.relevance for one in maps]),
        np.concatenate([*bounds, ends[-1:]]),
        _one_after_other(units) if len(units) == len(maps) else None,
    )


def _one_after_other(units: Many[Int[np.ndarray, "..."]]) -> Int[np.ndarray, " letters"]:
    first = np.cumsum([0, *(int(one.max(initial=-1)) + 1 for one in units)])
    return np.concatenate([one + start for one, start in zip(units, first[:-1], strict=True)])


def _check(sequence: Sequence, values: Float[np.ndarray, " letters"], alphabet: Alphabet) -> None:
    if sequence.alphabet != alphabet:
        raise InputError(
            f"sequence {sequence.id!r} is {sequence.alphabet.name}: expected {alphabet.name}, as the others"
        )
    if len(values) != len(sequence):
        raise InputError(
            f"sequence {sequence.id!r} has {counted(len(sequence), 'letter')} and relevance of "
            f"{len(values)}: expected one number for every letter"
        )
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InputError(
            f"relevance of letter {place + 1} of sequence {sequence.id!r} is no finite number: explain it "
            "again"
        )
