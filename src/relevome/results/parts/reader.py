"""Reading a result part by part, also while it is being written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Generic

import numpy as np
import pyarrow as pa

from relevome.errors import InputError
from relevome.results.parts.manifest import Folder, check_belong, read_manifest
from relevome.results.parts.part import (
    Counts,
    Row,
    part_paths,
    read_info,
    read_part,
    reading_rows,
    total,
)
from relevome.stores.place import Place, each, named_place
from relevome.words import counted


class PartsReader(Generic[Row]):
    """The rows of a result, in the order of its parts.

    One part is held in memory at a time. Of a result that is still being written it shows the parts that
    were there when it was opened. ``manifest`` is what its manifest says. Raises InputError for a folder
    that is none of its ``kind``, of a later schema, or with a part that is damaged or missing.
    """

    kind: ClassVar[Folder]

    def __init__(self, path: str | Place) -> None:
        self.path: Place = named_place(path)
        self.manifest: dict[str, Any] = read_manifest(self.path, self.kind)
        parts = part_paths(self.path)
        self._paths = tuple(parts.values())
        self._infos = tuple(each(read_info, [*self._paths]))
        self._check_complete(sorted(parts))
        check_belong(self.manifest, dict(zip(self._paths, self._infos, strict=True)))
        self._first_rows = np.cumsum([0, *(info.rows for info in self._infos)])
        self._held: tuple[int, pa.Table] | None = None

    @property
    def status(self) -> str:
        """``running`` (or killed), ``finished`` or ``failed``."""
        return self.manifest["status"]

    @property
    def counts(self) -> Counts:
        """What became of the sequences so far."""
        return total(info.counts for info in self._infos)

    def __len__(self) -> int:
        return int(self._first_rows[-1])

    def __iter__(self) -> Iterator[Row]:
        for part, info in enumerate(self._infos):
            table = self._part(part)
            for row in range(info.rows):
                with reading_rows(self._paths[part]):
                    found = self.kind.rows.from_row(table, row, info.head_shape)
                    self._check_row(found)
                yield found

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows part by part, of all columns or some, as they are stored."""
        for path in self._paths:
            yield read_part(path, self._schema(columns))

    def _schema(self, columns: Sequence[str] | None) -> pa.Schema:
        every = self.kind.rows.schema
        return every if columns is None else pa.schema([every.field(name) for name in columns])

    def _row(self, row: int) -> Row:
        part = int(np.searchsorted(self._first_rows, row, side="right")) - 1
        table = self._part(part)
        with reading_rows(self._paths[part]):
            shape = self._infos[part].head_shape
            found = self.kind.rows.from_row(table, row - int(self._first_rows[part]), shape)
            self._check_row(found)
            return found

    def _check_row(self, row: Row) -> None:
        """Raises ValueError for a row that does not go with what the manifest says."""

    def _part(self, part: int) -> pa.Table:
        if self._held is None or self._held[0] != part:
            self._held = None  # let go of one part before the next is read
            self._held = (part, read_part(self._paths[part], self.kind.rows.schema))
        return self._held[1]

    def _check_complete(self, indices: list[int]) -> None:
        said = self.manifest.get("parts")
        whole = said == len(indices) == 1 + max(indices, default=-1)
        if self.status == "finished" and not whole:
            raise InputError(
                f"{self.path} has {counted(len(indices), 'part')} but {self.kind.manifest} speaks of {said}: "
                f"copy the whole folder, or run the same `relevome {self.kind.command}` again, which makes "
                "only what is missing"
            )
