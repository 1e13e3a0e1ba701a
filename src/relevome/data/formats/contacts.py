"""Contacts of structures: which letters of a sequence touch, as a table."""

from __future__ import annotations

from relevome.data.formats.table import ID_COLUMNS, table_rows
from relevome.data.lines import PathLike
from relevome.errors import InputError
from relevome.words import counted

_IDS = (*ID_COLUMNS, "pdb_chain")

Contacts = dict[str, frozenset[tuple[int, int]]]


def read_contacts(path: PathLike) -> Contacts:
    """Pairs of letters that touch, the first before the second, by the id of their sequence.

    A CSV or TSV table, plain or gzip, with a column of ids (``id``, ``sequence_id``, ``entry``, ``accession``
    or ``pdb_chain``) and columns ``i`` and ``j``: letters counted from 0, in any order. Other columns are
    passed over. Raises InputError for a table without these columns or without rows, a row of another length,
    and letters that are no two whole numbers from 0 on.
    """
    rows = table_rows(path)
    columns = [name.strip().lower() for name in next(rows)[1]]
    id_at = next((columns.index(name) for name in _IDS if name in columns), None)
    if id_at is None or not {"i", "j"} <= {*columns}:
        raise InputError(
            f"{path} has columns {', '.join(columns[:9])}: expected i, j and one of {', '.join(_IDS)} among "
            "them"
        )
    places = columns.index("i"), columns.index("j")
    found: dict[str, set[tuple[int, int]]] = {}
    for number, row in rows:
        where = f"{path}, line {number}"
        if len(row) != len(columns):
            raise InputError(
                f"{where}: {counted(len(row), 'column')}, expected {len(columns)} as in the header"
            )
        given = [row[at].strip() for at in places]
        letters = {int(one) for one in given if one.isascii() and one.isdigit() and len(one) < 10}
        if len(letters) < 2:
            said = " and ".join(map(repr, given))
            raise InputError(f"{where}: i and j are {said}: expected two letters, counted from 0")
        first, second = sorted(letters)
        found.setdefault(row[id_at].strip(), set()).add((first, second))
    if not found:
        raise InputError(f"{path} has a header but no rows: expected one row per contact")
    return {id: frozenset(pairs) for id, pairs in found.items()}
