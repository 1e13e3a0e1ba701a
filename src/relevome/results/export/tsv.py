"""TSV: one line per letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from relevome.data.names import table_line, table_text
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free, wanted_targets
from relevome.results.run.reader import Run
from relevome.results.tables import shortest

HEADER = ("sequence_id", "target", "position", "letter", "chrom", "genome_position", "relevance")

_MODEL = ("probability", "predicted")
_COLUMNS = ["sequence_id", "sequence", "chrom", "start", "end", "strand", "target", "relevance", *_MODEL]


@exporters.register("tsv")
@dataclass(frozen=True)
class Tsv:
    """A table with one line per letter, all targets in one file.

    Positions are 0-based; on the ``-`` strand genome positions fall. Without an interval, chrom and
    genome_position are empty; of models of numbers, the probability of the target and the predicted output.
    Values in the fewest digits that give the same float32. A name that a spreadsheet would take for a formula
    has ``'`` before it.
    """

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file; see `Exporter`."""
        targets = wanted_targets(run, target)
        check_free([out], overwrite)
        letters = 0
        with whole_file(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(table_line([*HEADER, *_MODEL]))
            for part in run.tables(_COLUMNS):
                for lines in _lines(part.filter(pc.field("target").isin(targets))):
                    file.writelines(lines)
                    letters += len(lines)
        return ExportReport((out,), letters, "letters")


def _lines(part: pa.Table) -> Iterator[list[str]]:
    """The lines of each sequence."""
    for row, relevance in zip(part.drop("relevance").to_pylist(), part["relevance"], strict=True):
        values = shortest(relevance.values.to_numpy())
        places = _places(row["start"], row["end"], row["strand"]) or [""] * len(values)
        texts = ("sequence_id", "target", "chrom", "predicted")
        name, target, chrom, predicted = (table_text(row[key] or "") for key in texts)
        probability = "" if row["probability"] is None else f"{row['probability']:.6g}"
        yield [
            f"{name}\t{target}\t{position}\t{letter}\t{chrom}\t{place}\t{value}\t{probability}\t{predicted}\n"
            for position, (letter, place, value) in enumerate(
                zip(row["sequence"], places, values, strict=True)
            )
        ]


def _places(start: int | None, end: int | None, strand: str | None) -> range | None:
    """Genome positions of the letters in their order."""
    if start is None or end is None:
        return None
    return range(end - 1, start - 1, -1) if strand == "-" else range(start, end)
