from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from relevome.data.contigs import GAP, Contig, ContigStrand, read_contigs, read_regions
from relevome.data.genomes import open_genome
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]
ODD = "gi|7|ref:(1)#x%"


@pytest.fixture
def genome(write: Write) -> Path:
    return write("g.fa", f">one long name\nACGTNacg\nTT\n>{ODD}\nGGGAC\n")


@pytest.mark.parametrize("sign", "+-")
def test_a_circle_goes_on_at_its_other_end_and_a_line_ends(genome: Path, sign: str) -> None:
    letters = "ACGTNACGTT"
    own = letters if sign == "+" else Sequence("s", letters, DNA).reverse_complement().letters
    with open_genome(genome) as chromosomes:
        line = ContigStrand(chromosomes, Contig("one", 10), sign, DNA)
        circle = ContigStrand(chromosomes, Contig("one", 10, circular=True), sign, DNA)
        for start in range(-25, 25):
            for end in range(start, 27):
                assert line.read(start, end) == own[max(start, 0) : max(end, 0)]
                assert circle.read(start, end) == "".join(own[i % 10] for i in range(start, end))


def test_contigs_are_checked_letter_by_letter(genome: Path, write: Write) -> None:
    with open_genome(genome) as chromosomes:
        found = read_contigs(chromosomes, genome, DNA, circular=(ODD,))
        assert found == [Contig("one", 10), Contig(ODD, 5, circular=True)]
        assert all(contig.circular for contig in read_contigs(chromosomes, genome, DNA, circular=True))
        with pytest.raises(InputError, match=re.escape("no contig 'two' in")):
            read_contigs(chromosomes, genome, DNA, circular=("two",))
        with pytest.raises(InputError, match="as protein: expected a model of nucleic acids"):
            read_contigs(chromosomes, genome, PROTEIN)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (">a\nACGT\n>b\nAC*T\n", r"contig 'b' of .*g.fa has '\*' at position 3, which is no dna letter"),
        (">a\nACGU\n", "contig 'a' of .* has 'U' at position 4"),
        (">a\n>b\nACGT\n", "contig 'a' of .* has no letters: leave it out"),
        (">a\nACGT\nACGTACGTACGTA\n>b\nACGT\n", "lines of contig 'a' of .* are longer after the first"),
        (">a\nACGT\nACGTACGTACGTA\n", "lines of contig 'a' of .* are longer after the first"),
        (">a\nACGT\nAC\nACGT\n", "cannot index genome"),
        ("", "no sequences|cannot index genome"),
    ],
)
def test_what_is_no_genome_is_refused_in_one_line(write: Write, content: str, said: str) -> None:
    path = write("g.fa", content)
    with pytest.raises(InputError, match=said) as error, open_genome(path) as chromosomes:
        read_contigs(chromosomes, path, DNA)
    assert "\n" not in str(error.value)


def in_gap(letters: str, circular: bool) -> list[bool]:
    """By runs found one after the other."""
    found = [False] * len(letters)
    turned = letters * 3 if circular else letters
    for run in re.finditer(f"N{{{GAP},}}", turned):
        for place in range(*run.span()):
            if not circular or len(letters) <= place < 2 * len(letters):
                found[place % len(letters)] = True
    return found


@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("sign", "+-")
def test_gaps_are_ten_unknown_letters_or_more(write: Write, circular: bool, sign: str) -> None:
    texts = [
        "N" * n + "ACG" + "N" * m + "T" * 4 + "n" * k
        for n in (0, 4, 9, 10)
        for m in (9, 10, 30)
        for k in (5, 11)
    ]
    path = write("g.fa", "".join(f">c{i}\n{text}\n" for i, text in enumerate([*texts, "N" * 12])))
    with open_genome(path) as chromosomes:
        for number, text in enumerate([*texts, "N" * 12]):
            strand = ContigStrand(chromosomes, Contig(f"c{number}", len(text), circular), sign, DNA)
            expected = in_gap(text.upper()[:: 1 if sign == "+" else -1], circular)
            for start in range(0, len(text), 7):
                for end in (start + 1, min(start + 13, len(text)), len(text)):
                    np.testing.assert_array_equal(strand.in_gap(start, end), expected[start:end])


CONTIGS = [Contig("b", 100), Contig("a:1-5", 20), Contig("a", 7)]


def test_regions_are_joined_and_in_the_order_of_the_contigs(write: Write) -> None:
    bed = write("held.bed", "b\t40\t60\tx\t0\t-\na\t0\t7\n")
    found = read_regions(["a:1-5:2-3", str(bed), "b:1-10", "b:11-12", "b:50-70", "a:1-5:1-1"], CONTIGS)
    assert [(r.chrom, r.start, r.end) for r in found] == [
        ("b", 0, 12), ("b", 40, 70), ("a:1-5", 0, 3), ("a", 0, 7),
    ]  # fmt: skip
    assert [(r.chrom, r.start, r.end) for r in read_regions(["a:1-5"], CONTIGS)] == [("a:1-5", 0, 20)]
    assert len(read_regions([], CONTIGS)) == 3


@pytest.mark.parametrize("text", ["b:0-4", "b:5-4", "b:1-101", "b:x-4", "b:3", "c:1-2", "nothing.bed"])
def test_regions_off_the_genome_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"region {re.escape(repr(text))}"):
        read_regions([text], CONTIGS)


def test_a_file_without_regions_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match=r"held.bed has no regions"):
        read_regions([str(write("held.bed", "# none yet\n"))], CONTIGS)


@pytest.mark.parametrize("line", ["b\t90\t101", "c\t0\t1", "b\t5\t5"])
def test_regions_of_a_file_are_refused_with_their_line(write: Write, line: str) -> None:
    bed = write("held.bed", f"b\t0\t1\n{line}\n")
    with pytest.raises(InputError, match=r"held.bed, line 2: "):
        read_regions([str(bed)], CONTIGS)


def test_a_region_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(InputError, match="expected a:first-last, counted from 1, on a contig of 9 letters"):
        read_regions(["a:1-" + "9" * 5000], [Contig("a", 9)])
