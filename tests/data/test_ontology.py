from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from relevome.data.formats.obo import read_obo
from relevome.data.ontology import Ontology, propagated
from relevome.errors import InputError

Write = Callable[[str, str], Path]

HEADER = "format-version: 1.2\ndata-version: releases/2026-01-01\n"
ROOT, CATALYSIS, LYASE, BINDING, PROCESS = (f"GO:000000{i}" for i in range(1, 6))
MERGED, GONE, REPLACED, SPLIT, CHAINED = (f"GO:000001{i}" for i in range(1, 6))


def term(id: str, *lines: str, namespace: str = "molecular_function") -> str:
    return "\n".join(["[Term]", f"id: {id}", f"name: {id} name", f"namespace: {namespace}", *lines, "\n"])


SMALL = "\n".join(
    [
        HEADER,
        term(ROOT, "def: \"is_a: GO:9999999 in a text\" [x]"),
        term(CATALYSIS, f"alt_id: {MERGED}", f"is_a: {ROOT} ! root"),
        term(LYASE, f"is_a: {CATALYSIS} ! catalysis", f"relationship: part_of {BINDING} ! binding",
             f"relationship: part_of {PROCESS} ! x", f"relationship: regulates {PROCESS} ! no"),
        term(BINDING, f"is_a: {ROOT} {{source=\"x\"}} ! root"),
        term(PROCESS, namespace="biological_process"),
        term(GONE, "is_obsolete: true", f"consider: {BINDING}"),
        term(REPLACED, "is_obsolete: true", f"replaced_by: {MERGED}"),
        term(SPLIT, "is_obsolete: true", f"replaced_by: {BINDING}", f"replaced_by: {LYASE}"),
        term(CHAINED, "is_obsolete: true", f"replaced_by: {REPLACED}"),
        "[Typedef]\nid: part_of\nname: part of\n",
    ]
)  # fmt: skip


@pytest.fixture
def small(write: Write) -> Ontology:
    return read_obo(write("go.obo", SMALL))


def test_terms_are_those_of_the_file(small: Ontology) -> None:
    assert set(small.terms) == {ROOT, CATALYSIS, LYASE, BINDING, PROCESS}
    assert small.version == "releases/2026-01-01"
    assert small.terms[CATALYSIS].name == f"{CATALYSIS} name"


def test_ancestors_are_followed_by_is_a_and_part_of_within_a_namespace(small: Ontology) -> None:
    assert small.ancestors(LYASE) == {LYASE, CATALYSIS, BINDING, ROOT}
    assert small.ancestors(PROCESS) == {PROCESS}
    assert propagated(small, [CATALYSIS, PROCESS]) == {CATALYSIS, ROOT, PROCESS}


def test_ids_of_merged_and_obsolete_terms_lead_to_what_stands_for_them_now(small: Ontology) -> None:
    assert small.current(MERGED) == CATALYSIS
    assert small.current(REPLACED) == CATALYSIS
    assert small.current(CHAINED) == CATALYSIS
    assert small.current(LYASE) == LYASE
    assert small.current(GONE) is None
    assert small.current(SPLIT) is None  # two replacements are a choice


def test_an_unknown_term_is_refused_with_the_version_that_lacks_it(small: Ontology) -> None:
    with pytest.raises(InputError, match=r"term GO:7654321 is not in the ontology \(releases/2026-01-01\)"):
        small.current("GO:7654321")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (term(ROOT, f"is_a: {LYASE}") + term(LYASE, f"is_a: {ROOT}"),
         f"go.obo: the ontology has a cycle, {ROOT} is under {LYASE} is under {ROOT}|"
         f"go.obo: the ontology has a cycle, {LYASE} is under {ROOT} is under {LYASE}"),
        (term(ROOT, f"is_a: {ROOT}"), f"cycle, {ROOT} is under {ROOT}"),
        (term(ROOT) + term(LYASE, "is_a: GO:9999999 ! x"),
         f"go.obo, line 6: {LYASE} is under GO:9999999, which the file does not have"),
        ("[Term]\nname: x\n", "go.obo, line 1: a term without an id"),
        (HEADER, "go.obo has no terms: expected an OBO file"),
    ],
)  # fmt: skip
def test_an_ontology_that_cannot_be_followed_is_refused_in_one_line(
    write: Write, content: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        read_obo(write("go.obo", content))
    assert "\n" not in str(refusal.value)


def stanzas(count: int, *lines: str) -> str:
    """Terms in a row, each with what it says of the one before."""
    terms = (["[Term]", f"id: GO:{i:07d}", *(one.format(i - 1) for one in lines if i)] for i in range(count))
    return "\n".join("\n".join(term) for term in terms)


def test_a_long_chain_of_terms_takes_no_more_memory_than_its_file(write: Write) -> None:
    ontology = read_obo(write("a.obo", stanzas(20_000, "is_a: GO:{:07d}")))
    assert len(ontology.ancestors("GO:0019999")) == 20_000
    tracemalloc.start()
    for number in range(10):
        ontology.ancestors(f"GO:{number:07d}")
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_a_long_chain_of_replacements_is_followed_once(write: Write) -> None:
    chain = stanzas(20_000, "is_obsolete: true", "replaced_by: GO:{:07d}")
    begun = time.process_time()
    ontology = read_obo(write("a.obo", chain))
    assert time.process_time() - begun < 5
    assert ontology.current("GO:0019999") == "GO:0000000"


def test_replacements_in_a_circle_are_none(write: Write) -> None:
    text = "[Term]\nid: GO:0000009\n"
    for one, other in ((1, 2), (2, 1)):
        text += f"[Term]\nid: GO:000000{one}\nis_obsolete: true\nreplaced_by: GO:000000{other}\n"
    assert read_obo(write("a.obo", text)).obsolete == {"GO:0000001": None, "GO:0000002": None}


def test_a_term_with_an_empty_id_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match="line 1: a term without an id"):
        read_obo(write("a.obo", "[Term]\nid: \nname: x\n"))
