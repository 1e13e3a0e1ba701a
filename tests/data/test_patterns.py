"""Patterns of PROSITE and classes of letters, against a matcher that tries everything."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from collections.abc import Sequence as List
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.formats.prosite import read_patterns
from relevome.data.known_sites import CLASSES, class_sites, known_sites, source_digest
from relevome.data.patterns import Pattern
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.data.sites import Site
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

# Letters that each element takes, and how often, by hand.
EVERY = set(PROTEIN.letters)
CASES: dict[str, List[tuple[Collection[str], int, int]]] = {
    "[AC]-x-V-x(4)-{ED}.": [("AC", 1, 1), (EVERY, 1, 1), ("V", 1, 1), (EVERY, 4, 4), (EVERY - {*"ED"}, 1, 1)],
    "N-{P}-[ST]-{P}": [("N", 1, 1), (EVERY - {"P"}, 1, 1), ("ST", 1, 1), (EVERY - {"P"}, 1, 1)],
    "A-x(1,3)-[AV]": [("A", 1, 1), (EVERY, 1, 3), ("AV", 1, 1)],
    "A(2)-V(0,2)": [("A", 2, 2), ("V", 0, 2)],
}


def ends(letters: str, start: int, elements: List[tuple[Collection[str], int, int]]) -> Iterator[int]:
    """Every place where a match from ``start`` on can end."""
    if not elements:
        yield start
        return
    (allowed, least, most), *rest = elements
    for times in range(least, most + 1):
        part = letters[start : start + times]
        if len(part) == times and all(letter in allowed for letter in part):
            yield from ends(letters, start + times, rest)


@pytest.mark.parametrize("text", CASES)
def test_matches_are_all_there_are(text: str) -> None:
    draw = np.random.default_rng(4)
    found = 0
    for length in (1, 6, 60, 61, 900):
        letters = "".join(draw.choice(list("AACCVVVDENPST"), length))
        sites = Pattern(text).sites(Sequence("s", letters, PROTEIN))
        possible = {start: set(ends(letters, start, CASES[text])) for start in range(length)}
        assert [site.start for site in sites] == [start for start, found in possible.items() if found]
        assert all(site.end == max(possible[site.start]) for site in sites)
        found += len(sites)
    assert found > 5


@pytest.mark.parametrize(
    ("text", "letters", "expected"),
    [
        ("<M-x", "MAMA", [(0, 2)]),
        ("A-x>", "ACAD", [(2, 4)]),
        ("P-R-L-[G>]", "PRLGPRL", [(0, 4), (4, 7)]),
        ("<A-x(2)-C>", "AXXC", [(0, 4)]),
        ("<A-x(2)-C>", "AXXCC", []),
        ("A-A", "AAA", [(0, 2), (1, 3)]),
        ("a", "A", None),
        ("[DN]", "BDNX", [(0, 1), (1, 2), (2, 3)]),  # B is D or N, X may be anything
        ("{P}", "XPUA", [(2, 3), (3, 4)]),
        ("x", "XU", [(0, 1), (1, 2)]),
        ("K-[ D E ] -\n L", "KDL", [(0, 3)]),
        ("<{C}*>", "ADE", [(0, 3)]),
        ("<{C}*>", "ACE", []),
    ],
)
def test_ends_codes_and_repeats(text: str, letters: str, expected: list[tuple[int, int]] | None) -> None:
    if expected is None:
        with pytest.raises(InputError, match="which is no element of PROSITE"):
            Pattern(text)
        return
    sites = Pattern(text, "p").sites(Sequence("s", letters, PROTEIN))
    assert sites == [Site(*span, "p") for span in expected]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has '', which is no element"),
        ("A--C", "has '', which is no element"),
        ("[AC", r"has '\[AC', which is no element"),
        ("A(3,2)", "expected the smaller number first"),
        ("A.*", "which is no element of PROSITE"),
        ("[AC]-E(", "which is no element"),
    ],
)
def test_what_is_no_pattern_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Pattern(text)


def test_letters_of_another_alphabet_are_refused() -> None:
    with pytest.raises(InputError, match="has 'E', no dna letter"):
        Pattern("A-E", "", DNA)
    assert Pattern("T-A-N", "", DNA).sites(Sequence("s", "TATTAN", DNA)) == [
        Site(0, 3, "T-A-N"), Site(3, 6, "T-A-N"),
    ]  # fmt: skip


DAT = """ID   ASN_GLYCOSYLATION; PATTERN.
AC   PS00001;
DT   01-APR-1990 CREATED; 01-APR-1990 DATA UPDATE; 01-APR-1990 INFO UPDATE.
DE   N-glycosylation site.
PA   N-{P}-[ST]-
PA   {P}.
//
ID   RGD; PATTERN.
AC   PS00016;
DE   Cell attachment sequence.
PA   R-G-D.
//
ID   SOME; MATRIX.
AC   PS50001;
DE   A profile.
MA   /GENERAL_SPEC: ALPHABET='ABC'; LENGTH=97;
//
"""


def test_patterns_of_a_file_are_matched_by_their_accession(write: Write) -> None:
    path = write("prosite.dat", DAT)
    patterns = list(read_patterns(path))
    assert [(one.name, one.text) for one in patterns] == [
        ("PS00001", "N-{P}-[ST]-{P}."), ("PS00016", "R-G-D."),
    ]  # fmt: skip
    sequences = [Sequence("a", "ANASARGD", PROTEIN), Sequence("b", "AAA", PROTEIN)]
    both = {"a": [Site(1, 5, "PS00001"), Site(5, 8, "PS00016")], "b": []}
    assert known_sites(f"prosite:{path}", sequences) == both
    assert known_sites(f"prosite:{path}", sequences, ["PS00016"])["a"] == both["a"][1:]
    with pytest.raises(InputError, match="has no pattern 'PS1': expected accessions such as PS00001"):
        known_sites(f"prosite:{path}", sequences, ["PS1"])
    with pytest.raises(InputError, match="no patterns"):
        list(read_patterns(write("empty.dat", "")))


def test_classes_are_sites_of_any_sequence() -> None:
    sequence = Sequence("s", "MAKRBXZDDJ", PROTEIN)
    assert class_sites("hydrophobic", sequence) == [Site(0, 2, "hydrophobic"), Site(9, 10, "hydrophobic")]
    assert class_sites("Positive", sequence) == [Site(2, 4, "Positive")]
    assert class_sites("dn", sequence) == [Site(4, 5, "dn"), Site(7, 9, "dn")]  # B is D or N
    assert class_sites("gc", Sequence("s", "ACSGNA", DNA)) == [Site(1, 4, "gc")]
    assert all(set(letters) <= set(PROTEIN.letters) for letters in CLASSES.values())
    for wanted, of in [("hydrophobic", Sequence("s", "AC", DNA)), ("A1", sequence), ("", sequence)]:
        with pytest.raises(InputError, match="unknown class of letters"):
            class_sites(wanted, of)


def test_known_sites_come_from_words_or_a_file(write: Write) -> None:
    sequences = [Sequence("a", "MKVD", PROTEIN), Sequence("b", "MMMM", PROTEIN)]
    assert known_sites("pattern:K-x", sequences) == {"a": [Site(1, 3, "K-x")], "b": []}
    assert known_sites("residues:charged", sequences)["a"] == [Site(1, 2, "charged"), Site(3, 4, "charged")]
    path = write("a.bed", "a\t1\t2\n")
    assert known_sites(path, sequences) == {"a": [Site(1, 2, "site")]}
    assert len({source_digest(one) for one in ("residues:A", "residues:C", path)}) == 3
    with pytest.raises(InputError, match="has no types of features such as 'box'"):
        known_sites("residues:A", sequences, ["box"])


def by_expression(text: str, letters: str) -> list[tuple[int, int]]:
    """The same by a regular expression that goes back and forth, for letters without codes."""
    body = text.removeprefix("<").removesuffix(">")
    parts = []
    for part in body.split("-"):
        found = re.fullmatch(r"(x|[A-Z]|\[<?[A-Z]+>?\]|\{[A-Z]+\})(.*)", part)
        assert found is not None
        element, times = found[1], found[2].replace("(", "{").replace(")", "}")
        ends = [r"\A"] * ("<" in element) + [r"\Z"] * (">" in element)
        inside = element.strip("[]{}<>")
        one = "." if element == "x" else f"[^{inside}]" if element[0] == "{" else f"[{inside}]"
        parts.append(f"(?:{'|'.join([one, *ends])}){times}")
    whole = r"\A" * text.startswith("<") + "".join(parts) + r"\Z" * text.endswith(">")
    matches = (m.span(1) for m in re.finditer(f"(?=({whole}))", letters))
    return [(start, end) for start, end in matches if start < end]


element = st.builds(
    "{}{}".format,
    st.sampled_from(["x", "A", "C", "[AC]", "{D}", "[AD>]", "[<C]", "{AC}"]),
    st.sampled_from(["", "", "", "(2)", "(0,2)", "(1,3)", "*", "(0)"]),
)


@given(
    st.sampled_from(["", "<"]), st.lists(element, min_size=1, max_size=5), st.sampled_from(["", ">"]),
    st.text("ACD", max_size=12),
)  # fmt: skip
def test_matches_are_those_of_a_regular_expression(
    start: str, elements: list[str], end: str, letters: str
) -> None:
    text = start + "-".join(elements) + end
    found = Pattern(text).sites(Sequence("s", letters or "D", PROTEIN))
    assert [(site.start, site.end) for site in found] == by_expression(text, letters or "D")


@pytest.mark.parametrize(
    "text",
    [
        "x*-" * 12 + "W",
        "A-x(0,99)-C-x(0,99)-D-x(0,99)-W",
        "N(1,9999999999)",
        "x(0,999999999)-W*-W",
    ],
)
def test_no_repeat_takes_for_ever(text: str) -> None:
    letters = "".join(np.random.default_rng(0).choice(list("ACDEFGHIKLMNPQRSTV"), 2000))
    sites = Pattern(text).sites(Sequence("s", letters, PROTEIN))
    assert bool(sites) == text.startswith("N")


@pytest.mark.parametrize("text", ["A(" + "9" * 5000 + ")", "A-" * 50 + "?", "[" + "A" * 900])
def test_what_is_no_pattern_is_said_in_few_words(text: str) -> None:
    with pytest.raises(InputError, match="no element of PROSITE") as error:
        Pattern(text)
    assert len(str(error.value)) < 400
