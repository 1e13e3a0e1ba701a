"""Files that are there as a whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relevome.errors import InputError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``: written well, it becomes ``path``; else nothing of it is left.

    A reader, or a crash, never sees half a file. Raises InputError where the file cannot be written.
    """
    temporary = temporary_name(path)
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise InputError(_cannot_write(path, error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(path: Path) -> Path:
    """Where the content of ``path`` is while it is incomplete."""
    return path.with_name(f".{path.name}.tmp")


def _sync(path: Path) -> None:
    """Have the disk hold what was written: only then may a name stand for it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_write(path: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return (
            f"no space left on the disk of {path}: that file was not written, files finished before it are "
            "whole; free some space and run the same command again"
        )
    return f"cannot write {path}: {error.strerror or error}; choose a path that can be written with -o"
