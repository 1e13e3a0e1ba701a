"""Motifs as matrices of letter probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import Alphabet
from relevome.errors import InputError


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif: one probability per position and unambiguous letter, in the order of the alphabet."""

    name: str
    id: str
    probabilities: Float[np.ndarray, "positions letters"]
    alphabet: Alphabet

    def __post_init__(self) -> None:
        p = self.probabilities
        if len(p) == 0 or p.shape[1] != len(self.alphabet.letters):
            raise InputError(
                f"motif {self.id!r} has shape {p.shape}: expected one row or more of "
                f"{len(self.alphabet.letters)} {self.alphabet.name} letters"
            )
        if not (np.all(p >= 0) and np.allclose(p.sum(axis=1), 1)):
            raise InputError(f"motif {self.id!r}: expected rows that are not negative and sum to 1")

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def consensus(self) -> str:
        """The most probable letter of each position."""
        return "".join(self.alphabet.letters[i] for i in self.probabilities.argmax(axis=1))

    @property
    def turned(self) -> Float[np.ndarray, "positions letters"]:
        """Probabilities of the reverse complement. Raises ValueError for letters without complements."""
        complements = self.alphabet.complements
        if complements is None:
            raise ValueError(f"{self.alphabet.name} has no other strand")
        order = [self.alphabet.letters.index(complements[letter]) for letter in self.alphabet.letters]
        return self.probabilities[::-1, order]

    def information_content(
        self, background: Float[np.ndarray, " letters"] | None = None
    ) -> Float[np.ndarray, " positions"]:
        """Bits per position relative to a background, by default all letters equally likely.

        sum over letters of p log2(p / q), Schneider et al. (1986), J. Mol. Biol. 188:415.
        """
        p = self.probabilities
        q = np.full(p.shape[1], 1 / p.shape[1]) if background is None else background
        bits = np.zeros_like(p)
        np.log2(p / q, out=bits, where=p > 0)
        return (p * bits).sum(axis=1)

    def sample(self, rng: np.random.Generator) -> str:
        """One instance, every position drawn on its own."""
        drawn = (rng.random((len(self), 1)) >= self._cumulative).sum(axis=1)
        return "".join(self.alphabet.letters[i] for i in drawn)

    def shuffled(self, rng: np.random.Generator, tries: int = 20) -> Motif:
        """The same positions in another order: of some random orders, the one that differs most."""
        orders = [rng.permutation(len(self)) for _ in range(tries)]
        distances = [np.abs(self.probabilities[order] - self.probabilities).sum() for order in orders]
        best = int(np.argmax(distances))
        if distances[best] == 0:
            raise InputError(
                f"motif {self.id!r} is the same in any order: no decoy can be made by shuffling it"
            )
        name = f"{self.name}_shuffled"
        return replace(self, name=name, id=name, probabilities=self.probabilities[orders[best]])

    @cached_property
    def _cumulative(self) -> Float[np.ndarray, "positions bounds"]:
        # Without the last column, which is one but for rounding: every draw then finds a letter.
        return np.cumsum(self.probabilities, axis=1)[:, :-1]


def pearson(a: Float[np.ndarray, "positions letters"], b: Float[np.ndarray, "positions letters"]) -> float:
    """Pearson's r of two matrices; 0 where letters are as likely everywhere, which is like nothing."""
    return 0.0 if np.ptp(a) == 0 or np.ptp(b) == 0 else float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def select_motifs(motifs: Iterable[Motif], names: Iterable[str]) -> list[Motif]:
    """The motifs with these ids or names, in the order of ``names``."""
    motifs = list(motifs)
    return [_the_one(name, [m for m in motifs if name in (m.id, m.name)], motifs) for name in names]


def _the_one(name: str, found: list[Motif], motifs: list[Motif]) -> Motif:
    if not found:
        known = ", ".join(m.name for m in motifs[:10]) + (", ..." if len(motifs) > 10 else "")
        raise InputError(
            f"no motif {name!r}: expected the id or name of one of {len(motifs)} motifs, {known}"
        )
    if len(found) > 1:
        raise InputError(
            f"{len(found)} motifs are called {name!r}: give one of their ids, {[m.id for m in found]}"
        )
    return found[0]
