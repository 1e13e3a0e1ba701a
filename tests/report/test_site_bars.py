"""Known sites in lanes: every one is there, and no name touches another."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from relevome.data.sites import Site
from relevome.report.site_bars import MOST, NAME, Bar, pack, site_colours, site_legend
from relevome.report.text import width

SPACING = 4.5  # points to a letter


def packed(sites: list[Site], row: range = range(100)) -> list[Bar]:
    return pack(sites, site_colours(sites), row, SPACING)


def extent(bar: Bar) -> tuple[float, float]:
    """Of a bar with its name, in letters."""
    half = width(bar.name, NAME) / SPACING / 2
    return min(bar.start, bar.centre - half), max(bar.end, bar.centre + half)


def test_sites_side_by_side_share_a_lane() -> None:
    bars = packed([Site(10, 16, "-35"), Site(33, 39, "-10")])
    assert [(bar.start, bar.end, bar.name, bar.centre, bar.lane) for bar in bars] == [
        (10, 16, "-35", 13, 0),
        (33, 39, "-10", 36, 0),
    ]


def test_sites_that_overlap_have_a_lane_each() -> None:
    assert [bar.lane for bar in packed([Site(10, 30, "CRP"), Site(20, 40, "AraC"), Site(60, 80, "Fis")])] == [
        0,
        1,
        0,
    ]


def test_names_that_would_touch_have_a_lane_each() -> None:
    assert [bar.lane for bar in packed([Site(50, 52, "a long name"), Site(54, 56, "another long name")])] == [
        0,
        1,
    ]


def test_a_name_stays_on_its_row() -> None:
    first, last = packed([Site(0, 1, "a long name"), Site(99, 100, "another long name")])
    assert extent(first)[0] == 0
    assert extent(last)[1] == 100


def test_a_row_shows_its_part_of_a_site() -> None:
    site = Site(95, 130, "CRP")
    assert [(bar.start, bar.end) for bar in packed([site], range(0, 100))] == [(95, 100)]
    assert [(bar.start, bar.end) for bar in packed([site], range(100, 200))] == [(100, 130)]
    assert packed([site], range(130, 200)) == []


def test_the_same_name_has_the_same_colour() -> None:
    colours = site_colours([Site(0, 1, "b"), Site(1, 2, "a"), Site(2, 3, "b")])
    assert list(colours) == ["b", "a"]
    assert len(set(colours.values())) == 2


def test_too_many_names_leave_bars_without_names() -> None:
    crowd = [Site(10 + i, 60, f"site {i}") for i in range(MOST + 1)]
    assert {bar.lane for bar in packed(crowd[:-1])} == set(range(MOST))
    bare = packed([*crowd, Site(70, 80, "apart"), Site(81, 82, "near")])
    assert [(bar.start, bar.name) for bar in bare[:-2]] == [(site.start, "") for site in crowd]
    assert [bar.lane for bar in bare] == [*range(MOST), MOST - 1, 0, 0], "a lane each where they touch"


@given(
    st.lists(
        st.builds(
            lambda start, size, name: Site(start, start + size, name),
            st.integers(0, 150),
            st.integers(1, 30),
            st.sampled_from(["CRP", "-10", "LacI operator O1", "W" * 60, ""]),
        ),
        max_size=14,
    )
)
def test_no_two_bars_with_their_names_touch(sites: list[Site]) -> None:
    bars = packed(sites)
    assert sorted((bar.start, bar.end) for bar in bars) == sorted(
        (site.start, min(site.end, 100)) for site in sites if site.start < 100
    )
    for one, other in combinations([bar for bar in bars if bar.name], 2):
        if one.lane == other.lane:
            (_, end), (start, _) = sorted([extent(one), extent(other)])
            assert end < start


def test_more_than_nine_names_have_the_colours_of_their_types() -> None:
    sites = [Site(i, i + 1, f"name {i}", kind="a" if i < 5 else "b") for i in range(12)]
    assert len(set(site_colours(sites[:9]).values())) == 9
    colours = site_colours(sites)
    assert len(set(colours.values())) == 2
    assert site_legend(sites) == {"a": colours["a: name 0"], "b": colours["b: name 11"]}
