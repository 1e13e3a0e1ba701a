"""A training that several processes share: each has its part of every batch, and gradients are averaged.

They are of one machine, a GPU each or a share of the cores, and meet in a file and over the loopback
interface, so that nothing listens to others. Within them transformers' Trainer and accelerate do the rest.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from relevome.errors import InputError
from relevome.results.record import by_command, provenance
from relevome.training.objective import Watch

T = TypeVar("T")

_EVERY = 0.2  # seconds between two looks at the processes


def in_processes(count: int, work: Callable[[T, Watch], object], asked: T, watch: Watch) -> None:
    """Has ``count`` processes carry out ``work(asked, watch)`` together; what the first tells is told here.

    ``work`` is a function of a module, and ``asked`` can be pickled. When one process fails all are ended.

    Raises:
        InputError: What one of them has raised, and where there are not as many GPUs as processes.
    """
    told = mp.get_context("spawn").SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="relevome-train-") as place:
        command = provenance()["command"]
        given = (count, Path(place) / "meet", torch.get_num_threads(), command, work, asked, told)
        running: Any = spawn(_one, given, nprocs=count, join=False)
        try:
            over = False
            while not over:
                over = running.join(_EVERY)
                _pass_on(told, watch)
        except Exception:
            _pass_on(told, watch)  # an error that a process has told says more than that it ended
            raise
        finally:
            for process in running.processes:
                process.terminate()
                process.join()


def _pass_on(told: Any, watch: Watch) -> None:
    while not told.empty():
        said = told.get()
        if isinstance(said, InputError):
            raise said
        watch(said)


def _one(
    rank: int, count: int, meet: Path, threads: int, command: Any, work: Any, asked: Any, told: Any
) -> None:
    """What each process does."""
    # by these names accelerate knows that it is one of several
    os.environ |= {"RANK": f"{rank}", "LOCAL_RANK": f"{rank}", "WORLD_SIZE": f"{count}"}
    os.environ["LOCAL_WORLD_SIZE"] = f"{count}"
    os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = (
        "lo0" if sys.platform == "darwin" else "lo"
    )
    torch.set_num_threads(max(1, threads // count))
    gpus = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(gpus, init_method=meet.as_uri(), rank=rank, world_size=count)
    try:
        with nullcontext() if command is None else by_command(command):
            work(asked, told.put if rank == 0 else lambda _: None)
        wait()
    except InputError as error:
        told.put(InputError(str(error)))
        raise
    finally:
        dist.destroy_process_group()


def is_first() -> bool:
    """Whether this process writes what all have made; always where it is the only one."""
    return not dist.is_initialized() or dist.get_rank() == 0


def wait() -> None:
    """Until all processes are here."""
    if dist.is_initialized():
        dist.barrier()


def as_the_first(value: Tensor) -> Tensor:
    """What the first process has here, on the processor."""
    if dist.is_initialized():
        dist.broadcast(value, src=0)
    return value


def share_of_all(amount: Tensor) -> Tensor | float:
    """Which share of its sum over all processes an amount is: by which a weighted mean over a part counts."""
    if not dist.is_initialized():
        return 1.0
    total = amount.detach().clone()
    dist.all_reduce(total)
    return amount / total
