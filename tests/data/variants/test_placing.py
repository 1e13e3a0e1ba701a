"""Variants on the sequences that they name, and those that are not there."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

import pytest

from relevome.data.formats.fasta import read_fasta
from relevome.data.formats.vcf import read_vcf
from relevome.data.genomes import open_genome
from relevome.data.sequences import PROTEIN, Sequence
from relevome.data.variants.letter_blocks import LetterBlocks
from relevome.data.variants.placing import contig_named, on_genome, on_proteins, proteins_by_id
from relevome.data.variants.variant import BadVariant, Variant
from relevome.errors import InputError

HEAD = "#CHROM\tPOS\tID\tREF\tALT\n"


def placed(vcf, genome) -> Any:
    with open_genome(genome) as chromosomes:
        return list(on_genome(read_vcf(vcf), LetterBlocks(chromosomes), genome))


def test_the_twelve_that_were_worked_out_by_hand(shared):
    folder = shared / "data" / "variants"
    with (folder / "tiny_expected.tsv").open() as file:
        expected = list(csv.DictReader(file, delimiter="\t"))
    letters = (folder / "tiny.fa").read_text().split()[1]
    found = placed(folder / "tiny.vcf", folder / "tiny.fa")
    assert len(found) == len(expected) == 16
    for one, row in zip(found, expected, strict=True):
        if isinstance(one, BadVariant):
            assert one.id == row["id"]
            assert row["kind"] in (one.kind, "symbolic", "must be refused")
            assert (one.kind == "reference_mismatch") == (row["ref_matches"] == "no")
        else:
            assert (one.id, one.alt, one.kind) == (row["id"], row["allele"], row["kind"])
            assert letters[: one.start] + one.alt + letters[one.end :] == row["alt_sequence_or_note"]
    assert Counter(one.kind for one in found) == Counter(
        SNV=6, MNV=1, insertion=3, deletion=2, spanning_deletion=1, symbolic=1, reference_mismatch=2
    )


def test_real_variants_are_on_their_genomes(shared):
    folder = shared / "data" / "variants"
    pairs = [
        ("minigenome_variants.vcf", "minigenome.fa.gz", 28),
        ("BRCA1_splice_SGE_multiallelic.vcf", "BRCA1_gene_GRCh38_minus.fa.gz", 1112),
    ]
    for vcf, genome, count in pairs:
        found = placed(folder / vcf, folder / genome)
        assert len(found) == count
        assert not [one for one in found if isinstance(one, BadVariant)]


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("chr1", ["chr1", "1"], "chr1"), ("1", ["chr1"], "chr1"), ("chr1", ["1"], "1"),
        ("Chr1", ["chr1"], "chr1"), ("MT", ["chrM"], "chrM"), ("chrM", ["MT", "1"], "MT"),
        ("1", ["chr1", "Chr1"], None), ("2", ["chr1"], None), ("chr", ["chr1"], None),
    ],
)  # fmt: skip
def test_names_of_contigs_with_and_without_chr(name, names, expected):
    assert contig_named(name, names) == expected


def test_what_is_not_there_comes_with_its_reason(write):
    genome = write("g.fa", ">chr1 x\nACGRTn\n")
    lines = ["1\t1\t.\tA\tC", "1\t6\t.\tN\tC", "1\t4\t.\tA\tC", "1\t4\t.\tG\tC", "1\t6\t.\tNA\tC",
             "7\t1\t.\tA\tC", "1\t1\t.\tAC\tAC"]  # fmt: skip
    found = placed(write("v.vcf", HEAD + "\n".join(lines)), genome)
    assert [getattr(one, "contig", one.kind) for one in found] == [
        "chr1", "chr1", "chr1", "reference_mismatch", "past_the_end", "unknown_sequence", "no_change",
    ]  # fmt: skip
    assert "no contig '7': expected a name in" in found[5].reason
    assert "1:4:G>C has G for the reference" in found[3].reason.replace("chr1", "1")
    assert "ends at 7, and chr1 of" in found[4].reason


def test_proteins_go_by_their_id_or_accession():
    proteins = proteins_by_id([Sequence("sp|P01308|INS_HUMAN", "MALWMR", PROTEIN)], "p.fa")
    given = [
        Variant("P01308", 1, "A", "T"), Variant("", 3, "W", "C"), Variant("P01309", 1, "A", "T"),
        Variant("P01308", 2, "A", "T"), Variant("P01308", 6, "A", "T"),
    ]  # fmt: skip
    found: Any = list(on_proteins(given, proteins, "p.fa"))
    assert [one.contig for one in found if isinstance(one, Variant)] == ["sp|P01308|INS_HUMAN"] * 2
    assert [one.kind for one in found[2:]] == ["unknown_sequence", "reference_mismatch", "past_the_end"]
    two = proteins | {"b": Sequence("b", "MK", PROTEIN)}
    unnamed: Any = next(on_proteins([Variant("", 0, "M", "T")], two, "p.fa"))
    assert "no protein is named: expected one in p.fa" in unnamed.reason
    with pytest.raises(InputError, match=r"p\.fa has no proteins"):
        proteins_by_id([], "p.fa")


def test_a_fasta_file_is_the_proteins(write):
    read = read_fasta(write("p.fa", ">a\nMKV\n>b\nMAA\n"), PROTEIN)
    assert list(proteins_by_id((one for one in read if isinstance(one, Sequence)), "p.fa")) == ["a", "b"]
