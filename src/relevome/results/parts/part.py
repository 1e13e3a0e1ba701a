"""Part files: some rows of a result, with the counts that belong to them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from relevome import ledger as ledgers
from relevome.errors import InputError
from relevome.ledger import Ledger
from relevome.results.folder import whole_file
from relevome.results.record import DAMAGE
from relevome.stores.place import Place, StorePath
from relevome.words import counted

_NAME = re.compile(r"part-(\d{5,})\.parquet")
_KEY = b"relevome"


@dataclass(frozen=True)
class Refusal:
    """A sequence for which there is no result, and why."""

    sequence_id: str
    reason: str


@dataclass(frozen=True)
class Counts:
    """What became of sequences: read, done, refused; ``other`` counts by name, as ``unknown_tokens``.

    ``ledger`` is what became of their relevance, in a run under audit.
    """

    read: int = 0
    explained: int = 0
    refused: tuple[Refusal, ...] = ()
    other: Mapping[str, int] = field(default_factory=dict)
    ledger: Ledger | None = None


@dataclass(frozen=True)
class PartInfo:
    """What the foot of a part says: rows, counts, and (layers, heads) of head relevance if there is any.

    ``run`` is the digest of the question that it answers; None of a part by an earlier relevome.
    """

    rows: int
    counts: Counts
    head_shape: tuple[int, int] | None
    run: str | None = None


Row = TypeVar("Row")


@dataclass(frozen=True)
class Rows(Generic[Row]):
    """How rows of a kind of result are kept: their columns, to a table and back.

    ``head_shape`` is (layers, heads) of rows with head relevance, which `from_row` is given back.
    """

    schema: pa.Schema
    to_table: Callable[[Sequence[Row]], pa.Table]
    from_row: Callable[[pa.Table, int, tuple[int, int] | None], Row]
    head_shape: Callable[[Sequence[Row]], tuple[int, int] | None] = lambda rows: None


def total(counts: Iterable[Counts]) -> Counts:
    """Everything counted together; refusals in the order in which they came."""
    every = list(counts)
    names = sorted({name for c in every for name in c.other})
    return Counts(
        read=sum(c.read for c in every),
        explained=sum(c.explained for c in every),
        refused=tuple(refusal for c in every for refusal in c.refused),
        other={name: sum(c.other.get(name, 0) for c in every) for name in names},
        ledger=ledgers.total(c.ledger for c in every if c.ledger is not None),
    )


def common_head_shape(shapes: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    """The one (layers, heads) of all, None where there is no head relevance."""
    found = {shape for shape in shapes if shape is not None}
    if len(found) > 1:
        raise ValueError(f"head relevance of one run has several sizes (layers, heads): {sorted(found)}")
    return found.pop() if found else None


def part_path(folder: Place, index: int) -> Place:
    """The file of a part."""
    return folder / f"part-{index:05d}.parquet"


def part_paths(folder: Place) -> dict[int, Place]:
    """The parts that a folder holds, by index, in order."""
    matches = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(match[1]), path) for match, path in matches if match))


def write_part(
    path: Place, kind: Rows[Row], rows: Sequence[Row], counts: Counts, version: int, run: str | None = None
) -> str:
    """Write a part as a whole, in a version of its kind; the same content gives the same bytes.

    Gives the SHA-256 of the part that is there then: in a store, another who wrote it first has done so.
    """
    info = {
        "schema_version": version,
        "counts": counts_to_json(counts),
        "head_shape": kind.head_shape(rows),
        "run": run,
        "part": _index(path),
        "rows": len(rows),
    }
    return write_table(path, kind.to_table(rows), info)


def write_table(path: Place, table: pa.Table, foot: Mapping[str, object]) -> str:
    """Write a Parquet file as a whole, with what its foot shall say; gives its SHA-256.

    In a store nothing takes the place of one that is there, whose SHA-256 it then is.
    """
    if isinstance(path, StorePath):
        sink = pa.BufferOutputStream()
        _write(table, foot, sink)
        content = sink.getvalue()
        return hashlib.sha256(content).hexdigest() if path.write_new(content) else sha256_of_part(path)
    with whole_file(path) as temporary:
        with temporary.open("wb") as file:
            _write(table, foot, file)
        return sha256_of_part(temporary)


def _write(table: pa.Table, foot: Mapping[str, object], file: Any) -> None:
    known = table.replace_schema_metadata({_KEY: json.dumps(foot, sort_keys=True)})
    # Checksums, so that a disk or a copy that went wrong is noticed when the part is read.
    pq.write_table(known, file, compression="zstd", use_dictionary=False, write_page_checksum=True)


def size_of_part(kind: Rows[Row], rows: Sequence[Row], counts: Counts) -> tuple[int, int]:
    """Bytes of a part with these rows, as a file and in memory; nothing is written."""
    table, sink = kind.to_table(rows), pa.BufferOutputStream()
    _write(table, {"counts": counts_to_json(counts), "head_shape": kind.head_shape(rows)}, sink)
    return sink.getvalue().size, table.nbytes


def read_foot(path: Place) -> tuple[dict[str, Any], int]:
    """What the foot of a Parquet file says, and how many rows it has."""
    with _source(path) as source:
        metadata = pq.read_metadata(source)
    return json.loads((metadata.metadata or {})[_KEY]), metadata.num_rows


def read_info(path: Place) -> PartInfo:
    """The foot of a part. Raises InputError if it is damaged, another part than it is called, or cut."""
    try:
        info, there = read_foot(path)
        part, rows = info.get("part", _index(path)), info.get("rows", there)
        if part != _index(path):
            raise ValueError(f"it is part {part}")
        if rows != there:
            raise ValueError(f"it has {counted(there, 'row')} of {rows}")
        shape = head_shape_of(info)
        return PartInfo(there, counts_from_json(info["counts"]), shape, info.get("run"))
    except (pa.ArrowException, *DAMAGE) as error:
        raise damaged_part(path, error) from error


def sha256_of_part(path: Place) -> str:
    """Digest of all bytes of a part. Raises InputError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise damaged_part(path, error) from error


