from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from relevome.data.formats import uniprot
from relevome.data.formats.uniprot import entries
from relevome.data.problems import Problem
from relevome.data.sites import read_sites
from relevome.errors import InputError

XML = """<?xml version="1.0" encoding="UTF-8"?>
<uniprot xmlns="{namespace}">
{entries}
</uniprot>
"""
XML_ENTRY = """<entry dataset="Swiss-Prot" version="3">
  <accession>{id}</accession>
  <name>{id}_TOY</name>
  <dbReference type="EC" id="1.1.1.1"/>
  <dbReference type="GO" id="GO:0005524"/>
  <sequence length="5" version="1">MKU
  LL</sequence>
</entry>"""
TEXT_ENTRY = """ID   {id}_TOY                 Reviewed;           5 AA.
AC   {id}; Q99999;
DT   01-JAN-2001, integrated into UniProtKB/Swiss-Prot.
DE   RecName: Full=Toyase;
DE            EC=1.1.1.1 {{ECO:0000269|PubMed:1}};
OS   Toy species.
DR   GO; GO:0005524; F:ATP binding; IEA:InterPro.
PE   1: Evidence at protein level;
SQ   SEQUENCE   5 AA;  500 MW;  0000000000000000 CRC64;
     MKULL
//
"""


def xml(*ids: str, namespace: str = "http://uniprot.org/uniprot") -> str:
    return XML.format(namespace=namespace, entries="\n".join(XML_ENTRY.format(id=id) for id in ids))


def text(*ids: str) -> str:
    return "".join(TEXT_ENTRY.format(id=id) for id in ids)


def read(path: Path, content: str) -> list[Any]:
    path.write_text(content)
    return list(entries(path))


@pytest.mark.parametrize("content", [xml("P00001", "P00002"), text("P00001", "P00002")], ids=["xml", "text"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_entries_are_read_whatever_the_file_is_called(tmp_path: Path, content: str, packed: bool) -> None:
    path = tmp_path / "proteins"
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    records: Any = list(entries(path))
    assert [record.id for record in records] == ["P00001", "P00002"]
    assert [str(record.seq) for record in records] == ["MKULL", "MKULL"]
    assert "GO:GO:0005524" in records[0].dbxrefs


def test_the_namespace_of_newer_releases_is_the_same(tmp_path: Path) -> None:
    assert read(tmp_path / "x", xml("P00001", namespace="https://uniprot.org/uniprot"))[0].id == "P00001"


def test_an_entry_that_cannot_be_read_takes_no_other_along(tmp_path: Path) -> None:
    odd = xml("P00001", "P00002", "P00003").replace('version="3"', 'version="three"', 1)
    found = read(tmp_path / "x", odd)
    assert isinstance(found[0], Problem)
    assert "entry 1: Biopython cannot read it (ValueError" in str(found[0])
    assert [record.id for record in found[1:]] == ["P00002", "P00003"]
    found = read(tmp_path / "t", text("P00001", "P00002").replace("AC   P00001", "A?   P00001", 1))
    assert isinstance(found[0], Problem)
    assert "t, line 1: Biopython cannot read it" in str(found[0])
    assert found[1].id == "P00002"


def test_ends_without_entries_are_told_of_once(tmp_path: Path) -> None:
    found = read(tmp_path / "x", text("P00001") + "//\n\n//\n" + text("P00002") + "//\n" * 1000)
    assert [one.id for one in found] == ["P00001", "entry2", "P00002", "entry4"]
    assert "x, line 12: Biopython cannot read it (ValueError: no entry before its end '//', 2 times)" in str(
        found[1]
    )
    assert "line 26: " in str(found[3])
    assert "1,000 times" in str(found[3])


def test_an_entry_without_a_sequence_is_a_problem(tmp_path: Path) -> None:
    content = xml("P00001").replace("<sequence", "<order").replace("</sequence", "</order")
    assert str(read(tmp_path / "x", content)[0]).endswith("entry 1: entry 'P00001' has no sequence")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (xml("P00001")[:-30], "x is broken XML .*line.*: copy or download it again"),
        (xml("P00001").replace("</name>", "</nome>"), "x is broken XML .mismatched tag: line"),
        (text("P00001")[:-3], "x, line 1: an entry without its end '//': copy or download it again"),
        (">P00001\nMKULL\n", "x is neither XML nor flat text of UniProt: expected <uniprot"),
        (xml("P00001", namespace="http://uniprot.org/uniref"), "x is neither XML nor flat text of UniProt"),
        (xml(), "x has no entries: expected UniProt XML or flat text"),
        ("", "x is neither XML nor flat text of UniProt"),
    ],
)
def test_a_file_that_is_broken_or_something_else_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        read(tmp_path / "x", content)
    assert "\n" not in str(refusal.value)


def test_a_damaged_gzip_file_is_refused_and_no_entry_blamed(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(xml(*(f"P{i:05}" for i in range(900))).encode())[:-900])
    with pytest.raises(InputError, match="damaged gzip file"):
        list(entries(tmp_path / "x"))


def test_without_biopython_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uniprot, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install relevome\[uniprot\]"):
        list(entries("x"))


XML_BINDING = """<feature type="binding site"{said}><location><position position="2"/></location>
  <ligand><name>Mg(2+)</name><dbReference type="ChEBI" id="CHEBI:18420"/></ligand></feature>
<sequence length="5" version="1">"""
TEXT_BINDING = """FT   BINDING         2
FT                   /ligand="Mg(2+)"
FT                   /ligand_id="ChEBI:CHEBI:18420"
{said}SQ   SEQUENCE """


@pytest.mark.parametrize(
    ("content", "said", "name"),
    [
        (xml("P00001").replace('<sequence length="5" version="1">', XML_BINDING), "", "Mg(2+)"),
        (
            xml("P00001").replace('<sequence length="5" version="1">', XML_BINDING),
            ' description="axial"',
            "axial",
        ),
        (text("P00001").replace("SQ   SEQUENCE ", TEXT_BINDING), "", "Mg(2+)"),
        (
            text("P00001").replace("SQ   SEQUENCE ", TEXT_BINDING),
            'FT                   /note="axial"\n',
            "axial",
        ),
    ],
)
def test_a_binding_site_is_called_by_its_note_or_else_its_ligand(write, content, said, name) -> None:
    path = write("proteins", content.replace("{said}", said))
    (site,) = read_sites(path)["P00001"]
    assert (site.start, site.end, site.label) == (1, 2, f"binding site: {name}")


def test_real_entries_are_read_whole(shared: Path) -> None:
    records: Any = list(entries(shared / "data" / "protein" / "uniprot_swissprot_250.xml.gz"))
    assert len({record.id for record in records}) == 250
    assert not any(isinstance(record, Problem) for record in records)
    assert all(len(record.seq) == record.annotations["sequence_length"] for record in records)
