"""What study B concludes, from results that are made up."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.data.motifs import Motif
from relevome.data.names import from_table
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.results.annotation.folder import NAME, write_annotation
from relevome.results.attention_heads.consensus import Attended, Consensus
from relevome.results.attention_heads.folder import write_attention_heads
from relevome.results.attention_heads.heads import (
    AttentionHead,
    AttentionHeads,
    Enrichment,
    FactorsCompared,
    Match,
    Profile,
)
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.head_name import HeadName
from relevome.results.quality.words import described
from relevome.studies.annotation_summary import Characterised, conclude, quality_of_sites

HEADS = (
    ("0", "0", "TATAAT", "-11", "-13", "-8"),
    ("0", "1", "TTGACA", "-33", "-36", "-31"),
    ("1", "0", "", "4", "", ""),
)
FLANK, DISTANCES = 5, np.arange(-40, 20)
MODELS = {"annotator": 0.4, "cnn": 0.1, "scan": 0.05}


def heads(folder: Path, matches: Sequence[tuple[Any, ...]], factors: Sequence[tuple[Any, ...]]) -> None:
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
        named = tuple(
            Match(Motif(row[2], row[2], np.full((1, 4), 0.25), DNA), *row[3:])
            for row in matches
            if row[:2] == name
        )
        bound = tuple(Enrichment(*row[2:]) for row in factors if row[:2] == name)
        every.append(AttentionHead(name, where, attended, looks_for, named, bound))
    asked = FactorsCompared(2, 0, 100, 5)
    folder.mkdir(parents=True)
    write_attention_heads(AttentionHeads(tuple(every), None, 100, 30, asked, HeadSettings()), folder)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for name, precision in MODELS.items():
        numbers = {
            "positions": 2000,
            "sites": 4,
            "base_rate": 0.002,
            "roc_auc": 0.9,
            "average_precision": precision,
            "precision": None,
            "recall": None,
        }
        (tmp_path / "annotation" / name).mkdir(parents=True)
        counts = {"contigs": 1, "letters": 2000, "sites": 4}
        question = {"classes": ["no", "TSS"]}
        rest = {"question": question, "settings": {}, "counts": counts, "threshold": None, "problems": []}
        content = rest | {"truth": {"all": numbers, "strands": []}}
        write_annotation(tmp_path / "annotation" / name, "finished", content)
    matches = [
        (0, 0, "-10_published", 1e-6, 0.002, "+"), (0, 0, "-10_box", 1e-7, 0.001, "+"),
        (0, 0, "FNR", 0.1, 0.06, "+"), (0, 1, "-35_box", 1e-4, 0.02, "+"), (0, 1, "Fis", 1e-4, 0.03, "-"),
    ]  # fmt: skip
    factors = [(0, 0, "CRP", 40, 9, 2.5, 1e-5, 0.01), (0, 1, "Fur", 40, 1, 7.0, 1e-5, 0.01)]
    looks, brings = (tmp_path / "heads" / name for name in ("attention", "contribution"))
    heads(looks / "annotator", matches, factors)
    heads(looks / "random-0", [(1, 0, "Lrp", 1e-5, 0.01, "+")], [])
    heads(looks / "random-1", [(1, 0, "Lrp", 1e-2, 0.2, "+")], [])
    heads(brings / "annotator", [(0, 1, "-35_box", 1e-7, 0.004, "+")], [])
    for name in ("random-0", "random-1"):
        heads(brings / name, [], [])
    return tmp_path


def test_a_box_needs_a_stricter_level_and_a_factor_more_than_chance(study: Path) -> None:
    one = Characterised(study, "attention", "annotator")
    box = one.element("-10")
    assert box is not None
    assert (box.head, box.name, box.q, box.distance, box.first, box.last) == (
        "0.0",
        "-10_box",
        0.001,
        "-11",
        "-13",
        "-8",
    )
    assert one.element("-35") is None
    assert one.names("consensus") == ["-10_box", "-10_published", "-35_box", "Fis"]
    assert one.names("sites") == ["CRP"]
    assert one.with_consensus == 2


def test_models_and_networks_are_said_and_tabled(study: Path) -> None:
    said = "\n".join(conclude(study, list(MODELS), 2))
    for words in (
        "annotator: average precision 0.4000, ROC AUC 0.9000 over 2,000 positions, of which 4 are sites",
        "4.00 times the average precision of cnn (0.1000)",
        "8.00 times the average precision of scan (0.0500)",
        "by attention: head 0.0 looks for the -10 box (-10_box, q 0.001)",
        "by attention: no head's consensus is the -35 box at q < 0.01 (tables have all names below 0.05)",
        "by contribution: head 0.1 looks for the -35 box (-35_box, q 0.004)",
        "by contribution: no head's consensus is the -10 box at q < 0.01",
        "by attention, whose known sites heads sit on: CRP",
        "by attention, the same of networks with random weights: names in 1 of 2, 1 in all",
        "by contribution, the same of networks with random weights: names in 0 of 2, 0 in all",
    ):
        assert words in said
    assert "not asked" not in said
    page = (study / "study.md").read_text()
    assert "4.00 times the average precision of cnn" in page
    assert "| random-1 | none | none | 2 of 3 |" in page
    with (study / "models.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert {row["model"]: float(row["average_precision"]) for row in rows} == MODELS
    with (study / "found.tsv").open() as file:
        rows = [dict(row, name=from_table(row["name"])) for row in csv.DictReader(file, delimiter="\t")]
    assert [(row["network"], row["name"]) for row in rows if row["weigh"] == "attention"] == [
        ("annotator", "-10_published"), ("annotator", "-10_box"), ("annotator", "-35_box"),
        ("annotator", "Fis"), ("annotator", "CRP"), ("random-0", "Lrp"),
    ]  # fmt: skip
    assert [(row["head"], row["name"]) for row in rows if row["weigh"] == "contribution"] == [
        ("0.1", "-35_box")
    ]


def test_what_was_not_asked_is_not_answered(study: Path) -> None:
    for path in study.glob("heads/*/*/attention_heads.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"known_sites": None}))
    said = conclude(study, list(MODELS), 2, "take care")
    assert said[0] == "take care"
    assert not any("known sites" in line for line in said)
    page = (study / "study.md").read_text()
    assert "- take care" in page
    assert "| random-1 | none | not asked | 2 of 3 |" in page


@pytest.mark.parametrize("text", ['{"settings": {"level": 0.05}}', "[", "[]"])
def test_heads_that_cannot_be_read_are_said_with_what_to_do(study: Path, text: str) -> None:
    folder = study / "heads" / "attention" / "random-1"
    (folder / "attention_heads.json").write_text(text)
    with pytest.raises(
        InputError, match=rf"{folder}/attention_heads.json is damaged.*: remove {folder}, and"
    ):
        conclude(study, list(MODELS), 2)


@pytest.mark.parametrize(
    ("rank", "precision", "reason"),
    [
        (0.55, 0.4, "not above chance (AUROC 0.55, where a guess has 0.5, by luck up to"),
        (0.9, 0.003, "weak (average precision 0.003, below 0.004)"),
    ],
)
def test_heads_of_an_annotator_that_is_not_good_enough_look_for_nothing(
    study: Path, rank: float, precision: float, reason: str
) -> None:
    said = conclude(study, list(MODELS), 2)
    assert any("looks for" in line for line in said)
    path = study / "annotation" / "annotator" / NAME
    content = json.loads(path.read_text())
    content["truth"]["all"] |= {"roc_auc": rank, "average_precision": precision}
    path.write_text(json.dumps(content))
    first, *others = conclude(study, list(MODELS), 2)
    assert first.startswith(f"the annotator is {reason}")
    assert "its heads are not said to look for anything" in first
    assert not any("looks for" in line or "known sites heads sit on" in line for line in others)
    top = (study / "study.md").read_text().split("## Models")[0]
    assert "its heads are not said to look for anything" in top


def test_the_quality_over_a_region_counts_its_positions() -> None:
    numbers = {"positions": 2000, "sites": 4, "base_rate": 0.002, "roc_auc": None, "average_precision": 0.4}
    found = quality_of_sites(numbers)
    assert (found.contests, found.metrics) == ([(4, 1996)], {"average_precision": 0.4})
    assert described(found) == "model: average precision 0.400 (a guess: 0.002) on 2,000 test positions"
