"""bigWig: relevance per base, as genome browsers read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from relevome.results.coverage import Coordinates
from relevome.results.export import ExportReport, exporters
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.relevance_tracks import relevance_tracks
from relevome.results.run.reader import Run


@exporters.register("bigwig")
@dataclass(frozen=True)
class BigWig:
    """Relevance per base as a binary track: the mean over the windows that cover the base.

    ``chrom_sizes`` is a file of chromosome names and lengths (``chrom.sizes`` or ``.fai``); without it a
    chromosome ends where its last window does. ``coordinates="sequence"`` counts along each sequence, with
    its id as chromosome. Needs pybigtools.
    """

    chrom_sizes: Path | None = None
    coordinates: Coordinates = "genome"

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file per target; see `Exporter`."""
        paths = target_paths(out, wanted_targets(run, target))
        check_free(paths.values(), overwrite)
        tracks = relevance_tracks(run, paths, self.coordinates, self.chrom_sizes)
        return ExportReport(tuple(paths.values()), tracks.write(), "bases", tracks.skipped)
