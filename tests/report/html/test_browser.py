"""The page in a real Chromium, from a file and without a network: what people see, and what they can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import relevome
from relevome.results.parts.part import Counts
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.report.html.pages import (
    ACCOUNT,
    MANIFEST,
    NASTY,
    Open,
    example,
    file_of,
    grave,
    in_view,
    number,
    until,
    written,
)
from tests.results.conftest import _letters_only

AXE = Path(relevome.__file__).parent / "report" / "page" / "node_modules" / "axe-core" / "axe.min.js"

# What page/src/sequences/row.ts leaves free beside the letters of a wide page.
GUTTER, RIGHT = 176, 12


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs")
    return [
        written(folder / name, 12, 60, name, seed, ledger)
        for seed, (name, ledger) in enumerate((("one", ACCOUNT), ("two", None)), start=1)
    ]


@pytest.fixture(scope="module")
def file(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of these runs and of every kind of part, which has heads to click on."""
    folder = tmp_path_factory.mktemp("page")
    others = []
    for name in ("evaluation", "comparison", "substitution", "sites", "annotation", "heads by attention",
                 "heads by relevance", "motifs", "pairs", "profile", "variants"):  # fmt: skip
        others.append(example(folder / name, name))
    (folder / "known.bed").write_text("seq5\t2\t9\tbox <i>\nseq6\t0\t4\tother\n")
    return file_of(relevome.report([*runs, *others], folder / "page.html", sites=folder / "known.bed"))


@pytest.fixture
def page(opened: Open, file: Path) -> Any:
    return opened(file)


def ids(page: Any) -> list[str]:
    """Ids of the rows that are drawn, from the top."""
    return page.evaluate(
        "[...document.querySelectorAll('.row')].sort((a, b) => a.dataset.place - b.dataset.place)"
        ".map(row => row.querySelector('h3').textContent)"
    )


def listed(page: Any, count: str) -> None:
    until(page, count, page.locator(".browser .counted").text_content)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def point_at(page: Any, row: int, letter: int, letters: int) -> dict[str, str]:
    """What is shown of a letter of a row that is in view, by its name."""
    canvas = page.locator(f".row[data-place='{row}'] canvas")
    box = in_view(page, canvas)
    one = (box["width"] - GUTTER - RIGHT) / letters
    page.mouse.move(box["x"] + GUTTER + (letter + 0.5) * one, box["y"] + 30)
    page.wait_for_selector(".tip:not([hidden])")
    names, values = (page.locator(f".tip {tag}").all_text_contents() for tag in ("dt", "dd"))
    title = page.locator(".tip strong").text_content()
    return {"letter": title, **dict(zip(names, values, strict=True))}


def test_names_that_are_markup_stay_text(page: Any) -> None:
    assert ids(page)[:2] == list(NASTY[:2])
    assert page.evaluate("document.images.length") == 0
    assert page.title() == "Explanations of cnn"
    assert page.locator("script").count() == 1
    assert page.locator("#runs details td", has_text="too long <b>").count() == 2


def test_hover_says_letter_and_relevance_of_every_run(page: Any, runs: list[Run]) -> None:
    for row, letter in ((0, 0), (0, 59), (1, 7)):
        found = point_at(page, row, letter, 60)
        assert found["letter"] == f"{runs[0][row].sequence[letter]} {letter + 1}"
        for run, name in zip(runs, ("one", "two"), strict=True):
            largest = float(np.abs(run[row].relevance).max())
            assert number(found[name]) == pytest.approx(
                float(run[row].relevance[letter]), rel=1e-3, abs=1e-6 * largest
            )
        assert number(found["probability of yes"]) == pytest.approx(runs[0][row].probability, rel=5e-3)


