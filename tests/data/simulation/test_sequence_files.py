"""Folders of simulated data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relevome.data.formats.fasta import read_fasta
from relevome.data.formats.table import read_table
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import DNA
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import promoter_grammar
from relevome.data.simulation.sequence_files import write_simulation
from relevome.data.simulation.sequences import Simulated, SimulationPlan, simulate
from relevome.data.sites import mask, read_sites, unplaced_sites
from relevome.errors import InputError

PLAN = SimulationPlan(promoter_grammar(), 60, Background.with_gc(0.4), seed=21, decoys=1)
PARTS = {"train": 14, "validation": 4, "test": 2}
SPLIT = (0.7, 0.2, 0.1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "new" / "data"
    write_simulation(path, PLAN, 20, 40, SPLIT)
    return path


def part_of(name: str) -> list[Simulated]:
    start = {"train": 0, "validation": 14, "test": 18}[name]
    return [item for item in simulate(PLAN, 20, 40) if start <= item.source < start + PARTS[name]]


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_has_four_files_for_each_part_and_its_parameters(folder: Path) -> None:
    endings = ("csv", "fasta", "truth.bed", "decoys.bed")
    expected = {f"{part}.{ending}" for part in PARTS for ending in endings} | {"simulation.json"}
    assert set(bytes_in(folder)) == expected


@pytest.mark.parametrize("part", PARTS)
def test_what_is_written_is_read_back(folder: Path, part: str) -> None:
    expected = part_of(part)
    assert len(expected) == 3 * PARTS[part]
    rows = list(refuse_or_skip(read_table(folder / f"{part}.csv", DNA), "refuse", []))
    assert [(row.sequence, row.label) for row in rows] == [(i.sequence, str(i.label)) for i in expected]
    assert list(read_fasta(folder / f"{part}.fasta", DNA)) == [item.sequence for item in expected]
    truth, decoys = (read_sites(folder / f"{part}.{kind}.bed") for kind in ("truth", "decoys"))
    assert truth == {item.sequence.id: list(item.sites) for item in expected if item.label == 1}
    assert decoys == {item.sequence.id: list(item.decoys) for item in expected}
    assert unplaced_sites(truth, [item.sequence for item in expected], "truth") == []


def test_masks_of_the_truth_cover_both_elements_of_positives_only(folder: Path) -> None:
    truth = read_sites(folder / "test.truth.bed")
    for item in part_of("test"):
        assert mask(item.sequence, truth).sum() == (12 if item.label else 0)


def test_a_negative_is_in_the_part_of_its_positive(folder: Path) -> None:
    for part, count in PARTS.items():
        labels = [line.split(",")[2] for line in (folder / f"{part}.csv").read_text().splitlines()[1:]]
        assert (labels.count("1"), labels.count("0")) == (count, 2 * count)


def test_the_same_arguments_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_simulation(tmp_path / "again", PLAN, 20, 40, SPLIT)
    assert bytes_in(tmp_path / "again") == bytes_in(folder)


def test_all_parameters_are_written_down(folder: Path) -> None:
    record = json.loads((folder / "simulation.json").read_text())
    (unit,) = record.pop("units")
    assert [motif["name"] for motif in unit["motifs"]] == ["-35", "-10"]
    assert unit["motifs"][0]["probabilities"] == PLAN.grammar.units[0].motifs[0].probabilities.tolist()
    assert unit["spacers"] == [{"15": 0.04, "16": 0.23, "17": 0.46, "18": 0.23, "19": 0.04}]
    assert record == {
        "alphabet": "dna",
        "background": {"first": [0.3, 0.2, 0.2, 0.3], "transitions": [[0.3, 0.2, 0.2, 0.3]] * 4},
        "decoys": 1,
        "grammar": "promoter",
        "length": 60,
        "planted": None,
        "negatives": 40,
        "position": None,
        "positives": 20,
        "seed": 21,
        "split": {"train": 0.7, "validation": 0.2, "test": 0.1},
    }


def test_a_part_with_share_zero_is_not_written(tmp_path: Path) -> None:
    write_simulation(tmp_path / "x", PLAN, 4, 4, (0.5, 0.0, 0.5))
    assert {name.split(".")[0] for name in bytes_in(tmp_path / "x")} == {"train", "test", "simulation"}
    assert len((tmp_path / "x" / "test.csv").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ((0.5, 0.2, 0.2), "expected three shares that are not negative and sum to 1"),
        ((1.2, -0.1, -0.1), "expected three shares that are not negative and sum to 1"),
        ((0.9, 0.05, 0.05), "of 4 positives gives 0 to validation: expected 1 or more"),
    ],
)
def test_a_split_that_leaves_a_part_empty_is_refused(
    tmp_path: Path, split: tuple[float, float, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write_simulation(tmp_path / "x", PLAN, 4, 4, split)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="is there and not empty: give a new folder, or remove it first"):
        write_simulation(tmp_path, PLAN, 10, 10)
    assert list(bytes_in(tmp_path)) == ["mine.txt"]
    with pytest.raises(InputError, match="is there and not empty"):
        write_simulation(tmp_path / "mine.txt", PLAN, 10, 10)


def test_a_folder_that_is_not_finished_has_no_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("relevome.data.simulation.sequence_files._bed", full)
    with pytest.raises(OSError, match="No space left"):
        write_simulation(tmp_path / "x", PLAN, 10, 10)
    assert not (tmp_path / "x" / "simulation.json").exists()
