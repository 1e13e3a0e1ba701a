"""Features of proteins below their relevance: a lane for each type, and what is said of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.data.sequences import PROTEIN
from relevome.data.sites import Site
from relevome.report.html.annotations import annotation_content
from relevome.report.html.arrays import PageArrays
from relevome.report.html.tracks import ShownSequence
from relevome.results.parts.part import Counts
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.report.html.pages import Open, file_of, grave, in_view, number, saved
from tests.report.html.test_browser import AXE, GUTTER, RIGHT
from tests.results.conftest import _letters_only

LETTERS, LANE, TOP = 120, 15, 4 + 2 * (62 + 8) + 13  # of page/src/sequences, row.ts and lanes.ts
DASH = "\u2013"  # of ranges
NASTY = "<img src=x onerror=alert(1)>"
# type, note, from 1 to the last letter
FEATURES = (
    ("Turn", "", 60, 62),
    ("Domain", NASTY, 30, 80),
    ("Active site", "Nucleophile", 47, 47),
    ("Signal peptide", "", 1, 20),
    ("Domain", "Second", 70, 110),
    ("Binding site", "", 47, 47),
)
LANES = ("signal", "domain", "domain", "active site", "binding site", "turn")
RUNS = ("one", "two")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder, rng = tmp_path_factory.mktemp("runs"), np.random.default_rng(0)
    text = "".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), size=LETTERS))
    for name in RUNS:
        values = rng.normal(size=LETTERS)
        values = np.abs(values) if name == "two" else values
        said = {"alphabet": "protein", "alphabet_letters": "ACDEFGHIKLMNPQRSTVWY", "model": {"path": "m"}}
        with RunWriter(folder / name, said | {"method": name}) as writer:
            row = _letters_only("P1", text, values.tolist(), target="yes")
            writer.write_part(0, [row], Counts(read=1, explained=1))
    return [Run(folder / name) for name in RUNS]


@pytest.fixture(scope="module")
def file(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    lines = [
        "\t".join(("P1", "x", kind, str(start), str(end), ".", ".", ".", f"Note={note.replace('=', '%3D')}"))
        for kind, note, start, end in FEATURES
    ]
    (folder / "known.gff").write_text("\n".join(["##gff-version 3", *lines, ""]))
    return file_of(relevome.report(runs, folder / "page.html", sites=folder / "known.gff"))


def lane_of(page: Any, lane: int, letter: float) -> tuple[float, float]:
    """Where a letter, from 0, is on a lane of the first row."""
    box = in_view(page, page.locator(".row[data-place='0'] canvas"))
    one = (box["width"] - GUTTER - RIGHT) / LETTERS
    return box["x"] + GUTTER + (letter + 0.5) * one, box["y"] + TOP + (lane + 0.5) * LANE


def tip(page: Any) -> tuple[str, str, dict[str, str]]:
    page.wait_for_selector(".tip:not([hidden])")
    names, values = (page.locator(f".tip {tag}").all_text_contents() for tag in ("dt", "dd"))
    said = [page.locator(f".tip {what}").first.text_content() for what in ("strong", ".where")]
    return said[0], said[1], dict(zip(names, values, strict=True))


def means(values: np.ndarray, start: int, end: int) -> list[float]:
    inside = np.zeros(LETTERS, dtype=bool)
    inside[start - 1 : end] = True
    return [float(values[inside].mean()), float(values[~inside].mean())]


def numbers(text: str) -> list[float]:
    inside, outside = text.split(" within, ")
    return [number(inside), number(outside.removesuffix(" outside"))]


def test_a_feature_says_its_type_note_extent_and_means(opened: Open, file: Path, runs: list[Run]) -> None:
    page = opened(file)
    by_lane = ((3, 0), (1, 1), (4, 2), (2, 3), (5, 4), (0, 5))
    for feature, lane in by_lane:
        _, note, start, end = FEATURES[feature]
        page.mouse.move(*lane_of(page, lane, end - 1))
        title, where, lines = tip(page)
        assert title == LANES[lane]
        wide = f"letters {start}{DASH}{end} ({end - start + 1})"
        assert where == (wide if end > start else f"letter {start}")
        assert lines.get("note", "") == note
        for run, name in zip(runs, RUNS, strict=True):
            values = np.asarray(run[0].relevance, dtype=float)
            assert numbers(lines[f"{name}, mean"]) == pytest.approx(means(values, start, end), rel=6e-3)
            assert (f"{name}, mean size" in lines) == (name == "one")
        sizes = numbers(lines["one, mean size"])
        assert sizes == pytest.approx(means(np.abs(runs[0][0].relevance), start, end), rel=6e-3)
    assert page.evaluate("document.images.length") == 0


def test_what_lies_between_features_is_a_letter(opened: Open, file: Path, runs: list[Run]) -> None:
    page = opened(file)
    page.mouse.move(*lane_of(page, 0, 24))
    assert tip(page)[0] == f"{runs[0][0].sequence[24]} 25"


def test_lanes_zoom_with_the_letters(opened: Open, file: Path) -> None:
    page = opened(file)
    page.mouse.move(*lane_of(page, 3, 46))
    before = page.locator(".crosshair").bounding_box()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.mouse.move(*lane_of(page, 3, 46))
    after = page.locator(".crosshair").bounding_box()
    assert tip(page)[0] == "active site"
    assert after["width"] == pytest.approx(before["width"] * np.exp(400 / 300), rel=0.03)


def test_keys_and_clicks_go_to_features_and_say_them(opened: Open, file: Path) -> None:
    page = opened(file)
    live = page.locator("[aria-live=polite]").first
    page.locator(".pane").focus()
    said = []
    for _ in range(len(FEATURES) + 1):
        page.keyboard.press("Shift+ArrowRight")
        said.append(live.text_content().replace(DASH, "-").split(",")[0])
    starts = ["signal letters 1-20", "domain letters 30-80", "active site letter 47",
              "binding site letter 47", "turn letters 60-62", *2 * ["domain letters 70-110"]]  # fmt: skip
    assert [one.split(" (")[0] for one in said] == [f"P1: {start}" for start in starts]
    page.keyboard.press("Shift+ArrowLeft")
    assert live.text_content().startswith("P1: turn")
    page.mouse.click(*lane_of(page, 0, 10))
    assert live.text_content().startswith(f"P1: signal letters 1{DASH}20")


def test_names_that_are_markup_stay_text_in_a_picture_too(opened: Open, file: Path) -> None:
    page = opened(file)
    row = page.locator(".row")
    row.locator("summary").click()
    picture = saved(page, row.get_by_role("button", name="SVG"))
    assert "<img" not in picture
    assert "&lt;img" in picture
    for kind in LANES:
        assert f">{kind}</text>" in picture
    assert grave(page, AXE) == [] if AXE.is_file() else True


def lanes(sites: list[Site]) -> tuple[list[str], list[tuple[str, str, int]]]:
    shown = (ShownSequence("s", "A" * 99, (None, None, None, None)),)
    said = annotation_content("known sites", shown, PROTEIN, {"s": sites}, PageArrays())
    return said["types"], list(zip(said["labels"], said["notes"], said["type"], strict=True))


def test_lanes_are_in_the_order_of_uniprot_whatever_a_file_calls_them() -> None:
    sites = [
        Site(3, 9, "x", kind="my type"),
        Site(0, 2, "Helical", kind="TRANSMEM"),
        Site(0, 2, "signal peptide", kind="signal peptide"),
    ]
    types, looks = lanes(sites)
    assert types == ["signal", "transmembrane", "my type"]
    assert looks == [
        ("my type: x", "x", 2),
        ("transmembrane: Helical", "Helical", 1),
        ("signal peptide", "", 0),
    ]


def test_sites_without_types_share_a_lane_and_many_names_too() -> None:
    assert lanes([Site(0, 2, "a"), Site(4, 6, "b")]) == ([], [("a", "a", -1), ("b", "b", -1)])
    named = [Site(i, i + 1, f"n{i}", kind=f"n{i}") for i in range(41)]
    assert lanes(named)[0] == []
    assert lanes(named[:40])[0] == [f"n{i}" for i in range(40)]
