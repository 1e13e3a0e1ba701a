"""What can be wrong within files of arrays or tables, where a changed byte is found by its checksum."""

from __future__ import annotations

import io
import zipfile
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.damage.values import Given, change_json

_DTYPES = ("<f8", "<f4", ">f4", "<i8", "<i4", "|u1", "|b1", "<U5", "|S3", "<c16", "<M8[s]", "<f2")
_HEADERS = (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 1000000, 1000000), }",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
    b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
    b"{'descr': '<f4', 'fortran_order': 1, 'shape': (2,), }",
    b"{'descr': '|V0', 'fortran_order': False, 'shape': (99999999999999,), }",
    b"{'descr': '<f4', 'shape': (9**9**9,), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (10L,), }",
    b"(" * 900,
    b"'''",
    b"\xff\xff",
    b"",
)


def change_array(data: bytes, given: Given) -> bytes:
    """Another header, type, shape or other numbers."""
    rng = given.rng
    if rng.random() < 0.3:
        head = rng.choice(_HEADERS) + b"\n"
        version = rng.choice((b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"))
        size = len(head).to_bytes(2 if version[0] == 1 else 4, "little")
        return b"\x93NUMPY" + version + size + head + data[128:]
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception:  # noqa: BLE001 - damaged before
        return data[: len(data) // 2]
    if array.size > 1 << 16:  # of no bytes each
        return data
    with np.errstate(all="ignore"):
        return _saved(_another(array, rng))


def _another(array: np.ndarray, rng: Random) -> np.ndarray:
    way = rng.randrange(6)
    if way == 0:
        try:
            return array.astype(rng.choice(_DTYPES))
        except (ValueError, TypeError, RuntimeError):
            return array
    if way == 1:
        return array.reshape(rng.choice(((-1,), (1, -1), (-1, 1))))
    if way == 2 and array.ndim:
        return np.delete(array, rng.randrange(max(len(array), 1)), axis=0) if len(array) else array
    if way == 3:
        return np.concatenate([np.atleast_1d(array)] * 2)
    if way == 4:
        return np.zeros(rng.choice(((), (0,), (0, 4), (3, 0))), dtype=array.dtype)
    changed = array.copy()
    if changed.size and changed.dtype.kind in "fi":
        odd = (
            (np.nan, np.inf, -np.inf, -1, 0, 1e30) if changed.dtype.kind == "f" else (-1, 0, 2**31 - 1, 10**6)
        )
        changed.flat[rng.randrange(changed.size)] = rng.choice(odd)
    return changed


def _saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def change_arrays(data: bytes, given: Given) -> bytes:
    """Of the arrays in a file one is another, gone, twice, or called otherwise; or odd compression."""
    rng = given.rng
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # noqa: BLE001 - damaged before
        return data[: len(data) // 2]
    if not members:
        return data
    name, way = rng.choice(list(members)), rng.randrange(8)
    if way == 0:
        del members[name]
    elif way == 1:
        members[rng.choice(("x", "x.npy", "../x.npy", "/"))] = members.pop(name)
    elif way == 2:
        members[name] = members[rng.choice(list(members))]
    elif way == 3:
        members[name] = rng.randbytes(40)
    else:
        members[name] = change_array(members[name], given)
    packed = io.BytesIO()
    kind = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2))
    with zipfile.ZipFile(packed, "w", kind) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    content = packed.getvalue()
    if rng.random() < 0.1:  # the flag of encryption, and a compression that nobody has
        at = content.find(b"PK\x01\x02")
        place = at + rng.choice((8, 10))
        content = content[:place] + bytes([content[place] | rng.choice((1, 99))]) + content[place + 1 :]
    return content


def change_table(data: bytes, given: Given) -> bytes:
    """Of the columns of a table one is of another kind, has nulls, is gone or twice; or rows, or its foot."""
    rng = given.rng
    try:
        table = pq.read_table(pa.BufferReader(data))
    except Exception:  # noqa: BLE001 - damaged before
        return data[: len(data) // 2]
    if not table.num_columns:
        return data
    at = rng.randrange(table.num_columns)
    packed = pa.BufferOutputStream()
    try:
        table = rng.choice(_TABLES)(table, at, rng)
        pq.write_table(table, packed, compression="zstd", use_dictionary=False, write_page_checksum=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return data
    return packed.getvalue().to_pybytes()


def _other_value(table: pa.Table, at: int, rng: Random) -> pa.Table:
    """One cell that is something else of its kind."""
    cells, kind = table.column(at).to_pylist(), table.schema.field(at).type
    if cells:
        row = rng.randrange(len(cells))
        cells[row] = _odd_cell(cells[row], rng)
    return table.set_column(at, table.schema.field(at).with_nullable(True), pa.array(cells, type=kind))


def _odd_cell(cell: Any, rng: Random) -> Any:
    if isinstance(cell, list):
        odd: tuple[Any, ...] = (None, [], cell[:-1], cell + cell, [None, *cell[1:]], cell[::-1])
    elif isinstance(cell, str):
        odd = (None, "", "\n", cell + cell, "\x00", "-", "?")
    elif isinstance(cell, float):
        odd = (None, float("nan"), float("inf"), -1e300, 0.0)
    else:
        odd = (None, -1, 0, 2**31 - 1, 10**6)
    return rng.choice(odd)


def _other_kind(table: pa.Table, at: int, rng: Random) -> pa.Table:
    kinds = (pa.string(), pa.int64(), pa.float32(), pa.null(), pa.list_(pa.float64()), pa.large_string())
    kind = rng.choice(kinds)
    try:
        column = table.column(at).cast(kind)
    except pa.ArrowException:
        column = pa.nulls(len(table), kind)
    return table.set_column(at, table.schema.names[at], column)


def _nulls(table: pa.Table, at: int, rng: Random) -> pa.Table:
    kind = table.schema.field(at).type
    return table.set_column(at, pa.field(table.schema.names[at], kind), pa.nulls(len(table), kind))


def _without(table: pa.Table, at: int, rng: Random) -> pa.Table:
    return table.remove_column(at)


def _twice(table: pa.Table, at: int, rng: Random) -> pa.Table:
    return table.append_column(table.schema.field(at), table.column(at))


def _other_rows(table: pa.Table, at: int, rng: Random) -> pa.Table:
    return rng.choice((table.slice(1), pa.concat_tables([table, table]), table.slice(0, 0)))


def _other_foot(table: pa.Table, at: int, rng: Random) -> pa.Table:
    said = dict((table.schema.metadata or {}).items())
    if rng.random() < 0.2:
        return table.replace_schema_metadata({})
    changed = {key: change_json(value, Given(rng, (), b"")) for key, value in said.items()}
    return table.replace_schema_metadata(changed)


_TABLES = (
    _other_value,
    _other_value,
    _other_value,
    _other_kind,
    _nulls,
    _without,
    _twice,
    _other_rows,
    _other_foot,
    _other_foot,
)