def head_shape_of(foot: Mapping[str, Any]) -> tuple[int, int] | None:
    """(layers, heads) of head relevance, if a foot speaks of any."""
    if not foot["head_shape"]:
        return None
    layers, heads = map(_whole, foot["head_shape"])
    return layers, heads


def _index(path: Place) -> int:
    """The number in the name of a part."""
    found = _NAME.fullmatch(path.name)
    return int(found[1]) if found else -1


def _whole(number: object) -> int:
    """A count. Raises ValueError for anything else."""
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{str(number)[:60]!r} is no count")
    return number


def read_part(path: Place, expected: pa.Schema) -> pa.Table:
    """The rows of a part in the columns of a schema; one that is newer than the part is null in it."""
    try:
        with (
            _source(path) as source,
            pq.ParquetFile(
                source, page_checksum_verification=True, pre_buffer=isinstance(path, StorePath)
            ) as file,
        ):
            known = set(file.schema_arrow.names)
            there = [name for name in expected.names if name in known]
            table = _with_newer(file.read(there).combine_chunks(), expected)
        if table.schema != expected:
            raise ValueError("columns of another kind")
        return table
    except (pa.ArrowException, *DAMAGE) as error:
        raise damaged_part(path, error) from error


def _source(path: Place) -> AbstractContextManager[Path | RawIOBase]:
    """What Arrow reads: a path of this machine, or those stretches of a file in a store that it asks for."""
    return path.stretches() if isinstance(path, StorePath) else nullcontext(path)


@contextmanager
def reading_rows(path: Place) -> Iterator[None]:
    """Raises InputError where rows of a part turn out to be other than they should be."""
    try:
        yield
    except (pa.ArrowException, *DAMAGE) as error:
        raise damaged_part(path, error) from error


def _with_newer(table: pa.Table, expected: pa.Schema) -> pa.Table:
    """The table with those of the expected columns that it lacks and that may be null."""
    for place, column in enumerate(expected):
        if column.name not in table.column_names and column.nullable:
            table = table.add_column(place, column, pa.nulls(len(table), column.type))
    return table


def damaged_part(path: Place, error: Exception) -> InputError:
    """What is said of a part that cannot be used."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(
        f"{path} is damaged or gone ({reason[:200]}): delete that file and run the same command again, which "
        "makes only what is missing"
    )


def counts_to_json(counts: Counts) -> dict[str, object]:
    """Counts as JSON can hold them."""
    return {
        "read": counts.read,
        "explained": counts.explained,
        "refused": [[r.sequence_id, r.reason] for r in counts.refused],
        "other": dict(counts.other),
        "ledger": None if counts.ledger is None else ledgers.to_json(counts.ledger),
    }


def counts_from_json(content: Mapping[str, Any]) -> Counts:
    """Counts as `counts_to_json` gave them."""
    refused = tuple(Refusal(str(name), str(reason)) for name, reason in content["refused"])
    kept = content.get("ledger")
    ledger = None if kept is None else ledgers.from_json(kept)
    other = {str(name): _whole(count) for name, count in content["other"].items()}
    return Counts(_whole(content["read"]), _whole(content["explained"]), refused, other, ledger)
