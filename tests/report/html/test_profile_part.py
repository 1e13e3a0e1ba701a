"""Relevance by position on the page: numbers are those of the reader, and what pointing and clicks show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.report.html.parts import profile
from relevome.results.profile.folder import read_profile
from tests.report.html.pages import (
    NASTY,
    Open,
    example,
    file_of,
    in_view,
    number,
    saved_figure,
    until,
    written,
)
from tests.report.html.unpacked import Unpacked, unpacked

# Of src/parts/profile.ts: where positions lie in its pictures.
LEFT, RIGHT, TOP, WIDTH = 64, 104, 30, 1000


def part_of(folder: Path, page: Path) -> tuple[dict[str, Any], Unpacked]:
    relevome.report(folder, page)
    found = unpacked(page)
    return found.content["parts"][0]["content"], found


def test_numbers_are_those_of_the_reader(tmp_path: Path) -> None:
    folder = example(tmp_path / "profile", "profile")
    part, page = part_of(folder, tmp_path / "page.html")
    found = read_profile(folder)
    assert part["means"] == [list(one) for one in found.means]
    assert part["rows"] == [list(one) for one in found.rows]
    columns = {name: page.array(ref).reshape(4, 3) for name, ref in part["letters"].items()}
    for one in found.letters:
        at = "ACGT".index(one.letter), one.position - found.settings.first
        for name, values in columns.items():
            expected = getattr(one, name)
            np.testing.assert_array_equal(values[at], np.nan if expected is None else expected)
    assert np.isnan(columns["mean"]).sum() == 12 - len(found.letters)
    values = page.array(part["heat"]["values"]).astype(float).reshape(found.values.shape)
    np.testing.assert_allclose(values * part["heat"]["scale"], found.values, rtol=1e-3, atol=1e-6)
    codes = page.array(part["codes"]).reshape(found.codes.shape)
    np.testing.assert_array_equal(np.where(codes == 255, -1, codes.astype(int)), found.codes)


def test_of_many_rows_lines_are_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = example(tmp_path / "profile", "profile")
    monkeypatch.setattr(profile, "_MOST_VALUES", 3)
    part, page = part_of(folder, tmp_path / "page.html")
    assert (part["pool"], part["heat"]["lines"], part["codes"], part["rows"]) == (2, 1, None, [])
    line = page.array(part["heat"]["values"]).astype(float) * part["heat"]["scale"]
    with np.errstate(invalid="ignore"):
        given = read_profile(folder).values
    expected = [np.nan, np.nanmean(given[:, 1]), np.nanmean(given[:, 2])]
    np.testing.assert_allclose(line, expected, rtol=1e-3, atol=1e-6)


def test_the_verdict_says_where_the_mean_is_highest(tmp_path: Path) -> None:
    relevome.report(example(tmp_path / "profile", "profile"), tmp_path / "page.html")
    topics = unpacked(tmp_path / "page.html").content["verdict"]["topics"]
    said = [one["text"] for topic in topics for one in topic["remarks"]]
    assert any("highest mean: 0.500 [0.250, 0.750] at position 0 (2 sequences)" in text for text in said)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profile")
    run = written(folder / "run", 12, 60, "one", 1)
    (folder / "known.bed").write_text("".join(f"seq{i}\t20\t26\tbox <i>\n" for i in range(3, 12)))
    relevome.profile(run, sites=folder / "known.bed", width=50, out=folder / "profile")
    return file_of(relevome.report([run, folder / "profile"], folder / "page.html"))


@pytest.fixture
def page(opened: Open, file: Path) -> Any:
    return opened(file)


def pointed(page: Any, picture: int, place: int, y: float, width: int = 50) -> dict[str, str]:
    """What is said of a position, from 0, of one of the three pictures."""
    canvas = page.locator("section[id^=part] canvas").nth(picture)
    box = in_view(page, canvas)
    unit = box["width"] / WIDTH
    x = LEFT + (place + 0.5) * (WIDTH - LEFT - RIGHT) / width
    page.mouse.move(box["x"] + unit * x, box["y"] + unit * y)
    names, values = (page.locator(f".of-plot {tag}").all_text_contents() for tag in ("dt", "dd"))
    return {"title": page.locator(".of-plot strong").text_content(), **dict(zip(names, values, strict=True))}


def test_pointing_says_the_mean_and_that_of_letters(page: Any, file: Path) -> None:
    found = read_profile(file.parent / "profile")
    place = 30
    said = pointed(page, 0, place, 100)
    one = found.means[place]
    assert said["title"] == f"position {one.position}"
    assert number(said["mean"].split(" [")[0]) == pytest.approx(one.mean, abs=6e-4)
    for letter in (each for each in found.letters if each.position == one.position):
        assert number(said[f"{letter.letter} in {letter.sequences}"]) == pytest.approx(letter.mean, rel=6e-3)
    assert pointed(page, 1, place, 100)["title"] == said["title"]


def test_a_row_is_said_and_leads_to_its_sequence(page: Any, file: Path) -> None:
    found = read_profile(file.parent / "profile")
    high = max(150, 3 * len(found.rows))
    for row, place in ((0, 30), (8, 10)):
        said = pointed(page, 2, place, TOP + (row + 0.5) * high / len(found.rows))
        assert said["title"] == found.rows[row].sequence_id
        largest = float(np.nanmax(np.abs(found.values)))
        expected = float(found.values[row, place])
        assert number(said["relevance"]) == pytest.approx(expected, rel=2e-3, abs=1e-3 * largest)
        assert said["letter"] == "ACGT"[found.codes[row, place]]
    page.mouse.down()
    page.mouse.up()
    page.get_by_role("button", name=f"Show {found.rows[8].sequence_id} among the sequences").click()
    start = found.rows[8].anchor - 25
    live = page.locator(".browser [aria-live=polite]")
    letter = "ACGT"[found.codes[8, max(0, -start)]]
    expected = f"{found.rows[8].sequence_id}: {letter} {max(start, 0) + 1}"
    until(page, True, lambda: live.text_content().startswith(expected))


def test_tables_and_pictures_are_saved(page: Any, file: Path) -> None:
    found = read_profile(file.parent / "profile")
    rows = [line.split("\t") for line in saved_figure(page, "profile").splitlines()]
    means = [row[1] for row in rows[1:]]
    assert [text == "" for text in means] == [one.mean is None for one in found.means]
    assert [float(text) for text in means if text] == [
        one.mean for one in found.means if one.mean is not None
    ]
    rows = [line.split("\t") for line in saved_figure(page, "profile letters").splitlines()]
    assert {(row[0], row[1]): float(row[2]) for row in rows[1:]} == {
        (str(one.position), one.letter): one.mean for one in found.letters
    }
    header, *rows = [line.split("\t") for line in saved_figure(page, "profile rows").splitlines()]
    assert header[:6] == ["sequence_id", "site", "strand", "anchor", "score", "total"]
    values = np.array([[float(text or "nan") for text in row[6:]] for row in rows])
    np.testing.assert_allclose(values, found.values, rtol=2e-3, atol=1e-3 * np.nanmax(np.abs(found.values)))
    assert saved_figure(page, "profile letters", "SVG").startswith("<svg")
    assert [row[1] for row in rows] == [one.site for one in found.rows]
    assert NASTY[0] not in [row[0] for row in rows]


def test_an_alphabet_of_many_letters_has_a_map_of_them(opened: Open, tmp_path: Path) -> None:
    letters = "ACDEFGHIKLMNPQRSTVWY"
    folder = example(tmp_path / "profile", "profile")
    record = folder / "profile.json"
    record.write_text(record.read_text().replace('"ACGT"', f'"{letters}"'))
    relevome.report(folder, tmp_path / "page.html")
    page = opened(tmp_path / "page.html")
    svg = saved_figure(page, "profile letters", "SVG")
    assert "<image" in svg
    assert [f">{letter}</text>" in svg for letter in letters] == [True] * 20
