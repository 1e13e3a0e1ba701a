"""Pairs on the page: maps are those of the reader, and what pointing, clicking and sorting show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.report.html.parts import pairs
from relevome.results.estimate import Estimate
from relevome.results.pairs.folder import MappedSequence, Pair, Pairs, claimed, read_pairs, write_pairs
from relevome.results.pairs.maps import KeptMap, map_path, write_map
from relevome.results.pairs.settings import PairSettings
from tests.damage.of_results import MODEL
from tests.report.html.pages import (
    NASTY,
    Open,
    file_of,
    in_view,
    number,
    saved_figure,
    saved_table,
    until,
    written,
)
from tests.report.html.unpacked import Unpacked, unpacked

# Of src/parts/pairs.ts: where the map lies in its picture.
LEFT, TOP, SIDE = 62, 26 + 92, 520


def folder_of(folder: Path, sequences: Sequence[tuple[str, str]], shuffles: int = 2) -> Path:
    """Maps of these sequences, with a pair beyond shuffles in the first and weaker ones in the others."""
    rng = np.random.default_rng(0)
    maps = []
    for _, letters in sequences:
        values = rng.standard_normal((2, len(letters), len(letters))).astype(np.float32)
        values[0, 0, -1] = np.nan
        maps.append(KeptMap(letters, values[0], values[1]))
    question = {"model": MODEL, "input": {}, "method": "dependency"}
    listed = [
        Pair(name, 1, len(letters) - 1, letters[1], letters[-1], 3.0 - place, 3.0 - place, None, 0.25,
             0.01 * 10**place if shuffles else None)
        for place, (name, letters) in enumerate(sequences)
    ]  # fmt: skip
    with claimed(folder, question):
        for place, one in enumerate(maps):
            write_map(map_path(folder, place), one)
        write_pairs(
            Pairs(
                folder, question, PairSettings("dependency", shuffles=shuffles), tuple(listed),
                tuple(MappedSequence(name, i, len(text), 0.5) for i, (name, text) in enumerate(sequences)),
                {"sequences": len(sequences), "listed": len(listed), "pairs": 99, "null_pairs": 8},
                Estimate(0.5, 0.25, 0.75), [{"sequence_id": "c", "reason": "too <b>long"}], ["a note"],
            )
        )  # fmt: skip
    return folder


def part_of(folder: Path, page: Path) -> tuple[dict[str, Any], Unpacked]:
    relevome.report(folder, page)
    found = unpacked(page)
    return found.content["parts"][0]["content"], found


TWO = (("a", "ACGTACGTAC"), ("b", "GGGTTTCCCAAA"))


def test_maps_and_pairs_are_those_of_the_reader(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "pairs", TWO)
    part, page = part_of(folder, tmp_path / "page.html")
    found = read_pairs(folder)
    assert part["pairs"] == [list(one) for one in found.pairs]
    assert part["agreement"] == [0.5, 0.25, 0.75]
    for ours, one in zip(part["sequences"], found.sequences, strict=True):
        kept = found.map(one.sequence_id)
        assert (ours["id"], ours["letters"]) == (one.sequence_id, kept.letters)
        assert kept.estimate is not None
        for name, values in (("map", kept.values), ("estimate", kept.estimate)):
            shown = page.array(ours[name]["values"]).astype(float).reshape(values.shape) * ours[name]["scale"]
            np.testing.assert_allclose(shown, values, rtol=1e-3, atol=1e-6 * np.nanmax(np.abs(values)))


def test_where_there_is_no_room_the_strongest_have_maps_and_others_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = (*TWO, ("c", "ACGT"))
    folder = folder_of(tmp_path / "pairs", three)
    monkeypatch.setattr(pairs, "_MOST_VALUES", 2 * (10**2 + 4**2))
    part, _ = part_of(folder, tmp_path / "page.html")
    assert [one["id"] for one in part["sequences"]] == ["a", "c"]  # b has room for none
    assert part["without_map"] == 1


@pytest.mark.parametrize(("shuffles", "words"), [(2, "1 of them beyond shuffles"), (0, "no shuffles stand")])
def test_the_verdict_says_how_many_are_beyond_shuffles(tmp_path: Path, shuffles: int, words: str) -> None:
    relevome.report(folder_of(tmp_path / "pairs", TWO, shuffles), tmp_path / "page.html")
    topics = unpacked(tmp_path / "page.html").content["verdict"]["topics"]
    assert [words in one["text"] for topic in topics for one in topic["remarks"]].count(True) == 1


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    run = written(folder / "run", 6, 60, "one", 1)
    some = [(run[i].sequence_id, run[i].sequence) for i in (0, 5)]
    (folder / "known.bed").write_text("seq5\t2\t9\tbox <i>\n")
    results = [run, folder_of(folder / "pairs", some)]
    return file_of(relevome.report(results, folder / "page.html", sites=folder / "known.bed"))


@pytest.fixture
def page(opened: Open, file: Path) -> Any:
    return opened(file)


def at(page: Any, row: int, column: int, letters: int = 60) -> tuple[float, float]:
    """Where a pair is on the screen."""
    canvas = page.locator("canvas.pick")
    box = in_view(page, canvas)
    unit = box["width"] / (LEFT + SIDE + 118)
    x, y = (
        box[side] + unit * (off + (place + 0.5) * SIDE / letters)
        for side, off, place in (("x", LEFT, column), ("y", TOP, row))
    )
    return x, y


def test_pointing_says_both_ways_round_and_what_lies_there(page: Any, file: Path) -> None:
    kept = read_pairs(file.parent / "pairs").map("seq5")
    page.get_by_role("combobox", name="Map of").select_option(label="seq5")
    page.mouse.move(*at(page, 5, 20))
    names, values = (page.locator(f".of-plot {tag}").all_text_contents() for tag in ("dt", "dd"))
    said = dict(zip(names, values, strict=True))
    letters = kept.letters
    assert number(said[f"{letters[5]}6 to {letters[20]}21"]) == pytest.approx(kept.values[5, 20], rel=2e-3)
    assert number(said[f"{letters[20]}21 to {letters[5]}6"]) == pytest.approx(kept.values[20, 5], rel=2e-3)
    assert said["known sites at 6"] == "box <i>"
    page.mouse.move(*at(page, 0, 59))
    assert page.locator(".of-plot dd").first.text_content() == "not known"


def test_a_click_tells_of_a_pair_and_the_table_leads_to_its_map(page: Any) -> None:
    assert NASTY[0] in page.locator(".chosen h4").text_content()
    page.mouse.click(*at(page, 7, 3))
    assert page.locator(".chosen h4").text_content().startswith(("A4", "C4", "G4", "T4"))
    rows = page.locator(".picking tbody th button")
    rows.nth(1).click()
    assert page.get_by_role("combobox", name="Map of").locator("option:checked").text_content() == "seq5"
    assert page.locator(".chosen h4").text_content().endswith("of seq5")
    page.get_by_role("button", name="among the sequences").click()
    assert page.locator(".browser [aria-live=polite]").text_content().startswith("seq5: ")


def test_pairs_are_filtered_and_saved_and_so_are_maps(page: Any, file: Path) -> None:
    found = read_pairs(file.parent / "pairs")
    page.get_by_role("combobox", name="Show of pairs").select_option(label="q below 0.05")
    header, *rows = saved_table(page, "pairs")
    assert header == list(Pair._fields)
    assert [(row[0], float(row[9])) for row in rows] == [(NASTY[0], 0.01)]
    kept = found.map(NASTY[0])
    rows = [line.split("\t") for line in saved_figure(page, f"map of {NASTY[0]}").splitlines()]
    values = np.array([[float(text or "nan") for text in row[1:]] for row in rows[1:]])
    np.testing.assert_allclose(values, kept.values, rtol=1e-3, atol=1e-5)
    svg = saved_figure(page, f"map of {NASTY[0]}", "SVG")
    assert "<img" not in svg
    assert 'href="data:image/png;base64,' in svg
    assert kept.estimate is not None
    page.get_by_role("combobox", name="By").select_option(label="the estimate by attention x gradient")
    rows = [line.split("\t") for line in saved_figure(page, f"estimate of {NASTY[0]}").splitlines()]
    np.testing.assert_allclose(float(rows[1][2]), kept.estimate[0, 1], rtol=1e-3)


def test_arrows_go_over_a_map_and_enter_chooses_a_pair(opened: Open, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "pairs", TWO)
    page = opened(file_of(relevome.report(folder, tmp_path / "page.html")))
    frame = page.locator(".walked").first
    spoken = frame.locator("[aria-live]")
    frame.focus()
    page.keyboard.press("ArrowRight")  # the first key says where one is
    until(page, True, lambda: (spoken.text_content() or "").startswith("A1, A1"))
    for key in ("ArrowDown", "End"):
        page.keyboard.press(key)
    until(page, True, lambda: (spoken.text_content() or "").startswith("C2, C10, 8 apart"))
    middle = frame.evaluate(  # at once, since the page scrolls smoothly
        "one => { const boxes = ['.place', 'canvas'].map(name => one.querySelector(name)), "
        "[mark, map] = boxes.map(box => box.getBoundingClientRect());"
        " return [mark.x + mark.width / 2 - map.x, mark.y + mark.height / 2 - map.y, map.width]; }"
    )
    scale = middle.pop() / (LEFT + SIDE + 118)
    expected = (LEFT + 9.5 / 10 * SIDE, TOP + 1.5 / 10 * SIDE)
    assert np.allclose(middle, np.array(expected) * scale, atol=1.5)
    assert page.locator(".tip.of-plot").is_visible()
    page.keyboard.press("Enter")
    until(page, "C2\u2013C10 of a", page.locator(".chosen h4").text_content)
    page.keyboard.press("Escape")
    until(page, False, page.locator(".tip.of-plot").is_visible)
