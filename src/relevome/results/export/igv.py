"""IGV: a bigWig file for each target, and sessions that draw it as letters (dynseq)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from relevome.data.names import visible
from relevome.errors import InputError
from relevome.results.coverage import Coordinates, Layout
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.relevance_tracks import check_url, relevance_tracks, served_at, track_label
from relevome.results.run.reader import Run

_FASTA = re.compile(r"\.(fa|fas|fasta|fna)(\.b?gz)?$", re.I)
_HEIGHT = 100  # pixels of a track
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@exporters.register("igv")
@dataclass(frozen=True)
class Igv:
    """What IGV shows as letters that are as tall as their relevance: bigWig files, and two sessions.

    For ``-o x.xml``, ``x.bw`` (one for each target) has the mean over the windows that cover a base,
    ``x.xml`` is a session of IGV Desktop, and ``x.json`` one of igv.js and IGV-Web. IGV Desktop draws letters
    from 2.19.6 on (renderer DYNSEQ), igv.js from 3.5.0 on (graph type dynseq).

    Args:
        genome: A genome that IGV knows by its id, such as ``hg38``, or the path or address of a FASTA file,
            which needs its index ``.fai`` beside it (gzipped by bgzip: ``.gzi`` too), or of a 2bit file.
            Needed.
        url: The address of the folder where the files will be. Default: they lie beside the session.
        chrom_sizes: As for ``bigwig``.
        coordinates: As for ``bigwig``.
    """

    genome: str | None = None
    url: str | None = None
    chrom_sizes: Path | None = None
    coordinates: Coordinates = "genome"

    def __post_init__(self) -> None:
        check_url(self.url)

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """A bigWig file for each target and two sessions; see `Exporter`."""
        targets = wanted_targets(run, target)
        if not self.genome:
            raise InputError(
                "igv needs the genome: give --option genome= an id such as hg38, or a FASTA file with .fai"
            )
        paths = target_paths(out.with_name(f"{out.stem}.bw"), targets)
        sessions = {end: out.with_name(f"{out.stem}.{end}") for end in ("xml", "json")}
        check_free([*paths.values(), *sessions.values()], overwrite)
        tracks = relevance_tracks(run, paths, self.coordinates, self.chrom_sizes)
        bases = tracks.write()
        named = {served_at(self.url, path): track_label(run, name) for name, path in paths.items()}
        locus = _locus(tracks.layouts[targets[0]])
        _write(sessions["xml"], _desktop(self.genome, locus, named))
        _write(sessions["json"], json.dumps(_web(self.genome, locus, named), indent=2) + "\n")
        return ExportReport((*paths.values(), *sessions.values()), bases, "bases", tracks.skipped)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _locus(layout: Layout) -> str:
    """Where the first window lies, counted from 1."""
    first = layout.places.slice(0, 1).to_pylist()[0]
    return f"{first['chrom']}:{first['start'] + 1}-{first['end']}"


def _desktop(genome: str, locus: str, tracks: Mapping[str, str]) -> str:
    """Session version 8, as IGV Desktop's own session reader takes it; a track is known by its address."""
    root = ElementTree.Element("Session", genome=_xml(genome), locus=_xml(locus), version="8")
    resources = ElementTree.SubElement(root, "Resources")
    panel = ElementTree.SubElement(root, "Panel", name="DataPanel")
    for address, label in tracks.items():
        ElementTree.SubElement(resources, "Resource", path=address, name=_xml(label), type="bigwig")
        ElementTree.SubElement(
            panel, "Track", id=address, name=_xml(label), renderer="DYNSEQ", autoScale="true",
            windowFunction="mean", height=str(_HEIGHT), visible="true",
        )  # fmt: skip
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """Text without the few characters that no XML file may hold, which are shown by their code."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(text))


def _web(genome: str, locus: str, tracks: Mapping[str, str]) -> dict[str, Any]:
    """A session of igv.js: what `igv.createBrowser` and `loadSession` take."""
    listed = [
        {
            "type": "wig", "format": "bigwig", "graphType": "dynseq", "url": address, "name": label,
            "autoscale": True, "height": _HEIGHT, "order": order,
        }
        for order, (address, label) in enumerate(tracks.items(), start=1)
    ]  # fmt: skip
    return {**_reference(genome), "locus": locus, "tracks": listed}


def _reference(genome: str) -> dict[str, Any]:
    name = genome.rpartition("/")[2]
    if genome.lower().endswith(".2bit"):
        return {"reference": {"id": name, "twoBitURL": genome}}
    found = _FASTA.search(genome)
    if found is None:
        return {"genome": genome}
    index = {"indexURL": f"{genome}.fai"} | ({"compressedIndexURL": f"{genome}.gzi"} if found[2] else {})
    return {"reference": {"id": name, "fastaURL": genome, **index}}
