"""Numbers on the axis of letters."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.sequences import Interval
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.report.ruler import PlusOne, Ruler, from_site


@pytest.mark.parametrize("strand", ["+", "-", "."])
def test_a_letter_of_an_interval_has_its_own_1_based_coordinate(strand: str) -> None:
    interval = Interval("chr7", 1200, 1217, strand)
    for letter in range(len(interval)):
        assert Ruler(interval).number(letter) == interval.window(letter, letter + 1).start + 1


def test_numbers_descend_on_the_minus_strand() -> None:
    assert Ruler(Interval("chr7", 0, 3, "-")).span(0, 3) == "3 to 1"
    assert Ruler(Interval("chr7", 0, 3, "+")).span(0, 3) == "1 to 3"


@pytest.mark.parametrize(
    ("origin", "label"),
    [
        (1, "position (first letter = 1)"),
        (-70, "position (first letter = \N{MINUS SIGN}70)"),
        (Interval("chr7", 5, 9, "+"), "1-based position (+ strand) on chr7"),
        (Interval("chr7", 5, 9, "-"), "1-based position (\N{MINUS SIGN} strand) on chr7"),
        (Interval("chr7", 5, 9), "1-based position (strand unknown) on chr7"),
    ],
)
def test_the_label_says_what_is_counted_and_from_where(origin: int | Interval, label: str) -> None:
    assert Ruler(origin).label == label


def test_ticks_are_at_round_numbers() -> None:
    assert Ruler(1).ticks(0, 30, spacing=5.0, size=6.0) == {4 + 5 * i: str(5 + 5 * i) for i in range(6)}
    assert Ruler(Interval("c", 998, 1021, "-")).ticks(0, 23, spacing=5.0, size=6.0) == {
        1: "1,020",
        11: "1,010",
        21: "1,000",
    }
    upstream = Ruler(-3).ticks(0, 6, spacing=40.0, size=6.0)
    assert list(upstream.items()) == [
        (0, "\N{MINUS SIGN}3"),
        (1, "\N{MINUS SIGN}2"),
        (2, "\N{MINUS SIGN}1"),
        (3, "0"),
        (4, "1"),
        (5, "2"),
    ]


def test_a_stretch_without_a_round_number_has_its_first_letter_marked() -> None:
    assert Ruler(1).ticks(0, 1, spacing=6.0, size=6.0) == {0: "1"}
    assert Ruler(1).ticks(100, 103, spacing=4.0, size=6.0) == {100: "101"}


@given(
    origin=st.one_of(
        st.integers(-1000, 10**9),
        st.builds(
            lambda start, strand: Interval("c", start, start + 400, strand),
            st.integers(0, 10**9),
            st.sampled_from("+-."),
        ),
    ),
    start=st.integers(0, 300),
    size=st.integers(1, 100),
    spacing=st.floats(0.01, 20.0),
)
def test_labels_are_true_and_never_touch(
    origin: int | Interval, start: int, size: int, spacing: float
) -> None:
    ruler = Ruler(origin)
    ticks = ruler.ticks(start, start + size, spacing, 6.0)
    assert ticks
    for letter, text in ticks.items():
        assert start <= letter < start + size
        assert int(text.replace(",", "").replace("\N{MINUS SIGN}", "-")) == ruler.number(letter)
    letters, widest = list(ticks), max(len(text) for text in ticks.values()) * 0.6 * 6.0
    assert all((b - a) * spacing > widest for a, b in pairwise(letters))


def test_letters_around_a_start_site_have_no_zero() -> None:
    ruler = Ruler(PlusOne(60))
    assert [ruler.number(letter) for letter in (0, 25, 59, 60, 61, 80)] == [-60, -35, -1, 1, 2, 21]
    assert ruler.label == "position (+1 = letter 61)"
    marked = ruler.ticks(0, 81, spacing=5.0, size=6.0)
    assert list(marked) == [*range(0, 61, 5), *range(64, 81, 5)]
    assert [marked[letter] for letter in (0, 50, 60, 69, 79)] == ["\u221260", "\u221210", "1", "10", "20"]


def test_numbers_of_a_site_on_the_other_strand_descend() -> None:
    ruler = Ruler(PlusOne(20, turned=True, name="first letter of TSS"))
    assert [ruler.number(letter) for letter in (0, 19, 20, 21, 30)] == [21, 2, 1, -1, -10]
    assert ruler.label == "position (+1 = first letter of TSS)"
    assert {20, 30}.issubset(ruler.ticks(0, 60, spacing=5.0, size=6.0))


SITES = [Site(10, 14, "a", "+", "box"), Site(10, 12, "b", ".", "box"), Site(40, 44, "c", "-", "tss")]


@pytest.mark.parametrize(
    ("name", "turns", "origin"),
    [
        ("box", True, PlusOne(10, False, "first letter of box: a")),
        ("b", True, PlusOne(10, False, "first letter of box: b")),
        ("tss: c", True, PlusOne(43, True, "first letter of tss: c")),
        ("c", False, PlusOne(40, False, "first letter of tss: c")),
    ],
)
def test_a_site_is_meant_by_its_label_name_or_type(name: str, turns: bool, origin: PlusOne) -> None:
    assert from_site(SITES, name, 60, turns) == origin


@pytest.mark.parametrize(
    ("sites", "name", "said"),
    [
        (SITES, "", "--axis site: 2 places of 'box: a', 'box: b', 'tss: c': choose one by"),
        (SITES, "x", "--axis site:x: no such site on the sequence, which has 'box: a', 'box: b', 'tss: c'"),
        ([], "", "which has none at all"),
        ([Site(-3, 4, "a")], "", "'a' begins beyond the sequence"),
        ([Site(50, 64, "a", "-")], "", "'a' begins beyond the sequence"),
    ],
)
def test_what_is_no_one_place_is_refused(sites: list[Site], name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        from_site(sites, name, 60, True)
