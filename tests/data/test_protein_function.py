from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relevome.data.problems import Problem, Stops
from relevome.data.protein_function import read_functions
from relevome.errors import InputError
from tests.data.formats.test_uniprot import text, xml

Write = Callable[[str, str], Path]


def found(path: Path, *given: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    items: Any = list(read_functions(path, *given))
    return [(item.sequence.id, item.sequence.letters, item.terms) for item in items]


@pytest.mark.parametrize("content", [xml("P00001"), text("P00001")], ids=["xml", "text"])
def test_uniprot_entries_have_ec_numbers_and_go_terms(write: Write, content: str) -> None:
    path = write("p", content)
    assert found(path, "ec") == [("P00001", "MKULL", ("1.1.1.1",))]
    assert found(path, "go") == [("P00001", "MKULL", ("GO:0005524",))]


def test_columns_of_tables_are_found_by_their_usual_names(write: Write) -> None:
    uniprot = "Entry\tEC number\tGene Ontology (GO)\tSequence\n"
    path = write(
        "t.tsv", uniprot + "P1\t1.1.1.1; 2.7.-.-\tATP binding, x [GO:0005524]; y [GO:0000001]\tMKL\n"
    )
    assert found(path, "ec") == [("P1", "MKL", ("1.1.1.1", "2.7.-.-"))]
    assert found(path, "go") == [("P1", "MKL", ("GO:0005524", "GO:0000001"))]
    path = write("e.csv", "id,EC_numbers,sequence\na,EC 1.1.1.1|x,MK\nb,,ML\n".replace("|x", ""))
    assert found(path, "ec") == [("a", "MK", ("1.1.1.1",)), ("b", "ML", ())]


def test_columns_can_be_named(write: Write) -> None:
    path = write("t.csv", "locus,what,label,sequence\nx,2.7.1.1 2.7.1.1,9.9,MK\n")
    assert found(path, "ec", "what", "locus") == [("x", "MK", ("2.7.1.1",))]


@pytest.mark.parametrize(
    ("kind", "label", "message"),
    [
        ("ec", "1.1.1.1;kinase", "t.csv, sequence 'a': 'kinase' is no EC number"),
        ("go", "GO:0005524;GO:12", "'GO:0005524;GO:12' is no GO term: expected such as GO:0003824"),
        ("go", "binding", "'binding' is no GO term"),
    ],
)
def test_a_term_that_is_none_is_a_problem_of_its_protein(
    write: Write, kind: Any, label: str, message: str
) -> None:
    problem, other = read_functions(write("t.csv", f"id,{kind},sequence\na,{label},MK\nb,,MK\n"), kind)
    assert isinstance(problem, Problem)
    assert message in str(problem)
    assert not isinstance(other, Problem)


def test_a_table_without_labels_and_entries_with_columns_are_refused(write: Write) -> None:
    with pytest.raises(InputError, match="has no column of GO labels: expected one of go, go_terms"):
        list(read_functions(write("t.csv", "id,sequence\na,MK\n"), "go"))
    with pytest.raises(InputError, match="holds UniProt entries, which have no columns"):
        list(read_functions(write("p", xml("P1")), "ec", "EC"))


def test_stops_are_a_problem_unless_they_are_stripped_and_counted(write: Write) -> None:
    path = write("t.csv", "id,ec,sequence\na,1.1.1.1,MK*\nb,1.1.1.1,M*K\nc,,mk\n")
    refused = list(read_functions(path, "ec"))
    assert [isinstance(item, Problem) for item in refused] == [True, True, False]
    stops = Stops()
    first, second, third = read_functions(path, "ec", stops=stops)
    assert not isinstance(first, Problem)
    assert first.sequence.letters == "MK"
    assert isinstance(second, Problem)
    assert stops.stripped == 1
    assert not isinstance(third, Problem)
    assert third.sequence.letters == "MK"
