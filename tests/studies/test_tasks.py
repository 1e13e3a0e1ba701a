"""What models of study A learn, and the sites that explanations are compared with."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from relevome.data.formats.fasta import read_fasta
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import DNA
from relevome.data.sites import read_sites
from relevome.errors import InputError
from relevome.studies.tasks import TASKS, SequenceCounts, check_data, write_task

AMOUNT = SequenceCounts(training=160, explained=9)
LENGTHS = {"simulated": 100, "ecoli": 100, "tf_2": 101}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def explained(folder: Path) -> dict[str, str]:
    found = refuse_or_skip(read_fasta(folder / "explained.fasta", DNA), "refuse", [])
    return {sequence.id: sequence.letters for sequence in found}


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory, request) -> Callable[[str], Path]:
    """The folder of a task by its name, written once."""

    @cache
    def made(name: str) -> Path:
        data = None if name == "simulated" else request.getfixturevalue("shared") / "data"
        folder = tmp_path_factory.mktemp(name) / "a task" / "data"
        write_task(name, folder, data, AMOUNT, seed=5)
        return folder

    return made


@pytest.fixture(params=LENGTHS)
def task(request, folder_of) -> tuple[str, Path]:
    """The name of a task, and its folder."""
    return request.param, folder_of(request.param)


def test_tables_have_ids_of_their_own_and_both_classes_alike(task):
    name, folder = task
    tables = {part: rows(folder / f"{part}.csv") for part in ("train", "validation", "test")}
    ids = [row["id"] for table in tables.values() for row in table]
    assert len(set(ids)) == len(ids)
    assert len(tables["train"]) == AMOUNT.training
    for part, table in tables.items():
        assert {len(row["sequence"]) for row in table} == {LENGTHS[name]}
        positives = sum(row["label"] == "1" for row in table)
        assert sum(row["label"] == "0" for row in table) == len(table) - positives
        assert positives / len(table) == pytest.approx(0.5, abs=0.1 if part == "train" else 0.01)


def test_explained_are_positives_of_the_test(task):
    _, folder = task
    positives = {row["id"]: row["sequence"] for row in rows(folder / "test.csv") if row["label"] == "1"}
    found = explained(folder)
    assert len(found) == AMOUNT.explained
    assert found.items() <= positives.items()


def test_every_explained_sequence_has_sites_inside(task):
    name, folder = task
    sites = read_sites(folder / "sites.bed")
    assert set(sites) == set(explained(folder))
    for found in sites.values():
        assert all(0 <= site.start < site.end <= LENGTHS[name] for site in found)
        assert len(found) == {"simulated": len(found), "ecoli": 2, "tf_2": 1}[name]


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for number, seed in enumerate((5, 5, 6)):
        write_task("simulated", tmp_path / str(number), None, AMOUNT, seed)
    for part in ("train.csv", "explained.fasta", "sites.bed"):
        first, again, other = ((tmp_path / str(number) / part).read_bytes() for number in range(3))
        assert first == again
        assert first != other


def test_planted_sites_are_those_of_the_simulation(tmp_path):
    write_task("simulated", tmp_path / "data", None, AMOUNT, seed=1)
    planted = read_sites(tmp_path / "data" / "simulation" / "test.truth.bed")
    found = read_sites(tmp_path / "data" / "sites.bed")
    assert found == {name: planted[name] for name in found}


def test_boxes_lie_where_the_polymerase_finds_them(folder_of):
    for far, near in read_sites(folder_of("ecoli") / "sites.bed").values():
        assert (far.end - far.start, near.end - near.start) == (6, 6)
        assert 15 <= near.start - far.end <= 19
        assert 3 <= 70 - near.end <= 10
        assert far.strand == near.strand == "+"


def test_rows_of_a_long_table_are_drawn_by_seed(folder_of, shared, tmp_path):
    for seed, same in ((5, True), (6, False)):
        write_task("tf_2", tmp_path / str(seed), shared / "data", AMOUNT, seed)
        drawn = (tmp_path / str(seed) / "train.csv").read_bytes()
        assert (drawn == (folder_of("tf_2") / "train.csv").read_bytes()) is same


def test_of_a_training_table_that_is_too_long_rows_are_drawn(folder_of, shared):
    with gzip.open(shared / "data" / "gue" / "GUE_tf_2_train.csv.gz", "rt") as file:
        source = [(row["sequence"], row["label"]) for row in csv.DictReader(file)]
    drawn = {int(row["id"].removeprefix("train_")): row for row in rows(folder_of("tf_2") / "train.csv")}
    assert all((row["sequence"], row["label"]) == source[number - 1] for number, row in drawn.items())
    assert max(drawn) > AMOUNT.training


def test_data_that_are_there_are_left_alone(tmp_path, write):
    write("data/mine.txt", "mine")
    write_task("simulated", tmp_path / "data", None, AMOUNT, seed=1)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["mine.txt"]


def test_data_that_were_left_unfinished_are_made_afresh(tmp_path, write):
    write(".data.unfinished/simulation/half.csv", "id,sequ")
    write_task("simulated", tmp_path / "data", None, AMOUNT, seed=1)
    assert not list(tmp_path.rglob("half.csv"))


@pytest.mark.parametrize("name", [name for name in TASKS if TASKS[name].needs])
def test_data_that_are_missing_are_named(name, tmp_path):
    for data in (None, tmp_path):
        with pytest.raises(InputError, match=f"the task {name} needs the file .* in the folder of --data"):
            check_data([name], data)


GOOD = "sequence,label\nACGTACGTACGTACGTACGT,1\nTTGTACGTACGTACGTACCC,0\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x1f\x8b\x08damaged", "damaged gzip file"),
        (b"\x00\x01\x02", "holds binary data"),
        ("", "is empty"),
        (GOOD.replace("sequence", "letters"), "has no sequence column"),
        (GOOD.replace("label", "class"), "row 1 has label None: expected 0 or 1"),
        (GOOD.replace(",0", ",2"), "row 2 has label 2: expected 0 or 1"),
        (GOOD.replace("TTG", "T!G"), "line 3: .*; download the file again"),
    ],
    ids=["damaged", "binary", "empty", "no sequences", "no labels", "three classes", "letters"],
)
def test_a_garbled_table_is_one_clear_line(tmp_path, write, content, reason):
    for part in ("train", "dev", "test"):
        path = write(f"gue/GUE_tf_4_{part}.csv.gz", content)
    with pytest.raises(InputError, match=reason) as error:
        write_task("tf_4", tmp_path / "study" / "data", tmp_path, AMOUNT, seed=1)
    assert "\n" not in str(error.value)
    assert str(path.parent) in str(error.value)
    assert not (tmp_path / "study" / "data").exists()
