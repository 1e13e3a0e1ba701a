"""Readers of results that have a row for every sequence: predictions, and tables of windows."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.sequences import DNA, Interval, Sequence
from relevome.jobs.data.windows import windows
from relevome.models.predictions import Predicted, probabilities
from relevome.results.parts.part import Counts, Refusal
from relevome.results.prediction import Prediction, PredictionWriter, predicted_row
from relevome.results.window_tables import WindowTables
from tests.damage.of_results import MODEL, left_by, parts_by_pandas
from tests.damage.readers import Reader, register


def chances(logits: np.ndarray) -> np.ndarray | None:
    return probabilities(logits, "one of several")


def _prediction(folder: Path) -> None:
    said = {"outputs": ["no", "yes"], "by_letter": False, "long": "refuse", "on_bad": "refuse", "seed": 0}
    place = Interval("chr1", 3, 8, "-")
    with PredictionWriter(folder, {**said, "model": MODEL, "alphabet": "dna"}) as writer:
        rows = [
            predicted_row(Predicted(sequence, ("no", "yes"), values, chances(values)), label)
            for sequence, values, label in (
                (Sequence("a", "ACGTN", DNA, place), np.array([0.5, -1.25]), "no"),
                (Sequence("=b", "GG", DNA), np.array([0.0, 3.0]), None),
            )
        ]
        writer.write_part(0, rows, Counts(read=3, explained=2, refused=(Refusal("c", "too long"),)))
        writer.conclude({"accuracy": 1.0, "auroc": None})


def _read_prediction(folder: Path) -> Any:
    found = Prediction(folder)
    rows = list(found)
    logits = [found.logits(row) for row in rows]
    return rows, logits, repr(found), found._repr_html_(), found.predicted_counts(), found.to_pandas()


def _rows_differ(folder: Path, found: Any) -> str:
    """Whether the rows are those that pandas reads."""
    rows, logits, *_ = found
    if not rows:
        return ""
    theirs = parts_by_pandas(folder)
    for name in ("sequence_id", "sequence"):
        if theirs[name].tolist() != [getattr(row, name) for row in rows]:
            return f"{name} is not {theirs[name].tolist()}"
    same = all(np.array_equal(*pair, equal_nan=True) for pair in zip(theirs["logits"], logits, strict=True))
    return "" if same else f"logits {logits}, not {theirs['logits'].tolist()}"


register(
    Reader(
        "prediction",
        left_by(_prediction),
        _read_prediction,
        ("relevome.results.prediction:Prediction",),
        _rows_differ,
        only=("prediction.json", "part-00000.parquet"),
    )
)


def _windows(folder: Path) -> None:
    draw = random.Random(0)
    genome, sites = folder / "genome.fa", folder / "sites.bed"
    genome.write_text(f">chr1\n{''.join(draw.choices('ACGT', k=3000))}\n")
    sites.write_text("".join(f"chr1\t{at}\t{at + 4}\ts{at}\t0\t+\n" for at in range(100, 2900, 140)))
    windows(sites, genome, 20, folder / "tables", negatives="shuffled")
    for path in folder.glob("genome.fa*"):
        path.unlink()
    sites.unlink()


def _read_windows(folder: Path) -> Any:
    found = WindowTables(folder / "tables")
    return found, [found.to_pandas(part) for part in found.parts]


def _tables_differ(folder: Path, found: Any) -> str:
    """Whether sequences are those between the tabs, line by line."""
    tables, frames = found
    for part, frame in zip(tables.parts, frames, strict=True):
        lines = tables.table(part).read_text(encoding="utf-8").split("\n")[1:]
        theirs = [line.split("\t") for line in lines if '"' not in line and line.strip()]
        if any('"' in line for line in lines) or any(len(fields) != 7 for fields in theirs):
            return ""
        at = lines and list(frame.columns).index("sequence")
        if [fields[at] for fields in theirs] != frame["sequence"].tolist():
            return f"sequences of {part}"
    return ""


register(
    Reader(
        "tables of windows",
        left_by(_windows),
        _read_windows,
        ("relevome.results.window_tables:WindowTables",),
        _tables_differ,
    )
)
