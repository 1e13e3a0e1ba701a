"""What all results about variants have in common: which variant a row is of, and tables for people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from relevome.results.parts.part import Row
from relevome.results.parts.reader import PartsReader
from relevome.results.tables import write_columns

if TYPE_CHECKING:
    import pandas as pd

TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()

# The columns with which every row begins, see `VariantRow`.
OF_VARIANT = (
    *(pa.field(name, WHOLE, nullable=False) for name in ("line", "alternative")),
    *(pa.field(name, TEXT, nullable=False) for name in ("id", "sequence_id")),
    *(pa.field(name, WHOLE, nullable=False) for name in ("start", "end")),
    *(pa.field(name, TEXT, nullable=False) for name in ("ref", "alt", "kind")),
    *(pa.field(name, TEXT) for name in ("gene", "strand")),
)
OF_TARGET = (pa.field("target", TEXT, nullable=False), pa.field("target_index", WHOLE))


class VariantsReader(PartsReader[Row], ABC):
    """The rows of a folder about variants, in the order of their file; see `PartsReader`.

    ``table`` is the file of its `write_table`.
    """

    table: ClassVar[str]

    def values(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The values of some columns, row by row, in a fraction of the time of whole rows."""
        for table in self.tables(columns):
            yield from zip(*(table[name].to_pylist() for name in columns), strict=True)

    def to_pandas(self) -> pd.DataFrame:
        """All rows and columns as a data frame, which holds them all in memory."""
        return pa.concat_tables([self.kind.rows.schema.empty_table(), *self.tables()]).to_pandas()

    def write_table(self) -> None:
        """Write the table for people into the folder: all that is one number or word."""
        write_columns(self.path / self.table, self._header(), self.tables(self._header()))

    @abstractmethod
    def _header(self) -> list[str]:
        """The columns of that table."""
