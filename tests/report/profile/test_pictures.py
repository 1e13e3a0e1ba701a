"""Profiles as pictures and in words: the numbers are those of the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.report.profile.page import summary, write_profile_page
from relevome.report.profile.pictures import PIXELS, draw_profile, draw_rows, position_label
from relevome.results.profile.profile import (
    LetterMean,
    PositionMean,
    PositionProfile,
    ProfileRow,
    ProfileSettings,
)

MEANS = (
    PositionMean(-2, None, None, None, 0, 0, 3),
    PositionMean(-1, -0.5, None, None, 1, 2, 1),
    PositionMean(0, 2.0, 1.0, 3.0, 2, 3, 0),
    PositionMean(1, 0.25, None, None, 1, 1, 2),
)
LETTERS = (
    LetterMean(-1, "C", -0.5, None, None, 1), LetterMean(0, "A", 4.0, None, None, 1),
    LetterMean(0, "C", 1.0, 0.5, 1.5, 2), LetterMean(1, "C", 0.25, None, None, 1),
)  # fmt: skip
NAN = np.nan
VALUES = np.array([[NAN, -0.5, 3, 0.25], [NAN, -0.5, 1, NAN], [NAN, NAN, 1, NAN]], dtype=np.float32)
CODES = np.array([[-1, 1, 0, 1], [-1, 1, 1, -1], [-1, -1, 1, -1]], dtype=np.int8)
SITE = ProfileSettings("site", width=4)


def made(alphabet: str = "ACGT", rows: int = 3, settings: ProfileSettings = SITE) -> PositionProfile:
    about = {"run": "a_b", "method": "m", "target": "<t>"}
    named = tuple(ProfileRow(f"s{i}", "x", "+", 2, 0.5, 1.0) for i in range(rows))
    shape = (rows, 4)
    return PositionProfile(
        about, settings, alphabet, MEANS, LETTERS, named, np.resize(VALUES, shape), np.resize(CODES, shape),
        {"sequences without a site": 7},
    )  # fmt: skip


def colours(image: Any) -> np.ndarray:
    return np.ma.filled(image.get_array(), NAN)


def test_lines_and_bands_are_the_means() -> None:
    top, middle, foot = draw_profile(made()).axes
    mean = next(line for line in top.lines if len(np.asarray(line.get_xdata())) == 4)
    np.testing.assert_array_equal(mean.get_xydata(), [[-2, NAN], [-1, -0.5], [0, 2], [1, 0.25]])
    by_letter = {str(line.get_label()): np.asarray(line.get_ydata()).tolist() for line in middle.lines}
    np.testing.assert_array_equal(
        [by_letter["A"], by_letter["C"]], [[NAN, NAN, 4, NAN], [NAN, -0.5, 1, 0.25]]
    )
    assert {"A", "C", "G", "T"} <= set(by_letter)
    steps: Any = foot.patches[0]
    np.testing.assert_array_equal(steps.get_data().values, [0, 1, 2, 1])
    assert foot.get_xlabel() == "position (0 is the first letter of a site)"


def test_many_letters_are_a_map() -> None:
    many = made("ACDEFGHIKLMNPQRSTVWY")
    _, middle, *_ = draw_profile(many).axes
    (image,) = middle.get_images()
    shown = colours(image)
    np.testing.assert_array_equal(shown[:2], [[NAN, NAN, 4, NAN], [NAN, -0.5, 1, 0.25]])
    assert [label.get_text() for label in middle.get_yticklabels()] == list(many.alphabet)
    assert image.get_extent() == [-2.5, 1.5, 20, 0]


def test_rows_are_drawn_as_they_are() -> None:
    found = made()
    axes, bar = draw_rows(found).axes
    (image,) = axes.get_images()
    np.testing.assert_array_equal(colours(image), found.values)
    assert (image.get_extent(), axes.get_ylim()) == ([-2.5, 1.5, 3, 0], (3, 0))
    assert bar.get_ylabel() == "relevance (logit)"


def test_of_more_rows_than_are_seen_a_line_is_the_mean_of_several() -> None:
    many = made(rows=PIXELS + 2)
    axes = draw_rows(many).axes[0]
    (image,) = axes.get_images()
    shown = colours(image)
    assert len(shown) == (PIXELS + 2) // 2
    np.testing.assert_allclose(shown[:3], [[NAN, -0.5, 2, 0.25], [NAN, -0.5, 2, 0.25], [NAN, -0.5, 1, NAN]])
    assert axes.get_ylabel().endswith("each line is the mean of 2")
    assert axes.get_ylim() == (PIXELS + 2, 0)


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        ({"anchor": "start"}, "position (0 is the first letter of a sequence)"),
        ({"anchor": "end"}, "position (0 is the place behind the last letter of a sequence)"),
        ({"anchor": "site", "at": "end"}, "position (0 is the first letter behind a site)"),
        ({"anchor": "alignment"}, "column of the alignment (the first is 0)"),
    ],
)
def test_the_axis_says_what_0_is(settings: dict[str, Any], label: str) -> None:
    assert position_label(made(settings=ProfileSettings(**settings))) == label


def test_the_page_says_what_is_highest_and_what_is_left_out(tmp_path: Path) -> None:
    found = made()
    assert summary(found) == [
        "highest mean: 2.000 [1.000, 3.000] at position 0 (2 sequences)",
        "lowest mean: -0.500 at position -1 (1 sequence)",
        "3 of 4 positions are without a letter in some rows (the ends of sequences), in up to 3 of 3; these "
        "do not count there",
        "left out 7: sequences without a site",
    ]
    write_profile_page(found, tmp_path)
    page = (tmp_path / "profile.md").read_text()
    assert "| 0 | 2.000 \\[1.000, 3.000\\] | 2 | 0 | A 4.000 (1), C 1.000 (2) |" in page
    assert "a\\_b: m, target &lt;t&gt;; 3 rows of 3 sequences" in page
    assert {path.suffix for path in tmp_path.iterdir()} == {".md", ".png"}
