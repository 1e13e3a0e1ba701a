"""Folders of results: one process at a time writes one, and its files are there as a whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from secrets import token_hex
from typing import Any, ParamSpec, TypeAlias, TypeVar, overload

from relevome.errors import InputError
from relevome.stores.lock import StoreLock, is_lock, mark_in, marked
from relevome.stores.place import Place, StorePath, local

LOCK = ".lock"
SHOWN = 60.0  # seconds within which a shared disk shows a file that another machine wrote

Held: TypeAlias = int | StoreLock  # by whoever has the lock of a folder

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_FULL = (errno.ENOSPC, errno.EDQUOT)
# What a process leaves that was killed while it wrote.
_TEMPORARY = (".*.tmp",)


@contextmanager
def whole_file(path: Place) -> Iterator[Path]:
    """A temporary name beside ``path``: written well, it becomes ``path``; else nothing of it is left.

    What goes to a store is written on this machine first. A reader, or a crash, never sees half a file.
    Raises InputError where the file cannot be written, or another process is writing it.
    """
    if isinstance(path, StorePath):
        with tempfile.TemporaryDirectory(prefix="relevome-") as folder:
            yield Path(folder, path.name)
            path.write_bytes(Path(folder, path.name).read_bytes())
        return
    temporary = path.with_name(temporary_name(path.name))
    lock = None
    try:
        lock = _locked(temporary, path)
        yield temporary
        _sync(temporary)
        temporary.replace(path)  # from here on the temporary name may be another process's
        _sync(path.parent)
    except BaseException as error:
        if lock is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(_cannot_write(path, error)) from error
        raise
    finally:
        if lock is not None:
            os.close(lock)


def temporary_name(name: str) -> str:
    """What a file is called while it is incomplete."""
    return f".{name}.tmp"


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


@overload
def lock_folder(folder: Path) -> int: ...
@overload
def lock_folder(folder: Place) -> Held: ...
def lock_folder(folder: Place) -> Held:
    """Keep other processes from writing here until `unlock_folder`, or our death.

    Raises InputError if another process is writing, or nothing can be written.
    """
    if isinstance(folder, StorePath):
        return StoreLock(folder)
    try:
        descriptor = _locked(folder / LOCK, folder)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; choose another -o") from error
    with suppress(OSError):  # on a disk that is full nobody else writes here, which is slower, but right
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, token_hex(16).encode(), 0)
    return descriptor


def unlock_folder(held: Held) -> None:
    """Let other processes write again, who find no mark: two results of one question have the same files."""
    if isinstance(held, StoreLock):
        held.release()
        return
    with suppress(OSError):
        os.ftruncate(held, 0)
    os.close(held)


def mark_of(folder: Place) -> str:
    """What the process that holds the lock of a folder has left there, by which others know the folder.

    It is another each time that somebody takes the lock; empty where nobody has it.
    """
    if isinstance(folder, StorePath):
        return mark_in(folder)
    with suppress(OSError, UnicodeDecodeError):
        return (folder / LOCK).read_text(encoding="ascii")
    return ""


def mark_held(folder: Place, held: Held) -> str:
    """The mark of a lock that this process holds, also where somebody else has taken the folder since."""
    return held.mark if isinstance(held, StoreLock) else mark_of(folder)


def wait_until_shown(path: Place) -> None:
    """Wait for a file that another machine wrote: a shared disk may take a while to show it.

    Returns after `SHOWN` seconds at most; whoever reads the file then says that it is not there.
    """
    begun = time.monotonic()
    while not path.is_file() and time.monotonic() - begun < SHOWN:
        list(path.parent.iterdir())  # a disk of another machine is asked anew
        time.sleep(0.1)


def is_marked(folder: Place, mark: str) -> bool:
    """Whether this is the folder that was marked so, as this machine sees it, and nobody else's since."""
    if isinstance(folder, StorePath):
        return marked(folder, mark)
    return bool(mark) and mark_of(folder) == mark


def _locked(file: Path, what: Path) -> int:
    """A descriptor of a file that keeps others from ``what``. Raises InputError where another has it."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if file.exists() and os.path.samestat(file.stat(), os.fstat(descriptor)):
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise InputError(
                f"another process is writing {what}: wait until it has ended, or choose another -o"
            ) from error
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)  # whoever had it took its name away: there is another file now, or none


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
        if local(folder).exists() and not folder.is_dir():
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
    def held(self, folder: Path | None, overwrite: bool) -> Iterator[None]:
        """The folder for this process alone while in the block, which may `clear` it and write a result.

        Where the block leaves nothing in a new folder, that is gone again. Without a folder nothing is held.
        Raises InputError as `check` does, and if another process is writing there.
        """
        if folder is None:
            yield
            return
        self.check(folder, overwrite)
        new = not folder.exists()
        make_folder(folder)
        lock = lock_folder(folder)
        try:
            self.check(folder, overwrite)  # another process may have been here before the lock
            yield
        finally:
            if new and not {path.name for path in folder.iterdir()} - {LOCK}:
                (folder / LOCK).unlink(missing_ok=True)
                folder.rmdir()
            unlock_folder(lock)

    def alone(self, job: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        """Decorator: what a job is told as ``out``, if anything, is `held` as long as the job runs.

        ``out`` and ``overwrite`` are keywords of the job, which then may `clear` the folder.
        """

        @wraps(job)
        def held(*given: Parameters.args, **named: Parameters.kwargs) -> Result:
            out: Any = named.get("out")
            with self.held(None if out is None else Path(out), bool(named.get("overwrite"))):
                return job(*given, **named)

        return held

    @contextmanager
    def writing(self, folder: Path, overwrite: bool) -> Iterator[None]:
        """The folder without an earlier result, for this process alone while in the block.

        Raises InputError as `held` and `clear` do.
        """
        with self.held(folder, overwrite):
            self.clear(folder)
            yield


def make_folder(folder: Path) -> None:
    """Have a folder, with those above it. Raises InputError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {folder}: {error.strerror}; choose another -o") from error


def claim_folder(folder: Place, name: str, what: str) -> Held:
    """Make a folder for a result that goes on where it was stopped, or see that it is empty or holds one.

    ``name`` is the file by which such a result is known, ``what`` what it is called. Gives the lock of
    `lock_folder`. Raises InputError for a folder that holds anything else, or cannot be written.
    """
    try:
        if isinstance(folder, Path):
            local(folder).mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise InputError(f"cannot write {what} to {folder}: {error.strerror}; choose another -o") from error
    # what a process leaves that was killed before the first file was whole
    foreign = {one for one in names - {LOCK, temporary_name(name)} if not is_lock(one)}
    if name not in names and foreign:
        raise InputError(
            f"{folder} holds files that are no {what.split()[-1]}, such as {min(foreign)}: choose an "
            "empty or new folder with -o"
        )
    return lock_folder(folder)


def _matching(folder: Path, patterns: tuple[str, ...]) -> set[Path]:
    return {path for pattern in patterns for path in folder.glob(pattern)}
