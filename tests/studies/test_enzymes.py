import json
from pathlib import Path

import pytest

from relevome.data.formats.fasta import read_fasta
from relevome.data.sequences import PROTEIN, Sequence
from relevome.data.sites import read_sites
from relevome.errors import InputError
from relevome.studies.enzymes import EnzymeFiles, read_enzymes, write_enzymes
from relevome.studies.protein_tasks import ProteinLimits
from tests.studies.made_proteins import write_made_enzymes

ALL = ProteinLimits(1_000, 1_000, 500)


@pytest.fixture
def source(tmp_path: Path) -> EnzymeFiles:
    return EnzymeFiles(*write_made_enzymes(tmp_path / "data"))


def test_every_class_has_its_own_proteins_and_their_sites(source: EnzymeFiles, tmp_path: Path) -> None:
    enzymes = read_enzymes(source, ALL, seed=0)
    write_enzymes(enzymes, tmp_path)
    labels = {row.sequence.id: row.label for rows in enzymes.tables.values() for row in rows}
    assert len(labels) == 200
    for number, stretch in (("1", "MYPMYP"), ("3", "CWCHWC")):
        explained = [
            one for one in read_fasta(tmp_path / f"{number}.fasta", PROTEIN) if isinstance(one, Sequence)
        ]
        sites = read_sites(tmp_path / f"{number}.tsv", ["active site"])
        assert len(explained) >= 6
        for one in explained:
            assert labels[one.id] == number
            (site, *_) = sites[one.id]
            assert one.letters[site.start : site.end] == stretch
        tested = {row.sequence.id for row in enzymes.tables["test"]}
        assert {one.id for one in explained} <= tested


@pytest.mark.parametrize(("bound", "kinds"), [(6, ("active site", "binding site")), (5, ("active site",))])
def test_a_type_that_few_have_is_not_asked_about(tmp_path: Path, bound: int, kinds: tuple[str, ...]) -> None:
    table, sites = write_made_enzymes(tmp_path)
    tested = [row.sequence.id for row in read_enzymes(EnzymeFiles(table, sites), ALL, seed=0).tables["test"]]
    lines = [line for line in sites.read_text().splitlines() if "\tBinding site\t" not in line]
    first = [id for id in tested if int(id[1:]) % 2 == 0][:bound]
    sites.write_text("\n".join([*lines, *(f"{id}\tBinding site\t5\t5" for id in first), ""]))
    classes = {one.name: one for one in read_enzymes(EnzymeFiles(table, sites), ALL, seed=0).classes}
    assert classes["1"].kinds == kinds
    assert classes["3"].kinds == ("active site",)
    assert {kind for _, places in classes["1"].proteins for kind, _, _ in places} == set(kinds)


def test_a_class_without_sites_is_named_and_not_asked_about(tmp_path: Path) -> None:
    table, sites = write_made_enzymes(tmp_path, of=(1,))
    enzymes = read_enzymes(EnzymeFiles(table, sites), ALL, seed=0)
    assert [one.name for one in enzymes.classes] == ["1"]
    write_enzymes(enzymes, tmp_path)
    said = json.loads((tmp_path / "data.json").read_text())
    assert said["not_asked"] == {"3": "no type of site in 6 of its proteins or families to test on"}
    assert said["proteins"]["3"]["train"] > 60


def test_clusters_stay_whole_and_what_is_too_long_or_unreadable_is_counted(tmp_path: Path) -> None:
    table, sites = write_made_enzymes(tmp_path, each=200)
    with table.open("a") as file:
        file.write(f"LONG,{'A' * 600},1.1.1.1\nODD,ACD!,1.1.1.1\nBOTH,ACDE,1.1.1.1;3.1.1.1\n")
    clusters = tmp_path / "clusters.tsv"
    names = [f"E{number:04d}" for number in range(400)]
    pairs = [(names[number - number % 4 + number % 2], name) for number, name in enumerate(names)]
    clusters.write_text("".join(f"{a}\t{b}\n" for a, b in [*pairs, ("BOTH", "BOTH"), ("LONG", "LONG")]))
    enzymes = read_enzymes(EnzymeFiles(table, sites, clusters), ALL, seed=0)
    of = {name: cluster for cluster, name in pairs}
    parts = [{of[row.sequence.id] for row in rows} for rows in enzymes.tables.values()]
    assert not any(a & b for place, a in enumerate(parts) for b in parts[:place])
    assert enzymes.record["left_out"] == {
        "of more than 500 letters": 1,
        "of several classes at level 1": 1,
    }
    (problem,) = enzymes.record["not_read"]
    assert "ODD" in problem


def test_families_count_once(tmp_path: Path) -> None:
    table, sites = write_made_enzymes(tmp_path)
    clusters = tmp_path / "clusters.tsv"
    # EC 1 in 8 large families, EC 3 one by one: a tenth of 8 is one family
    names = [f"E{number:04d}" for number in range(200)]
    of = {name: name if number % 2 else names[number % 16] for number, name in enumerate(names)}
    clusters.write_text("".join(f"{cluster}\t{name}\n" for name, cluster in of.items()))
    (only,) = read_enzymes(EnzymeFiles(table, sites, clusters), ALL, seed=0).classes
    assert only.name == "3"
    assert only.explained.clusters == clusters.resolve()


def test_fewer_are_drawn_where_fewer_are_asked_for(source: EnzymeFiles) -> None:
    enzymes = read_enzymes(source, ProteinLimits(16, 7, 500), seed=0)
    assert {part: len(rows) for part, rows in enzymes.tables.items()} == {
        "train": 16, "validation": 16, "test": 16,
    }  # fmt: skip
    assert all(len(one.proteins) <= 7 for one in enzymes.classes)
    again = read_enzymes(source, ProteinLimits(16, 7, 500), seed=0)
    assert again.tables == enzymes.tables


def test_proteins_without_sites_are_one_line(tmp_path: Path) -> None:
    table, sites = write_made_enzymes(tmp_path)
    sites.write_text("id\ttype\tstart\tend\nE0001\tactive site\t3\t4\n")
    with pytest.raises(
        InputError, match="no EC class has 6 proteins to test on with sites of one type"
    ) as caught:
        read_enzymes(EnzymeFiles(table, sites), ALL, seed=0)
    assert "\n" not in str(caught.value)
