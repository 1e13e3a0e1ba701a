"""Names and titles fit, and what is cut off leaves a mark."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from relevome.report.text import FONTS, shortened, width, wrapped


def test_a_width_is_that_of_the_drawn_shape() -> None:
    for text in ("-35 box", "WWWWW", "gene araB"):
        for weight, path in FONTS.items():
            drawn = TextPath((0, 0), text, size=9, prop=FontProperties(fname=path)).get_extents().width
            assert 0 <= width(text, 9.0, weight) - drawn < 2
    assert width("", 9.0) == 0


def test_what_fits_stays() -> None:
    assert shortened("CRP", 6.0, 60.0) == "CRP"
    assert wrapped("a title", 9.0, 400.0, most=3) == ["a title"]
    assert wrapped("", 9.0, 400.0, most=3) == []


def test_a_long_name_ends_in_a_mark() -> None:
    short = shortened("transcription factor " * 9, 6.0, 100.0)
    assert short.startswith("transcription factor")
    assert short.endswith("…")
    assert 80 < width(short, 6.0) <= 100


def test_a_long_title_is_wrapped_before_it_is_cut() -> None:
    words = "one two three four five six seven eight nine ten"
    assert " ".join(wrapped(words, 9.0, 80.0, most=9)) == words
    lines = wrapped(words, 9.0, 80.0, most=2)
    assert len(lines) == 2
    assert lines[1].endswith("…")


def test_one_long_word_is_broken() -> None:
    lines = wrapped("W" * 100, 9.0, 200.0, most=50)
    assert "".join(lines) == "W" * 100
    assert len(lines) > 1


@given(st.text(max_size=80))
def test_nothing_is_wider_than_its_room(text: str) -> None:
    assert width(shortened(text, 7.0, 50.0), 7.0) <= 50
    lines = wrapped(text, 7.0, 60.0, most=3)
    assert len(lines) <= 3
    assert all(width(line, 7.0) <= 60 for line in lines)


def test_text_is_one_line_and_says_where_a_letter_is_lacking() -> None:
    lacking = "\N{REPLACEMENT CHARACTER}"
    assert shortened(" a\tb\nµ\x00d\x1b[31m ", 6.0, 500.0) == f"a b µ{lacking}d{lacking}[31m"
    assert shortened("site \N{HIRAGANA LETTER A}", 6.0, 500.0) == f"site {lacking}"
