"""Sequences without labels to learn a language from: random windows, and a share that is held out."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from relevome.data.formats.fasta import read_fasta
from relevome.data.formats.table import LabelledSequence, read_table
from relevome.data.problems import OnBad, Problem, refuse_or_skip
from relevome.data.sequences import DNA, Alphabet, Sequence
from relevome.errors import InputError
from relevome.words import counted

# Between two IUPAC codes, fewer letters than this are left out: no tokenizer makes much of them.
SHORTEST = 10


@dataclass(frozen=True)
class Corpus:
    """Stretches of sequence without IUPAC codes, from which windows are taken; of DNA, from both strands."""

    stretches: tuple[Sequence, ...]
    window: int

    @property
    def letters(self) -> int:
        """Letters of all stretches."""
        return sum(map(len, self.stretches))

    @cached_property
    def _places(self) -> Int[np.ndarray, "edges"]:
        """How many places to take a window from come before each stretch, and how many there are."""
        return np.cumsum([0, *(max(1, len(stretch) - self.window + 1) for stretch in self.stretches)])

    def draw(self, rng: np.random.Generator) -> Sequence:
        """A window from a place and a strand that are drawn, every place alike.

        A stretch that is shorter than a window is taken whole, and is one place.
        """
        place = int(rng.integers(self._places[-1]))
        index = int(np.searchsorted(self._places, place, side="right")) - 1
        start = place - int(self._places[index])
        return self._strand(self.stretches[index], start, rng)

    def tiles(self, most: int, rng: np.random.Generator) -> list[Sequence]:
        """Up to so many windows side by side, evenly spread, each from a strand that is drawn."""
        places = [
            (stretch, start)
            for stretch in self.stretches
            for start in range(0, max(1, len(stretch) - self.window + 1), self.window)
        ]
        count = min(most, len(places))
        chosen = [places[index * len(places) // count] for index in range(count)]
        return [self._strand(stretch, start, rng) for stretch, start in chosen]

    def _strand(self, stretch: Sequence, start: int, rng: np.random.Generator) -> Sequence:
        cut = stretch.window(start, min(len(stretch), start + self.window))
        turned = stretch.alphabet == DNA and rng.random() < 0.5
        return cut.reverse_complement() if turned else cut


@dataclass(frozen=True)
class CorpusSource:
    """A file of sequences: those that can be learnt from, what was wrong with the others, and a digest."""

    path: Path
    sha256: str
    stretches: tuple[Sequence, ...]
    sequences: int
    left_out: int
    problems: tuple[Problem, ...]

    def describe(self) -> dict[str, Any]:
        """For the record."""
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "sequences": self.sequences,
            "letters": sum(map(len, self.stretches)),
            "letters_left_out": self.left_out,
            "skipped": [asdict(problem) for problem in self.problems],
        }

    def held_out(self, share: float, window: int) -> tuple[tuple[Sequence, ...], tuple[Sequence, ...]]:
        """The stretches but for their last share of all letters, and that share.

        At most one stretch is cut in two, and no part is shorter than a window. Raises ``InputError`` if
        nothing would be left.
        """
        rest = list(self.stretches)
        held: list[Sequence] = []
        wanted = math.ceil(share * sum(map(len, rest)))
        while rest and wanted > 0:
            last = rest.pop()
            cut = len(last) - max(wanted, window)
            if cut >= window:
                rest.append(last.window(0, cut))
                last = last.window(cut, len(last))
            held.insert(0, last)
            wanted -= len(last)
        if not rest:
            raise InputError(
                f"{self.path} has {counted(sum(map(len, held)), 'letter')} to learn from, too few to hold "
                f"out a share of {share:g} with windows of {window}: expected longer or more sequences, or a "
                "smaller --window"
            )
        return tuple(rest), tuple(held)


def read_source(path: Path, fasta: bool, alphabet: Alphabet, on_bad: OnBad) -> CorpusSource:
    """A FASTA file, else a table of sequences, whole; ``on_bad`` says what happens to unusable ones."""
    problems: list[Problem] = []
    found = read_fasta(path, alphabet) if fasta else read_table(path, alphabet)
    sequences = [
        item.sequence if isinstance(item, LabelledSequence) else item
        for item in refuse_or_skip(found, on_bad, problems)
    ]
    stretches = tuple(itertools.chain.from_iterable(map(_without_codes, sequences)))
    if not stretches:
        raise InputError(
            f"{path} has nothing to learn from: expected at least {SHORTEST} letters in a row that are "
            f"{', '.join(alphabet.letters)}"
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    left_out = sum(map(len, sequences)) - sum(map(len, stretches))
    return CorpusSource(path, digest, stretches, len(sequences), left_out, tuple(problems))


def _without_codes(sequence: Sequence) -> Iterator[Sequence]:
    for match in re.finditer(f"[{sequence.alphabet.letters}]{{{SHORTEST},}}", sequence.letters):
        yield sequence.window(*match.span())
