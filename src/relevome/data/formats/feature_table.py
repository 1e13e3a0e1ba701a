"""Features as a table: one row each, letters counted from 1."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from relevome.data.features import STRANDS, Feature, Unplaced, from_one, is_unsure, known_part
from relevome.data.formats import Format, formats
from relevome.data.formats.table import ENDINGS, ID_COLUMNS, table_rows
from relevome.data.lines import PathLike
from relevome.data.names import check_name
from relevome.errors import InputError
from relevome.words import counted

_COLUMNS = {"id": ID_COLUMNS, "type": ("type",), "start": ("start",), "end": ("end",)}
_EFFECT = "required_effect"
_NO_STRAND = ("", ".", "?", "0", "nan")


def is_feature_table(path: PathLike) -> bool:
    """Whether a table has a header with the columns ``start`` and ``end``, which BED has not."""
    try:
        _, header = next(table_rows(path))
    except InputError:
        return False
    return {"start", "end"} <= {name.strip().lower() for name in header}


def table_features(path: PathLike, kinds: Collection[str] = ()) -> Iterator[Feature | Unplaced]:
    """Rows of a CSV or TSV table with the columns id, type, start, end, and perhaps name and strand.

    What case the columns are in does not matter. Letters are counted from 1 and the end is included. An end
    that is not known (``<1``, ``?``) makes an `Unplaced` feature. Rows of all types are given.
    ``required_effect`` is what a feature must add to the output of its sequence, a number in every row if
    there is such a column. Raises InputError for a column that is missing and a row that is no feature.
    """
    rows = table_rows(path)
    columns = [name.strip().lower() for name in next(rows)[1]]
    at = {name: _column(path, columns, names) for name, names in _COLUMNS.items()}
    named = columns.index("name") if "name" in columns else None
    turned = columns.index("strand") if "strand" in columns else None
    worth = columns.index(_EFFECT) if _EFFECT in columns else None
    for number, row in rows:
        where = f"{path}, line {number}"
        if len(row) != len(columns):
            raise InputError(
                f"{where}: {counted(len(row), 'column')}: expected {len(columns)} as in the header"
            )
        id, kind, first, last = (row[at[name]].strip() for name in _COLUMNS)
        if not id or not kind:
            raise InputError(f"{where}: a feature without an id or a type: expected both")
        first, last = known_part(first, last)
        if is_unsure(first, last):
            yield Unplaced(id, f"{kind} at {first} to {last}, an end that is not known", where, kind)
            continue
        try:
            check_name(id, "sequence")
            check_name(kind, "type")
            start, end = from_one(first, last)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from error
        name = "" if named is None else row[named].strip()
        strand = "." if turned is None else _strand(row[turned], where)
        effect = None if worth is None else _effect(row[worth], where)
        yield Feature(id, kind, start, end, name, strand, effect)


def _effect(text: str, where: str) -> float:
    """What a feature adds to an output, as a table has it."""
    try:
        effect = float(text)
    except ValueError:
        effect = math.nan
    if not math.isfinite(effect):
        raise InputError(
            f"{where}: {_EFFECT} {text[:40]!r}: expected a finite number in every row, 0 for a feature "
            "without one"
        )
    return effect


def _strand(text: str, where: str) -> str:
    """The strand as a table may spell it."""
    spelt = text.strip().lower()
    if spelt in _NO_STRAND:
        return "."
    if spelt not in STRANDS:
        raise InputError(f"{where}: strand {text[:40]!r}: expected +, - or .")
    return STRANDS[spelt]


def _column(path: PathLike, columns: list[str], names: tuple[str, ...]) -> int:
    found = [place for place, column in enumerate(columns) if column in names]
    if len(found) != 1:
        raise InputError(
            f"{path} has {len(found)} columns called {' or '.join(names)}: expected one, as features are a "
            "table of id, type, start, end (counted from 1, the end included) and perhaps name and strand"
        )
    return found[0]


formats.register("feature-table")(
    Format("feature-table", ENDINGS, looks_like=is_feature_table, sites=table_features)
)
