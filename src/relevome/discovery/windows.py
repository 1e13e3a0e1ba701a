"""Stretches of sequence around sites, as a model reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from relevome.data.sequences import Alphabet, Sequence
from relevome.data.shuffle import dinucleotide_shuffle, shuffle
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.tokens import Tokens
from relevome.words import counted

# Pairs of tokens whose attention is held at a time, in each of a layer's heads: some 100 MB for six of them.
_PAIRS = 2**22
_MOST_ROWS = 64

MISSING = -1


@dataclass(frozen=True, eq=False)
class Windows:
    """Sequences of one length with a site at the same letter of each, and the logit that is asked of them.

    Letter ``site`` (0-based) is where distances are counted from. Raises ``InputError`` for none, for
    different lengths, and for a site off the windows.
    """

    sequences: tuple[Sequence, ...]
    target: Target
    site: int

    def __post_init__(self) -> None:
        if not self.sequences:
            raise InputError("no windows around sites were given: expected at least one")
        odd = next((one for one in self.sequences if len(one) != len(self.sequences[0])), None)
        if odd is not None:
            raise InputError(
                f"window {odd.id!r} has {counted(len(odd), 'letter')} and {self.sequences[0].id!r} has "
                f"{len(self.sequences[0])}: expected windows of one length, with the site at the same letter"
            )
        if not 0 <= self.site < self.length:
            raise InputError(f"site at letter {self.site} of windows of {self.length}: expected one on them")

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def length(self) -> int:
        """Letters of every window."""
        return len(self.sequences[0])

    @property
    def alphabet(self) -> Alphabet:
        """What the windows are written in."""
        return self.sequences[0].alphabet

    @property
    def distances(self) -> Int[np.ndarray, " letters"]:
        """From the site to every letter; negative before it."""
        return np.arange(self.length) - self.site

    @cached_property
    def codes(self) -> Int[np.ndarray, "sites letters"]:
        """Every letter by its number in the alphabet, `MISSING` where it is none of those."""
        letters = self.alphabet.letters
        return np.array([[letters.find(letter) for letter in one.letters] for one in self.sequences])

    def part(self, chosen: Int[np.ndarray, " chosen"]) -> Windows:
        """Some of the windows."""
        return Windows(tuple(self.sequences[i] for i in chosen), self.target, self.site)

    def shuffled(self, rng: np.random.Generator) -> Windows:
        """Each window with its letters shuffled: pairs of letters are kept for nucleic acids."""
        shuffled = shuffle if self.alphabet.complements is None else dinucleotide_shuffle
        controls = (Sequence(one.id, shuffled(one.letters, rng), one.alphabet) for one in self.sequences)
        return Windows(tuple(controls), self.target, self.site)

    def batches(self, model: Model, share: float = 1.0) -> Iterator[tuple[Int[np.ndarray, " rows"], Batch]]:
        """Batches of like numbers of tokens, and which windows they hold; smaller ones by a ``share``."""
        tokens = [model.tokenize(one) for one in self.sequences]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        rows: list[int] = []
        for i in order:
            if rows and not _fits(model, tokens, rows, i, int(_PAIRS * share)):
                yield self._batch(rows, tokens)
                rows = []
            rows.append(i)
        yield self._batch(rows, tokens)

    def _batch(self, rows: list[int], tokens: list[Tokens]) -> tuple[np.ndarray, Batch]:
        return np.array(rows), Batch(tuple(tokens[i] for i in rows), (self.target,) * len(rows))


def _fits(model: Model, tokens: list[Tokens], rows: list[int], more: int, pairs: int) -> bool:
    """Whether a window may join a batch whose windows have no more tokens."""
    width = len(tokens[more])
    alike = model.pads or width == len(tokens[rows[0]])
    return alike and len(rows) < min(_MOST_ROWS, max(1, pairs // width**2))
