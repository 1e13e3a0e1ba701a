"""Training examples that are another in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int

from relevome.data.formats.table import LabelledSequence
from relevome.errors import InputError
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.training.tables import Encode, Example, crop, shuffled, turned


class FreshExamples(Sequence[Example]):
    """Examples that are drawn anew in every epoch, the number of which the trainer sets."""

    epoch: int = 0


@dataclass(frozen=True)
class Drawing:
    """What is drawn for every row: where ``shifts`` letters are taken off, a shuffle, a strand, and tokens.

    Rows from number ``shuffles_from`` on become shuffles of their letters (None: none does). ``both_strands``
    is whether one in two is read as its reverse complement, ``dropout`` the share of merges of a byte-pair
    encoding that are left out. ``per_letter`` is whether labels have a character for every letter.
    """

    shifts: int = 0
    shuffles_from: int | None = None
    both_strands: bool = False
    dropout: float = 0.0
    per_letter: bool = False

    def __bool__(self) -> bool:
        """Whether anything is drawn."""
        return bool(self.shifts or self.shuffles_from is not None or self.both_strands or self.dropout)

    @property
    def options(self) -> str:
        """Those that can change how many tokens a sequence has, as on the command line."""
        asked = {
            f"--bpe-dropout {self.dropout:g}": self.dropout,
            "--both-strands": self.both_strands,
            f"--shifts {self.shifts}": self.shifts,
            "--negatives shuffled": self.shuffles_from is not None,
        }
        return " ".join(name for name, given in asked.items() if given)

    def draw(self, row: LabelledSequence, number: int, rng: np.random.Generator) -> LabelledSequence:
        """Other letters of a row, of that number, and what its label becomes."""
        if self.shifts:
            row = crop(row, int(rng.integers(self.shifts + 1)), self.shifts, self.per_letter)
        if self.shuffles_from is not None and number >= self.shuffles_from:
            row = shuffled(row, rng)
        if self.both_strands and rng.random() < 0.5:
            row = turned(row, self.per_letter)
        return row


@dataclass
class DrawnExamples(FreshExamples):
    """Examples whose letters, or whose tokens by BPE dropout, are drawn, each epoch anew.

    ``rows`` are what is drawn from, and ``encode`` makes an example of what was drawn. A draw depends on
    seed, epoch and row only, so that a training that is resumed sees the same ones. Those of an epoch are
    kept until the next: their lengths are asked for before they are learnt from.
    """

    rows: tuple[LabelledSequence, ...]
    encode: Encode
    tokenizer: LetterTokenizer
    drawing: Drawing
    seed: int
    _kept: dict[int, tuple[Int[np.ndarray, " tokens"], Any]] = field(
        default_factory=dict, init=False, repr=False
    )
    _kept_of: int = field(default=0, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> Example:  # pyright: ignore[reportIncompatibleMethodOverride]  # no slices
        if self._kept_of != self.epoch:
            self._kept, self._kept_of = {}, self.epoch
        if row not in self._kept:
            drawn = self._draw(row, self.epoch)
            self._kept[row] = np.array(drawn["input_ids"], dtype=np.int32), drawn["labels"]
        ids, labels = self._kept[row]
        return {"input_ids": ids.tolist(), "labels": labels}

    def check_lengths(self, longest: int | None, epochs: int) -> None:
        """Raises ``InputError`` if a draw of any epoch will be longer than the model takes."""
        if longest is None:
            return
        special = int(self.tokenizer.encode(self.rows[0].sequence).special.sum())
        for number, row in enumerate(self.rows):
            # as many tokens as letters, at most, and special ones
            if len(row.sequence) - self.drawing.shifts + special <= longest:
                continue
            most = max(len(self._draw(number, epoch)["input_ids"]) for epoch in range(epochs))
            if most > longest:
                raise InputError(
                    f"sequence {row.sequence.id!r} has up to {most} tokens with {self.drawing.options} but "
                    f"the model takes {longest}: cut it into shorter ones, or draw less"
                )

    def _draw(self, row: int, epoch: int) -> Example:
        rng = np.random.default_rng([self.seed, epoch, row])
        drawn = self.drawing.draw(self.rows[row], row, rng)
        example = self.encode(drawn)
        if self.drawing.dropout:
            example["input_ids"] = self.tokenizer.draw_ids(drawn.sequence, self.drawing.dropout, rng)
        return example
