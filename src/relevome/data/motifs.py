"""Motifs as matrices of letter probabilities, and MEME files of them.

MEME files are parsed here: memelite and Biopython read DNA only, name no line when a file is wrong,
and the one drops an unfinished matrix without a word while the other rounds probabilities to counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from relevome.data.errors import InputError
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.sequence import ALPHABETS, Alphabet

# Rows are written with few digits, and so sum to one only roughly.
_ROW_SUM_TOLERANCE = 0.02


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


def read_meme(path: PathLike) -> list[Motif]:
    """Motifs of a MEME file (version 4 or 5, minimal or full text), plain or gzip, in file order.

    Rows are normalised to sum to exactly one. Without an ``ALPHABET`` line four columns are DNA
    and twenty protein. Raises InputError, with the line, for what is not MEME.
    """
    preamble, *sections = _sections(path)
    if not any(line.text.startswith("MEME version") for line in preamble):
        raise InputError(f"{path} has no line 'MEME version' before its motifs: expected MEME format")
    if not sections:
        raise InputError(
            f"{path} has no motifs: expected lines 'MOTIF', each with a letter-probability matrix"
        )
    alphabets = [_alphabet(line) for line in preamble if line.text.startswith("ALPHABET")]
    motifs: dict[str, Motif] = {}
    for section in sections:
        motif = _motif(section, alphabets[0] if alphabets else None)
        if motif.id in motifs:
            raise InputError(
                f"{section[0].where}: motif {motif.id!r} was read before: expected every id once"
            )
        motifs[motif.id] = motif
    return list(motifs.values())


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


class _Line(NamedTuple):
    where: str
    text: str


def _sections(path: PathLike) -> list[list[_Line]]:
    """Lines of the file: those before the first motif, then those of each motif."""
    sections: list[list[_Line]] = [[]]
    for number, text in numbered_lines(path):
        if text.startswith("MOTIF"):
            sections.append([])
        sections[-1].append(_Line(f"{path}, line {number}", text))
    return sections


def _alphabet(line: _Line) -> Alphabet:
    letters = line.text.removeprefix("ALPHABET").lstrip("= ").strip()
    for alphabet in ALPHABETS.values():
        if letters == alphabet.letters:
            return alphabet
    expected = ", ".join(a.letters for a in ALPHABETS.values())
    raise InputError(f"{line.where}: unknown alphabet {letters!r}: expected one of {expected}")


def _motif(section: list[_Line], alphabet: Alphabet | None) -> Motif:
    where, heading = section[0].where, section[0].text.split()[1:3]
    if not heading:
        raise InputError(f"{where}: motif without an id: expected 'MOTIF id name'")
    starts = [i for i, line in enumerate(section) if line.text.startswith("letter-probability matrix")]
    if len(starts) != 1:
        raise InputError(
            f"{where}: motif {heading[0]!r} has {len(starts)} letter-probability matrices: expected one"
        )
    rows = _matrix(section[starts[0]], section[starts[0] + 1 :])
    if alphabet is None:
        alphabet = next((a for a in ALPHABETS.values() if len(a.letters) == len(rows[0])), None)
    if alphabet is None or len(alphabet.letters) != len(rows[0]):
        expected = "4 or 20" if alphabet is None else str(len(alphabet.letters))
        raise InputError(f"{where}: matrix with {len(rows[0])} columns: expected {expected}")
    return Motif(heading[-1], heading[0], np.array(rows) / np.sum(rows, axis=1, keepdims=True), alphabet)


def _matrix(header: _Line, following: list[_Line]) -> list[list[float]]:
    """The rows of a matrix: as many as its header says by ``w=``, or to the next blank line."""
    stated = re.search(r"\bw=\s*(\d+)", header.text)
    width = int(stated[1]) if stated else None
    rows: list[list[float]] = []
    for line in following:
        complete = width is not None and len(rows) >= width
        if not line.text.strip() or (complete and not line.text.strip()[0].isdigit()):
            break
        rows.append(_row(line, rows))
    if not rows or (width is not None and len(rows) != width):
        expected = "one or more" if width is None else f"w= {width}"
        raise InputError(f"{header.where}: matrix with {len(rows)} rows: expected {expected}")
    return rows


def _row(line: _Line, rows: list[list[float]]) -> list[float]:
    """One row, checked against those before."""
    shown = repr(" ".join(line.text.split())[:60])
    try:
        row = [float(value) for value in line.text.split()]
    except ValueError as error:
        raise InputError(f"{line.where}: {shown} is no row of probabilities: expected numbers") from error
    if rows and len(row) != len(rows[0]):
        raise InputError(
            f"{line.where}: {len(row)} probabilities: expected {len(rows[0])} as in the row before"
        )
    if not (min(row) >= 0 and abs(sum(row) - 1) <= _ROW_SUM_TOLERANCE):
        raise InputError(f"{line.where}: {shown} in a matrix: expected probabilities that sum to 1")
    return row
