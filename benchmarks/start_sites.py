"""How well start sites of transcription are found in a genome: an annotator, a CNN, and scans by matrices.

Every position of both strands of the first 1,000,000 letters of E. coli K-12 MG1655 is scored, of which 2,709
are start sites marked ``storz`` (a share of 0.00135). Nothing of them is learnt from.

The annotator is that of ``RELEVOME_ANNOTATOR``, the folder of one that was trained with this region held out,
or is trained here with its defaults. The CNN reads 70 letters before and 29 behind every position and was
trained on windows of positions over 1,000,000, with as many random ones as real ones, and with five times as
many; the better one counts. A scan takes the best of all placements of -35, 15 to 19 letters, -10, and 4 to
10 letters before the position, by log odds and the log probabilities of both distances: by the counts of
Hawley & McClure (1983), and by counts where these fit best before start sites over 1,000,000, in turns.

Target: the average precision of the annotator is better than that of the CNN, and at least 8 times that of a
scan.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import relevome
from benchmarks import Row, Unavailable, data
from relevome.jobs.annotate import AnnotationSettings, annotate
from relevome.jobs.train import train
from relevome.studies.annotation import SIZES, AnnotationStudy
from relevome.studies.annotation_data import CNN_REACH, write_data
from relevome.studies.genome_parts import LabelledGenome
from relevome.training.settings import TrainingSettings

ANNOTATOR = "RELEVOME_ANNOTATOR"
SCANS = ("scan-published", "scan")
# Random windows for every real one.
NEGATIVES = (1, 5)


def measure(quick: bool = False) -> list[Row]:
    """ROC AUC and average precision of each; quick: one CNN of few epochs, and 100,000 letters."""
    torch.set_num_threads(1)
    given = os.environ.get(ANNOTATOR)
    if quick and given is None:
        raise Unavailable(f"--quick trains no annotator: set {ANNOTATOR} to the folder of one")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = _measured(folder, quick, given)
    best_cnn = max(one["average_precision"] for name, one in found.items() if name.startswith("cnn"))
    own = found["annotator"]["average_precision"]
    return [
        Row("share of positions that are start sites", f"{found['annotator']['base_rate']:.5f}"),
        *(row for name, one in found.items() for row in _rows(name, one)),
        Row("average precision, annotator over the better CNN", own / best_cnn, "over 1"),
        *(
            Row(
                f"average precision, annotator over {name}",
                own / found[name]["average_precision"],
                "at least 8",
            )
            for name in SCANS
        ),
    ]


def _rows(name: str, numbers: dict[str, Any]) -> list[Row]:
    return [
        Row(f"{name}, ROC AUC", f"{numbers['roc_auc']:.4f}"),
        Row(f"{name}, average precision", f"{numbers['average_precision']:.4f}"),
    ]


def _measured(folder: Path, quick: bool, given: str | None) -> dict[str, dict[str, Any]]:
    """Numbers of every model, the annotator first."""
    tables = {count: _data(folder, count) for count in (NEGATIVES[:1] if quick else NEGATIVES)}
    read = tables[NEGATIVES[0]]
    annotator = Path(given) if given else _annotator(folder, read)
    found = {"annotator": _scores(folder / "of-annotator", annotator, quick)}
    for count, table in tables.items():
        model = _cnn(folder, table, count, 3 if quick else 10)
        scores = _scores(folder / f"of-cnn-{count}", model, quick, CNN_REACH)
        found[f"cnn, {count} random for every real window"] = scores
    return found | {name: _scores(folder / f"of-{name}", read / name, quick) for name in SCANS}


def _data(folder: Path, negatives: int) -> Path:
    read = folder / f"data-{negatives}"
    read.mkdir()
    write_data(read, _labelled(), None, replace(SIZES["default"].amount, negatives=negatives), seed=0)
    return read


def _labelled() -> LabelledGenome:
    labelled, _, _ = AnnotationStudy(data=data("ecoli").parent).asked
    if labelled is None:
        raise Unavailable("needs the genome of E. coli")
    return labelled


def _cnn(folder: Path, read: Path, negatives: int, epochs: int) -> Path:
    settings = TrainingSettings(
        arch="cnn", train=read / "train.csv", validation=read / "validation.csv", epochs=epochs, device="cpu",
        output=folder / f"cnn-{negatives}", best="average_precision",
    )  # fmt: skip
    return train(settings).output


def _annotator(folder: Path, read: Path) -> Path:
    labelled = _labelled()
    settings = TrainingSettings(
        arch="annotator", train=None, validation=None, output=folder / "annotator", objective="annotate",
        genome=labelled.genome, labels=read / "sites.bed", split=str(read / "regions.bed"), circular=True,
        patience=100,
    )  # fmt: skip
    return train(settings).output


def _scores(out: Path, model: Path, quick: bool, window: tuple[int, int] | None = None) -> dict[str, Any]:
    """What `relevome annotate` says of a model on the held-out region."""
    labelled = _labelled()
    last = 100_000 if quick else 1_000_000
    settings = AnnotationSettings(
        labelled.genome, circular=True, regions=(f"NC_000913.3:1-{last}",), window=window,
        truth=labelled.labels, choice=labelled.choice, tracks=False,
    )  # fmt: skip
    found = annotate(relevome.load_model(model, device="cpu"), settings, out)
    return dict(found.truth or {})["all"]
