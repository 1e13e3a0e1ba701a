"""Reading FASTA."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.formats.fasta import read_fasta
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

FASTA = ">a first\nACGT\nTTN\n\n>b|2\tx\nggc\n"
SEQUENCES = [Sequence("a", "ACGTTTN", DNA), Sequence("b|2", "GGC", DNA)]


def only(items: list[Sequence | Problem]) -> Problem:
    (problem,) = [item for item in items if isinstance(item, Problem)]
    return problem


@pytest.mark.parametrize(
    "content",
    [
        FASTA,
        FASTA.replace("\n", "\r\n"),
        "\n \n" + FASTA,
        FASTA.replace("ACGT\n", " ACGT\t \n"),
        FASTA.rstrip("\n"),
        gzip.compress(FASTA.encode()),
    ],
    ids=["unix", "windows", "blank lines first", "blanks around letters", "no last line end", "gzip"],
)
def test_sequences_are_read_in_order(write: Write, content: str | bytes) -> None:
    assert list(read_fasta(write("a.fa", content), DNA)) == SEQUENCES


@given(
    st.lists(st.text(DNA.all_letters + DNA.letters.lower(), min_size=1, max_size=30), min_size=1, max_size=5),
    st.integers(1, 7),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, letters: list[str], width: int
) -> None:
    path = tmp_path_factory.mktemp("fasta") / "a.fa"
    with path.open("w") as file:
        for number, text in enumerate(letters):
            lines = [text[i : i + width] for i in range(0, len(text), width)]
            file.write(f">s{number} some words\n" + "\n".join(lines) + "\n")
    read = list(read_fasta(path, DNA))
    assert read == [Sequence(f"s{number}", text.upper(), DNA) for number, text in enumerate(letters)]


@pytest.mark.parametrize(
    ("bad", "id", "reason"),
    [
        (
            ">b\nAC-T\n",
            "b",
            "sequence 'b' has '-' at position 3, which is no dna letter: expected one of ACGT",
        ),
        (">b\n", "b", "sequence 'b' is empty"),
        (">b\n\n", "b", "sequence 'b' is empty"),
        (">a\nAC\n", "a", "id 'a' was used before"),
        (">\nAC\n", "", "sequence without an id"),
        ("> b\nAC\n", "", "sequence without an id"),
        (">b\nAC GT\n", "b", "sequence 'b' has ' ' at position 3"),
    ],
    ids=["letter", "empty", "only blank", "duplicate", "no header", "blank first", "blank inside"],
)
def test_a_bad_sequence_is_a_problem_and_the_others_are_read(
    write: Write, bad: str, id: str, reason: str
) -> None:
    path = write("x.fa", f">a\nACGT\n{bad}>c\nGG\n")
    items = list(read_fasta(path, DNA))
    assert [item.id for item in items] == ["a", id, "c"]
    problem = only(items)
    assert problem.reason.startswith(reason)
    assert problem.where == f"{path}, line 3"


def test_a_stop_codon_is_a_problem(write: Write) -> None:
    problem = only(list(read_fasta(write("x.fa", ">p\nMK\nV*\n"), PROTEIN)))
    assert "'*' marks a stop and is no residue: strip it" in problem.reason


@pytest.mark.parametrize("content", ["", "\n\n", gzip.compress(b"")], ids=["empty", "blank", "gzip"])
def test_a_file_without_sequences_is_refused(write: Write, content: str | bytes) -> None:
    with pytest.raises(InputError, match=r"x.fa has no sequences: expected FASTA"):
        list(read_fasta(write("x.fa", content), DNA))


def test_text_before_the_first_header_is_refused_with_its_line(write: Write) -> None:
    with pytest.raises(InputError, match=r"x.fa, line 2: text before the first '>'"):
        list(read_fasta(write("x.fa", "\nACGT\n>a\nAC\n"), DNA))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*x.fa"):
        list(read_fasta(tmp_path / "x.fa", DNA))


def test_sequences_come_one_at_a_time(write: Write) -> None:
    path = write("x.fa", "".join(f">s{i}\n{'ACGT' * 250}\n" for i in range(4000)))
    tracemalloc.start()
    count = sum(isinstance(item, Sequence) for item in read_fasta(path, DNA))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 4000
    assert peak < path.stat().st_size / 4


def test_the_genome_of_escherichia_coli_is_read(shared: Path) -> None:
    (genome,) = read_fasta(shared / "data/ecoli/NC_000913.3.fna.gz", DNA)
    assert isinstance(genome, Sequence)
    assert genome.id == "NC_000913.3"
    assert len(genome) == 4_641_652
    assert genome.letters.startswith("AGCTTTTCATTCTGACTGCAACGGGCAATATGTCTCTGTGTGG")
    assert not genome.ambiguous_positions


def test_three_line_files_of_labelled_proteins_are_no_fasta(shared: Path) -> None:
    # Sequence and labels would run into one: the labels are no residues, so it is noticed.
    first = next(read_fasta(shared / "data/protein/tmbed_globular_cv0-3.3line.fasta.gz", PROTEIN))
    assert isinstance(first, Problem)
    assert "which is no protein letter" in first.reason


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x1c", "\u2028"])
def test_a_character_that_nobody_sees_is_not_cut_off(write: Write, odd: str) -> None:
    (found,) = read_fasta(write("a.fa", f">a\nACGT{odd}\n"), DNA)
    assert isinstance(found, Problem)
    assert f"has {odd!r} at position 5" in found.reason