def test_search_finds_ids_and_letters_and_marks_sites(page: Any, runs: list[Run]) -> None:
    page.fill(".browser input[type=search]", "SEQ5")
    listed(page, "1 of 12 sequences")
    assert ids(page) == ["seq5"]
    assert point_at(page, 0, 4, 60)["known sites"] == "box <i>"
    page.fill(".browser input[type=search]", "tataat")
    listed(page, "1 of 12 sequences")
    assert ids(page) == ["seq3"]
    page.fill(".browser input[type=search]", "no such thing")
    listed(page, "0 of 12 sequences")
    assert ids(page) == []


def test_places_are_searched_and_copied_as_genome_browsers_write_them(opened: Open, tmp_path: Path) -> None:
    flat = [0.1] * 10
    rows = [
        _letters_only(f"window{i}", "ACGTACGTAC", flat, chrom="chr2", start=at, end=at + 10, strand=strand)
        for i, (at, strand) in enumerate(((100, "+"), (100, "-"), (200, "+")))
    ]  # fmt: skip
    with RunWriter(tmp_path / "run", MANIFEST | {"method": "one"}) as writer:
        writer.write_part(0, rows, Counts(read=3, explained=3))
    page = opened(file_of(Run(tmp_path / "run").report(tmp_path / "page.html")))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.fill(".browser input[type=search]", "2:103-104")
    listed(page, "2 of 3 sequences")
    assert ids(page) == ["window0", "window1"]
    page.locator(".row").nth(1).get_by_role("button", name="Copy place").click()
    page.get_by_role("button", name="Copied chr2:101-110").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "chr2:101-110"


def test_order_and_filter(page: Any, runs: list[Run]) -> None:
    rows = list(runs[0])
    page.get_by_role("combobox", name="Order").select_option(label="score")
    best = max(rows, key=lambda row: row.score)
    until(page, [best.sequence_id], lambda: ids(page)[:1])
    page.get_by_role("button", name="Turn the order around").click()
    worst = min(rows, key=lambda row: row.score)
    until(page, [worst.sequence_id], lambda: ids(page)[:1])
    page.get_by_role("combobox", name="Show", exact=True).select_option(label="predicted no")
    listed(page, f"{sum(row.predicted == 'no' for row in rows)} of 12 sequences")
    page.get_by_role("combobox", name="Show", exact=True).select_option(label="with known sites")
    listed(page, "2 of 12 sequences")


def test_keys_go_from_letter_to_letter_and_say_what_is_there(page: Any, runs: list[Run]) -> None:
    page.locator(".pane").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    said = page.locator("[aria-live=polite]").first.text_content()
    row = runs[0][1]
    assert said.startswith(f"{row.sequence_id}: {row.sequence[2]} 3")
    before = page.locator(".crosshair").bounding_box()["width"]
    page.keyboard.press("+")
    assert page.locator(".crosshair").bounding_box()["width"] == pytest.approx(1.6 * before, rel=0.02)
    page.keyboard.press("0")
    assert page.locator(".crosshair").bounding_box()["width"] == pytest.approx(before, rel=0.02)


def test_a_sequence_is_saved_as_its_numbers_and_as_a_picture(page: Any, runs: list[Run]) -> None:
    row = page.locator(".row[data-place='1']")
    saved = {}
    for kind in ("TSV", "SVG", "PNG"):
        row.locator("summary").click()
        with page.expect_download() as download:
            row.get_by_role("button", name=kind).click()
        saved[kind] = Path(download.value.path()).read_bytes()
    header, *lines = saved["TSV"].decode().splitlines()
    assert header.split("\t")[:5] == ["position", "coordinate", "letter", "one", "two"]
    columns = list(zip(*(line.split("\t") for line in lines), strict=True))
    assert "".join(columns[2]) == runs[0][1].sequence
    for run, column in zip(runs, columns[3:5], strict=True):
        largest = np.abs(run[1].relevance).max()
        np.testing.assert_allclose(
            np.array(column, dtype=float), run[1].relevance, rtol=1e-3, atol=1e-6 * largest
        )
    assert saved["SVG"].startswith(b"<svg")
    assert b"<script" not in saved["SVG"]
    assert saved["PNG"].startswith(b"\x89PNG")


