"""JSON of features and lines, as the viewers of UniProt read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from jaxtyping import Float32

from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.high_sites import check_quantile, high_sites, site_threshold
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.run.reader import Run
from relevome.results.tables import shortest

_COLOUR = "#b2182b"


@exporters.register("uniprot-json")
@dataclass(frozen=True)
class UniprotJson:
    """Features and a line per sequence, for Nightingale and ProtVista.

    A list with one object for each sequence, as the Proteins API of UniProt gives it: ``accession`` (the id),
    ``sequence``, ``target`` and ``features``, the sites whose relevance is above ``threshold``, a relevance,
    or above what the share ``quantile`` (0.95) of all letters of the target in the run does not exceed. A
    feature has ``type``, ``category``, ``description``, ``begin``, ``start`` and ``end`` (from 1, the end
    included), ``color`` and ``score``, the relevance of its highest letter in logits. ``features`` is the
    data of ``nightingale-track`` and of ProtVista, ``lines``, with the relevance of every letter, that of
    ``nightingale-linegraph-track``. https://github.com/ebi-webcomponents/nightingale,
    https://www.ebi.ac.uk/proteins/api/doc
    """

    threshold: float | None = None
    quantile: float = 0.95

    def __post_init__(self) -> None:
        check_quantile(self.quantile)

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """One file per target; see `Exporter`."""
        paths = target_paths(out, wanted_targets(run, target))
        check_free(paths.values(), overwrite)
        sequences = sum(self._write(run, name, path) for name, path in paths.items())
        return ExportReport(tuple(paths.values()), sequences, "sequences")

    def _write(self, run: Run, target: str, path: Path) -> int:
        """The number of sequences written."""
        threshold = site_threshold(run, target, self.threshold, self.quantile)
        count = 0
        with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            for entry in _entries(run, target, threshold):
                file.write(",\n" if count else "[\n")
                # other than ASCII is escaped: no name steers anything
                file.write(json.dumps(entry, allow_nan=False))
                count += 1
            file.write("\n]\n")
        return count


def _entries(run: Run, target: str, threshold: float) -> Iterator[dict[str, Any]]:
    for part in run.tables(["sequence_id", "sequence", "target", "relevance"]):
        chosen = part.filter(pc.field("target") == target)
        for row, relevance in zip(chosen.drop("relevance").to_pylist(), chosen["relevance"], strict=True):
            values = relevance.values.to_numpy()
            yield {
                "accession": row["sequence_id"],
                "sequence": row["sequence"],
                "target": target,
                "features": _features(values, threshold),
                "lines": [_line(values)],
            }


def _features(values: Float32[np.ndarray, " letters"], threshold: float) -> list[dict[str, Any]]:
    return [
        {
            "accession": f"site{number}",
            "type": "SITE",
            "category": "RELEVANCE",
            "description": f"relevance up to {site.peak:.4g}",
            "begin": str(site.start + 1),
            "start": site.start + 1,
            "end": site.end,
            "color": _COLOUR,
            "score": site.peak,
        }
        for number, site in enumerate(high_sites(values, threshold), start=1)
    ]


def _line(values: Float32[np.ndarray, " letters"]) -> dict[str, Any]:
    written = [float(text) for text in shortest(values)]
    return {
        "name": "relevance",
        "range": [min(0.0, *written), max(0.0, *written)],
        "color": _COLOUR,
        "lineCurve": "curveStep",
        "values": [{"position": place, "value": value} for place, value in enumerate(written, start=1)],
    }
