"""How many sequences go through a model at once: given by the user, or measured."""

from __future__ import annotations

import time
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

    def rows(self, model: Model, width: int) -> int:
        """Rows for sequences of ``width`` tokens."""
        ...

    def on_record(self) -> int | dict[str, int]:
        """What a run keeps of it, from which `batch_sizes_of` makes the same again."""
        ...


@dataclass(frozen=True)
class FixedBatchSize:
    """The same number of rows always."""

    size: int

    def rows(self, model: Model, width: int) -> int:
        """The given number, whatever the width."""
        return self.size

    def on_record(self) -> int:
        """The number."""
        return self.size


@dataclass
class MeasuredBatchSizes:
    """The fastest number of rows, measured once for every width (rounded up to a power of two).

    More is not always faster: on CPUs a CNN ran 2.7 times slower with 256 rows than with 32. What was
    measured is kept in ``measured`` and stored with the run, so that a resumed run computes alike.
    """

    measured: dict[int, int] = field(default_factory=dict)

    def rows(self, model: Model, width: int) -> int:
        """The measured number for this width."""
        bucket = 1 << (width - 1).bit_length()
        if bucket not in self.measured:
            self.measured[bucket] = _fastest(model, width)
        return self.measured[bucket]

    def on_record(self) -> dict[str, int]:
        """What was measured, by width."""
        return {str(width): rows for width, rows in self.measured.items()}


def batch_sizes_of(size: int | None, on_record: object = None) -> BatchSizes:
    """The number that a user gave, or else what is measured, beginning with what a run has on record."""
    if size:
        return FixedBatchSize(size)
    known = on_record if isinstance(on_record, dict) else {}
    return MeasuredBatchSizes({int(width): int(rows) for width, rows in known.items()})


def _fastest(model: Model, width: int) -> int:
    """Doubles the rows while that brings at least 5% more sequences per second; any more, of short passes.

    What is computed so fast takes little memory: there is no price to weigh a gain against.
    """
    best, best_rate, rows = 1, 0.0, 1
    while rows <= MOST_ROWS and rows * width <= MOST_TOKENS:
        try:
            seconds = _seconds(model, rows, width)
        except torch.OutOfMemoryError:
            break
        short = seconds < LONG_ENOUGH
        rate = rows / (seconds + BESIDE)
        if rate > (1 if short else 1.05) * best_rate:
            best, best_rate = rows, rate
        elif rows >= (8 if short else 4) * best:
            break
        rows *= 2
    return best


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
