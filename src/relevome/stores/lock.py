"""A lock in an object store, which has none: a file that is put only where there is none, kept alive."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from secrets import token_hex

from relevome.errors import InputError
from relevome.stores.place import StorePath

BEAT = 5.0  # seconds between two signs of life
SILENT = 20.0  # seconds without one, after which whoever has the lock is taken for dead

_NAME = re.compile(r"\.lock-(\d{5,})")


class StoreLock:
    """Keeps other processes from a folder in a store, until it is released.

    A process that dies has it no longer, nor one that stands still for `SILENT` seconds.

    Files of locks are numbered: who follows puts the next number, unless it is there, and removes those
    before. So of two who follow a dead process one gets it, by whatever clock. The file holds `mark` and how
    often its process has said that it lives; nothing in it is left when it is released.

    Raises InputError while another process has it, and for a store that puts a file where there is one though
    it is asked not to.
    """

    def __init__(self, folder: StorePath) -> None:
        before = _files(folder)
        last = max(before, default=0)
        if last and _lives(before[last]):
            raise _taken(folder)
        self._file = folder / f".lock-{last + 1:05d}"
        self.mark = f"{last + 1}:{token_hex(16)}"
        content = self._content(0)
        # a library that had no answer asks again, and is told that its own file is there
        if not self._file.write_new(content) and _said(self._file) != content.decode():
            raise _taken(folder)
        if self._file.write_new(self._content(0)):
            self._file.write_bytes(b"")
            raise InputError(
                f"the store of {folder} replaces a file though it is asked not to (If-None-Match), so that "
                "nothing keeps two commands apart there: write to a folder of this machine, and copy it"
            )
        # others may have followed since, and removed the number that is taken here
        if max(_files(folder), default=0) > last + 1:
            self._file.unlink(missing_ok=True)
            raise _taken(folder)
        for path in before.values():
            path.unlink(missing_ok=True)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Let other processes write."""
        self._ended.set()
        self._thread.join()
        with suppress(InputError):
            if marked(self._file.parent, self.mark):
                self._file.write_bytes(b"")

    def _content(self, beats: int) -> bytes:
        return f"{self.mark} {beats}\n".encode()

    def _live(self) -> None:
        beats = 0
        while not self._ended.wait(BEAT):
            beats += 1
            with suppress(InputError):  # whoever writes a part will say it
                if not marked(self._file.parent, self.mark):
                    return
                self._file.write_bytes(self._content(beats))


def marked(folder: StorePath, mark: str) -> bool:
    """Whether a lock with this mark is the one that the folder has."""
    number = mark.partition(":")[0]
    return number.isdecimal() and _said(folder / f".lock-{int(number):05d}").partition(" ")[0] == mark


def mark_in(folder: StorePath) -> str:
    """The mark of the lock that a folder has; empty where nobody has it."""
    files = _files(folder)
    return _said(files[max(files)]).partition(" ")[0] if files else ""


def is_lock(name: str) -> bool:
    """Whether a file is one of a lock, by its name."""
    return _NAME.fullmatch(name) is not None


def _files(folder: StorePath) -> dict[int, StorePath]:
    matches = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path for match, path in matches if match}


def _said(file: StorePath) -> str:
    try:
        return file.read_text()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _lives(file: StorePath) -> bool:
    """Whether somebody has a lock: its file is not empty, and changes."""
    first, since = _said(file), time.monotonic()
    while first and time.monotonic() - since < SILENT:
        time.sleep(min(BEAT, SILENT) / 5)
        if (now := _said(file)) != first:
            return bool(now)
    return False


def _taken(folder: StorePath) -> InputError:
    return InputError(f"another process is writing {folder}: wait until it has ended, or choose another -o")
