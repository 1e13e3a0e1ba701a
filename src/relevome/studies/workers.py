"""Processes that work for this one and never outlive it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread


@contextmanager
def workers(count: int) -> Iterator[Executor]:
    """So many processes; an error in the block, or the end of this process, even killed, ends them at once.

    They hold one end of a pipe and this process alone the other, which the system closes for one that is
    killed.
    """
    context = get_context("spawn")
    theirs, own = context.Pipe(duplex=False)
    with theirs, own, ProcessPoolExecutor(count, context, _begin, (theirs,)) as pool:
        try:
            yield pool
        except BaseException:
            own.close()
            raise


def _begin(line: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    Thread(target=_end_after, args=(line,), daemon=True).start()


def _end_after(line: Connection) -> None:
    line.poll(None)
    os._exit(1)
