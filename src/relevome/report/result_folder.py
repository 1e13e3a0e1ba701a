"""A folder with the result of a command: ours to write, to replace if asked, or another's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from relevome.errors import InputError

# What a process leaves that was killed while it wrote.
_TEMPORARY = (".*.tmp",)


@dataclass(frozen=True)
class ResultFolder:
    """What a command leaves in a folder, as patterns of names.

    One of ``last`` is written when all ``others`` are there: a folder without it is unfinished. What is
    ``kept`` is ours too, but of use to a result that takes its place.
    """

    last: tuple[str, ...]
    others: tuple[str, ...]
    kept: tuple[str, ...] = ()

    def check(self, folder: Path, overwrite: bool) -> None:
        """Raises InputError where a result cannot go: a file, another's folder, a whole result unasked."""
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file: expected the name of a folder for -o")
        there = {*folder.iterdir()} if folder.is_dir() else set()
        if there - _matching(folder, (*self.last, *self.others, *self.kept, *_TEMPORARY)):
            raise InputError(f"{folder} is there and not empty: choose another -o")
        if _matching(folder, self.last) and not overwrite:
            raise InputError(
                f"{folder} is there and not empty: choose another -o, or replace it with --overwrite"
            )

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


def _matching(folder: Path, patterns: tuple[str, ...]) -> set[Path]:
    return {path for pattern in patterns for path in folder.glob(pattern)}
