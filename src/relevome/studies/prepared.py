"""Data that a study prepares once, and the public files that it reads for that."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

from relevome.data.names import fasta_record, table_line
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.results.tables import write_tsv

# The type of a stretch of letters, and its ends, 0-based and half-open.
Segment: TypeAlias = tuple[str, int, int]


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
    path.write_text("".join(fasta_record(one.id, one.letters) for one in sequences), encoding="utf-8")


def write_examples(path: Path, examples: Iterable[tuple[Sequence, Any]]) -> None:
    """Sequences and their labels as a table to train on."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(table_line(("id", "sequence", "label"), ","))
        file.writelines(table_line((one.id, one.letters, label), ",") for one, label in examples)


def write_segments(path: Path, placed: Iterable[tuple[str, Iterable[Segment]]]) -> None:
    """Segments of proteins, by their ids, as a table of features, which counts from 1."""
    header = ("id", "type", "start", "end")
    write_tsv(path, header, ((id, kind, start + 1, end) for id, own in placed for kind, start, end in own))
