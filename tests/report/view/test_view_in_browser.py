"""The page that is served, in a real Chromium: rows arrive where they are looked at, as the run has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import relevome
from relevome.jobs.view import ServedPage
from relevome.results.parts.part import Counts
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.report.html.test_browser import (
    AXE,
    NASTY,
    ids,
    listed,
    number,
    point_at,
    until,
)
from tests.results.conftest import _letters_only

COUNT, LENGTH, PART = 3000, 60, 256
MANIFEST = {
    "alphabet": "dna", "alphabet_letters": "ACGT", "model": {"path": "models/cnn"}, "method": "one",
    "targets": [{"index": 1, "label": "yes", "position": None, "contrast": None, "mask": False}],
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[Explanation]:
    rng, found = np.random.default_rng(3), []
    for i in range(COUNT):
        text = "".join(rng.choice(list("ACGT"), size=LENGTH)).replace("TATAAT", "TATAAC")
        text = text[:10] + "TATAAT" + text[16:] if i % 1000 == 7 else text
        p, values = float(rng.random()), rng.normal(size=LENGTH)
        said = {"score": float(rng.normal()), "probability": p, "predicted": "yes" if p > 0.5 else "no"}
        name = NASTY[i] if i < len(NASTY) else f"seq{i}"
        found.append(_letters_only(name, text, values.tolist(), target="yes", **said))
    return found


@pytest.fixture(scope="module")
def run(rows: list[Explanation], tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("viewed") / "run"
    with RunWriter(folder, MANIFEST) as writer:
        for index, first in enumerate(range(0, COUNT, PART)):
            part = rows[first : first + PART]
            writer.write_part(index, part, Counts(read=len(part), explained=len(part)))
    return Run(folder)


@pytest.fixture(scope="module")
def served(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPage]:
    known = tmp_path_factory.mktemp("known") / "known.bed"
    known.write_text("seq5\t2\t9\tbox <i>\nseq2999\t0\t4\tother\n")
    with relevome.view(run, sites=known) as page:
        yield page


def go(context: Any, address: str) -> Any:
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(address)
    page.wait_for_selector("#page[data-ready]")
    page.wait_for_selector(".row canvas")
    return page


@pytest.fixture
def page(browser: Any, served: ServedPage) -> Iterator[Any]:
    """The page; afterwards says that it complained of nothing and asked nobody but its server."""
    context, said, asked = browser.new_context(viewport={"width": 1280, "height": 900}), [], []
    context.on("console", lambda message: said.append(message.text))
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on("request", lambda request: asked.append(request.url))
    yield go(context, served.address)
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((served.address, "blob:", "data:"))] == []


def arrived(page: Any, expected: list[str]) -> None:
    """Wait until these are the ids from the top, with their pictures."""
    until(page, expected, lambda: ids(page)[: len(expected)])
    until(page, 0, page.locator(".row:not(:has(canvas))").count)


def test_rows_are_the_runs_wherever_the_list_is(page: Any, rows: list[Explanation]) -> None:
    assert ids(page)[:2] == list(NASTY[:2])
    assert page.evaluate("document.images.length") == 0
    for place, letter in ((0, 0), (1, 59)):
        found = point_at(page, place, letter, LENGTH)
        assert found["letter"] == f"{rows[place].sequence[letter]} {letter + 1}"
        assert number(found["one"]) == pytest.approx(float(rows[place].relevance[letter]), rel=1e-3)
    page.evaluate("document.querySelector('.pane').scrollTop = 1e9")
    until(page, ["seq2999"], lambda: ids(page)[-1:])
    assert len(ids(page)) < 30
    found = point_at(page, 2999, 2, LENGTH)
    assert found["letter"] == f"{rows[2999].sequence[2]} 3"
    assert number(found["one"]) == pytest.approx(float(rows[2999].relevance[2]), rel=1e-3)
    assert found["known sites"] == "other"
    for top in (0.1, 0.9, 0.35, 0.6):
        page.evaluate(f"document.querySelector('.pane').scrollTop = {top * COUNT * 157}")
        page.wait_for_timeout(30)
    until(page, 0, page.locator(".row:not(:has(canvas))").count)
    first = page.locator(".row").first.get_attribute("data-place")
    assert int(first) > 1500


def test_search_order_and_filter_work_over_all_of_it(page: Any, rows: list[Explanation]) -> None:
    page.fill("input[type=search]", "tataat")
    listed(page, "3 of 3,000 sequences")
    arrived(page, ["seq7", "seq1007", "seq2007"])
    page.fill("input[type=search]", "SEQ29")
    listed(page, "111 of 3,000 sequences")
    page.fill("input[type=search]", "")
    listed(page, "3,000 sequences")
    for label, key in (
        ("score", lambda row: row.score),
        ("sum of relevance", lambda row: float(row.relevance.sum(dtype=np.float64))),
        ("largest relevance", lambda row: float(np.abs(row.relevance).max())),
    ):
        page.get_by_role("combobox", name="Order").select_option(label=label)
        best = sorted(rows, key=key, reverse=True)
        arrived(page, [row.sequence_id for row in best[:3]])
    assert number(point_at(page, 0, 5, LENGTH)["one"]) == pytest.approx(float(best[0].relevance[5]), rel=1e-3)
    page.get_by_role("combobox", name="Show").select_option(label="predicted no")
    listed(page, f"{sum(row.predicted == 'no' for row in rows):,} of 3,000 sequences")
    page.get_by_role("combobox", name="Show").select_option(label="with known sites")
    listed(page, "2 of 3,000 sequences")


def test_keys_bring_rows_that_are_not_here_yet(page: Any, rows: list[Explanation]) -> None:
    page.locator(".pane").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    live = page.locator("[aria-live=polite]").first
    until(page, True, lambda: live.text_content().startswith(f"seq2999: {rows[2999].sequence[1]} 2"))


def test_what_is_saved_is_the_run_to_the_last_bit(page: Any, rows: list[Explanation]) -> None:
    row = page.locator(".row[data-place='1']")
    row.locator("summary").click()
    with page.expect_download() as download:
        row.get_by_role("button", name="TSV").click()
    _, *lines = Path(download.value.path()).read_text().splitlines()
    columns = list(zip(*(line.split("\t") for line in lines), strict=True))
    assert "".join(columns[2]) == rows[1].sequence
    np.testing.assert_array_equal(
        np.array(columns[3], dtype=np.float64).astype(np.float32), rows[1].relevance
    )


def test_the_mean_over_all_sequences_is_that_of_their_relevance(page: Any, rows: list[Explanation]) -> None:
    figure = page.locator("figure", has=page.locator("[aria-label^='Mean relevance by position']"))
    figure.locator("summary").click()
    with page.expect_download() as download:
        figure.get_by_role("button", name="TSV").click()
    _, *lines = Path(download.value.path()).read_text().splitlines()
    found = np.array([line.split("\t") for line in lines], dtype=float)
    relevance = np.array([row.relevance for row in rows], dtype=np.float64)
    half = stats.t.ppf(0.975, len(relevance) - 1) * relevance.std(axis=0, ddof=1) / np.sqrt(len(relevance))
    np.testing.assert_allclose(found[:, 1], relevance.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found[:, 3] - found[:, 1], half, rtol=1e-4)


def test_nobody_is_kept_out(browser: Any, served: ServedPage) -> None:
    """No serious fault of accessibility, by axe-core, which the page's own policy would not let run."""
    if not AXE.is_file():
        pytest.skip("needs axe-core (npm ci in src/relevome/report/page)")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    page = go(context, served.address)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    context.close()
    grave = [
        (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert grave == [], json.dumps(grave, indent=1)


def test_a_server_that_ended_is_said_on_the_page(browser: Any, run: Run) -> None:
    context = browser.new_context()
    with relevome.view(run) as gone:
        page = go(context, gone.address)
    page.evaluate("document.querySelector('.pane').scrollTop = 1e9")
    until(page, True, page.locator(".failed").is_visible)
    assert "relevome view has ended" in page.locator(".failed").text_content()
    context.close()


def test_other_sites_read_nothing(browser: Any, served: ServedPage) -> None:
    """A page of another origin, in the same browser, that knows the whole address."""
    context = browser.new_context()
    other = context.new_page()
    other.goto("data:text/html,<p>another site")
    address = f"{served.address}rows?n=0"
    asked = "fetch({}, {}).then(answer => answer.type + answer.status, error => 'refused')"
    assert other.evaluate(asked.format(json.dumps(address), "{}")) == "refused"
    frame = "document.body.append(Object.assign(document.createElement('iframe'), {src: %s}))"
    other.evaluate(frame % json.dumps(served.address))
    other.wait_for_timeout(300)
    assert all("relevome" not in one.content() for one in other.frames[1:])
    context.close()


def test_two_runs_are_above_each_other_where_both_have_a_sequence(
    browser: Any,
    rows: list[Explanation],
    tmp_path: Path,
) -> None:
    start, end = np.arange(0, LENGTH, 6, dtype=np.int32), np.arange(6, LENGTH + 6, 6, dtype=np.int32)
    tokens = tuple("w" * len(start))
    halves = [
        replace(
            row,
            relevance=-row.relevance / 2,
            tokens=tokens,
            token_start=start,
            token_end=end,
            conserved=False,
        )
        for row in rows[1:100:2]
    ]
    for name, some in (("all", rows[:100]), ("half", halves)):
        with RunWriter(tmp_path / name, MANIFEST | {"method": name}) as writer:
            writer.write_part(0, some, Counts(read=len(some), explained=len(some)))
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with relevome.view([tmp_path / "all", tmp_path / "half"]) as served:
        page = go(context, served.address)
        alone, both = point_at(page, 0, 3, LENGTH), point_at(page, 1, 3, LENGTH)
        page.get_by_role("combobox", name="Show").select_option(label="in every track")
        listed(page, "50 of 100 sequences")
    context.close()
    assert "half" not in alone
    assert number(alone["all"]) == pytest.approx(float(rows[0].relevance[3]), rel=1e-3)
    assert number(both["all"]) == pytest.approx(float(rows[1].relevance[3]), rel=1e-3)
    assert number(both["half"]) == pytest.approx(-float(rows[1].relevance[3]) / 2, rel=1e-3)
