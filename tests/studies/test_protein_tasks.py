import csv
import json
from pathlib import Path

import numpy as np
import pytest

from relevome.data.sites import read_sites
from relevome.errors import InputError
from relevome.studies.protein_tasks import (
    ALPHA,
    GLOBULAR,
    PARTS,
    PROTEIN_TASKS,
    ProteinLimits,
    write_protein_task,
)
from tests.studies.made_proteins import write_made_proteins, write_threes

ALL = ProteinLimits(1_000, 1_000, 500)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    write_made_proteins(tmp_path / "data")
    return tmp_path / "data"


def written(
    name: str, data: Path, folder: Path, amount: ProteinLimits = ALL, seed: int = 0
) -> dict[str, list]:
    folder.mkdir()
    write_protein_task(name, folder, data, amount, seed)
    return {part: table(folder / f"{part}.csv") for part in PARTS}


def test_folds_and_fifths_are_never_in_two_parts(made: Path, tmp_path: Path) -> None:
    tables = written("membrane", made, tmp_path / "out")
    sizes = {part: sum(row["label"] == "1" for row in rows) for part, rows in tables.items()}
    assert sizes == {"train": 60, "validation": 20, "test": 20}
    ids = [row["id"] for rows in tables.values() for row in rows]
    assert len(set(ids)) == len(ids) == 260
    assert {int(row["id"][1:]) // 2 % 4 for row in tables["test"] if row["label"] == "0"} == {3}


@pytest.mark.parametrize(
    ("name", "kind"), [("membrane", "transmembrane"), ("signal-peptide", "signal peptide")]
)
def test_segments_land_on_the_stretches_that_were_made(
    name: str, kind: str, made: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    tables = written(name, made, folder)
    letters = {row["id"]: row["sequence"] for row in tables["test"] if row["label"] == "1"}
    sites = read_sites(folder / "segments.tsv", [kind])
    assert sites.keys() == letters.keys()
    for id, (site,) in sites.items():
        assert set(letters[id][site.start : site.end]) <= set("LVIF")
        outside = letters[id][: site.start] + letters[id][site.end :]
        assert not set(outside) & set("LVIF")


def test_what_is_too_long_is_counted_and_what_is_shortened_too(made: Path, tmp_path: Path) -> None:
    written("membrane", made, tmp_path / "a", ProteinLimits(1_000, 5, 70))
    said = json.loads((tmp_path / "a" / "data.json").read_text())
    kept = sum(sum(part.values()) for part in said["proteins"].values())
    assert said["counts"]["left out, longer than 70 residues"] == 260 - kept > 0
    assert said["explained"] == 5
    tables = written("signal-peptide", made, tmp_path / "b")
    said = json.loads((tmp_path / "b" / "data.json").read_text())
    longest = [len(row["sequence"]) for rows in tables.values() for row in rows]
    assert max(longest) == 70
    assert 0 < said["counts"]["shortened to their first 70 residues"] <= longest.count(70)


def test_fewer_are_drawn_with_as_many_of_each_class_as_there_are(made: Path, tmp_path: Path) -> None:
    tables = written("membrane", made, tmp_path / "out", ProteinLimits(30, 5, 500))
    labels = {part: [row["label"] for row in rows] for part, rows in tables.items()}
    assert {part: (len(found), found.count("1")) for part, found in labels.items()} == dict.fromkeys(
        PARTS, (30, 15)
    )
    said = json.loads((tmp_path / "out" / "data.json").read_text())
    assert said["counts"]["left out of train, more than were asked for"] == 60 + 80 - 30


def test_the_same_seed_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        written("membrane", made, tmp_path / folder, seed=seed)
    texts = [(tmp_path / folder / "train.csv").read_bytes() for folder in "abc"]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("path", "record", "message"),
    [
        (GLOBULAR, ("Q1|EUKARYA|NO_SP|1|cv9", "ADEG", "1111"), "ends in no fold: expected one of cv0"),
        (GLOBULAR, ("Q1|EUKARYA|NO_SP|1|cv1", "AD!G", "1111"), "download the file again"),
        (ALPHA, ("1abc_A", "ADEG", "111"), "4 letters and 3 labels"),
    ],
)
def test_garbled_files_are_one_line(
    path: Path, record: tuple[str, str, str], message: str, made: Path, tmp_path: Path
) -> None:
    write_threes(made / path, [record])
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=message) as caught:
        write_protein_task("membrane", tmp_path / "out", made, ALL, 0)
    assert "\n" not in str(caught.value)


def test_the_real_files_have_the_proteins_that_their_page_names(shared: Path) -> None:
    rng = np.random.default_rng(0)
    read = PROTEIN_TASKS["signal-peptide"].read(shared / "data", ALL, rng)
    assert len(read.proteins) == 4_638
    positives = [one for one in read.proteins if one.label]
    assert len(positives) == 509
    # a signal peptide is a stretch at the beginning
    assert all([start for _, start, _ in one.segments] == [0] for one in positives)
