"""Jalview: sites as features, and relevance as a row under each sequence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pyarrow.compute as pc

from relevome.data.names import visible
from relevome.errors import InputError
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.high_sites import check_quantile, high_sites, site_threshold
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.quantile import relevance_quantile
from relevome.results.run.reader import Run
from relevome.results.tables import shortest

_TYPE, _COLOURS = "relevance", "fddbc7|b2182b"
# Jalview takes it for the absence of a name.
_NO_NAME = "ID_NOT_SPECIFIED"


@exporters.register("jalview")
@dataclass(frozen=True)
class Jalview:
    """A features file and an annotations file of Jalview.

    For ``-o x.txt``, ``x.features.txt`` has the sites of every sequence whose relevance is above
    ``threshold``, a relevance, or above what the share ``quantile`` (0.95) of all letters of the target in
    the run does not exceed; they are coloured by their score, the relevance of the site's highest letter.
    ``x.annotations.txt`` has a line graph with the relevance of every letter, in logits. Sequences are meant
    by their ids, places are from 1, the end included. Open both onto the alignment or the sequences.
    https://www.jalview.org/help/html/features/featuresFormat.html and annotationsFormat.html
    """

    threshold: float | None = None
    quantile: float = 0.95

    def __post_init__(self) -> None:
        check_quantile(self.quantile)

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """Two files per target; see `Exporter`."""
        files = {name: _files(path) for name, path in target_paths(out, wanted_targets(run, target)).items()}
        paths = [path for pair in files.values() for path in pair]
        check_free(paths, overwrite)
        sequences = sum(self._write(run, name, *pair) for name, pair in files.items())
        return ExportReport(tuple(paths), sequences, "sequences")

    def _write(self, run: Run, target: str, features: Path, annotations: Path) -> int:
        """The number of sequences written."""
        threshold = site_threshold(run, target, self.threshold, self.quantile)
        highest = max(relevance_quantile(run, target, 1.0), threshold)
        sequences = 0
        with (
            whole_file(features) as first,
            whole_file(annotations) as second,
            first.open("w", encoding="utf-8") as sites,
            second.open("w", encoding="utf-8") as rows,
        ):
            sites.write(f"{_TYPE}\tscore|{_COLOURS}|absolute|{threshold!r}|{highest!r}|none\n")
            rows.write(f"JALVIEW_ANNOTATION\n# relevance in logits, target {visible(target)}\n")
            for row in _rows(run, target):
                _write_sites(sites, row, threshold)
                # the last bar keeps a sequence of one letter from being taken for a description
                values = "|".join(shortest(row.values))
                rows.write(f"SEQUENCE_REF\t{row.name}\t1\nLINE_GRAPH\t{_TYPE}\t{row.label}\t{values}|\n")
                sequences += 1
        return sequences


class _Row(NamedTuple):
    name: str
    label: str
    values: np.ndarray


def _rows(run: Run, target: str) -> Iterator[_Row]:
    # a bar would make it the values
    label = f"relevance for {visible(target)}".replace("|", "/").replace("\t", " ")
    for part in run.tables(["sequence_id", "target", "relevance"]):
        chosen = part.filter(pc.field("target") == target)
        for name, values in zip(chosen["sequence_id"].to_pylist(), chosen["relevance"], strict=True):
            if name == _NO_NAME:
                raise InputError(f"{run.path}: Jalview takes the id {name} for no id: rename the sequence")
            yield _Row(visible(name), label, values.values.to_numpy())


def _write_sites(file: IO[str], row: _Row, threshold: float) -> None:
    for site in high_sites(row.values, threshold):
        place = f"{row.name}\t-1\t{site.start + 1}\t{site.end}"
        file.write(f"relevance up to {site.peak:.4g}\t{place}\t{_TYPE}\t{site.peak!r}\n")


def _files(out: Path) -> tuple[Path, Path]:
    stem = out.name.removesuffix(".txt")
    return out.with_name(f"{stem}.features.txt"), out.with_name(f"{stem}.annotations.txt")