def test_the_mean_over_sequences_is_that_of_their_relevance(page: Any, runs: list[Run]) -> None:
    figure = page.locator("figure", has=page.locator("[aria-label^='Mean relevance by position, two']"))
    figure.locator("summary").click()
    with page.expect_download() as download:
        figure.get_by_role("button", name="TSV").click()
    _, *lines = Path(download.value.path()).read_text().splitlines()
    found = np.array([line.split("\t") for line in lines], dtype=float)
    relevance = np.array([row.relevance for row in runs[1]])
    half = stats.t.ppf(0.975, len(relevance) - 1) * relevance.std(axis=0, ddof=1) / np.sqrt(len(relevance))
    np.testing.assert_allclose(found[:, 1], relevance.mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(found[:, 3] - found[:, 1], half, atol=2e-3)


def test_a_head_that_is_clicked_shows_what_is_known_of_it(page: Any) -> None:
    heads = page.locator("table.map button")
    heads.last.click()
    assert heads.last.get_attribute("aria-pressed") == "true"
    name = heads.last.get_attribute("aria-label").split(":")[0]
    assert page.locator(".detail h4", has_text=name).count() == 1


def test_a_head_is_chosen_from_the_table_of_all_too(page: Any) -> None:
    every = page.get_by_role("group", name="A click on a head shows it above")
    rows = every.locator("tbody th button")
    names = rows.all_text_contents()
    assert len(names) == page.locator("figure.heads").first.locator("table.map td button").count()
    rows.nth(1).click()
    assert page.locator(".detail h4", has_text=f"Head {names[1]}").count() == 1
    every.get_by_role("button", name="fall of logit").click()
    falls = [text for text in every.locator("tbody td:last-child").all_text_contents() if text]
    assert falls == sorted(falls, key=lambda text: -float(text.replace("\u2212", "-")))


def test_the_account_of_a_run_is_a_flow_and_is_saved_as_numbers(page: Any) -> None:
    figure = page.locator("#runs figure").filter(
        has=page.get_by_role("img", name="Where the relevance of one")
    )
    assert figure.count() == 1
    said = figure.locator("svg text").all_text_contents()
    assert "12 logits 3" in said
    assert "<b>linear</b> 1" in said
    assert "softmax \u22120.5" in said
    figure.locator("summary").click()
    with page.expect_download() as saved:
        figure.get_by_role("button", name="TSV").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert lines[1:] == [
        "input tokens\t\t2.5", "biases\t<b>linear</b>\t1", "softmax\tsoftmax\t-0.5", "unaccounted for\t\t0"
    ]  # fmt: skip


def test_light_and_dark_narrow_and_on_paper(opened: Open, file: Path) -> None:
    page = opened(file, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(ground) != dark
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator("#verdict").is_visible()


def test_nobody_is_kept_out(opened: Open, file: Path) -> None:
    """No serious fault of accessibility, by axe-core, in light and in dark."""
    if not AXE.is_file():
        pytest.skip("needs axe-core (npm ci in src/relevome/report/page)")
    for scheme in ("light", "dark"):
        page = opened(file, color_scheme=scheme)
        found = grave(page, AXE)
        assert found == [], json.dumps(found, indent=1)


def test_three_thousand_sequences_open_and_few_are_drawn(opened: Open, tmp_path: Path) -> None:
    run = written(tmp_path / "many", 3000, 200, "many", 1)
    written_page = relevome.report(run, tmp_path / "many.html")
    assert written_page.bytes < 5e6
    page = opened(written_page.path)
    assert len(ids(page)) < 30
    page.evaluate("document.querySelector('.pane').scrollTop = 1e9")
    until(page, ["seq2999"], lambda: ids(page)[-1:])
    assert len(ids(page)) < 30
    page.fill(".browser input[type=search]", "seq2")
    listed(page, "1,110 of 3,000 sequences")
