"""How many sequences go through a model at once: given by the user, or measured."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch

if TYPE_CHECKING:
    from relevome.models.base import Model

MOST_ROWS = 1024
MOST_TOKENS = 65_536


@runtime_checkable
class BatchSizes(Protocol):
    """Says how many rows of a width a model takes at once."""

    def rows(self, model: Model, width: int) -> int:
        """Rows for sequences of ``width`` tokens."""
        ...


@dataclass(frozen=True)
class FixedBatchSize:
    """The same number of rows always."""

    size: int

    def rows(self, model: Model, width: int) -> int:
        """The given number, whatever the width."""
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


def _fastest(model: Model, width: int) -> int:
    """Doubles the rows while that brings at least 5% more sequences per second."""
    best, best_rate, rows = 1, 0.0, 1
    while rows <= MOST_ROWS and rows * width <= MOST_TOKENS:
        try:
            rate = rows / _seconds(model, rows, width)
        except torch.OutOfMemoryError:
            break
        if rate > 1.05 * best_rate:
            best, best_rate = rows, rate
        elif rows >= 4 * best:
            break
        rows *= 2
    return best


def _seconds(model: Model, rows: int, width: int) -> float:
    """Best of two forward passes after one to warm up."""
    ids = torch.full((rows, width), model.tokenizer.ordinary_ids()[0], device=model.device)
    inputs = {"input_ids": ids}
    if model.takes_mask:
        inputs["attention_mask"] = torch.ones_like(ids)
    times = []
    with model.frozen(), torch.no_grad():
        for _ in range(3):
            begin = time.perf_counter()
            model.module(**inputs)
            if model.device.type == "cuda":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - begin)
    return min(times[1:])
