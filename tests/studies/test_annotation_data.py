"""What study B reads off a genome, against the genome itself."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from relevome.data.formats.meme import read_meme
from relevome.data.genomes import read_bed
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.studies.annotation_data import CNN_REACH, WindowCounts, write_data
from relevome.studies.genome_parts import LabelledGenome

LENGTH, REACH = 6000, (50, 30)
AMOUNT = WindowCounts(negatives=3, windows=11, reach=REACH)


def turned(letters: str) -> str:
    return letters[::-1].translate(str.maketrans("ACGT", "TGCA"))


@pytest.fixture
def labelled(tmp_path: Path) -> LabelledGenome:
    """Two contigs, every site of which is the first A of ``ATTTTTTC`` on its strand."""
    rng = np.random.default_rng(0)
    contigs, sites = {}, []
    for name, length in (("one", LENGTH), ("two", 3000)):
        letters = "".join(rng.choice(list("ACGT"), length))
        for number, at in enumerate(range(3, length - 8, 61)):
            strand = "+-"[number % 2]
            box = "ATTTTTTC" if strand == "+" else turned("ATTTTTTC")
            letters = letters[:at] + box + letters[at + 8 :]
            sites.append((name, at if strand == "+" else at + 7, strand))
        contigs[name] = letters
    (tmp_path / "g.fa").write_text("".join(f">{name}\n{text}\n" for name, text in contigs.items()))
    lines = [f"{name}\t{at}\t{at + 1}\tx\t0\t{strand}\n" for name, at, strand in [*sites, sites[0]]]
    (tmp_path / "s.bed").write_text("".join(lines))
    return LabelledGenome(tmp_path / "g.fa", tmp_path / "s.bed")


def rows(path: Path) -> list[list[str]]:
    with path.open() as file:
        return list(csv.reader(file, delimiter="," if path.suffix == ".csv" else "\t"))


def test_everything_is_what_the_genome_has_in_its_part(labelled: LabelledGenome, tmp_path: Path) -> None:
    out = tmp_path / "data"
    out.mkdir()
    write_data(out, labelled, None, AMOUNT, seed=1)
    counts = json.loads((out / "counts.json").read_text())
    sites = rows(out / "sites.bed")
    assert len(sites) == counts["sites"] == len(rows(labelled.labels)) - 1

    regions = {(row[0], row[3]): (int(row[1]), int(row[2])) for row in rows(out / "regions.bed")}
    assert regions == {
        ("one", "test"): (0, 1200), ("two", "test"): (0, 600),
        ("one", "validation"): (5400, 6000), ("two", "validation"): (2700, 3000),
    }  # fmt: skip
    assert [row[:3] for row in rows(out / "test.bed")] == [["one", "0", "1200"], ["two", "0", "600"]]

    for part in ("train", "validation"):
        table = rows(out / f"{part}.csv")[1:]
        real = [text for text, label in table if label == "1"]
        assert len(real) == counts[part] > 5
        assert len(table) == 4 * len(real)
        assert {len(text) for text, _ in table} == {sum(CNN_REACH) + 1}
        assert {text[CNN_REACH[0] :][:8] for text in real} == {"ATTTTTTC"}

    for name, real in (("windows", True), ("controls", False)):
        found = [one for one in read_bed(out / f"{name}.bed", labelled.genome) if isinstance(one, Sequence)]
        assert len(found) == counts[name] == AMOUNT.windows
        assert all((one.letters[REACH[0] :][:8] == "ATTTTTTC") is real for one in found)
        places = [one.interval for one in found if one.interval]
        assert len(places) == len(found)
        assert all(one.end <= {"one": 1200, "two": 600}[one.chrom] for one in places)

    motifs = [motif.id for motif in read_meme(out / "motifs.meme")]
    assert motifs[:4] == ["-35_published", "-10_published", "-35_box", "-10_box"]
    assert len(motifs) == 25
    assert motifs[4].startswith("decoy")
    for name in ("scan", "scan-published"):
        assert (out / name / "model.safetensors").is_file()


def test_the_same_seed_gives_the_same_tables(labelled: LabelledGenome, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        write_data(tmp_path / name, labelled, None, AMOUNT, seed)
    one, same, other = ((tmp_path / name / "train.csv").read_text() for name in "abc")
    assert one == same != other


@pytest.mark.parametrize(
    ("places", "part"), [((600, 3000), "validation"), ((600, 5700), "train"), ((3000, 5700), "test")]
)
def test_a_part_without_sites_is_said(
    labelled: LabelledGenome, tmp_path: Path, places: tuple[int, int], part: str
) -> None:
    labelled.labels.write_text("".join(f"one\t{at}\t{at + 1}\tx\t0\t+\n" for at in places))
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError, match=f"no labelled position with a whole window in the {part} part"):
        write_data(tmp_path / "data", labelled, None, AMOUNT, seed=1)


def test_a_label_off_the_genome_is_said(labelled: LabelledGenome, tmp_path: Path) -> None:
    labelled.labels.write_text("three\t3000\t3001\tx\t0\t+\n")
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError, match="three"):
        write_data(tmp_path / "data", labelled, None, AMOUNT, seed=1)
