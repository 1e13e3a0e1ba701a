"""bedGraph: one line per run of equal bases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from relevome.data.names import bed_chrom
from relevome.results.coverage import Coordinates, CoveredStretch, Layout, lay_out, skipped
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.run.reader import Run
from relevome.results.tables import shortest


@exporters.register("bedgraph")
@dataclass(frozen=True)
class BedGraph:
    """Relevance per base as text: chromosome, start, end, mean over the windows that cover the base.

    Sorted by chromosome and start, without a header, as bedtools and bedGraphToBigWig read it; values in the
    fewest digits that give the same float32. ``coordinates="sequence"`` counts along each sequence, with its
    id as chromosome. Names are written as in BED. UCSC bedGraph track format.
    """

    coordinates: Coordinates = "genome"

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file per target; see `Exporter`."""
        paths = target_paths(out, wanted_targets(run, target))
        check_free(paths.values(), overwrite)
        layouts = {path: lay_out(run, name, self.coordinates) for name, path in paths.items()}
        bases = sum(_write(layout, path) for path, layout in layouts.items())
        return ExportReport(tuple(layouts), bases, "bases", skipped(layouts.values()))


def _write(layout: Layout, path: Path) -> int:
    """The number of bases written."""
    bases = 0
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for stretch in layout.track():
            file.writelines(_lines(stretch))
            bases += len(stretch.values)
    return bases


def _lines(stretch: CoveredStretch) -> Iterator[str]:
    """One line for neighbouring bases of the same value."""
    changes = np.flatnonzero(np.diff(stretch.values)) + 1
    borders = [0, *changes.tolist(), len(stretch.values)]
    chrom, written = bed_chrom(stretch.chrom), shortest(stretch.values[borders[:-1]])
    for (first, last), value in zip(pairwise(borders), written, strict=True):
        yield f"{chrom}\t{stretch.start + first}\t{stretch.start + last}\t{value}\n"
