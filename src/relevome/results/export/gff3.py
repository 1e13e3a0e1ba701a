"""GFF3: the sites that stand out, for genome browsers and annotation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow.compute as pc

from relevome.data.names import gff_seqid, gff_text
from relevome.results.coverage import Coordinates, Layout, lay_out, skipped
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.high_sites import check_quantile, high_sites, site_threshold
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.run.reader import Run


@exporters.register("gff3")
@dataclass(frozen=True)
class Gff3:
    """Sites, as in BED: neighbouring letters of one sequence whose relevance is above a threshold.

    The threshold is a relevance (``threshold``), or the relevance that the share ``quantile`` (0.95) of all
    letters of the target in the run does not exceed. The type is ``sequence_feature`` (SO:0000110), which
    holds for proteins and nucleic acids, the score the relevance of the site's highest letter in logits, and
    attributes are ``ID``, ``Name`` (the sequence id) and ``label`` (the target). ``coordinates`` are those of
    the ``genome``, of the ``sequence``, whose id is then the seqid, or those of the genome if any row has
    some (``auto``). Sorted by chromosome and start of the sequences. GFF3 version 1.26,
    https://github.com/The-Sequence-Ontology/Specifications/blob/master/gff3.md
    """

    threshold: float | None = None
    quantile: float = 0.95
    coordinates: Literal["auto", "genome", "sequence"] = "auto"

    def __post_init__(self) -> None:
        check_quantile(self.quantile)

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file per target; see `Exporter`."""
        paths = target_paths(out, wanted_targets(run, target))
        check_free(paths.values(), overwrite)
        coordinates = _coordinates(run, list(paths)) if self.coordinates == "auto" else self.coordinates
        layouts = {path: lay_out(run, name, coordinates) for name, path in paths.items()}
        sites = sum(self._write(run, name, layouts[path], path, coordinates) for name, path in paths.items())
        return ExportReport(tuple(layouts), sites, "sites", skipped(layouts.values()))

    def _write(self, run: Run, target: str, layout: Layout, path: Path, coordinates: Coordinates) -> int:
        """The number of sites written."""
        threshold = site_threshold(run, target, self.threshold, self.quantile)
        number = 0
        with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write("##gff-version 3\n")
            if coordinates == "sequence":
                file.writelines(
                    f"##sequence-region {gff_seqid(id)} 1 {n}\n" for id, n in layout.sizes.items()
                )
            for window in layout.windows():
                for site in high_sites(window.values, threshold):
                    number += 1
                    place = (window.start + site.start + 1, window.start + site.end)
                    columns = (
                        gff_seqid(window.chrom),
                        "relevome",
                        "sequence_feature",
                        *place,
                        repr(site.peak),
                    )
                    names = f"ID=site{number};Name={gff_text(window.name)};label={gff_text(target)}"
                    file.write("\t".join(map(str, (*columns, window.strand, ".", names))) + "\n")
        return number


def _coordinates(run: Run, targets: list[str]) -> Coordinates:
    """Those of the genome if every target has a row with some."""
    placed = set()
    for part in run.tables(["chrom", "target"]):
        placed |= {*part.filter(pc.field("chrom").is_valid())["target"].unique().to_pylist()}
    return "genome" if placed >= {*targets} else "sequence"
