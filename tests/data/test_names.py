"""Names are data: refused where they steer, and otherwise the same again after any format."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relevome.data.contigs import read_contigs, read_regions
from relevome.data.formats.bed import BedLine, bed_lines
from relevome.data.formats.fasta import read_fasta
from relevome.data.formats.table import label_rows, table_rows, table_sequences
from relevome.data.formats.three_line import unlabelled_sequences
from relevome.data.genomes import open_genome, read_bed
from relevome.data.inputs import from_sequences
from relevome.data.names import (
    bed_chrom,
    bed_line,
    bed_name,
    check_name,
    fasta_record,
    first_word,
    from_table,
    gff_seqid,
    gff_text,
    known_as,
    table_line,
    visible,
)
from relevome.data.problems import Intake, Problem
from relevome.data.sequences import DNA, PROTEIN, Interval, Sequence
from relevome.data.sites import Site, listed_as, meant_by, read_sites
from relevome.errors import InputError
from tests.names import NAMES, fit, names

Write = Callable[[str, str | bytes], Path]

FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"
STEERING = [
    "\t",
    "\n",
    "\r",
    "\x00",
    "\x07",
    "\x1b",
    "\x7f",
    "\x85",
    "\x9b",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
]


@pytest.mark.parametrize("sign", [*STEERING, "\u200f", "\ufeff", "\ud800"])
def test_a_name_that_steers_is_refused_and_shown_as_escapes(sign: str) -> None:
    with pytest.raises(InputError, match=r"^sequence 'a.*b' has '\\.*' in its name: expected none") as error:
        Sequence(f"a{sign}b", "ACGT", DNA)
    assert sign not in str(error.value)
    with pytest.raises(InputError, match=r"chromosome 'a.*' has"):
        Interval(f"a{sign}", 0, 4)
    taken = Intake(DNA).take(f"a{sign}b", "ACGT", f"odd{sign}.fa, line 1")
    assert isinstance(taken, Problem)
    assert sign not in f"{taken.id}{taken.reason}{taken.where}"


@given(name=st.text(max_size=20) | names())
def test_every_character_is_fit_or_known_to_steer(name: str) -> None:
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    steers = [
        unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs")
        or unicodedata.bidirectional(c) in turning
        or c in "\u061c\u200e\u200f\ufeff"
        for c in name
    ]
    refused = False
    try:
        check_name(name, "sequence")
    except InputError:
        refused = True
    assert refused == any(steers)
    assert (visible(name) == name) != any(steers)
    check_name(visible(name), "what is shown")


@given(name=st.text(max_size=20) | names())
def test_any_id_is_taken_as_it_is_or_a_problem_in_one_line(name: str) -> None:
    taken = Intake(DNA).take(name, "ACGT", "a.fa, line 1")
    assert isinstance(taken, Sequence) == fit(name)
    if isinstance(taken, Sequence):
        assert taken.id == name
    else:
        check_name(str(taken), "what is said")


READERS = {
    "a.csv": (table_sequences, 'id,sequence\n"{}",ACGT\nc,AC\n'),
    "a.fa": (read_fasta, ">{} more\nACGT\n>c\nAC\n"),
    "a.3line": (unlabelled_sequences, ">{} more\nACGT\nHHHH\n>c\nAC\nHH\n"),
}


# what ends the line of a header is in no id, and what holds NUL is no text
TRIED = [
    (name, sign)
    for name in READERS
    for sign in STEERING
    if sign not in ("\x00" if name == "a.csv" else "\x00\n\r")
]


@pytest.mark.parametrize(("name", "sign"), TRIED)
def test_no_reader_of_sequences_lets_one_through(write: Write, name: str, sign: str) -> None:
    read, form = READERS[name]
    first, last = read(write(name, form.format(f"a{sign}b").encode()), DNA)
    assert last == Sequence("c", "AC", DNA)
    if sign == "\t" and name != "a.csv":
        assert first == Sequence("a", "ACGT", DNA), "a tab ends an id, as a blank does"
    else:
        assert isinstance(first, Problem)
        assert "in its name: expected none of the characters that steer" in first.reason
        assert sign not in f"{first.id}{first.reason}"


@pytest.mark.parametrize("sign", STEERING)
def test_nor_do_sequences_that_are_given_in_python(sign: str) -> None:
    for given_ in ({f"a{sign}b": "ACGT"}, [(f"a{sign}b", "ACGT")]):
        with pytest.raises(InputError, match=r"sequence 'a.*b' has"):
            from_sequences(given_, DNA)
    for blank in ("", " ", "\u3000"):
        with pytest.raises(InputError, match="sequence without an id: expected a name"):
            from_sequences({blank: "ACGT"}, DNA)


@pytest.mark.parametrize("sign", ["\x1b", "\u202e", "\x07"])
def test_bed_with_such_names_is_a_problem_of_its_line(write: Write, sign: str) -> None:
    lines = list(bed_lines(write("a.bed", f"chr{sign}1\t0\t4\nchr1\t0\t4\tx{sign}y\nchr1\t0\t4\tok\n")))
    assert [type(line) for line in lines] == [Problem, Problem, BedLine]
    assert sign not in f"{lines[0]}{lines[1]}"
    with pytest.raises(InputError, match="line 1: chromosome"):
        read_sites(write("b.bed", f"chr{sign}1\t0\t4\n"))
    genome = write("genome.fa", f">chr{sign}1\nACGT\n")
    with open_genome(genome) as chromosomes, pytest.raises(InputError, match=r"contig of .* has"):
        read_contigs(chromosomes, genome, DNA)


def test_what_a_gff_note_hides_is_shown_and_no_chromosome_is_hidden(write: Write) -> None:
    path = write("a.gff", "chr1\t.\tbox\t3\t9\t.\t+\t.\tNote=two%0Alines%1B[31m\n")
    assert read_sites(path) == {"chr1": [Site(2, 9, "two\\nlines\\x1b[31m", "+")]}
    for line in ("chr%09\t.\tbox\t3\t9", "chr\t.\tb%1Box\t3\t9"):
        with pytest.raises(InputError, match=r"line 1: .* has '.*' in its name"):
            read_sites(write("b.gff", f"{line}\t.\t+\t.\t.\n"))


@given(values=st.lists(names(), min_size=2, max_size=5))
@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_a_table_gives_any_name_back_and_holds_no_formula(values: list[str], delimiter: str) -> None:
    line = table_line(values, delimiter)
    (row,) = csv.reader(io.StringIO(line, newline=""), delimiter=delimiter, strict=True)
    assert [from_table(field) for field in row] == values
    for field, value in zip(row, values, strict=True):
        assert field in (value, f"'{value}")
        if re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", field.strip()):
            continue
        assert not re.match(rf"\s*[-=+@{FULL_WIDTH}].", field, re.DOTALL)


@pytest.mark.parametrize("text", ["'-", "+", "-", "-1", "+2.5e-3", "-.5", "a-b", "'quoted'", "", "3'-UTR"])
def test_strands_numbers_and_usual_names_stay_as_they_are(text: str) -> None:
    assert table_line([text, "b"]) == f"{text}\tb\n"


@pytest.mark.parametrize(
    "text", ["=1+1", "@x", "-2+3", "+cmd|' /C calc'!A0", " =x", "'=x", "'-1", "\uff1dx", "-35_box"]
)
def test_what_a_spreadsheet_would_run_has_a_quote_before_it(text: str) -> None:
    (row,) = csv.reader(io.StringIO(table_line([text, "b"])), delimiter="\t")
    assert row[0] == f"'{text}"
    assert from_table(row[0]) == text


def test_none_is_empty_and_numbers_are_as_python_writes_them() -> None:
    assert table_line([None, 1, 0.1, "x", True]) == "\t1\t0.1\tx\tTrue\n"


def ucsc(text: str) -> list[list[str]]:
    """Fields of BED as the genome browser splits them: at any blank, comments and track lines aside."""
    lines = [line for line in re.split("\n", text) if line.strip(" \t") and not line.startswith("#")]
    rows = [re.split("[ \t]+", line) for line in lines]
    return [row for row in rows if not row[0].startswith(("track", "browser"))]


@given(name=names())
@example(name="track x")
@example(name="browser")
@example(name="#x")
@example(name=".")
@example(name="50%25")
def test_bed_gives_any_name_back(name: str) -> None:
    text = bed_line(name, 3, 9, name, 7, "-") + bed_line(name, 0, 1)
    first, second = ucsc(text)
    assert [unquote(first[0]), *first[1:3], unquote(first[3]), *first[4:]] == [name, "3", "9", name, "7", "-"]
    assert [unquote(second[0]), *second[1:]] == [name, "0", "1"]


@given(name=names())
def test_sites_that_we_wrote_as_bed_are_found_under_the_id(name: str) -> None:
    assert listed_as(name, {bed_chrom(name): []}) == bed_chrom(name)
    assert listed_as(name, {name: [], bed_chrom(name): []}) == name
    assert known_as(bed_chrom(name), [name]) == name
    assert known_as(name, [name]) == name


@pytest.mark.parametrize(
    "name", ["chr1", "chr1_KI270706v1_random", "sp|P01308|INS_HUMAN", "50%_id", "a#b", "é"]
)
def test_usual_names_are_in_bed_as_they_are(name: str) -> None:
    assert bed_line(name, 0, 1, name, 0, "+") == f"{name}\t0\t1\t{name}\t0\t+\n"
    assert bed_name("") == "."


@given(name=names())
def test_gff_gives_any_name_back(name: str) -> None:
    assert unquote(gff_seqid(name)) == name
    assert unquote(gff_text(name)) == name
    assert not set(gff_seqid(name)) & set(" \t\n>#;=")
    assert not set(gff_text(name)) & set("\t\n;=&,")


@given(name=names())
def test_fasta_gives_any_name_back_or_says_that_it_cannot(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-name.fa"
    if len(name.split()) != 1 or name != name.strip():
        with pytest.raises(InputError, match="cannot be written as FASTA, where it would end at a blank"):
            fasta_record(name, "ACGT")
        return
    path.write_text(fasta_record(name, "ACGT"), encoding="utf-8")
    assert list(read_fasta(path, DNA)) == [Sequence(name, "ACGT", DNA)]


def test_a_word_ends_at_a_blank_and_a_control_character_is_left_on_it() -> None:
    assert [first_word(text) for text in ("a b", "a\tb", "a", "", " a", "a\x1fb", "a\x85", "a\u2028b")] == [
        "a", "a", "a", "", "", "a\x1f", "a\x85", "a\u2028",
    ]  # fmt: skip


def test_contigs_that_bed_cannot_write_are_read_back(write: Write) -> None:
    genome = write("genome.fa", ">#c\nACGTAC\n>track1\nGGGGCC\n")
    bed = write("a.bed", bed_line("#c", 0, 4, "x", 0, "+") + bed_line("track1", 1, 5, "y", 0, "-"))
    found = [item for item in read_bed(bed, genome) if isinstance(item, Sequence)]
    assert [(one.interval and one.interval.chrom, one.letters) for one in found] == [
        ("#c", "ACGT"), ("track1", "GCCC"),
    ]  # fmt: skip
    with open_genome(genome) as chromosomes:
        regions = read_regions([str(bed)], read_contigs(chromosomes, genome, DNA))
    assert regions == [Interval("#c", 0, 4), Interval("track1", 1, 5)]


def test_tables_that_we_wrote_are_read_back_with_their_ids(write: Write) -> None:
    rows = [("id", "sequence", "label"), ("=a", "MKV", "-1"), ('"b" c', "MKL", "=x"), ("'=d", "MK", "+")]
    path = write("a.tsv", "".join(map(table_line, rows)))
    assert [tuple(row) for _, row in table_rows(path)] == rows
    assert [one.id for one in table_sequences(path, PROTEIN) if isinstance(one, Sequence)] == [
        "=a", '"b" c', "'=d",
    ]  # fmt: skip


def test_an_accession_means_the_one_id_that_has_it() -> None:
    ids = ["sp|P01308|INS_HUMAN", "sp|P01317|INS_BOVIN", "tr|P01317|OTHER", "sp|P01308-2|INS_HUMAN", "Q8WZ42"]
    assert meant_by("P01308", ids) == ["sp|P01308|INS_HUMAN"]
    assert meant_by("P01317", ids) == ["sp|P01317|INS_BOVIN", "tr|P01317|OTHER"]
    assert meant_by("sp|Q8WZ42|TITIN_HUMAN", ids) == ["Q8WZ42"]
    assert meant_by("tr|P01317|OTHER", ids) == ["tr|P01317|OTHER"]
    assert meant_by("INS_HUMAN", ids) == meant_by("P99999", ids) == []


def test_labels_need_ids_and_labels_only(write: Write) -> None:
    path = write("a.csv", "Entry,Label\nP01308,yes\nP01317,no\n")
    assert [(id, label) for _, id, label in label_rows(path)] == [("P01308", "yes"), ("P01317", "no")]
    for content, said in [
        ("id,sequence\na,MK\n", "has no label column: expected one of label"),
        ("id,label\na,1\na,2\n", "line 3: 'a' has label '1' and '2': expected one"),
        ("id,label\na,1,2\n", "line 2: 3 columns: expected 2 as in the header"),
        ("id,label\n", "has a header but no rows"),
    ]:
        with pytest.raises(InputError, match=said):
            list(label_rows(write("b.csv", content)))


def test_the_names_that_these_tests_try_hold_what_matters() -> None:
    assert {"=", "#", "%", '"', "'", " ", ";"} <= set("".join(NAMES))
