"""TSV: one line per letter."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free, wanted_targets
from relevome.results.run.reader import Run

HEADER = ("sequence_id", "target", "position", "letter", "chrom", "genome_position", "relevance")

_COLUMNS = ["sequence_id", "sequence", "chrom", "start", "end", "strand", "target", "relevance"]


@exporters.register("tsv")
@dataclass(frozen=True)
class Tsv:
    """A table with one line per letter, all targets in one file.

    Positions are 0-based; on the ``-`` strand genome positions fall. Without an interval, chrom and
    genome_position are empty. Values in the fewest digits that give the same float32.
    """

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file; see `Exporter`."""
        targets = wanted_targets(run, target)
        check_free([out], overwrite)
        letters = 0
        with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, delimiter="\t", lineterminator="\n")
            table.writerow(HEADER)
            for part in run.tables(_COLUMNS):
                for row in _rows(part.filter(pc.field("target").isin(targets))):
                    table.writerows(row)
                    letters += len(row)
        return ExportReport((out,), letters, "letters")


def _rows(part: pa.Table) -> Iterator[list[tuple[object, ...]]]:
    """The lines of each sequence."""
    for row, relevance in zip(part.drop("relevance").to_pylist(), part["relevance"], strict=True):
        values = relevance.values.to_numpy().astype(str)
        places = _places(row["start"], row["end"], row["strand"]) or [""] * len(values)
        yield [
            (row["sequence_id"], row["target"], position, letter, row["chrom"], place, value)
            for position, (letter, place, value) in enumerate(
                zip(row["sequence"], places, values, strict=True)
            )
        ]


def _places(start: int | None, end: int | None, strand: str | None) -> range | None:
    """Genome positions of the letters in their order."""
    if start is None or end is None:
        return None
    return range(end - 1, start - 1, -1) if strand == "-" else range(start, end)
