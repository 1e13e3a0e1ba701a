"""Classes of sequences, as a table names them."""

from __future__ import annotations

from relevome.data.errors import InputError
from relevome.data.lines import PathLike
from relevome.data.tables import ID_COLUMNS, table_rows


def read_classes(path: PathLike) -> dict[str, str]:
    """The class of each id in a CSV or TSV table with columns ``id`` and ``class``; empty ones are left out.

    Raises InputError for a table without these columns, a row of another length, and an id of two classes.
    """
    rows = table_rows(path)
    columns = [name.strip().lower() for name in next(rows)[1]]
    id_at = next((i for i, name in enumerate(columns) if name in ID_COLUMNS), None)
    if id_at is None or "class" not in columns:
        raise InputError(f"{path} has columns {', '.join(columns[:9])}: expected id and class among them")
    class_at = columns.index("class")
    classes: dict[str, str] = {}
    for number, row in rows:
        if len(row) != len(columns):
            raise InputError(f"{path}, line {number}: {len(row)} columns, expected {len(columns)} as above")
        id, name = row[id_at].strip(), row[class_at].strip()
        if name and classes.setdefault(id, name) != name:
            raise InputError(f"{path}, line {number}: {id!r} is in class {classes[id]!r} and in {name!r}")
    return classes
