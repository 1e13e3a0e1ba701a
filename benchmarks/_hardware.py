"""What a core of this machine can do at best, and how much of it a piece of work reaches.

All is by the processor time of this process, which other work on the machine disturbs less than time. A core
that is shared with another thread of the same processor is slower all the same, so what is compared with a
core is measured beside it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

SIZE = 2048
COPIED = 2**26  # numbers of float32, 256 MiB: more than caches hold


@dataclass(frozen=True)
class Hardware:
    """A machine: cores that this process may use, and what one thread does.

    ``gflops`` are 10^9 operations a second in products of float32 matrices of 2,048 x 2,048, ``bandwidth`` GB
    a second read and written by a copy of 256 MiB, ``load`` the mean number of processes that want a core.
    """

    cores: int
    gflops: float
    bandwidth: float
    load: float

    def __str__(self) -> str:
        return (
            f"{self.cores} cores, load {self.load:.1f}; one thread: {self.gflops:.0f} GFLOP/s (float32 "
            f"products of {SIZE:,} x {SIZE:,}), {self.bandwidth:.1f} GB/s (copy of 256 MiB, read and written)"
        )


def hardware() -> Hardware:
    """This machine as it is now."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Hardware(cores, gflops(), bandwidth(), os.getloadavg()[0])


def gflops(repetitions: int = 5) -> float:
    """Billions of operations a second of one thread, in products of matrices; the median."""
    with one_thread():
        one, other = torch.rand(SIZE, SIZE), torch.rand(SIZE, SIZE)
        out = torch.mm(one, other)
        taken = [processor_seconds(lambda: torch.mm(one, other, out=out)) for _ in range(repetitions)]
    return 2 * SIZE**3 / median(taken) / 1e9


def bandwidth(repetitions: int = 5) -> float:
    """GB a second that one thread reads and writes in a copy; the median."""
    with one_thread():
        one, other = torch.ones(COPIED), torch.zeros(COPIED)  # all pages are there before
        taken = [processor_seconds(lambda: other.copy_(one)) for _ in range(repetitions)]
    return 2 * one.nbytes / median(taken) / 1e9


def flops(work: Callable[[], object]) -> int:
    """Operations of ``work`` in products, convolutions and attention, as torch's counter has them."""
    with FlopCounterMode(display=False, custom_mapping=_FUSED) as counted:
        work()
    return counted.get_total_flops()


def reached(work: Callable[[], object], operations: int, repetitions: int = 3) -> tuple[float, float]:
    """GFLOP/s of ``work`` by the processor's seconds, and their share of a core's; medians.

    ``operations`` are those of ``work``; the core is measured before each turn. There is a turn to warm up.
    """
    rates, shares = [], []
    work()
    for _ in range(repetitions):
        core = gflops(1)
        rates.append(operations / processor_seconds(work) / 1e9)
        shares.append(rates[-1] / core)
    return median(rates), median(shares)


def processor_seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor, of all threads of this process."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch has one thread in the block."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _forward(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_flop_count(query, key, value)


def _backward(out: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_backward_flop_count(out, query, key, value)


# torch's counter does not know its own fused attention of the CPU
_FUSED = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _forward,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _backward,
}
