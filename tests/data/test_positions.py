"""Labelled positions of a genome, from every format, on both strands."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from relevome.data.formats.fasta import read_fasta
from relevome.data.positions import Position, PositionChoice, read_positions
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

CONTIGS = {"chr": 100, "plasmid": 30}
ONLY = {"chr": 100}


def places(
    path: Path, contigs: dict[str, int] = CONTIGS, choice: PositionChoice | None = None
) -> list[object]:
    """Contig, place, strand and kind, or the reason why not."""
    found = read_positions(path, contigs, choice)
    return [
        item.reason if isinstance(item, Problem) else (item.contig, item.index, item.strand, item.kind)
        for item in found
    ]


def test_a_bed_interval_is_labelled_at_its_first_letter_on_its_own_strand(write: Write) -> None:
    path = write("s.bed", "chr\t10\t15\tone\t0\t+\nplasmid\t10\t15\ttwo\t0\t-\nchr\t99\t100\t.\t0\t-\n")
    assert places(path) == [("chr", 10, "+", "one"), ("plasmid", 14, "-", "two"), ("chr", 99, "-", "")]


GFF = """##gff-version 3
chr\tx\tgene\t11\t40\t.\t+\t.\tID=g1
chr\tx\tCDS\t11\t40\t.\t+\t0\tID=c1
chr\tx\tCDS\t51\t60\t.\t-\t0\tID=c2;Name=same
chr\tx\tCDS\t62\t70\t.\t-\t0\tID=c2;Name=same
chr\tx\tCDS\t71\t80\t.\t+\t0\tID=c3;Name=same
plasmid\tx\ttRNA\t3\t9\t.\t-\t.\tID=c1
chr\tx\tCDS\t81\t90\t.\t+\t0\t.
chr\tx\tCDS\t91\t95\t.\t+\t0\t.
"""


def test_a_coding_sequence_starts_at_its_outermost_part_and_others_of_its_name_are_their_own(
    write: Write,
) -> None:
    path = write("g.gff.gz", gzip.compress(GFF.encode()))
    kinds = [("CDS", 10, "+"), ("CDS", 69, "-"), ("CDS", 70, "+"), ("CDS", 80, "+"), ("CDS", 90, "+")]
    expected = [("chr", index, strand, kind) for kind, index, strand in kinds]
    assert places(path, choice=PositionChoice(features=("CDS",))) == expected
    two = places(path, choice=PositionChoice(features=("tRNA", "gene")))
    assert two == [("chr", 10, "+", "gene"), ("plasmid", 8, "-", "tRNA")]


def test_a_table_counts_from_one_and_knows_several_words_for_a_strand(write: Write) -> None:
    rows = ["1\t+", "2.0\t-", "3\tforward", "4\treverse", "5\t1", "6\t-1"]
    path = write("t.tsv", "\n".join(["Position\tStrand", *rows]))
    signs = "+-+-+-"
    assert places(path, ONLY) == [("chr", index, sign, "") for index, sign in enumerate(signs)]


def test_a_column_is_known_by_the_name_of_the_contig_or_asked_for(write: Write) -> None:
    path = write("t.csv", "position_other,position_chr,strand\n8,9,+\n")
    assert places(path, ONLY) == [("chr", 8, "+", "")]
    assert places(path, ONLY, PositionChoice(column="position_other")) == [("chr", 7, "+", "")]
    several = write("u.csv", "contig,position,strand\nplasmid,30,-\n")
    assert places(several) == [("plasmid", 29, "-", "")]


def test_conditions_choose_rows_by_the_whole_field_or_part_of_it(write: Write) -> None:
    path = write("t.csv", "pos,strand,source,note\n1,+,a,x\n2,+,a_b,x\n3,+,b,x\n4,+,a_b,y=z~\n")
    chosen = {
        ("source=a",): [0],
        ("source~a",): [0, 1, 3],
        ("source~b", "note=x"): [1, 2],
        ("note=y=z~",): [3],
        ("note~=z",): [3],
    }
    for where, expected in chosen.items():
        found = places(path, ONLY, PositionChoice(where=where))
        assert found == [("chr", index, "+", "") for index in expected]


def test_what_is_not_on_the_genome_comes_out_with_its_reason_and_line(write: Write) -> None:
    path = write(
        "t.csv", "contig,pos,strand\nchr,100,+\nchr,101,+\nno,1,+\nchr,0,+\nchr,7,\nchr,-1,+\nchr,3\n"
    )
    ok, *problems = read_positions(path, CONTIGS)
    assert ok == Position("chr", 99, "+", "", f"{path}, line 2")
    told = [str(problem) for problem in problems]
    reasons = [
        "position 101 is off its contig, which has 100 letters",
        "no contig 'no' in the genome: expected chr, plasmid",
        "position 0 is off its contig, which has 100 letters",
        "position 7 has no strand: expected + or -",
        "'-1' is no position: expected a whole number from 1 on",
        "2 columns: expected 3 as in the header",
    ]
    assert told == [f"{path}, line {line}: {reason}" for line, reason in enumerate(reasons, 3)]
    bed = write("s.bed", "chr\t5\t6\nchr\t99\t101\tx\t0\t-\n")
    assert places(bed) == [
        "position 6 has no strand: expected + or -",
        "position 101 is off its contig, which has 100 letters",
    ]


@pytest.mark.parametrize(
    ("name", "content", "choice", "message"),
    [
        ("t.txt", "x", PositionChoice(), "cannot tell how to read positions from"),
        (
            "s.bed",
            "chr\t1\t2\n",
            PositionChoice(features=("CDS",)),
            "is no GFF3, so it has no features 'CDS'",
        ),
        (
            "s.bed",
            "chr\t1\t2\n",
            PositionChoice(where=("a=b",)),
            "is no table, so it has no columns for 'a=b'",
        ),
        ("g.gff", GFF, PositionChoice(), "several types: expected a choice (--feature), of CDS, gene, tRNA"),
        (
            "g.gff",
            GFF,
            PositionChoice(features=("exon",)),
            "has no feature of type 'exon': expected CDS, gene, tRNA",
        ),
        (
            "t.csv",
            "pos,strand\n1,+\n",
            PositionChoice(),
            "has no column contig or chrom or chromosome or seqid",
        ),
        ("t.csv", "contig,strand\nchr,+\n", PositionChoice(), "has no column position or pos"),
        (
            "t.csv",
            "pos,position,strand\n1,1,+\n",
            PositionChoice(),
            "has more than one column position or pos",
        ),
        ("t.csv", "pos,contig\n1,chr\n", PositionChoice(), "has no column strand: it has pos, contig"),
        (
            "t.csv",
            "pos,contig,strand\n1,chr,+\n",
            PositionChoice(where=("a",)),
            "cannot read the condition 'a'",
        ),
        (
            "t.csv",
            "pos,contig,strand\n1,chr,+\n",
            PositionChoice(where=("a=b",)),
            "has no column a: it has pos",
        ),
        (
            "t.csv",
            "pos,contig,strand\n1,chr,+\n2,chr,-\n",
            PositionChoice(where=("strand=x", "contig~h")),
            "none of 2 rows of",
        ),
        ("t.csv", "", PositionChoice(), "is empty"),
    ],
)
def test_a_choice_that_a_file_does_not_have_is_refused_in_one_line(
    write: Write, name: str, content: str, choice: PositionChoice, message: str
) -> None:
    with pytest.raises(InputError) as error:
        list(read_positions(write(name, content), CONTIGS, choice))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


# Real tables


@pytest.fixture(scope="module")
def genome(request: pytest.FixtureRequest) -> Sequence:
    folder: Path = request.getfixturevalue("shared")
    [sequence] = read_fasta(folder / "data/ecoli/NC_000913.3.fna.gz", DNA)
    assert isinstance(sequence, Sequence)
    return sequence


def test_published_promoters_lie_where_their_sequences_say(shared: Path, genome: Sequence) -> None:
    """Letter 80 of a sequence is the position that its row names: the start site on -, one before it on +."""
    path = shared / "data/ecoli/eco_regulon_70.csv"
    found = read_positions(path, {genome.id: len(genome)}, PositionChoice(column="TSS_start"))
    with path.open() as file:
        rows = list(csv.DictReader(file))
    turned, off, agree = genome.reverse_complement().letters, [], {"+": 0, "-": 0}
    for row, item in zip(rows, found, strict=True):
        if isinstance(item, Problem):
            off.append(row["TSS_start"])
            continue
        plus = item.strand == "+"
        letters, at = (genome.letters, item.index) if plus else (turned, len(genome) - 1 - item.index)
        agree[item.strand] += letters[at - 80 : at + 20] == row["sequence"]
    assert off == ["0", "-1"]
    signs = [row["strand"] for row in rows]
    assert agree["+"] > 0.95 * signs.count("+")
    assert agree["-"] > 0.95 * signs.count("-")


def test_translation_starts_of_a_real_genome_are_start_codons(shared: Path, genome: Sequence) -> None:
    path = shared / "data/ecoli/NC_000913.3.gff.gz"
    turned, codons = genome.reverse_complement().letters, []
    for item in read_positions(path, {genome.id: len(genome)}, PositionChoice(features=("CDS",))):
        assert isinstance(item, Position)
        plus = item.strand == "+"
        letters, at = (genome.letters, item.index) if plus else (turned, len(genome) - 1 - item.index)
        codons.append(letters[at : at + 3])
    known = [codon for codon in codons if codon in ("ATG", "GTG", "TTG")]
    assert len(codons) > 4000
    assert len(known) > 0.97 * len(codons)


def test_a_position_of_thousands_of_digits_is_a_problem_like_any_other(write: Write) -> None:
    path = write("a.csv", f"position,strand\n{'9' * 5000},+\n")
    (found,) = read_positions(path, {"chr": 9})
    assert isinstance(found, Problem)
    assert "is no position: expected a whole number from 1 on" in found.reason
