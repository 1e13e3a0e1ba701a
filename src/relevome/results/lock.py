"""One process at a time may write a folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from relevome.errors import InputError

LOCK = ".lock"


def lock_folder(folder: Path) -> int:
    """Keep other processes from writing here until the descriptor is closed, by us or by our death.

    Raises InputError if another process is writing, or nothing can be written.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; choose another -o") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InputError(
            f"another process is writing {folder}: wait until it has ended, or choose another -o"
        ) from error
    return descriptor
