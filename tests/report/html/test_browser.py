"""The page in a real Chromium, from a file and without a network: what people see, and what they can do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.results.parts.part import Counts, Refusal
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.damage.readers import readers
from tests.results.conftest import _letters_only

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
AXE = Path(relevome.__file__).parent / "report" / "page" / "node_modules" / "axe-core" / "axe.min.js"

# What page/src/row.ts leaves free beside the letters of a wide page.
GUTTER, RIGHT = 176, 12

MANIFEST = {"alphabet": "dna", "alphabet_letters": "ACGT", "model": {"path": "models/cnn"}}
NASTY = (
    "<img src=x onerror=alert(1)>",
    "</script><script>document.title='taken'</script>",
    "\u05d0\u05d1 \"'&amp;",
)


def written(folder: Path, count: int, length: int, method: str, seed: int) -> Run:
    """A run of random sequences, the same for every seed, with names that are markup among them."""
    letters, values = np.random.default_rng(0), np.random.default_rng(seed)
    rows = []
    for i in range(count):
        text = "".join(letters.choice(list("ACGT"), size=length))
        text = text[:10] + "TATAAT" + text[16:] if i == 3 else text.replace("TATAAT", "TATAAC")
        p = float(letters.random())
        relevance = values.normal(size=length).astype(np.float32)
        said = {"score": float(letters.normal()), "probability": p, "predicted": "yes" if p > 0.5 else "no",
                "predicted_probability": max(p, 1 - p), "target": "yes"}  # fmt: skip
        rows.append(
            _letters_only(NASTY[i] if i < len(NASTY) else f"seq{i}", text, relevance.tolist(), **said)
        )
    with RunWriter(folder, MANIFEST | {"method": method}) as writer:
        refused = (Refusal("bad", "too long <b>"),)
        writer.write_part(0, rows, Counts(read=count + 1, explained=count, refused=refused))
    return Run(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, which is not installed")
    if CHROMIUM is None:
        pytest.skip("needs Chromium (on Debian: apt install chromium)")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield found
        found.close()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs")
    return [written(folder / name, 12, 60, name, seed) for seed, name in enumerate(("one", "two"), start=1)]


@pytest.fixture(scope="module")
def file(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of these runs and of every kind of part, which has heads to click on."""
    folder = tmp_path_factory.mktemp("page")
    others = []
    for name in ("evaluation", "comparison", "substitution", "sites", "annotation", "heads by attention",
                 "heads by relevance"):  # fmt: skip
        others.append(folder / name)
        for path, content in readers()[name].examples[0].items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_bytes(content)
    (folder / "known.bed").write_text("seq5\t2\t9\tbox <i>\nseq6\t0\t4\tother\n")
    return relevome.report([*runs, *others], folder / "page.html", sites=folder / "known.bed").path


Open = Callable[..., Any]


@pytest.fixture
def opened(browser: Any) -> Iterator[Open]:
    """Opens a page offline; afterwards says that it complained of nothing and asked nobody for anything."""
    contexts, said, asked = [], [], []

    def open_page(path: Path, **options: Any) -> Any:
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("#page[data-ready]")
        page.wait_for_selector(".row canvas, #runs")
        asked.remove(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith("blob:")] == []


@pytest.fixture
def page(opened: Open, file: Path) -> Any:
    return opened(file)


def ids(page: Any) -> list[str]:
    """Ids of the rows that are drawn, from the top."""
    return page.evaluate(
        "[...document.querySelectorAll('.row')].sort((a, b) => a.dataset.place - b.dataset.place)"
        ".map(row => row.querySelector('h3').textContent)"
    )


def until(page: Any, expected: Any, look: Callable[[], Any]) -> None:
    """Wait until something is so; the page itself may evaluate nothing, by its policy."""
    for _ in range(100):
        if look() == expected:
            return
        page.wait_for_timeout(50)
    assert look() == expected


def listed(page: Any, count: str) -> None:
    until(page, count, page.locator(".counted").text_content)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def point_at(page: Any, row: int, letter: int, letters: int) -> dict[str, str]:
    """What is shown of a letter of a row that is in view, by its name."""
    canvas = page.locator(f".row[data-place='{row}'] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    one = (box["width"] - GUTTER - RIGHT) / letters
    page.mouse.move(box["x"] + GUTTER + (letter + 0.5) * one, box["y"] + 30)
    page.wait_for_selector(".tip:not([hidden])")
    names, values = (page.locator(f".tip {tag}").all_text_contents() for tag in ("dt", "dd"))
    title = page.locator(".tip strong").text_content()
    return {"letter": title, **dict(zip(names, values, strict=True))}


def number(text: str) -> float:
    return float(text.replace("\u2212", "-").replace(",", ""))


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
    page.fill("input[type=search]", "SEQ5")
    listed(page, "1 of 12 sequences")
    assert ids(page) == ["seq5"]
    assert point_at(page, 0, 4, 60)["known sites"] == "box <i>"
    page.fill("input[type=search]", "tataat")
    listed(page, "1 of 12 sequences")
    assert ids(page) == ["seq3"]
    page.fill("input[type=search]", "no such thing")
    listed(page, "0 of 12 sequences")
    assert ids(page) == []


def test_order_and_filter(page: Any, runs: list[Run]) -> None:
    rows = list(runs[0])
    page.get_by_role("combobox", name="Order").select_option(label="score")
    best = max(rows, key=lambda row: row.score)
    until(page, [best.sequence_id], lambda: ids(page)[:1])
    page.get_by_role("button", name="Turn the order around").click()
    worst = min(rows, key=lambda row: row.score)
    until(page, [worst.sequence_id], lambda: ids(page)[:1])
    page.get_by_role("combobox", name="Show").select_option(label="predicted no")
    listed(page, f"{sum(row.predicted == 'no' for row in rows)} of 12 sequences")
    page.get_by_role("combobox", name="Show").select_option(label="with known sites")
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
    half = 1.959963984540054 * relevance.std(axis=0, ddof=1) / np.sqrt(len(relevance))
    np.testing.assert_allclose(found[:, 1], relevance.mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(found[:, 3] - found[:, 1], half, atol=2e-3)


def test_a_head_that_is_clicked_shows_what_is_known_of_it(page: Any) -> None:
    heads = page.locator("table.map button")
    heads.last.click()
    assert heads.last.get_attribute("aria-pressed") == "true"
    name = heads.last.get_attribute("aria-label").split(":")[0]
    assert page.locator(".detail h4", has_text=name).count() == 1


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
        page.evaluate("for (const one of document.querySelectorAll('details:not(.save)')) one.open = true")
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        grave = [
            (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert grave == [], json.dumps(grave, indent=1)


def test_three_thousand_sequences_open_and_few_are_drawn(opened: Open, tmp_path: Path) -> None:
    run = written(tmp_path / "many", 3000, 200, "many", 1)
    written_page = relevome.report(run, tmp_path / "many.html")
    assert written_page.bytes < 5e6
    page = opened(written_page.path)
    assert len(ids(page)) < 30
    page.evaluate("document.querySelector('.pane').scrollTop = 1e9")
    until(page, ["seq2999"], lambda: ids(page)[-1:])
    assert len(ids(page)) < 30
    page.fill("input[type=search]", "seq2")
    listed(page, "1,110 of 3,000 sequences")
