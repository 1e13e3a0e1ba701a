"""WashU data hub: a bigWig file for each target, and the JSON that has it drawn as letters (dynseq)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from relevome.errors import InputError
from relevome.results.coverage import Coordinates
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.relevance_tracks import check_url, relevance_tracks, served_at, track_label
from relevome.results.run.reader import Run

_HEIGHT = 100  # pixels of a track


@exporters.register("washu-hub")
@dataclass(frozen=True)
class WashuHub:
    """A data hub of the WashU Epigenome Browser, whose tracks are letters as tall as their relevance.

    For ``-o x.json``, ``x.bw`` (one for each target) has the mean over the windows that cover a base, and
    ``x.json`` lists them as tracks of type ``dynseq``. Which genome it is, is said in the browser.

    Args:
        url: The address of the folder where the files will be, as the browser reads nothing else. Needed.
        genome: The assembly, kept with every track as metadata. Default: none.
        chrom_sizes: As for ``bigwig``.
        coordinates: As for ``bigwig``.
    """

    url: str | None = None
    genome: str | None = None
    chrom_sizes: Path | None = None
    coordinates: Coordinates = "genome"

    def __post_init__(self) -> None:
        check_url(self.url)

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """A bigWig file for each target and one JSON; see `Exporter`."""
        targets = wanted_targets(run, target)
        if self.url is None:
            raise InputError(
                "washu-hub needs the address where its files will be: give --option "
                "url=https://example.org/tracks"
            )
        paths = target_paths(out.with_name(f"{out.stem}.bw"), targets)
        hub = out.with_name(f"{out.stem}.json")
        check_free([*paths.values(), hub], overwrite)
        tracks = relevance_tracks(run, paths, self.coordinates, self.chrom_sizes)
        bases = tracks.write()
        listed = [
            {
                "type": "dynseq", "url": served_at(self.url, path), "name": track_label(run, name),
                "options": {"height": _HEIGHT}, "metadata": self._metadata(run, name), "showOnHubLoad": True,
            }
            for name, path in paths.items()
        ]  # fmt: skip
        with whole_file(hub) as temporary:
            temporary.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
        return ExportReport((*paths.values(), hub), bases, "bases", tracks.skipped)

    def _metadata(self, run: Run, target: str) -> dict[str, str]:
        said = {"target": target, "method": str(run.manifest.get("method", ""))}
        return said if self.genome is None else said | {"genome": self.genome}
