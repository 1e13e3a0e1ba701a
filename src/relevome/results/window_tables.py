"""Tables of windows to train, validate and test on, and the record of how they came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relevome.data.windows.tables import COLUMNS, PartTable, Row
from relevome.errors import InputError
from relevome.results.folder import ResultFolder
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import read_tsv, write_tsv
from relevome.words import counted

if TYPE_CHECKING:
    from pandas import DataFrame

NAME = "windows.json"
SCHEMA_VERSION = 1

FOLDER = ResultFolder((NAME,), ("train.tsv", "validation.tsv", "test.tsv"))


class WindowTables:
    """The tables of a folder that `relevome data windows` has finished.

    ``record`` is what windows.json says, ``parts`` are names of tables, ``counts`` their ``positives``,
    ``negatives`` and ``rows``, and ``likeness`` says how like matched negatives are to positives, and how
    like random ones are (see `relevome.data.windows.matching.likeness`). Raises InputError for a folder
    without a record, or with one that is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.record = read_record(self.path / NAME, SCHEMA_VERSION, "relevome data windows")
        with reading(self.path / NAME):
            self.parts: tuple[str, ...] = tuple(self.record["parts"])
            self.counts: dict[str, dict[str, int]] = {
                part: {label: int(said[label]) for label in ("positives", "negatives", "rows")}
                for part, said in self.record["parts"].items()
            }
            self.likeness: dict[str, dict[str, dict[str, float]]] = {
                part: said["likeness"] for part, said in self.record["parts"].items() if "likeness" in said
            }

    def __repr__(self) -> str:
        lines = [
            f"  {part}: {counted(said['positives'], 'positive')}, {counted(said['negatives'], 'negative')}"
            for part, said in self.counts.items()
        ]
        first = f"WindowTables({str(self.path)!r}): windows of {counted(int(self.record['width']), 'letter')}"
        return "\n".join([first, *lines, "  .table(part) is its file, .to_pandas(part) a data frame"])

    def table(self, part: str) -> Path:
        """The file of a part. Raises InputError for one that is not there."""
        if part not in self.parts:
            raise InputError(f"{self.path} has no part {part!r}: expected {', '.join(self.parts)}")
        return self.path / f"{part}.tsv"

    def to_pandas(self, part: str) -> DataFrame:
        """A part as a data frame; shuffles have no ``chrom``, ``start``, ``end`` and ``strand``."""
        import pandas as pd

        with reading(self.table(part)):
            rows = read_tsv(self.table(part), COLUMNS)
            if len(rows) != self.counts[part]["rows"]:
                raise ValueError(f"{counted(len(rows), 'row')}, not {self.counts[part]['rows']}")
            width = int(self.record["width"])
            if any(len(row[COLUMNS.index("sequence")]) != width for row in rows):
                raise ValueError(f"sequences of other than {counted(width, 'letter')}")
            columns: dict[str, Any] = {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)}
            for name in ("label", "start", "end"):
                columns[name] = pd.array([int(value) if value else None for value in columns[name]], "Int64")
            for name in ("chrom", "strand"):
                columns[name] = [value or None for value in columns[name]]
            return pd.DataFrame(columns)


def write_window_tables(
    folder: Path, tables: Sequence[PartTable], left_out: Mapping[str, int], about: Mapping[str, Any]
) -> WindowTables:
    """Writes the tables, and the record last: see `WindowTables`."""
    parts: dict[str, Any] = {}
    why = Counter(left_out)
    for table in tables:
        labels: Counter[int] = Counter()
        write_tsv(folder / f"{table.name}.tsv", COLUMNS, _counted(table.rows(), labels))
        why += table.left_out
        strands = 2 if table.plan.strand == "both" else 1
        parts[table.name] = {
            "positives": labels[1] // strands,
            "negatives": labels[0] // strands,
            "rows": labels.total(),
            "regions": [[one.chrom, one.start, one.end] for one in table.regions],
            **({"likeness": table.likeness} if table.likeness else {}),
        }
    record = {"schema_version": SCHEMA_VERSION, **about, "left_out": dict(why), "parts": parts}
    write_record(folder / NAME, record | provenance())
    return WindowTables(folder)


def _counted(rows: Iterator[Row], labels: Counter[int]) -> Iterator[Row]:
    for row in rows:
        labels[row[2]] += 1
        yield row
