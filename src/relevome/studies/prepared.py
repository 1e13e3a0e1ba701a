"""Data that a study prepares once, and the public files that it reads for that."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from relevome.data.errors import InputError
from relevome.data.sequence import Sequence


def check_files(task: str, needs: Iterable[Path], data: Path | None) -> None:
    """Raises InputError where the folder with public data lacks a file that a task needs."""
    for path in needs:
        if data is None or not (data / path).is_file():
            raise InputError(
                f"the task {task} needs the file {path} in the folder of --data: fetch it as the docs say, "
                "or name other tasks by --task"
            )


def prepare_once(folder: Path, write: Callable[[Path], None]) -> None:
    """Have ``write`` fill a new folder, which is there as a whole or not at all; one that is there stays."""
    if folder.is_dir():
        return
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write(unfinished)
    unfinished.rename(folder)


def write_fasta(path: Path, sequences: Iterable[Sequence]) -> None:
    """Sequences, each on one line."""
    path.write_text("".join(f">{one.id}\n{one.letters}\n" for one in sequences), encoding="utf-8")


def write_table(path: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]], sep: str) -> None:
    """A header and rows, with ``sep`` between fields."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=sep, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
