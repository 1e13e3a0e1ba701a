"""CSV and TSV tables of sequences and their labels."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relevome.data.formats import Format, formats
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.names import from_table
from relevome.data.problems import Intake, Problem, Stops
from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError
from relevome.words import counted

SEQUENCE_COLUMNS = ("sequence", "seq", "text")
LABEL_COLUMNS = ("label", "labels", "target", "y")
ID_COLUMNS = ("id", "sequence_id", "entry", "accession")  # the first of these that a table has

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
ENDINGS = tuple(_DELIMITERS)

# The csv module refuses fields over 131,072 letters, shorter than what long-context models read.
_LONGEST_FIELD = 2**31 - 1


@dataclass(frozen=True)
class LabelledSequence:
    """A sequence and its label as written in the table (None without a label column).

    What the label means is the task's business: a class, a number, several classes, or one label
    per letter.
    """

    sequence: Sequence
    label: str | None


def read_table(
    path: PathLike,
    alphabet: Alphabet,
    sequence_column: str | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    stops: Stops | None = None,
) -> Iterator[LabelledSequence | Problem]:
    """Rows of a CSV or TSV table with a header, plain or gzip, one at a time.

    Columns that are not named are looked for under the usual names, whatever their case; more than
    one candidate is an error, but for ids, of which the first of `ID_COLUMNS` counts. Without an id
    column ids are ``row1``, ``row2``, ... Raises InputError for a file that cannot be read, is no
    table, or lacks a column.
    """
    rows = table_rows(path)
    columns = [name.strip() for name in next(rows)[1]]
    sequence_at = _column(path, columns, "sequence", sequence_column, SEQUENCE_COLUMNS)
    label_at = _column(path, columns, "label", label_column, LABEL_COLUMNS)
    id_at = id_place(columns) if id_column is None else _column(path, columns, "id", id_column, ())
    if sequence_at is None:
        raise InputError(
            f"{path} has no sequence column: expected one of {', '.join(SEQUENCE_COLUMNS)}, or give its "
            f"name; it has {_listed(columns)}"
        )
    intake = Intake(alphabet, stops)
    count = 0
    for count, (number, row) in enumerate(rows, 1):
        where = f"{path}, line {number}"
        if len(row) != len(columns):
            yield Problem(
                f"row{count}",
                f"{counted(len(row), 'column')}: expected {len(columns)} as in the header",
                where,
            )
            continue
        id = f"row{count}" if id_at is None else row[id_at].strip()
        sequence = intake.take(id, row[sequence_at].strip(" \t\n"), where)
        label = None if label_at is None else row[label_at].strip()
        yield sequence if isinstance(sequence, Problem) else LabelledSequence(sequence, label)
    if not count:
        raise InputError(f"{path} has a header but no rows: expected one row per sequence")


def table_sequences(
    path: PathLike,
    alphabet: Alphabet,
    stops: Stops | None = None,
    sequence_column: str | None = None,
    id_column: str | None = None,
) -> Iterator[Sequence | Problem]:
    """The sequences of a table alone; see `read_table`."""
    rows = read_table(path, alphabet, sequence_column, None, id_column, stops)
    return (row.sequence if isinstance(row, LabelledSequence) else row for row in rows)


def table_rows(path: PathLike) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each row of a CSV or TSV table that is not blank, header first.

    A ``'`` before what would be a formula, as `table_line` and others write it, is taken off.
    """
    lines = numbered_lines(path)
    before, header = next(((number - 1, line) for number, line in lines if line.strip()), (0, None))
    if header is None:
        raise InputError(f"{path} is empty: expected a header and rows")
    csv.field_size_limit(_LONGEST_FIELD)
    text = (line + "\n" for line in itertools.chain([header], (line for _, line in lines)))
    reader = csv.reader(text, delimiter=_delimiter(path, header), strict=True)
    empty = True
    try:
        for row in reader:
            if len(row) > 1 or any(cell.strip() for cell in row):
                empty = False
                yield before + reader.line_num, list(map(from_table, row))
    except csv.Error as error:
        where = f"{path}, line {before + reader.line_num}"
        raise InputError(f"{where}: {error}: expected a CSV or TSV table") from error
    if empty:  # nothing but quotes
        raise InputError(f"{path} is empty: expected a header and rows")


