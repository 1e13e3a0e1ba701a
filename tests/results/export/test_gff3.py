from __future__ import annotations

from urllib.parse import unquote

import pytest

from relevome.data.features import Feature
from relevome.data.formats.gff import gff_features
from relevome.errors import InputError
from relevome.results.export.gff3 import Gff3


def place(chrom, start, letters, strand="+"):
    return {"chrom": chrom, "start": start, "end": start + letters, "strand": strand}


def rows(path):
    return [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]


def test_sites_are_those_of_the_genome_where_there_are_any(make_run, letters_only, tmp_path):
    run = make_run([
        letters_only("a b", "ACGTACG", [0, 2, 3, 1, 4, 0, 2], **place("chr2", 10, 7)),
        letters_only("b;=", "ACGT", [8, 2, 1, 0], **place("chr2", 12, 4, "-")),
        letters_only("c", "AC", [5, 5]),
    ])  # fmt: skip
    report = Gff3(threshold=1.0).export(run, tmp_path / "x.gff3")
    assert (tmp_path / "x.gff3").read_text().startswith("##gff-version 3\nchr2\t")
    found = rows(tmp_path / "x.gff3")
    assert [(*row[:5], float(row[5]), *row[6:8]) for row in found] == [
        ("chr2", "relevome", "sequence_feature", "12", "13", 3.0, "+", "."),
        ("chr2", "relevome", "sequence_feature", "15", "15", 4.0, "+", "."),
        ("chr2", "relevome", "sequence_feature", "17", "17", 2.0, "+", "."),
        ("chr2", "relevome", "sequence_feature", "15", "16", 8.0, "-", "."),
    ]
    attributes = [dict(part.split("=") for part in row[8].split(";")) for row in found]
    assert [one["ID"] for one in attributes] == ["site1", "site2", "site3", "site4"]
    assert [unquote(one["Name"]) for one in attributes] == ["a b", "a b", "a b", "b;="]
    assert {one["label"] for one in attributes} == {"promoter"}
    assert (report.written, report.skipped) == (4, {"no genome interval": 1})


def test_else_those_of_the_sequence_and_always_if_asked(make_run, letters_only, tmp_path):
    protein = letters_only("sp|P1|X", "MKVL", [0, 5, 5, 0])
    Gff3(threshold=1.0).export(make_run([protein]), tmp_path / "x")
    assert (tmp_path / "x").read_text().splitlines()[1] == "##sequence-region sp|P1|X 1 4"
    assert [row[0:1] + row[3:5] for row in rows(tmp_path / "x")] == [["sp|P1|X", "2", "3"]]
    run = make_run([letters_only("a", "MKVL", [0, 5, 5, 0], **place("c", 100, 4))])
    Gff3(threshold=1.0, coordinates="sequence").export(run, tmp_path / "y")
    assert [row[0:1] + row[3:5] for row in rows(tmp_path / "y")] == [["a", "2", "3"]]


def test_is_read_back_as_known_sites(make_run, letters_only, tmp_path):
    run = make_run([letters_only("a", "MKVLW", [9, 0, 5, 5, 0]), letters_only("b c", "MK", [0, 7])])
    Gff3(quantile=0.4).export(run, tmp_path / "x.gff3")
    read = list(gff_features(tmp_path / "x.gff3", {"sequence feature", "sequence_feature"}))
    assert [(one.id, one.start, one.end) for one in read if isinstance(one, Feature)] == [
        ("a", 0, 1),
        ("a", 2, 4),
        ("b c", 1, 2),
    ]


def test_refuses_what_is_no_share():
    with pytest.raises(InputError, match="expected a share of letters from 0 to 1"):
        Gff3(quantile=1.1)
