"""Features of GFF3 files: counted from 1 in the file and from 0 here."""

from __future__ import annotations

import gzip

import pytest

from relevome.data.formats.gff import GffLine, gff_lines
from relevome.data.problems import Problem
from relevome.data.sites import Site, read_sites
from relevome.errors import InputError

HEAD = "##gff-version 3\n"
BOX = "s1\tme\tbox\t3\t8\t.\t-\t.\tID=b1;Name=TATA%20box\n"


def test_the_first_letter_is_1_and_the_last_is_included(write):
    (line,) = gff_lines(write("a.gff3", HEAD + BOX))
    assert isinstance(line, GffLine)
    assert (line.interval.start, line.interval.end, line.interval.strand) == (2, 8, "-")
    assert (line.interval.chrom, line.kind, line.name) == ("s1", "box", "TATA box")


@pytest.mark.parametrize("name", ["a.gff", "a.gff3", "a.GFF3", "a.gff.gz", "a.v2.gff3.bgz"])
def test_sites_are_read_by_the_ending_of_the_name(write, name):
    content = (HEAD + BOX).encode()
    path = write(name, gzip.compress(content) if name.endswith("gz") else content)
    assert read_sites(path) == {"s1": [Site(2, 8, "TATA box", "-")]}


def test_the_same_site_as_bed_is_the_same_site(write):
    bed = read_sites(write("a.bed", "s1\t2\t8\tTATA box\t0\t-\n"))
    assert bed == read_sites(write("a.gff", BOX))


def test_names_come_from_name_id_or_type(write):
    rows = "s\t.\tgene\t1\t1\t.\t?\t.\tID=x\ns\t.\tgene\t2\t2\t.\t+\t.\t.\n"
    assert read_sites(write("a.gff", rows)) == {"s": [Site(0, 1, "x", "."), Site(1, 2, "gene", "+")]}


def test_types_are_chosen(write):
    path = write("a.gff", "s\t.\tregion\t1\t90\t.\t+\t.\t.\n" + BOX)
    assert read_sites(path, ["box"]) == {"s1": [Site(2, 8, "TATA box", "-")]}
    with pytest.raises(InputError, match="no feature of type 'tss': expected box, region"):
        read_sites(path, ["tss", "box"])
    with pytest.raises(InputError, match="no feature of type 'box': expected site"):
        read_sites(write("a.bed", "s\t1\t2\n"), ["box"])
    named = write("b.bed", "s\t1\t2\tCRP\ns\t4\t5\tFur\ns\t6\t7\tCRP\n")
    assert read_sites(named, ["CRP"]) == {"s": [Site(1, 2, "CRP"), Site(6, 7, "CRP")]}
    with pytest.raises(InputError, match="no feature of type 'box': expected CRP, Fur"):
        read_sites(named, ["box"])


def test_comments_and_sequences_are_no_features(write):
    path = write("a.gff3", HEAD + "#!x\n\n" + BOX + "###\n##FASTA\n>s1\nACGT\n")
    assert len(list(gff_lines(path))) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("s\t.\tbox\t3\t8\n", "5 columns: expected the 9 of GFF3"),
        ("s . box 3 8 . - . ID=1\n", "1 column"),
        (BOX.replace("\t3\t", "\t0\t"), "'0' is no GFF3 coordinate: expected a whole number from 1 on"),
        (BOX.replace("\t3\t", "\t3.5\t"), "'3.5' is no GFF3 coordinate"),
        (BOX.replace("\t3\t", "\t9\t"), "end 8 is before start 9"),
        (BOX.replace("\t-\t", "\tx\t"), "strand"),
    ],
)
def test_what_is_no_feature_is_told_with_its_line(write, line, reason):
    path = write("a.gff", HEAD + line)
    (problem,) = gff_lines(path)
    assert isinstance(problem, Problem)
    with pytest.raises(InputError, match=f"a.gff, line 2: .*{reason}"):
        read_sites(path)


def test_a_genome_of_ncbi(shared):
    sites = read_sites(shared / "data" / "ecoli" / "NC_000913.3.gff.gz", ["gene"])["NC_000913.3"]
    assert Site(189, 255, "thrL", "+") in sites  # 190 to 255 in the file
