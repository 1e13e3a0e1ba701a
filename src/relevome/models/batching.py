"""How many sequences go through a model at once: given by the user, or measured."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median_low
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch

if TYPE_CHECKING:
    from relevome.models.base import Model

MOST_ROWS = 1024
MOST_TOKENS = 65_536
# Two passes of a small CNN say little on a machine that does other things too: it was given 2 rows for 32.
LONG_ENOUGH = 0.03  # seconds
MOST_PASSES = 10
BESIDE = 2e-4  # seconds to make a batch and read its scores, on a CPU, whatever the model


@runtime_checkable
class BatchSizes(Protocol):
    """Says how many rows of a width a model takes at once."""

    def rows(self, model: Model, width: int, most: int | None = None) -> int:
        """Rows for sequences of ``width`` tokens, of which there are no more than ``most``."""
        ...

    def on_record(self) -> int | dict[str, int]:
        """What a run keeps of it, from which `batch_sizes_of` makes the same again."""
        ...


@dataclass(frozen=True)
class FixedBatchSize:
    """The same number of rows always."""

    size: int

    def rows(self, model: Model, width: int, most: int | None = None) -> int:
        """The given number, whatever the width."""
        return self.size

    def on_record(self) -> int:
        """The number."""
        return self.size


@dataclass
class MeasuredBatchSizes:
    """The fastest number of rows, measured for every width (rounded up to a power of two).

    More is not always faster: on CPUs a CNN ran 2.7 times slower with 256 rows than with 32. No more rows are
    measured than there is use for, and more when there is. What was measured is kept in ``measured`` and
    stored with the run, so that a resumed run computes alike.
    """

    measured: dict[int, int] = field(default_factory=dict)
    _searches: dict[int, _Search] = field(default_factory=dict, init=False, repr=False)

    def rows(self, model: Model, width: int, most: int | None = None) -> int:
        """The measured number for this width."""
        bucket = 1 << (width - 1).bit_length()
        if bucket not in self.measured or bucket in self._searches:
            if most == 1:
                return 1
            search = self._searches.setdefault(bucket, _Search())
            search.go_on(model, width, most or MOST_ROWS)
            self.measured[bucket] = search.best
        return self.measured[bucket]

    def on_record(self) -> dict[str, int]:
        """What was measured, by width."""
        return {str(width): rows for width, rows in self.measured.items()}


def like_lengths(model: Model, lengths: Sequence[int]) -> Iterator[list[int]]:
    """Which sequences go through a model together, by their places, of their lengths in tokens.

    Lengths fall, so that the first batch is the one that needs most memory; where a model cannot pad they are
    the same in a batch.
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    while order:
        width = lengths[order[0]]
        rows = model.rows(width, len(order))
        if not model.pads:
            rows = min(rows, sum(lengths[place] == width for place in order))
        yield order[:rows]
        order = order[rows:]


def batch_sizes_of(size: int | None, on_record: object = None) -> BatchSizes:
    """The number that a user gave, or else what is measured, beginning with what a run has on record."""
    if size:
        return FixedBatchSize(size)
    known = on_record if isinstance(on_record, dict) else {}
    return MeasuredBatchSizes({int(width): int(rows) for width, rows in known.items()})


@dataclass
class _Search:
    """Doubles the rows while that brings at least 5% more sequences per second; any more, of short passes.

    What is computed so fast takes little memory: there is no price to weigh a gain against.
    """

    best: int = 1
    _rate: float = 0.0
    _next: int = 1
    _ended: bool = False

    def go_on(self, model: Model, width: int, most: int) -> None:
        """Measure until it has ended, or as many rows as there are sequences were measured."""
        while not self._ended and self._next < 2 * most:
            if self._next > MOST_ROWS or self._next * width > MOST_TOKENS:
                self._ended = True
                return
            self._measure(model, width)

    def _measure(self, model: Model, width: int) -> None:
        rows = self._next
        try:
            seconds = _seconds(model, rows, width)
        except torch.OutOfMemoryError:
            self._ended = True
            return
        short = seconds < LONG_ENOUGH
        rate = rows / (seconds + BESIDE)
        if rate > (1 if short else 1.05) * self._rate:
            self.best, self._rate = rows, rate
        else:
            self._ended = rows >= (8 if short else 4) * self.best
        self._next = 2 * rows


def _seconds(model: Model, rows: int, width: int) -> float:
    """The middle one of some forward passes, of two the better, after one to warm up."""
    ids = torch.full((rows, width), model.tokenizer.ordinary_ids()[0], device=model.device)
    inputs = {"input_ids": ids}
    if model.takes_mask:
        inputs["attention_mask"] = torch.ones_like(ids)
    with model.frozen(), torch.inference_mode():
        _pass(model, inputs)
        times = [_pass(model, inputs), _pass(model, inputs)]
        while sum(times) < LONG_ENOUGH and len(times) < MOST_PASSES:
            times.append(_pass(model, inputs))
    return median_low(times)  # not the least, which falls with the number of passes


def _pass(model: Model, inputs: dict[str, torch.Tensor]) -> float:
    begin = time.perf_counter()
    model.module(**inputs)
    if model.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begin
