"""Folders of results: one process at a time writes one, and its files are there as a whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from relevome.errors import InputError

LOCK = ".lock"

_FULL = (errno.ENOSPC, errno.EDQUOT)
# What a process leaves that was killed while it wrote.
_TEMPORARY = (".*.tmp",)


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


@dataclass(frozen=True)
class ResultFolder:
    """What a command leaves in a folder, as patterns of names.

    One of ``last`` is written when all ``others`` are there: a folder without it is unfinished, and the same
    command begins anew in it. What is ``kept`` is ours too, but of use to a result that takes its place.
    ``again`` says what to do about a whole result that is there.
    """

    last: tuple[str, ...]
    others: tuple[str, ...]
    kept: tuple[str, ...] = ()
    again: str = "choose another -o, or replace it with --overwrite"

    def check(self, folder: Path, overwrite: bool) -> None:
        """Raises InputError where a result cannot go: a file, another's folder, a whole result unasked."""
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file: expected the name of a folder for -o")
        there = {*folder.iterdir()} if folder.is_dir() else set()
        if there - _matching(folder, (*self.last, *self.others, *self.kept, LOCK, *_TEMPORARY)):
            raise InputError(f"{folder} is there and not empty: choose another -o")
        if _matching(folder, self.last) and not overwrite:
            raise InputError(f"{folder} is there and not empty: {self.again}")

    def clear(self, folder: Path) -> None:
        """The folder without an earlier result. Raises InputError where it cannot be made."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # first what says that all is there
            for patterns in (self.last, (*self.others, *_TEMPORARY)):
                for path in _matching(folder, patterns):
                    path.unlink()
        except OSError as error:
            raise InputError(f"cannot make {folder}: {error.strerror}; choose another -o") from error

    @contextmanager
    def writing(self, folder: Path, overwrite: bool) -> Iterator[None]:
        """The folder without an earlier result, for this process alone while in the block.

        Raises InputError as `check` and `clear` do, and if another process is writing there.
        """
        self.check(folder, overwrite)
        _make(folder)
        lock = lock_folder(folder)
        try:
            self.clear(folder)
            yield
        finally:
            os.close(lock)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {folder}: {error.strerror}; choose another -o") from error


def claim_folder(folder: Path, name: str, what: str) -> int:
    """Make a folder for a result that goes on where it was stopped, or see that it is empty or holds one.

    ``name`` is the file by which such a result is known, ``what`` what it is called. Gives the lock of
    `lock_folder`. Raises InputError for a folder that holds anything else, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise InputError(f"cannot write {what} to {folder}: {error.strerror}; choose another -o") from error
    # what a process leaves that was killed before the first file was whole
    foreign = names - {LOCK, temporary_name(folder / name).name}
    if name not in names and foreign:
        raise InputError(
            f"{folder} holds files that are no {what.split()[-1]}, such as {min(foreign)}: choose an "
            "empty or new folder with -o"
        )
    return lock_folder(folder)


def _matching(folder: Path, patterns: tuple[str, ...]) -> set[Path]:
    return {path for pattern in patterns for path in folder.glob(pattern)}
