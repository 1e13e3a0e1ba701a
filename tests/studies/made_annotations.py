"""Results of study B that are made up: annotations of a test region, and heads with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.results.annotation.folder import write_annotation
from relevome.results.attention_heads.consensus import Attended, Consensus
from relevome.results.attention_heads.folder import write_attention_heads
from relevome.results.attention_heads.heads import (
    AttentionHead,
    AttentionHeads,
    Enrichment,
    FactorsCompared,
    Fall,
    Match,
    Profile,
    Together,
)
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.head_name import HeadName
from relevome.results.tables import read_tsv

HEADS = (
    ("0", "0", "TATAAT", "-11", "-13", "-8"),
    ("0", "1", "TTGACA", "-33", "-36", "-31"),
    ("1", "0", "", "4", "", ""),
)
FLANK, DISTANCES = 5, np.arange(-40, 20)
# Average precision of every training, by folder.
ONE = {"annotator": {"annotator/0": 0.4}, "cnn": {"cnn/0": 0.1}, "scan": {"scan": 0.05}}
THREE = {
    "annotator": {"annotator/0": 0.4, "annotator/1": 0.3, "annotator/2": 0.35},
    "cnn": {"cnn/0": 0.1, "cnn/1": 0.31, "cnn/2": 0.2},
    "scan": {"scan": 0.05},
    "scan-published": {"scan-published": 0.5},
}


def named(name: str, head: tuple[int, int] = (0, 0), q: float = 0.001) -> tuple[Any, ...]:
    """A motif that a head's consensus is."""
    return (*head, name, 1e-6, q, "+")


def heads(
    folder: Path,
    matches: Sequence[tuple[Any, ...]],
    factors: Sequence[tuple[Any, ...]] = (),
    together: Together | None = None,
) -> None:
    """Heads with a consensus of these letters, the motifs that it is, and the factors that they sit on."""
    every = []
    for layer, head, letters, distance, first, _ in HEADS:
        name = HeadName(int(layer), int(head))
        start = int(first or distance) - int(distance) + FLANK
        core = range(start, start + len(letters))
        counts = np.full((2 * FLANK + 1, 4), 10.0)
        counts[core, ["ACGT".index(letter) for letter in letters]] = 400
        p = np.where(np.isin(np.arange(len(counts)), core), 0.0, 1.0)
        looks_for = Consensus(DNA, FLANK, counts, np.full(counts.shape, 0.25), p)
        where = Profile(DISTANCES, np.zeros(len(DISTANCES)), np.zeros(len(DISTANCES)), 0.5)
        attended = Attended(np.array([0]), np.flatnonzero(int(distance) == DISTANCES))
        own = tuple(
            Match(Motif(row[2], row[2], np.full((1, 4), 0.25), DNA), *row[3:])
            for row in matches
            if row[:2] == name
        )
        bound = tuple(Enrichment(*row[2:]) for row in factors if row[:2] == name)
        fall = Fall(1.0, 0.1) if together else None
        every.append(AttentionHead(name, where, attended, looks_for, own, bound, fall))
    asked = FactorsCompared(2, 0, 100, 5)
    folder.mkdir(parents=True)
    write_attention_heads(AttentionHeads(tuple(every), together, 100, 30, asked, HeadSettings()), folder)


def write_annotations(study: Path, models: Mapping[str, Mapping[str, float]]) -> None:
    """What each training's average precision is over the test region."""
    for name, precision in (pair for one in models.values() for pair in one.items()):
        numbers = {
            "positions": 2000,
            "sites": 4,
            "base_rate": 0.002,
            "roc_auc": 0.9,
            "average_precision": precision,
            "precision": None,
            "recall": None,
        }
        (study / "annotation" / name).mkdir(parents=True)
        counts = {"contigs": 1, "letters": 2000, "sites": 4}
        question = {"classes": ["no", "TSS"]}
        rest = {"question": question, "settings": {}, "counts": counts, "threshold": None, "problems": []}
        content = rest | {"truth": {"all": numbers, "strands": []}}
        write_annotation(study / "annotation" / name, "finished", content)


def asked(models: Mapping[str, Mapping[str, float]]) -> dict[str, list[str]]:
    return {name: list(trainings) for name, trainings in models.items()}


def over(
    folder: Path, trainings: Sequence[Sequence[tuple[Any, ...]]], random: Sequence[Sequence[tuple[Any, ...]]]
) -> Path:
    """A study of three trainings with these matches of their heads by attention, and by contribution none."""
    write_annotations(folder, THREE)
    for weigh in ("attention", "contribution"):
        for number, matches in enumerate(trainings):
            heads(folder / "heads" / weigh / f"annotator/{number}", matches if weigh == "attention" else [])
        for number, matches in enumerate(random):
            heads(folder / "heads" / weigh / f"random-{number}", matches if weigh == "attention" else [])
    return folder


def names(study: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    """Rows of ``names.tsv``."""
    with (study / "names.tsv").open(encoding="utf-8") as file:
        header = file.readline().rstrip("\n").split("\t")
    rows = [dict(zip(header, row, strict=True)) for row in read_tsv(study / "names.tsv")]
    return {(row["weigh"], row["kind"], row["name"]): row for row in rows}
