"""Tables of results, as tab-separated text, and back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from relevome.data.names import from_table, table_line, table_lines
from relevome.results.folder import whole_file
from relevome.stores.place import Place
from relevome.words import counted

if TYPE_CHECKING:
    import pyarrow as pa


def write_tsv(path: Place, header: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table; None is an empty field, and numbers are written so that they come back the same.

    Text is written as `table_line` does, so that no program takes it for anything else.
    """
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(table_line(header))
        file.writelines(map(table_line, rows))


def write_columns(path: Place, header: Sequence[str], blocks: Iterable[pa.Table]) -> None:
    """The same of blocks of rows, of which the columns of the header are written."""
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(table_line(header))
        for block in blocks:
            file.writelines(table_lines(block[name].to_pylist() for name in header))


def shortest(values: Float32[np.ndarray, " values"]) -> list[str]:
    """Each number in the fewest digits that give the same float32 back."""
    return values.astype(str).tolist()


def read_tsv(path: Path, columns: Sequence[str] | None = None) -> list[list[str]]:
    """The rows of such a table under its header, all text as it was given.

    Raises ValueError for a row of another length or other ``columns``, and csv.Error for what is no table.
    """
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t", strict=True)
    if columns is not None and list(map(from_table, header)) != [*columns]:
        raise ValueError(f"columns of {path.name} are {', '.join(header)}: expected {', '.join(columns)}")
    if any(len(row) != len(header) for row in rows):
        raise ValueError(f"rows of {path.name} have other than its {counted(len(header), 'column')}")
    return [list(map(from_table, row)) for row in rows]
