"""Reading tables."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relevome.data.formats.table import LabelledSequence, read_table, table_rows
from relevome.data.inputs import from_table
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

CSV = "id,sequence,label\na,ACGT,1\nb,ggn,0\n"
ROWS = [LabelledSequence(Sequence("a", "ACGT", DNA), "1"), LabelledSequence(Sequence("b", "GGN", DNA), "0")]


def sequences(items: list[LabelledSequence | Problem]) -> list[Sequence]:
    return [item.sequence for item in items if isinstance(item, LabelledSequence)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", CSV),
        ("t.csv", "\ufeff" + CSV.replace("\n", "\r\n")),
        ("t.csv.gz", gzip.compress(CSV.encode())),
        ("t.tsv", CSV.replace(",", "\t")),
        ("T.TSV.GZ", gzip.compress(CSV.replace(",", "\t").encode())),
        ("t.txt", CSV.replace(",", "\t")),
        ("t.csv", CSV.replace(",", ";")),
        ("t.csv", CSV.replace("b,ggn,0", '"b","ggn","0"')),
        ("t.csv", CSV.replace("\n", "\n\n")),
        ("t.csv", CSV.replace("id,sequence,label", " Sequence_ID , SEQ,Target")),
    ],
    ids=[
        "csv",
        "windows",
        "gzip",
        "tsv",
        "tsv.gz",
        "sniffed",
        "semicolons",
        "quoted",
        "blank lines",
        "names",
    ],
)
def test_rows_are_read_in_order(write: Write, name: str, content: str | bytes) -> None:
    assert list(read_table(write(name, content), DNA)) == ROWS


def test_rows_without_ids_are_numbered_and_columns_without_labels_give_none(write: Write) -> None:
    rows = list(read_table(write("t.csv", "text\nACGT\nACGT\n"), DNA))
    assert rows == [LabelledSequence(Sequence(f"row{i}", "ACGT", DNA), None) for i in (1, 2)]


def test_columns_can_be_named(write: Write) -> None:
    path = write("t.csv", "sequence,label,dna,class,gene\nxx,9,ACGT,one two,g1\n")
    (row,) = read_table(path, DNA, sequence_column="dna", label_column="class", id_column="gene")
    assert row == LabelledSequence(Sequence("g1", "ACGT", DNA), "one two")


@pytest.mark.parametrize("label", ["HHHH", "0 1 1 0", "1;0;1", "", "NA", "0.50"])
def test_a_label_stays_what_was_written(write: Write, label: str) -> None:
    (row,) = read_table(write("t.csv", f"sequence,label\nACGT,{label}\n"), DNA)
    assert isinstance(row, LabelledSequence)
    assert row.label == label


def test_a_sequence_longer_than_a_field_of_the_csv_module_is_read(write: Write) -> None:
    (row,) = read_table(write("t.csv", f"sequence\n{'ACGTT' * 40_000}\n"), DNA)
    assert isinstance(row, LabelledSequence)
    assert len(row.sequence) == 200_000


@pytest.mark.parametrize(
    ("bad", "id", "reason"),
    [
        ("b,AC-T,0", "b", "sequence 'b' has '-' at position 3"),
        ("b,,0", "b", "sequence 'b' is empty"),
        ("a,ACC,0", "a", "id 'a' was used before"),
        (",ACC,0", "", "sequence without an id"),
        ("b,ACC", "row2", "2 columns: expected 3 as in the header"),
        ("b,ACC,0,1", "row2", "4 columns: expected 3 as in the header"),
    ],
    ids=["letter", "empty", "duplicate", "no id", "too few", "too many"],
)
def test_a_bad_row_is_a_problem_and_the_others_are_read(write: Write, bad: str, id: str, reason: str) -> None:
    path = write("t.csv", f"id,sequence,label\na,ACGT,1\n{bad}\nc,GG,1\n")
    before, problem, after = read_table(path, DNA)
    assert [row.id for row in sequences([before, after])] == ["a", "c"]
    assert isinstance(problem, Problem)
    assert problem.id == id
    assert problem.reason.startswith(reason)
    assert problem.where == f"{path}, line 3"


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("", {}, "is empty: expected a header and rows"),
        ("sequence,label\n", {}, "has a header but no rows"),
        (
            "dna,x\nACGT,1\n",
            {},
            "has no sequence column: expected one of sequence, seq, text, or give its name",
        ),
        ("dna,x\nACGT,1\n", {}, "; it has 'dna', 'x'$"),
        ("sequence,x\nACGT,1\n", {"label_column": "y"}, "has no label column 'y': it has 'sequence', 'x'"),
        ("sequence,x\nACGT,1\n", {"id_column": "name"}, "has no id column 'name': it has 'sequence', 'x'"),
        ("sequence,x\nACGT,1\n", {"sequence_column": "s"}, "has no sequence column 's': it has 'sequence'"),
        ("sequence,label,y\nACGT,1,2\n", {}, "has more than one label column, label, y: name one"),
        ("seq,seq\nACGT,1\n", {}, "has more than one sequence column, seq, seq"),
        ('sequence,label\n"ACGT,1\n', {}, "line 2: .*: expected a CSV or TSV table"),
        ("ACGT" * 30 + "\n", {}, "it has '" + "ACGT" * 10 + "'$"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_one_line(
    write: Write, content: str, columns: dict[str, str], message: str
) -> None:
    asked: dict[str, Any] = dict(columns)
    with pytest.raises(InputError, match=message) as caught:
        list(read_table(write("t.csv", content), DNA, **asked))
    assert "t.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("task", "part", "count", "length"),
    [
        ("prom_prom_core_tata", "train", 4904, 70),
        ("prom_prom_300_tata", "test", 613, 300),
        ("tf_2", "dev", 1000, 101),
        ("tf_4", "test", 1000, 101),
    ],
)
def test_gue_tasks_are_read_whole(shared: Path, task: str, part: str, count: int, length: int) -> None:
    path = shared / f"data/gue/GUE_{task}_{part}.csv.gz"
    rows = list(read_table(path, DNA))
    with gzip.open(path, "rt") as file:
        expected = [(row["sequence"], row["label"]) for row in csv.DictReader(file)]
    assert [
        (row.sequence.letters, row.label) for row in rows if isinstance(row, LabelledSequence)
    ] == expected
    assert len(rows) == count
    # One promoter in a few hundred is shorter than the rest.
    assert Counter(map(len, sequences(rows))).most_common(1)[0][0] == length


def test_the_proteome_of_escherichia_coli_is_read_by_the_names_of_its_columns(shared: Path) -> None:
    path = shared / "data/protein/ecoli_k12_proteome_EC.tsv.gz"
    rows = list(read_table(path, PROTEIN, label_column="EC_numbers"))
    assert len(sequences(rows)) == 4298
    assert sum(isinstance(row, LabelledSequence) and row.label != "" for row in rows) == 1416
    by_tag = list(read_table(path, PROTEIN, label_column="EC_numbers", id_column="locus_tag"))
    repeated = [row.id for row in by_tag if isinstance(row, Problem)]
    with gzip.open(path, "rt") as file:
        counts = Counter(line.split("\t")[0] for line in file)
    assert Counter(repeated) == Counter({tag: count - 1 for tag, count in counts.items() if count > 1})


@pytest.mark.parametrize(
    ("header", "ids"),
    [
        ("Entry\tEntry Name\tSequence", ["P1", "P2"]),
        ("accession\tname\tseq", ["P1", "P2"]),
        ("other\tid\tsequence", ["N1", "N2"]),
        ("accession\tid\tsequence", ["N1", "N2"]),
        ("one\ttwo\tsequence", ["row1", "row2"]),
    ],
)
def test_ids_are_in_the_first_of_the_usual_columns(write: Write, header: str, ids: list[str]) -> None:
    path = write("t.tsv", f"{header}\nP1\tN1\tMKT\nP2\tN2\tMAA\n")
    assert [row.sequence.id for row in read_table(path, PROTEIN) if isinstance(row, LabelledSequence)] == ids
    source = from_table(path, PROTEIN, id_column=header.split("\t")[1])
    assert [one.id for one in source.read()] == ["N1", "N2"]
    assert source.description["id_column"] == header.split("\t")[1]


def test_blank_lines_before_the_header_are_no_rows(write: Write) -> None:
    path = write("t.csv", "\n \n\nid,sequence\n\na,MKT\n  \nb,M1T\n")
    row, problem = read_table(path, PROTEIN)
    assert isinstance(row, LabelledSequence)
    assert isinstance(problem, Problem)
    assert problem.where == f"{path}, line 8"
    for text in ("\n", "\r", " \n\t\n", ""):
        with pytest.raises(InputError, match="is empty: expected a header and rows"):
            list(read_table(write("empty.csv", text), PROTEIN))


@pytest.mark.parametrize("content", ['""\n', '"  "\n""\n'])
def test_a_table_of_nothing_but_quotes_is_empty(write: Write, content: str) -> None:
    with pytest.raises(InputError, match="is empty: expected a header and rows"):
        list(table_rows(write("a.csv", content)))
