"""Variants of VCF, and what has no letters."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from relevome.data.formats.vcf import read_vcf as read_lazily
from relevome.data.formats.vcf import vcf_header, vcf_lines
from relevome.data.variants.variant import BadVariant, Variant
from relevome.errors import InputError

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def read_vcf(path) -> Any:
    return list(read_lazily(path))


def test_every_alternative_is_a_variant(write):
    path = write("v.vcf", HEAD + "1\t7\trs1\ta\tG,aT\t.\tPASS\tX=1\n\nchr2\t1\t.\tACG\tA\n")
    assert read_vcf(path) == [
        Variant("1", 6, "A", "G", "rs1", 1, 3, f"{path}, line 3"),
        Variant("1", 6, "A", "AT", "rs1", 2, 3, f"{path}, line 3"),
        Variant("chr2", 0, "ACG", "A", "", 1, 5, f"{path}, line 5"),
    ]
    assert [one.name for one in read_vcf(path)] == ["rs1", "rs1", "chr2:1:ACG>A"]
    assert list(vcf_header(path)) == HEAD.splitlines()
    assert [number for number, _ in vcf_lines(path)] == [3, 5]


def test_compressed_ones_are_read_too(write):
    text = HEAD + "1\t7\trs1\tA\tG\n"
    path = write("v.vcf.gz", gzip.compress(text[:40].encode()) + gzip.compress(text[40:].encode()))
    (found,) = read_vcf(path)
    assert (found.start, found.alt) == (6, "G")


@pytest.mark.parametrize(
    ("alt", "kind"),
    [
        ("<DEL>", "symbolic"), ("<*>", "symbolic"), ("*", "spanning_deletion"), (".", "no_alternative"),
        ("", "no_alternative"), ("G]17:198982]", "breakend"), ("[13:123457[A", "breakend"),
        ("G.", "breakend"), (".G", "breakend"), ("R", "other_letters"), ("A-T", "other_letters"),
    ],
)  # fmt: skip
def test_what_has_no_letters_comes_with_its_reason(write, alt, kind):
    good, bad = read_vcf(write("v.vcf", f"{HEAD}1\t7\trs1\tA\tG,{alt}\n"))
    assert isinstance(good, Variant)
    assert isinstance(bad, BadVariant)
    assert (bad.kind, bad.number, bad.line, bad.id) == (kind, 2, 3, "rs1")
    assert repr(alt) in bad.reason


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1 7 rs1 A G", "1 column: expected those of VCF, separated by tabs"),
        ("1\t0\trs1\tA\tG", "POS '0': expected a whole number from 1 on"),
        ("1\t-7\trs1\tA\tG", "POS '-7': expected"),
        ("1\t٣\trs1\tA\tG", "expected a whole number"),
        ("1\t7\trs1\t.\tG", "REF '.': expected letters of A, C, G, T and N"),
        (" \t7\trs1\tA\tG", "CHROM is empty"),
        ("1\t7\tr\x1b[1m\tA\tG", "has '\\x1b' in its name"),
    ],
)
def test_a_line_that_is_none_is_a_problem_in_its_place(write, line, said):
    path = write("v.vcf", f"{HEAD}{line}\n1\t7\trs2\tA\tG\n")
    bad, good = read_vcf(path)
    assert isinstance(bad, BadVariant)
    assert said.replace("\\x1b", "\x1b") in bad.reason.replace("\\x1b", "\x1b")
    assert bad.where == f"{path}, line 3"
    assert good.id == "rs2"


def test_files_that_are_no_vcf_are_refused(write):
    with pytest.raises(InputError, match=r"has no variants: expected VCF"):
        read_vcf(write("v.vcf", HEAD))
    with pytest.raises(InputError, match=r"is BCF: expected VCF, as bcftools view -O z writes it"):
        read_vcf(write("v.bcf", gzip.compress(b"BCF\2\2" + bytes(20))))
    with pytest.raises(InputError, match=r"is not text"):
        read_vcf(write("v.vcf", HEAD.encode() + b"\xff\xfe\n"))