def _delimiter(path: PathLike, header: str) -> str:
    named = _DELIMITERS.get(Path(str(path).lower().removesuffix(".gz")).suffix, "")
    return named if named and named in header else max(",\t;", key=header.count)


def _column(
    path: PathLike, columns: list[str], what: str, asked: str | None, usual: tuple[str, ...]
) -> int | None:
    if asked is None:
        found = [i for i, name in enumerate(columns) if name.lower() in usual]
    else:
        found = [i for i, name in enumerate(columns) if name == asked]
        if not found:
            raise InputError(f"{path} has no {what} column {asked!r}: it has {_listed(columns)}")
    if len(found) > 1:
        several = ", ".join(columns[i] for i in found)
        raise InputError(f"{path} has more than one {what} column, {several}: name one, or rename the others")
    return found[0] if found else None


def id_place(columns: list[str]) -> int | None:
    """Which column has ids, by its usual names in their order; None if there is none."""
    names = [name.lower() for name in columns]
    return next((names.index(usual) for usual in ID_COLUMNS if usual in names), None)


def _listed(columns: list[str]) -> str:
    return ", ".join(repr(name[:40]) for name in columns[:20])


def label_rows(path: PathLike, label_column: str | None = None) -> Iterator[tuple[str, str, str]]:
    """Where each row of a CSV or TSV table is, its id and its label; it needs no sequences.

    Columns that are not named are called as for `read_table`, and without one of ids they are ``row1``,
    ``row2``, ... Raises InputError for a table without labels or rows, a row of another length, and an id
    with two labels.
    """
    rows = table_rows(path)
    columns = [name.strip() for name in next(rows)[1]]
    label_at, id_at = _column(path, columns, "label", label_column, LABEL_COLUMNS), id_place(columns)
    if label_at is None:
        raise InputError(
            f"{path} has no label column: expected one of {', '.join(LABEL_COLUMNS)}, as for relevome train; "
            f"it has {_listed(columns)}"
        )
    labels: dict[str, str] = {}
    for count, (number, row) in enumerate(rows, 1):
        where = f"{path}, line {number}"
        if len(row) != len(columns):
            raise InputError(
                f"{where}: {counted(len(row), 'column')}: expected {len(columns)} as in the header"
            )
        id = f"row{count}" if id_at is None else row[id_at].strip()
        label = row[label_at].strip()
        if labels.setdefault(id, label) != label:
            raise InputError(f"{where}: {id!r} has label {labels[id]!r} and {label!r}: expected one")
        yield where, id, label
    if not labels:
        raise InputError(f"{path} has a header but no rows: expected one row per sequence")


def read_classes(path: PathLike) -> dict[str, str]:
    """The class of each id in a CSV or TSV table with columns ``id`` and ``class``; empty ones are left out.

    Raises InputError for a table without these columns, a row of another length, and an id of two classes.
    """
    rows = table_rows(path)
    columns = [name.strip().lower() for name in next(rows)[1]]
    id_at = id_place(columns)
    if id_at is None or "class" not in columns:
        raise InputError(f"{path} has columns {', '.join(columns[:9])}: expected id and class among them")
    class_at = columns.index("class")
    classes: dict[str, str] = {}
    for number, row in rows:
        if len(row) != len(columns):
            raise InputError(
                f"{path}, line {number}: {counted(len(row), 'column')}, expected {len(columns)} as above"
            )
        id, name = row[id_at].strip(), row[class_at].strip()
        if name and classes.setdefault(id, name) != name:
            raise InputError(f"{path}, line {number}: {id!r} is in class {classes[id]!r} and in {name!r}")
    return classes


formats.register("table")(Format("table", ENDINGS, sequences=table_sequences))
