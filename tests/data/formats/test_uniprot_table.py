"""Tables that UniProt's website gives: cells with all features of one type."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.features import same_type
from relevome.data.formats import format_of
from relevome.data.formats.uniprot_table import entry_table_features
from relevome.data.problems import Problem
from relevome.data.sites import Site, read_sites
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

HEADER = "Entry\tReviewed\tEntry Name\tActive site\tBinding site\tDomain [FT]\tTransit peptide\n"
INSULIN = (
    "P01308\treviewed\tINS_HUMAN\t"
    'ACT_SITE 57; /evidence="ECO:0000255|PROSITE-ProRule:PRU10; other"; ACT_SITE 102\t'
    'BINDING 12..15; /ligand="ATP"; /ligand_id="ChEBI:CHEBI:30616"; /evidence="ECO:0000269"; BINDING 90; '
    '/ligand="Zn(2+)"; /note="axial"; /evidence="ECO:0007744|PDB:1ABC"\t'
    'DOMAIN 3..80; /note="Ig-like ""V"" (type; 1)"\t'
    'TRANSIT 1..?; /note="Mitochondrion"\n'
)
# The types of XML, the columns that the website gives to them, and what their cells call them.
COLUMNS = {
    "active site": ("Active site", "ACT_SITE"),
    "binding site": ("Binding site", "BINDING"),
    "disulfide bond": ("Disulfide bond", "DISULFID"),
    "signal peptide": ("Signal peptide", "SIGNAL"),
    "modified residue": ("Modified residue", "MOD_RES"),
    "glycosylation site": ("Glycosylation", "CARBOHYD"),
    "transmembrane region": ("Transmembrane", "TRANSMEM"),
    "strand": ("Beta strand", "STRAND"),
    "domain": ("Domain [FT]", "DOMAIN"),
    "propeptide": ("Propeptide", "PROPEP"),
}


def test_features_have_the_places_notes_and_ligands_of_their_cells(write: Write) -> None:
    path = write("uniprotkb.tsv", HEADER + INSULIN)
    assert format_of(path, "sites").name == "uniprot-table"
    left: list[Problem] = []
    assert read_sites(path, (), left) == {
        "P01308": [
            Site(56, 57, "ACT_SITE"), Site(101, 102, "ACT_SITE"), Site(11, 15, "ATP"), Site(89, 90, "axial"),
            Site(2, 80, 'Ig-like "V" (type; 1)'),
        ]
    }  # fmt: skip
    assert [problem.reason for problem in left] == ["TRANSIT at 1 to ?, an end that is not known"]
    assert read_sites(path, ["Binding site"], []) == read_sites(path, ["BINDING"], [])


@pytest.mark.parametrize("column", ["Length", "Sequence"])
def test_what_is_past_the_end_is_left_out_where_the_length_is_known(write: Write, column: str) -> None:
    header = HEADER.replace("\n", f"\t{column}\n")
    row = INSULIN.replace("\n", "\t101\n" if column == "Length" else "\t" + "M" * 101 + "\n")
    left: list[Problem] = []
    sites = read_sites(write("a.tsv.gz", gzip.compress((header + row).encode())), ["active site"], left)
    assert sites == {"P01308": [Site(56, 57, "ACT_SITE")]}
    assert "ACT_SITE at 102 to 102, past the end of 101 letters" in left[0].reason


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("57", "'57' is no feature of UniProt"),
        ("ACT_SITE 57 57 Charge relay.", "'ACT_SITE 57 57 Charge relay.' is no feature of UniProt"),
        ('/note="x"', "is no feature of UniProt"),
        ("ACT_SITE x", "'x' is no place of ACT_SITE: expected such as 57"),
        ("ACT_SYTE 57", "'ACT_SYTE 57' is no feature"),
        ('ACT_SITE 57; /note="x', "is no feature of UniProt"),
    ],
)
def test_a_cell_that_is_no_list_of_features_is_refused_where_it_stands(
    write: Write, cell: str, said: str
) -> None:
    with pytest.raises(InputError, match=f"a.tsv, line 2.*{said}"):
        read_sites(write("a.tsv", f"Entry\tActive site\nP01308\t{cell}\n"))


def test_a_row_without_an_entry_or_with_a_strange_length_is_refused(write: Write) -> None:
    for row, said in [("\t\t9", "a row without an entry"), ("P1\t\tnine", "'nine' is no length")]:
        with pytest.raises(InputError, match=f"line 2: {said}"):
            read_sites(write("a.tsv", f"Entry\tSite\tLength\n{row}\n"))


def test_other_tables_are_not_taken_for_it(write: Write) -> None:
    for content in (
        "Entry\ttype\tstart\tend\tsite\na\tx\t1\t2\ty\n",
        "Entry\tSequence\na\tMA\n",
        "id\tActive site\na\t\n",
    ):
        assert format_of(write("a.tsv", content), "sites").name != "uniprot-table"


def test_swiss_prot_as_the_website_gives_it_has_the_sites_of_its_xml(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/protein/uniprot_swissprot_250.xml.gz"
    with gzip.open(source) as file:
        rows = [_row(entry) for entry in ElementTree.parse(file).getroot().findall("{*}entry")]
    header = ["Entry", "Length", *(column for column, _ in COLUMNS.values())]
    path = tmp_path / "entries.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]))  # the website quotes no cell
    compared = 0
    for kind in COLUMNS:
        ours: list[Problem] = []
        known: list[Problem] = []
        found, expected = read_sites(path, [kind], ours), read_sites(source, [kind], known)
        assert _places(found) == _places(expected)
        assert len(ours) == len(known)
        compared += sum(map(len, expected.values()))
    assert compared > 1000


def _places(sites: dict[str, list[Site]]) -> dict[str, list[tuple[int, int]]]:
    return {id: [(site.start, site.end) for site in own] for id, own in sites.items()}


def _row(entry: ElementTree.Element) -> list[str]:
    cells: dict[str, list[str]] = {kind: [] for kind in COLUMNS}
    for feature in entry.findall("{*}feature"):
        kind = next((one for one in COLUMNS if same_type(one) == same_type(feature.get("type", ""))), None)
        if kind is not None:
            note = feature.get("description")
            said = "" if note is None else f'; /note="{note}"'
            cells[kind].append(f'{COLUMNS[kind][1]} {_place(feature)}{said}; /evidence="ECO:0000255"')
    length = len("".join((entry.findtext("{*}sequence") or "").split()))
    return [entry.findtext("{*}accession") or "", str(length), *map("; ".join, cells.values())]


def _place(feature: ElementTree.Element) -> str:
    location = feature.find("{*}location")
    assert location is not None
    isoform = location.get("sequence")
    ends = [_end(end) for name in ("position", "begin", "end") for end in location.findall("{*}" + name)]
    return (f"{isoform}:" if isoform else "") + "..".join(ends)


def _end(end: ElementTree.Element) -> str:
    signs = {"less than": "<", "greater than": ">", "unknown": "?", "uncertain": "?"}
    return signs.get(end.get("status", ""), "") + end.get("position", "")


@given(text=st.text('ACT_SITE 57;./"=note<>?', max_size=40))
def test_any_cell_ends_in_features_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any-cell.tsv"
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([["Entry", "Active site"], ["P01308", text]])
    said = ""
    try:
        list(entry_table_features(path))
    except InputError as error:
        said = str(error)
    assert "\n" not in said
