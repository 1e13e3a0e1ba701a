"""Speed, memory and scientific accuracy: one benchmark, one module, with a function ``measure``.

``python -m benchmarks`` runs them all and prints what each found beside its target. Speed is given as the
median of ratios measured in turns within one process, since seconds differ between machines and moments.
Nothing here runs in CI. Real data are read from ``../shared/data`` beside the repository.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float

SHARED = Path(__file__).parents[2] / "shared"

T = TypeVar("T")


class Row(NamedTuple):
    """One line of a table: what was measured, what was found, and what it should be, if anything."""

    name: str
    value: float | str
    target: str = ""


class Unavailable(Exception):
    """A benchmark needs something that this machine does not have."""


def data(*names: str) -> Path:
    """A file or folder of the real data. Raises Unavailable where it is absent."""
    return _there("data", *names)


def published(*names: str) -> Path:
    """A file or folder of models that others have trained. Raises Unavailable where it is absent."""
    return _there("models", *names)


def _there(*names: str) -> Path:
    path = SHARED.joinpath(*names)
    if not path.exists():
        raise Unavailable(f"needs ../{Path('shared', *names)} beside the repository, which is absent")
    return path


def ratios(
    work: Callable[[], object], reference: Callable[[], object], repetitions: int
) -> Float[np.ndarray, "repetitions"]:
    """Seconds of ``work`` over seconds of ``reference``, measured in turns after one turn to warm up."""
    found = [seconds(work) / seconds(reference) for _ in range(repetitions + 1)]
    return np.array(found[1:])


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def added_memory(work: Callable[[], object]) -> float:
    """MiB that ``work`` adds to the resident set of this process at its peak."""
    try:
        # Forgets the peak so far (proc(5)).
        Path("/proc/self/clear_refs").write_text("5")
    except OSError as error:
        raise Unavailable("needs Linux, where /proc/self says how much memory a process has") from error
    before = _resident("VmRSS")
    work()
    return _resident("VmHWM") - before


def in_fresh_process(function: Callable[..., T], *args: object) -> T:
    """What ``function`` of a benchmark gives in a process of its own, where nothing has run before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def _resident(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return int(kilobytes) / 1024
