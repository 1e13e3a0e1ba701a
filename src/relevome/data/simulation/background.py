"""Letters in which motifs are planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import DNA, Alphabet
from relevome.errors import InputError
from relevome.words import counted


@dataclass(frozen=True, eq=False)
class Background:
    """A first-order Markov chain over the unambiguous letters of an alphabet, in its order.

    ``first`` are the probabilities of the first letter; row i of ``transitions`` those of the
    letter after letter i. Equal rows make the letters independent.
    """

    alphabet: Alphabet
    first: Float[np.ndarray, " letters"]
    transitions: Float[np.ndarray, "letters letters"]

    def __post_init__(self) -> None:
        rows = np.vstack([self.first, self.transitions])
        if rows.shape[1] != len(self.alphabet.letters):
            raise InputError(
                f"background with {counted(rows.shape[1], 'frequency', 'frequencies')}: expected "
                f"{len(self.alphabet.letters)}, one for each of {self.alphabet.letters}"
            )
        if not (np.all(rows >= 0) and np.allclose(rows.sum(axis=1), 1)):
            raise InputError("background frequencies are negative or do not sum to 1")

    @classmethod
    def independent(
        cls, alphabet: Alphabet, frequencies: Float[np.ndarray, " letters"] | None = None
    ) -> Background:
        """Independent letters, by default all equally likely."""
        size = len(alphabet.letters)
        first = np.full(size, 1 / size) if frequencies is None else frequencies
        return cls(alphabet, first, np.tile(first, (len(first), 1)))

    @classmethod
    def with_gc(cls, gc: float, alphabet: Alphabet = DNA) -> Background:
        """Independent nucleotides, of which a share ``gc`` is G or C, each half of it."""
        if alphabet.complements is None:
            raise InputError(f"a GC content was given for {alphabet.name}: expected a nucleic acid")
        if not 0 <= gc <= 1:
            raise InputError(f"GC content {gc}: expected a share between 0 and 1")
        return cls.independent(
            alphabet, np.array([gc if c in "GC" else 1 - gc for c in alphabet.letters]) / 2
        )

    def sample(self, length: int, rng: np.random.Generator) -> str:
        """A sequence of ``length`` letters."""
        letters = self.alphabet.letters
        if np.array_equal(self.transitions, np.tile(self.first, (len(letters), 1))):
            return "".join(letters[i] for i in rng.choice(len(letters), size=length, p=self.first))
        # Without the last column, which is one but for rounding: every draw then finds a letter.
        bounds = np.cumsum(self.transitions, axis=1)[:, :-1]
        drawn = [int(rng.choice(len(letters), p=self.first))]
        for value in rng.random(length - 1):
            drawn.append(int(np.searchsorted(bounds[drawn[-1]], value, side="right")))
        return "".join(letters[i] for i in drawn)
