"""Motifs and MEME files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from memelite.io import read_meme as read_meme_by_memelite
from scipy.stats import chisquare, entropy

from relevome.data.formats.meme import read_meme
from relevome.data.motifs import Motif, select_motifs
from relevome.data.sequences import DNA, PROTEIN, RNA, Alphabet
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

MEME = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.3 C 0.2 G 0.2 T 0.3

MOTIF M1.2 first
letter-probability matrix: alength= 4 w= 3 nsites= 4 E= 0
 0.25 0.25  0.25 0.25
0.5\t0.5\t0.0\t0.0
0.0 0.0 1.0 0.0
URL http://example.org

MOTIF second
letter-probability matrix:
0.0 0.1 0.0 0.9
1 0 0 0
"""

FIRST = [[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0], [0, 0, 1, 0]]


def motif(rows: list[list[float]]) -> Motif:
    return Motif("m", "m", np.array(rows, dtype=float), DNA)


@pytest.mark.parametrize(
    "content",
    [MEME, MEME.replace("\n", "\r\n"), gzip.compress(MEME.encode()), MEME.replace("ALPHABET= ACGT\n", "")],
    ids=["unix", "windows", "gzip", "no alphabet"],
)
def test_motifs_are_read_in_order(write: Write, content: str | bytes) -> None:
    first, second = read_meme(write("m.meme", content))
    assert (first.id, first.name, first.alphabet) == ("M1.2", "first", DNA)
    assert (second.id, second.name, second.consensus) == ("second", "second", "TA")
    np.testing.assert_array_equal(first.probabilities, FIRST)
    np.testing.assert_allclose(second.probabilities, [[0, 0.1, 0, 0.9], [1, 0, 0, 0]], atol=1e-15)


def test_what_meme_writes_between_heading_and_matrix_is_passed_over(write: Write) -> None:
    scores = "\nlog-odds matrix: alength= 4 w= 3\n-10 5 5 5\n1 2 3 4\n1 2 3 4\n\nletter-prob"
    (first, _) = read_meme(write("m.meme", MEME.replace("\nletter-prob", scores, 1)))
    np.testing.assert_array_equal(first.probabilities, FIRST)


def test_rows_with_few_digits_are_made_to_sum_to_one(write: Write) -> None:
    (first, _) = read_meme(write("m.meme", MEME.replace("0.25 0.25  0.25 0.25", "0.33 0.33 0.33 0.0")))
    np.testing.assert_allclose(first.probabilities[0], [1 / 3, 1 / 3, 1 / 3, 0], rtol=1e-12)


@pytest.mark.parametrize("alphabet", [RNA, PROTEIN], ids=lambda a: a.name)
@pytest.mark.parametrize("named", [True, False])
def test_other_alphabets_are_read(write: Write, alphabet: Alphabet, named: bool) -> None:
    size = len(alphabet.letters)
    row = " ".join(["0.0"] * (size - 1) + ["1.0"])
    heading = f"ALPHABET= {alphabet.letters}\n" if named else ""
    content = f"MEME version 5.5\n{heading}MOTIF x\nletter-probability matrix: w= 2\n{row}\n{row}\n"
    (read,) = read_meme(write("m.meme", content))
    # Four columns without an alphabet are taken for DNA.
    assert read.alphabet == (alphabet if named or size == 20 else DNA)
    assert read.consensus == read.alphabet.letters[-1] * 2


