"""Training examples that are another in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int

from relevome.data.formats.table import LabelledSequence
from relevome.errors import InputError
from relevome.models.tokens import LetterTokenizer
from relevome.training.tables import Example


class FreshExamples(Sequence[Example]):
    """Examples that are drawn anew in every epoch, the number of which the trainer sets."""

    epoch: int = 0


@dataclass
class DrawnExamples(FreshExamples):
    """Examples whose tokens are drawn by BPE dropout, each epoch anew.

    A draw depends on seed, epoch and row only, so that a training that is resumed sees the same ones. Those
    of an epoch are kept until the next: their lengths are asked for before they are learnt from.
    """

    rows: tuple[LabelledSequence, ...]
    examples: list[Example]
    tokenizer: LetterTokenizer
    dropout: float
    seed: int
    _kept: dict[int, Int[np.ndarray, " tokens"]] = field(default_factory=dict, init=False, repr=False)
    _kept_of: int = field(default=0, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> Example:  # pyright: ignore[reportIncompatibleMethodOverride]  # no slices
        if self._kept_of != self.epoch:
            self._kept, self._kept_of = {}, self.epoch
        if row not in self._kept:
            self._kept[row] = np.array(self._draw(row, self.epoch), dtype=np.int32)
        return self.examples[row] | {"input_ids": self._kept[row].tolist()}

    def check_lengths(self, longest: int | None, epochs: int) -> None:
        """Raises ``InputError`` if a draw of any epoch will be longer than the model takes."""
        for row, (labelled, example) in enumerate(zip(self.rows, self.examples, strict=True)):
            # as many tokens as letters, at most, and special ones, fewer than all tokens are now
            if longest is None or len(labelled.sequence) + len(example["input_ids"]) <= longest:
                continue
            most = max(len(self._draw(row, epoch)) for epoch in range(epochs))
            if most > longest:
                raise InputError(
                    f"sequence {labelled.sequence.id!r} has up to {most} tokens with --bpe-dropout "
                    f"{self.dropout:g} but the model takes {longest}: cut it into shorter ones, or leave "
                    "fewer merges out"
                )

    def _draw(self, row: int, epoch: int) -> list[int]:
        rng = np.random.default_rng([self.seed, epoch, row])
        return self.tokenizer.draw_ids(self.rows[row].sequence, self.dropout, rng)
