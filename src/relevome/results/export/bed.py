"""BED: the sites that a model looks at, one line each."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from relevome.data.names import bed_line
from relevome.results.coverage import Coordinates, Layout, Window, lay_out, skipped
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.high_sites import check_quantile, high_sites, site_threshold
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.quantile import relevance_quantile
from relevome.results.run.reader import Run


@exporters.register("bed")
@dataclass(frozen=True)
class Bed:
    """Sites: neighbouring letters of one sequence whose relevance is above a threshold.

    The threshold is a relevance (``threshold``), or the relevance that the share ``quantile`` of all letters
    of the target in the run does not exceed. Six columns: chromosome, start, end, sequence id, score, strand;
    the score is that of the site's highest letter, from 0 for relevance 0 or less to 1000 for the highest
    letter of the target in the run. Sorted by chromosome and start. Sites of overlapping windows are not
    merged. ``coordinates="sequence"`` counts along each sequence, with its id as chromosome. Blanks in names,
    and what would make a line a comment, are percent-encoded.
    """

    threshold: float | None = None
    quantile: float = 0.95
    coordinates: Coordinates = "genome"

    def __post_init__(self) -> None:
        check_quantile(self.quantile)

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file per target; see `Exporter`."""
        paths = target_paths(out, wanted_targets(run, target))
        check_free(paths.values(), overwrite)
        layouts = {path: lay_out(run, name, self.coordinates) for name, path in paths.items()}
        sites = sum(self._write(run, name, layouts[path], path) for name, path in paths.items())
        return ExportReport(tuple(layouts), sites, "sites", skipped(layouts.values()))

    def _write(self, run: Run, target: str, layout: Layout, path: Path) -> int:
        """The number of sites written."""
        highest = relevance_quantile(run, target, 1.0)
        threshold = site_threshold(run, target, self.threshold, self.quantile)
        sites = 0
        with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            for site in _in_order(layout.windows(), threshold):
                file.write(site.line(highest))
                sites += 1
        return sites


class _Site(NamedTuple):
    start: int
    end: int
    chrom: str
    name: str
    strand: str
    peak: float

    def line(self, highest: float) -> str:
        score = round(1000 * max(self.peak, 0.0) / highest) if highest > 0 else 0
        return bed_line(self.chrom, self.start, self.end, self.name, score, self.strand)


def _sites(window: Window, threshold: float) -> Iterator[_Site]:
    for site in high_sites(window.values, threshold):
        start, end = window.start + site.start, window.start + site.end
        yield _Site(start, end, window.chrom, window.name, window.strand, site.peak)


def _in_order(windows: Iterable[Window], threshold: float) -> Iterator[_Site]:
    """Sites sorted by chromosome and start, of windows that are."""
    waiting: list[_Site] = []
    chrom = ""
    for window in windows:
        while waiting and (window.chrom != chrom or waiting[0].start < window.start):
            yield heapq.heappop(waiting)
        chrom = window.chrom
        for site in _sites(window, threshold):
            heapq.heappush(waiting, site)
    while waiting:
        yield heapq.heappop(waiting)
