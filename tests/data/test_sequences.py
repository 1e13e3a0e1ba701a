"""Sequences, intervals and alphabets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.sequences import ALPHABETS, DNA, PROTEIN, RNA, Alphabet, Interval, Sequence
from relevome.errors import InputError

NUCLEIC = [DNA, RNA]

# Written out from the IUPAC-IUB 1984 recommendations, not taken from the code.
STANDS_FOR = {"A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT"}
STANDS_FOR |= {"M": "AC", "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT"}
PAIRS = {"A": "T", "C": "G", "G": "C", "T": "A"}


def over(alphabet: Alphabet, min_size: int = 1) -> st.SearchStrategy[str]:
    return st.text(alphabet=alphabet.all_letters, min_size=min_size, max_size=40)


def windows(length: int) -> list[tuple[int, int]]:
    return [(start, end) for start in range(length) for end in range(start + 1, length + 1)]


@pytest.mark.parametrize("alphabet", NUCLEIC, ids=lambda a: a.name)
def test_the_reverse_complement_of_the_reverse_complement_is_the_sequence(alphabet: Alphabet) -> None:
    @given(over(alphabet))
    def check(letters: str) -> None:
        sequence = Sequence("x", letters, alphabet, Interval("chr", 5, 5 + len(letters), "+"))
        assert sequence.reverse_complement().reverse_complement() == sequence

    check()


@pytest.mark.parametrize("code", sorted(STANDS_FOR))
def test_an_iupac_code_is_complemented_to_what_its_letters_pair_with(code: str) -> None:
    complement = Sequence("x", code, DNA).reverse_complement().letters
    assert set(STANDS_FOR[complement]) == {PAIRS[letter] for letter in STANDS_FOR[code]}
    as_rna = Sequence("x", code.replace("T", "U"), RNA).reverse_complement().letters
    assert as_rna == complement.replace("T", "U")


@pytest.mark.parametrize("code", sorted(set(STANDS_FOR) - set("ACGT")))
def test_an_iupac_code_stands_for_its_letters(code: str) -> None:
    assert sorted(DNA.ambiguous[code]) == sorted(STANDS_FOR[code])
    assert sorted(RNA.ambiguous[code]) == sorted(STANDS_FOR[code].replace("T", "U"))


def test_the_reverse_complement_reads_the_other_strand_backwards() -> None:
    sequence = Sequence("x", "AACGN", DNA, Interval("chr", 10, 15, "+"))
    assert sequence.reverse_complement() == Sequence("x", "NCGTT", DNA, Interval("chr", 10, 15, "-"))
    unknown = Sequence("x", "AAC", DNA, Interval("chr", 10, 13))
    assert unknown.reverse_complement().interval == Interval("chr", 10, 13, ".")


def test_a_protein_has_no_reverse_complement() -> None:
    with pytest.raises(InputError, match="'x' is a protein: only nucleic acids have two strands"):
        Sequence("x", "MK", PROTEIN).reverse_complement()


@pytest.mark.parametrize("strand", "+-.")
def test_a_window_has_the_letters_that_its_interval_has_on_the_genome(strand: str) -> None:
    genome = Sequence("chr", "ACCTGATTTGCAAGGC", DNA)
    start, end = 3, 12
    letters = genome.letters[start:end]
    whole = Sequence("x", letters, DNA, Interval("chr", start, end, strand if strand != "-" else "+"))
    whole = whole.reverse_complement() if strand == "-" else whole
    for from_, to in windows(end - start):
        window = whole.window(from_, to)
        assert window.interval is not None
        there = genome.letters[window.interval.start : window.interval.end]
        if strand == "-":
            there = "".join(PAIRS[letter] for letter in reversed(there))
        assert window.letters == there == whole.letters[from_:to]
        assert window.interval.strand == strand
        assert window.id == f"x:{from_}-{to}"


@pytest.mark.parametrize("strand", "+-")
def test_a_window_of_a_window_is_a_window_of_the_whole(strand: str) -> None:
    whole = Sequence("x", "ACCTGATTTG", DNA, Interval("chr", 30, 40, strand))
    outer = whole.window(2, 9)
    for start, end in windows(len(outer)):
        inner, direct = outer.window(start, end), whole.window(2 + start, 2 + end)
        assert (inner.letters, inner.interval) == (direct.letters, direct.interval)


def test_a_sequence_without_an_interval_is_the_chromosome_of_its_windows() -> None:
    window = Sequence("x", "ACGTT", DNA).window(1, 4)
    assert window == Sequence("x:1-4", "CGT", DNA, Interval("x", 1, 4, "+"))


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2), (0, 6)])
def test_a_window_outside_the_sequence_is_refused(start: int, end: int) -> None:
    with pytest.raises(InputError, match=f"window {start}-{end} is outside sequence 'x' of 5 letters"):
        Sequence("x", "ACGTT", DNA).window(start, end)


@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=lambda a: a.name)
def test_every_letter_of_an_alphabet_is_accepted_and_only_codes_are_marked(alphabet: Alphabet) -> None:
    sequence = Sequence("x", alphabet.all_letters, alphabet)
    first = len(alphabet.letters)
    assert sequence.ambiguous_positions == tuple(range(first, len(sequence)))
    assert alphabet.unknown in alphabet.ambiguous
    assert len(set(alphabet.all_letters)) == len(alphabet.all_letters)


@pytest.mark.parametrize(
    ("letters", "letter", "position"), [("ACgT", "g", 3), ("AC-T", "-", 3), ("AU", "U", 2)]
)
def test_a_letter_outside_the_alphabet_is_refused_with_its_position(
    letters: str, letter: str, position: int
) -> None:
    with pytest.raises(
        InputError, match=f"'x' has '{letter}' at position {position}, which is no dna letter"
    ):
        Sequence("x", letters, DNA)


def test_a_sequence_without_letters_is_refused() -> None:
    with pytest.raises(InputError, match="sequence 'x' is empty"):
        Sequence("x", "", DNA)


def test_an_interval_of_another_length_is_refused() -> None:
    with pytest.raises(InputError, match=r"'x' has 4 letters but its interval chr:2-5\(\+\) has 3"):
        Sequence("x", "ACGT", DNA, Interval("chr", 2, 5, "+"))


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (4, 3)])
def test_an_interval_that_is_empty_or_negative_is_refused(start: int, end: int) -> None:
    with pytest.raises(InputError, match=f"interval chr:{start}-{end} is empty or negative"):
        Interval("chr", start, end)


def test_an_interval_has_one_of_three_strands() -> None:
    with pytest.raises(InputError, match="strand of chr:1-4 is 'forward'"):
        Interval("chr", 1, 4, "forward")
    assert str(Interval("chr", 1, 4, "-")) == "chr:1-4(-)"
    assert len(Interval("chr", 1, 4)) == 3
