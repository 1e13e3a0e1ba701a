"""bigWig: relevance per base, as genome browsers read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from relevome.data.features import DIGITS
from relevome.errors import InputError
from relevome.results.coverage import Coordinates, Layout, lay_out, skipped
from relevome.results.export import ExportReport, exporters
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.run.reader import Run
from relevome.results.tracks import write_bigwig


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
        layouts = {path: lay_out(run, name, self.coordinates) for name, path in paths.items()}
        sizes = {path: self._sizes(layout) for path, layout in layouts.items()}
        bases = sum(write_bigwig(path, sizes[path], layout.track()) for path, layout in layouts.items())
        return ExportReport(tuple(layouts), bases, "bases", skipped(layouts.values()))

    def _sizes(self, layout: Layout) -> dict[str, int]:
        """Chromosomes in the order of the track, and their lengths."""
        if self.chrom_sizes is None:
            return layout.sizes
        known = _read_sizes(self.chrom_sizes)
        for chrom, end in layout.sizes.items():
            if end > known.get(chrom, 0):
                length = f"has {known[chrom]} bases" if chrom in known else "is not there"
                raise InputError(
                    f"{self.chrom_sizes}: chromosome {chrom!r} {length} but the run reaches base {end}: give "
                    "the sizes of the genome that was explained"
                )
        return dict(sorted(known.items()))


def _read_sizes(path: Path) -> dict[str, int]:
    """Lengths by chromosome, from the first two columns of a tab-separated file."""
    sizes = {}
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            fields = line.split("\t")
            if len(fields) < 2 or not (fields[1].isdecimal() and len(fields[1]) <= DIGITS):
                raise InputError(
                    f"{path}, line {number}: expected a chromosome, a tab and its length, got {line[:60]!r}"
                )
            sizes[fields[0]] = int(fields[1])
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read chromosome sizes from {path}: {error}; expected chrom.sizes or .fai"
        ) from error
    return sizes
