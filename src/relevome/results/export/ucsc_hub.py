"""UCSC track hub: a bigWig file for each target, drawn as letters, and the three texts of a hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from relevome.errors import InputError
from relevome.results.coverage import Coordinates
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.relevance_tracks import check_url, relevance_tracks, served_at, track_label
from relevome.results.run.reader import Run

_DISPLAY = (
    ("visibility", "full"),
    ("autoScale", "on"),
    ("alwaysZero", "on"),
    ("windowingFunction", "mean"),
    ("maxHeightPixels", "128:64:16"),
    ("logo", "on"),
)
_WORD = re.compile(r"[A-Za-z0-9_.-]+")


@exporters.register("ucsc-hub")
@dataclass(frozen=True)
class UcscHub:
    """A track hub of the UCSC Genome Browser, whose tracks are letters as tall as their relevance.

    For ``-o hub.txt``, ``hub.bw`` (one for each target) has the mean over the windows that cover a base;
    ``hub.txt`` names ``hub.genomes.txt``, and this ``hub.trackDb.txt``, where every track is a bigWig with
    ``logo on``. Put all into one folder of a web server that answers range requests, and give the browser the
    address of ``hub.txt``.

    Args:
        genome: The assembly as UCSC calls it, such as ``hg38`` or ``GCF_000005845.2``. Needed.
        email: Whom to ask about the hub, which UCSC wants to know. Needed.
        url: The address of the folder where the files will be. Default: bigWig files lie beside ``hub.txt``.
        chrom_sizes: As for ``bigwig``.
        coordinates: As for ``bigwig``.
    """

    genome: str | None = None
    email: str | None = None
    url: str | None = None
    chrom_sizes: Path | None = None
    coordinates: Coordinates = "genome"

    def __post_init__(self) -> None:
        check_url(self.url)
        if self.genome is not None and not _WORD.fullmatch(self.genome):
            raise InputError(f"genome {self.genome!r}: expected the name of an assembly, such as hg38")
        if self.email is not None and not re.fullmatch(r"[\w.+-]+@[\w.-]+", self.email):
            raise InputError(f"email {self.email!r}: expected an address such as me@example.org")

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """A bigWig file for each target and three texts; see `Exporter`."""
        targets = wanted_targets(run, target)
        if not (self.genome and self.email):
            raise InputError(
                "ucsc-hub needs the assembly and whom to ask: give --option genome=hg38 and --option "
                "email=me@example.org"
            )
        paths = target_paths(out.with_name(f"{out.stem}.bw"), targets)
        hub, genomes, tracks_file = (
            out.with_name(f"{out.stem}.{end}txt") for end in ("", "genomes.", "trackDb.")
        )
        texts = (tracks_file, genomes, hub)
        check_free([*paths.values(), *texts], overwrite)
        tracks = relevance_tracks(run, paths, self.coordinates, self.chrom_sizes)
        bases = tracks.write()
        labels = {name: track_label(run, name) for name in targets}
        stanzas = [
            _stanza([("track", f"relevance_{number}"), ("type", "bigWig"),
                     ("bigDataUrl", served_at(self.url, paths[name])), ("shortLabel", labels[name]),
                     ("longLabel", f"Relevance for {labels[name]}"), *_DISPLAY])
            for number, name in enumerate(targets, start=1)
        ]  # fmt: skip
        _write(tracks_file, "\n".join(stanzas))
        _write(genomes, _stanza([("genome", self.genome), ("trackDb", served_at(None, tracks_file))]))
        _write(hub, _stanza([("hub", "relevome"), ("shortLabel", "relevance"),
                             ("longLabel", f"Relevance by relevome: {', '.join(labels.values())}"),
                             ("genomesFile", served_at(None, genomes)), ("email", self.email)]))  # fmt: skip
        return ExportReport((*paths.values(), *texts), bases, "bases", tracks.skipped)


def _stanza(settings: list[tuple[str, str]]) -> str:
    return "".join(f"{name} {value}\n" for name, value in settings)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
