"""The ways to read one sequence: whole or in windows, on one strand or both, by one tokenisation or many.

Tokens of several letters say what a word is worth, not its letters. Another reading draws the words
elsewhere; averaged over many readings, what is left is worth of letters.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.models.tokens import Tokens
from relevome.words import counted


@dataclass(frozen=True)
class Reading:
    """One way to read a sequence.

    Without ``before`` letters at its start and ``after`` at its end, as given or in reverse complement, by
    the tokenizer's own tokenisation (``draw`` 0) or one that is drawn. With a ``shift`` letters lie so many
    places further on, or back if it is below 0; in the places that they leave are unknown letters.
    """

    before: int = 0
    after: int = 0
    reverse: bool = False
    draw: int = 0
    shift: int = 0

    def window(self, length: int) -> tuple[int, int]:
        """Where the piece begins and ends in a sequence of so many letters, perhaps outside it."""
        return self.before - self.shift, length - self.after - self.shift

    def seen(self, length: int) -> slice:
        """The letters of a sequence that are read."""
        first, last = self.window(length)
        return slice(max(first, 0), min(last, length))

    def piece(self, sequence: Sequence) -> Sequence:
        """The letters that are read, 5' to 3'; ``InputError`` if none are left."""
        length = len(sequence)
        if length <= self.before + self.after:
            raise InputError(
                f"sequence {sequence.id!r} has {counted(length, 'letter')}, too few for --offsets "
                f"{self.before + self.after + 1}"
            )
        if self.shift:
            sequence = self._shifted(sequence)
        elif self.before or self.after:
            sequence = sequence.window(self.before, length - self.after)
        return sequence.reverse_complement() if self.reverse else sequence

    def _shifted(self, sequence: Sequence) -> Sequence:
        """Unknown letters where the sequence has none; with them it lies nowhere on a genome."""
        (first, last), seen = self.window(len(sequence)), self.seen(len(sequence))
        if seen.stop <= seen.start:
            raise InputError(
                f"sequence {sequence.id!r} has {counted(len(sequence), 'letter')}, too few to be "
                f"shifted by {abs(self.shift)} (--shifts)"
            )
        unknown = sequence.alphabet.unknown
        letters = unknown * (seen.start - first) + sequence.letters[seen] + unknown * (last - seen.stop)
        return replace(sequence, letters=letters, interval=None)

    def laid_out(self, values: np.ndarray, length: int) -> tuple[slice, np.ndarray]:
        """Values of the letters of a piece, (letters, ...): which letters of the sequence have which."""
        forward, seen = values[::-1] if self.reverse else values, self.seen(length)
        first, _ = self.window(length)
        return seen, forward[seen.start - first : seen.stop - first]

    def placed(self, target: Target, sequence: Sequence) -> Target:
        """The same target at the places that its letters, if it has any, have in the piece."""
        if not target.letters:
            return target
        first, last = self.window(len(sequence))

        def place(letter: int) -> int:
            return last - 1 - letter if self.reverse else letter - first

        position = None if target.position is None else place(target.position)
        return replace(target, position=position, positions=tuple(sorted(map(place, target.positions))))

    def target(self, model: Model, target: Target, sequence: Sequence) -> Target:
        """The same question of the piece; a letter that a language model predicts may be complemented."""
        turned = self.placed(target, sequence)
        if not target.letters or not (self.reverse and model.kind.language):
            return turned
        contrast = None if target.contrast is None else _complement(model, target.contrast)
        return replace(turned, index=_complement(model, target.index), contrast=contrast)


@dataclass(frozen=True)
class Readings:
    """How often each sequence is read, every way with every other; its relevance is their mean.

    ``tokenisations`` N is the tokenizer's own and N - 1 that are drawn from ``seed`` and the letters, with
    each merge of the byte-pair encoding left out at probability ``dropout``. ``offsets`` N is N windows,
    each N - 1 letters shorter than the sequence and beginning one letter later. ``shifts`` N is the sequence
    as it is, and moved by 1 to N letters either way, with unknown letters where it leaves room.
    """

    tokenisations: int = 1
    dropout: float = 0.1
    offsets: int = 1
    both_strands: bool = False
    seed: int = 0
    shifts: int = 0

    def __post_init__(self) -> None:
        if self.tokenisations < 1 or self.offsets < 1:
            raise InputError(
                f"--tokenisations {self.tokenisations} and --offsets {self.offsets}: expected 1 or more"
            )
        if self.shifts < 0:
            raise InputError(f"--shifts {self.shifts}: expected 0 or more")
        if not 0 < self.dropout <= 1:
            raise InputError(f"--tokenisation-dropout {self.dropout}: expected a share above 0, at most 1")

    def __len__(self) -> int:
        return self.tokenisations * self.offsets * (1 + self.both_strands) * (2 * self.shifts + 1)

    @cached_property
    def all(self) -> list[Reading]:
        """Every reading; the first is the tokenizer's own tokens of the given strand."""
        return [
            Reading(before, self.offsets - 1 - before, reverse, draw, shift)
            for shift in sorted(range(-self.shifts, self.shifts + 1), key=abs)
            for reverse in (False, True)[: 1 + self.both_strands]
            for before in range(self.offsets)
            for draw in range(self.tokenisations)
        ]

    def check(self, model: Model) -> None:
        """Raises ``InputError`` if sequences of this model cannot be read so."""
        if self.both_strands and model.alphabet.complements is None:
            raise InputError("--average-strands: a protein has one strand only")
        if self.shifts and not model.tokenizer.one_letter_always:
            raise InputError(
                f"--shifts {self.shifts}: tokens of this model have several letters, which would be others "
                "in another place: try --offsets, which adds no unknown letters"
            )
        try:
            if self.tokenisations > 1:
                model.tokenizer.check_draws()
        except InputError as error:
            raise InputError(f"--tokenisations {self.tokenisations}: {error}; try --offsets") from error

    def check_position(self, sequence: Sequence, position: int) -> None:
        """Raises ``InputError`` for a letter that not every reading holds."""
        length, edge = len(sequence), self.offsets - 1 + self.shifts
        if edge <= position < length - edge:
            return
        if not position < length:
            raise InputError(f"position {position} is outside sequence {sequence.id!r} of {length} letters")
        asked = [f"--offsets {self.offsets}"] * (self.offsets > 1) + [f"--shifts {self.shifts}"] * (
            self.shifts > 0
        )
        raise InputError(
            f"position {position} of sequence {sequence.id!r} is not in every window of "
            f"{' and '.join(asked)}: expected {edge} to {length - 1 - edge}"
        )

    def tokens(self, model: Model, sequence: Sequence, reading: Reading) -> Tokens:
        """Tokens of a reading; a draw depends on the seed, its number and the letters read, no more."""
        piece = reading.piece(sequence)
        if not reading.draw:
            return model.tokenize(piece)
        digest = int.from_bytes(hashlib.sha256(piece.letters.encode()).digest()[:8])
        return model.tokenize(piece, self.dropout, np.random.default_rng([self.seed, reading.draw, digest]))


def _complement(model: Model, index: int) -> int:
    letters, ids = model.alphabet.letters, model.tokenizer.letter_ids() or []
    if index not in ids:
        raise InputError(
            f"token {model.labels[index]!r} is no letter, and has no complement on the other strand: "
            "expected a letter as target, or one strand only"
        )
    complements = model.alphabet.complements or {}
    return ids[letters.index(complements[letters[ids.index(index)]])]
