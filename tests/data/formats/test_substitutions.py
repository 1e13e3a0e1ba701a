"""Tables of substitutions in proteins."""

from __future__ import annotations

from typing import Any

import pytest

from relevome.data.formats.substitutions import RESIDUES
from relevome.data.formats.substitutions import read_substitutions as read_lazily
from relevome.data.variants.variant import BadVariant, Variant
from relevome.errors import InputError


def read_substitutions(path) -> Any:
    return list(read_lazily(path))


def test_three_letters_are_those_of_the_alphabet():
    assert RESIDUES["Trp"] == "W"
    assert RESIDUES["Asn"] == "N"
    assert RESIDUES["Gln"] == "Q"
    assert len(set(RESIDUES.values())) == 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A23T", ("", 22, "A", "T")), ("a23t", ("", 22, "A", "T")),
        ("p.Ala23Thr", ("", 22, "A", "T")), ("p.(Ala23Thr)", ("", 22, "A", "T")),
        ("p.A23T", ("", 22, "A", "T")), ("P01308:A23T", ("P01308", 22, "A", "T")),
        ("NP_000198.1:p.Ala23Thr", ("NP_000198.1", 22, "A", "T")), ("x:y:W1C", ("x:y", 0, "W", "C")),
        ("p.Sec5Cys", ("", 4, "U", "C")), ("M1X", ("", 0, "M", "X")),
    ],
)  # fmt: skip
def test_ways_to_write_one(write, text, expected):
    (found,) = read_substitutions(write("t.tsv", f"n\tvariant\n1\t{text}\n"))
    assert isinstance(found, Variant)
    assert (found.contig, found.start, found.ref, found.alt) == expected
    assert (found.id, found.line) == (text, 2)


def test_the_protein_may_stand_in_a_column(write):
    path = write("t.csv", "Protein,Mutation,score\nP1,A2C,0.5\nP2,P2:K9R,1\nP2,P1:K9R,1\n")
    first, second, third = read_substitutions(path)
    assert (first.contig, second.contig) == ("P1", "P2")
    assert isinstance(third, BadVariant)
    assert "is of 'P2' by its column" in third.reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("p.Ala23del", "no_substitution"), ("p.Ala23_Gly25delinsVal", "no_substitution"),
        ("p.Arg97ProfsTer23", "no_substitution"), ("p.Ala23Ter", "no_substitution"),
        ("p.Ala23*", "no_substitution"), ("A23*", "no_substitution"), ("p.Ala23=", "no_change"),
        ("A23A", "no_change"), ("A0T", "malformed"), ("23T", "malformed"), ("", "malformed"),
        ("AT23C", "malformed"), ("p.Foo3Ala", "no_substitution"), ("A" + "9" * 30 + "T", "malformed"),
    ],
)  # fmt: skip
def test_anything_else_comes_with_its_reason(write, text, kind):
    (found,) = read_substitutions(write("t.tsv", f"variant\tn\n{text}\t1\n"))
    assert isinstance(found, BadVariant)
    assert found.kind == kind


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "has no column of variant, mutation"),
        ("variant,mutant\nA1C,A1C\n", "has more than one column of variant"),
        ("variant,n\n", "has a header but no rows"),
        ("", "is empty"),
    ],
)
def test_tables_of_anything_else_are_refused(write, content, said):
    with pytest.raises(InputError, match=said):
        read_substitutions(write("t.csv", content))


def test_a_short_row_is_a_problem_in_its_place(write):
    bad, good = read_substitutions(write("t.csv", "variant,n\nA1C\nA2C,1\n"))
    assert isinstance(bad, BadVariant)
    assert good.start == 1