HALVES = "0.5\t0.5\t0.0\t0.0"
LAST = "0.0 0.1 0.0 0.9\n1 0 0 0\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MEME version 4", "# motifs", " has no line 'MEME version' before its motifs: expected MEME format"),
        (
            "= ACGT",
            ' "mine"',
            ", line 3: unknown alphabet '\"mine\"': expected one of ACGT, ACGU, ACDEFGHIKLMN",
        ),
        ("MOTIF M1.2 first", "MOTIF", ", line 10: motif without an id: expected 'MOTIF id name'"),
        ("MOTIF second", "MOTIF M1.2 x", ", line 17: motif 'M1.2' was read before: expected every id once"),
        ("w= 3", "w= 4", ", line 15: 'URL http://example.org' is no row of probabilities: expected numbers"),
        ("w= 3", "w= 2", ", line 11: matrix with 3 rows: expected w= 2"),
        (HALVES, "0.5 0.5 0", ", line 13: 3 probabilities: expected 4 as in the row before"),
        (HALVES, "0.5 0.6 0 0", ", line 13: '0.5 0.6 0 0' in a matrix: expected probabilities that sum to 1"),
        (
            HALVES,
            "-0.5 1.5 0 0",
            ", line 13: '-0.5 1.5 0 0' in a matrix: expected probabilities that sum to 1",
        ),
        (
            HALVES,
            "nan 0.5 0.5 0",
            ", line 13: 'nan 0.5 0.5 0' in a matrix: expected probabilities that sum to 1",
        ),
        (HALVES, "", ", line 11: matrix with 1 row: expected w= 3"),
        (LAST, "", ", line 18: matrix with 0 rows: expected one or more"),
        (LAST, "0.5 0.5\n", ", line 17: matrix with 2 columns: expected 4"),
        ("ix:\n", "", ", line 17: motif 'second' has 0 letter-probability matrices: expected one"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(write: Write, old: str, new: str, message: str) -> None:
    assert old in MEME
    path = write("m.meme", MEME.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_meme(path)
    assert str(caught.value).startswith(f"{path}{message}")


def test_columns_that_no_alphabet_has_are_refused(write: Write) -> None:
    path = write("m.meme", "MEME version 4\nMOTIF a\nletter-probability matrix:\n0.5 0.5 0\n")
    with pytest.raises(InputError, match="line 2: matrix with 3 columns: expected 4 or 20"):
        read_meme(path)


def test_a_matrix_that_is_cut_off_at_the_end_is_refused(write: Write) -> None:
    path = write("m.meme", MEME[: MEME.index("0.5\t0.5")])
    with pytest.raises(InputError, match="line 11: matrix with 1 row: expected w= 3"):
        read_meme(path)


@pytest.mark.parametrize("content", ["MEME version 4\n\nALPHABET= ACGT\n", ""], ids=["no motif", "empty"])
def test_a_file_without_motifs_is_refused(write: Write, content: str) -> None:
    with pytest.raises(InputError, match=r"m.meme has no"):
        read_meme(write("m.meme", content))


@pytest.mark.parametrize(
    ("name", "count"),
    [("ecoli/RegulonDB_PSSM_2025-05.meme", 109), ("motifs/JASPAR2024_CORE_vertebrates_nr.meme.gz", 879)],
)
def test_public_collections_are_read_as_by_memelite(
    shared: Path, tmp_path: Path, name: str, count: int
) -> None:
    path = shared / "data" / name
    plain = tmp_path / "plain.meme"
    plain.write_bytes(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    expected = read_meme_by_memelite(str(plain))
    read = read_meme(path)
    assert len(read) == count
    assert [f"{m.id} {m.name}" for m in read] == list(expected)
    for m, probabilities in zip(read, expected.values(), strict=True):
        np.testing.assert_allclose(m.probabilities, probabilities.T, atol=5e-6)


def test_motifs_are_selected_by_id_or_name_in_the_order_asked_for(write: Write) -> None:
    motifs = read_meme(write("m.meme", MEME))
    assert [m.id for m in select_motifs(motifs, ["second", "first"])] == ["second", "M1.2"]
    assert [m.id for m in select_motifs(motifs, ["M1.2"])] == ["M1.2"]
    with pytest.raises(
        InputError, match="no motif 'third': expected the id or name of one of 2 motifs, first, sec"
    ):
        select_motifs(motifs, ["third"])


def test_a_name_of_several_motifs_is_refused(write: Write) -> None:
    motifs = read_meme(write("m.meme", MEME.replace("MOTIF second", "MOTIF M2 first")))
    with pytest.raises(
        InputError, match=r"2 motifs are called 'first': give one of their ids, \['M1.2', 'M2'\]"
    ):
        select_motifs(motifs, ["first"])


def test_information_content_is_the_relative_entropy_of_each_position() -> None:
    m = motif(FIRST)
    np.testing.assert_allclose(m.information_content(), [0, 1, 2], atol=1e-12)
    background = np.array([0.3, 0.2, 0.1, 0.4])
    expected = [entropy(row, background, base=2) for row in FIRST]
    np.testing.assert_allclose(m.information_content(background), expected, rtol=1e-12)


def test_instances_have_the_frequencies_of_the_motif() -> None:
    m = motif([[0.1, 0.2, 0.3, 0.4], [0, 0.5, 0, 0.5], [0, 0, 0, 1]])
    rng = np.random.default_rng(8)
    instances = [m.sample(rng) for _ in range(4000)]
    columns = ["".join(column) for column in zip(*instances, strict=True)]
    counts = np.array([[column.count(letter) for letter in "ACGT"] for column in columns])
    assert chisquare(counts[0], 4000 * m.probabilities[0]).pvalue > 1e-3
    assert chisquare(counts[1][[1, 3]]).pvalue > 1e-3
    assert counts[2].tolist() == [0, 0, 0, 4000]
    assert counts[1][[0, 2]].tolist() == [0, 0]


def test_a_shuffled_motif_has_the_same_positions_in_another_order() -> None:
    m = motif([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0.5, 0.5, 0, 0], [1, 0, 0, 0]])
    shuffled = m.shuffled(np.random.default_rng(2))
    assert (shuffled.id, shuffled.name) == ("m_shuffled", "m_shuffled")
    assert sorted(shuffled.probabilities.tolist()) == sorted(m.probabilities.tolist())
    agreeing = (shuffled.probabilities == m.probabilities).all(axis=1).sum()
    assert agreeing <= 1


def test_a_shuffled_motif_is_never_the_motif_itself() -> None:
    m = motif([[1, 0, 0, 0], [0, 1, 0, 0]])
    assert {m.shuffled(np.random.default_rng(seed)).consensus for seed in range(40)} == {"CA"}


def test_a_motif_that_is_the_same_in_any_order_has_no_shuffled_one() -> None:
    with pytest.raises(InputError, match="motif 'm' is the same in any order"):
        motif([[1, 0, 0, 0], [1, 0, 0, 0]]).shuffled(np.random.default_rng(2))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0.5, 0.5, 0.5, 0]], "expected rows that are not negative and sum to 1"),
        ([[-0.5, 0.5, 1, 0]], "expected rows that are not negative and sum to 1"),
        ([[0.5, 0.5]], r"motif 'm' has shape \(1, 2\): expected one row or more of 4 dna letters"),
    ],
)
def test_a_motif_has_one_probability_per_letter(rows: list[list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        motif(rows)


def test_a_motif_has_a_position() -> None:
    with pytest.raises(InputError, match="expected one row or more"):
        Motif("m", "m", np.zeros((0, 4)), DNA)
