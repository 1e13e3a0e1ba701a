"""Variants on the page: numbers are those of the reader, and what sorting, searching and clicks show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Rectangle

import relevome
from relevome.data.variants.variant import Variant
from relevome.data.variants.windows import AlleleWindow, VariantWindows
from relevome.report.html.parts import variants
from relevome.results.parts.part import Counts, Refusal
from relevome.results.parts.writer import PartsWriter
from relevome.results.run.writer import RunWriter
from relevome.results.variants.effect import VariantEffect
from relevome.results.variants.rows import (
    OF_LETTERS,
    OF_NULL,
    OF_SEQUENCES,
    Variants,
    VariantsWriter,
    variant_row,
)
from relevome.results.variants.why import WHY, MotifChange, WhyRow
from tests.damage.of_results import MODEL
from tests.report.html.pages import MANIFEST, Open, file_of, in_view, number, saved_figure, saved_table
from tests.report.html.unpacked import Unpacked, unpacked
from tests.results.conftest import _letters_only

NAMES = ("<img src=x onerror=alert(1)>", "v \"'&amp;", "v3", "v10")
SCORES = (-0.5, 2.0, None, -3.0)


def folder_of(folder: Path, effects: list[VariantEffect], of: tuple[str, ...] = OF_SEQUENCES) -> Path:
    """Variants of one chromosome, each ten letters behind the one before it."""
    said = {"input": {}, "targets": sorted({one.target for one in effects}), "scores": list(of)}
    said |= {"windows": {"width": 3, "genes": None, "indels": "both"}, "model": MODEL, "alphabet": "dna",
             "on_bad": "skip", "scheme": None}  # fmt: skip
    window = AlleleWindow("ACG", 1)
    rows = []
    for place, effect in enumerate(effects):
        name = NAMES[place % len(NAMES)]
        one = Variant("chr <1>", 10 * place + 4, "C", "G" if place % 2 else "GT", name, 1 + place, 1)
        rows.append(variant_row(VariantWindows(one, window, (window,), -1, 1), effect))
    refused = tuple(Refusal(f"r{i}", "symbolic <b>") for i in range(3))
    with VariantsWriter(folder, said) as writer:
        half = len(rows) // 2
        writer.write_part(0, rows[:half], Counts(half, half))
        rest = len(rows) - half
        writer.write_part(1, rows[half:], Counts(rest + 3, rest, refused, {"refused_symbolic": 3}))
    return folder


def effects() -> list[VariantEffect]:
    return [
        VariantEffect("up", 0, 1.0, None if delta is None else 1.0 + delta, 0.25, 0.75, -1.0, 1.0 + i)
        for i, delta in enumerate(SCORES)
    ]


def part_of(folder: Path, page: Path) -> tuple[dict[str, Any], Unpacked]:
    relevome.report(folder, page)
    found = unpacked(page)
    return found.content["parts"][0]["content"], found


def test_numbers_are_those_of_the_reader_the_largest_first(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "scored", effects())
    part, page = part_of(folder, tmp_path / "page.html")
    rows = sorted(Variants(folder), key=lambda row: -abs(row.delta_score) if row.delta_score else np.inf)
    assert [row.id for row in rows] == ["v10", NAMES[1], NAMES[0], "v3"]
    for name in ("id", "sequence_id", "ref", "alt", "kind", "target"):
        assert part["words"][name] == [getattr(row, name) for row in rows]
    for name in ("start", "end", "padded", "ref_score", "alt_score", "delta_score", "alt_log_odds"):
        expected = [np.nan if getattr(row, name) is None else getattr(row, name) for row in rows]
        np.testing.assert_array_equal(page.array(part["numbers"][name]), expected)
    assert not {"gain", "loss"} & set(part["numbers"])
    assert "gene" not in part["words"]
    assert part["refused"] == [["symbolic", 3]]
    assert part["reasons"] == [[f"r{i}", "symbolic <b>"] for i in range(3)]


def test_all_scores_are_in_the_histogram_and_those_beyond_it_are_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    deltas = np.append(rng.normal(size=1999), 50.0)
    given = [VariantEffect("up", 0, 0.0, float(delta)) for delta in deltas]
    part, _ = part_of(folder_of(tmp_path / "scored", given), tmp_path / "page.html")
    bins = next(one for one in part["histograms"] if one["score"] == "delta_score")
    most = np.quantile(np.abs(deltas), 0.999)
    assert bins["low"] == pytest.approx(-most)
    edges = np.linspace(-most, most, len(bins["counts"]) + 1)
    counts, _ = np.histogram(np.clip(deltas, -most, most), edges)
    assert bins["counts"] == counts.tolist()
    assert (bins["n"], bins["beyond"]) == (2000, int((np.abs(deltas) > most).sum()))


def test_smaller_ones_are_left_out_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "_MOST", 2)
    part, _ = part_of(folder_of(tmp_path / "scored", effects()), tmp_path / "page.html")
    assert part["words"]["id"] == ["v10", NAMES[1]]
    assert (part["rows"], part["left_out"]) == (2, 2)


@pytest.mark.parametrize("scores", [OF_LETTERS, (*OF_LETTERS, *OF_NULL)])
def test_gain_and_loss_are_ordered_by_the_larger(tmp_path: Path, scores: tuple[str, ...]) -> None:
    given = [VariantEffect("donor", 1, gain=0.1, gain_at=-3, loss=0.6, loss_at=2),
             VariantEffect("donor", 1, gain=0.9, gain_at=0, loss=0.2, loss_at=-1)]  # fmt: skip
    part, page = part_of(folder_of(tmp_path / "scored", given, scores), tmp_path / "page.html")
    assert page.array(part["numbers"]["gain"]).tolist() == [0.9, 0.1]
    assert page.array(part["numbers"]["loss_at"]).tolist() == [-1, 2]
    assert [one["score"] for one in part["histograms"]] == ["gain", "loss"]
    (axes,) = Variants(tmp_path / "scored").plot()
    bars = [round(one.get_width(), 6) for one in axes.patches if isinstance(one, Rectangle)]
    assert bars == [0.9, -0.2, 0.1, -0.6]  # what is lost to the left


def test_the_verdict_names_the_largest_and_what_was_left_out(tmp_path: Path) -> None:
    relevome.report(folder_of(tmp_path / "scored", effects()), tmp_path / "page.html")
    topics = unpacked(tmp_path / "page.html").content["verdict"]["topics"]
    said = [one["text"] for topic in topics for one in topic["remarks"]]
    assert any("up by chr <1>:35 C>G: delta score -3" in text for text in said)
    assert "3 variants have no score, see Variants" in said


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of variants, and of a run whose second sequence, on the other strand, has the first of them."""
    folder = tmp_path_factory.mktemp("variants")
    with RunWriter(folder / "run", MANIFEST | {"method": "one"}) as writer:
        place = {"chrom": "chr <1>", "start": 0, "end": 30, "strand": "-"}
        rows = [_letters_only("other", "ACGT", [1, 2, 3, 4]),
                _letters_only("here <i>", "ACG" * 10, list(range(30)), **place)]  # fmt: skip
        writer.write_part(0, rows, Counts(read=2, explained=2))
    return file_of(
        relevome.report([folder / "run", folder_of(folder / "scored", effects())], folder / "page.html")
    )


@pytest.fixture
def page(opened: Open, file: Path) -> Any:
    return opened(file)


def listed(page: Any) -> list[str]:
    """What the table of variants lists, from the top."""
    table = page.locator(".table", has=page.get_by_role("button", name="Save the table variants as TSV"))
    return table.locator("tbody th").all_text_contents()


def test_a_click_shows_all_scores_and_leads_to_the_sequence(page: Any) -> None:
    assert page.locator(".chosen h3").text_content() == "v10"
    page.get_by_role("button", name=NAMES[0], exact=True).click()
    assert page.locator(".chosen h3").text_content() == NAMES[0]
    cells = page.locator(".chosen tbody tr").first.locator("td").all_text_contents()
    assert [number(text) for text in cells] == [1.0, 0.5, -0.5]
    page.get_by_role("button", name=f"Show {NAMES[0]} in here <i>").click()
    said = page.locator(".browser [aria-live=polite]").text_content()
    assert said.startswith("here <i>: ")
    assert "chr <1>:5" in said  # the first letter of the variant, on the other strand
    assert page.evaluate("document.images.length") == 0


def test_the_table_is_sorted_searched_filtered_and_saved(page: Any) -> None:
    assert listed(page) == ["v10", NAMES[1], NAMES[0], "v3"]
    head = page.get_by_role("button", name="\u0394 score", exact=True)
    head.click()
    assert listed(page) == [NAMES[1], NAMES[0], "v10", "v3"]
    head.click()
    assert listed(page) == ["v10", NAMES[0], NAMES[1], "v3"]
    page.get_by_role("combobox", name="Show of variants").select_option(label="raise the score")
    assert listed(page) == [NAMES[1]]
    page.get_by_role("combobox", name="Show of variants").select_option(label="all")
    page.get_by_role("searchbox", name="Search variants").fill("IMG SRC")
    assert listed(page) == [NAMES[0]]
    header, row = saved_table(page, "variants")
    found = dict(zip(header, row, strict=True))
    assert (found["id"], found["delta_score"], found["alt_log_odds"]) == (NAMES[0], "-0.5", "1")


def test_the_strip_says_what_is_under_the_pointer_and_picks_it(page: Any) -> None:
    strip = page.locator("canvas.pick").first
    box = in_view(page, strip)
    found = None
    for share in np.linspace(0.05, 0.95, 181):  # along the middle of the highest dot's line
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 40)
        tip = page.locator(".of-plot:not([hidden]) strong")
        if tip.count():
            found = (share, tip.text_content())
            break
    assert found is not None
    assert found[1] == NAMES[1]
    page.mouse.click(box["x"] + found[0] * box["width"], box["y"] + 40)
    assert page.locator(".chosen h3").text_content() == NAMES[1]
    rows = [line.split("\t") for line in saved_figure(page, "variants on chr <1>").splitlines()]
    assert rows[0] == ["id", "position", "ref", "alt", "delta_score"]
    assert [row[1] for row in rows[1:]] == ["35", "15", "5"]
    assert saved_figure(page, "variants on chr <1>", "SVG").startswith("<svg")


def test_what_was_left_out_is_listed_with_its_reason(page: Any) -> None:
    page.locator("summary", has_text="Each of them").click()
    assert page.locator("td", has_text="symbolic <b>").count() == 3


def test_on_paper_a_long_table_lies_over_nothing_and_says_how_many_rows_are_left(
    opened: Open, tmp_path: Path
) -> None:
    given = [VariantEffect("up", 0, 0.0, float(i)) for i in range(130)]
    relevome.report(folder_of(tmp_path / "scored", given), tmp_path / "page.html")
    page = opened(tmp_path / "page.html")
    page.emulate_media(media="print")
    box = page.locator(".table.picking")
    around, inside = box.bounding_box(), box.locator("table").bounding_box()
    assert inside["height"] > 1000
    assert inside["y"] + inside["height"] <= around["y"] + around["height"]
    assert box.locator(".more").is_visible()
    assert box.locator(".more").text_content() == "Show 30 more of 30"


def with_why(folder: Path) -> Path:
    """Variants of which alternatives 2 and 4, one base for another, and 1, an insertion, are explained."""
    folder_of(folder, effects())
    said = {"input": {}, "model": MODEL, "alphabet": "dna", "variants": "x", "targets": ["up"],
            "method": "saliency", "parameters": {}, "shifts": 1, "on_bad": "skip"}  # fmt: skip
    change = MotifChange("<b>GATA", "-", 0, 2, None, 3.5, 1.0, 0.001, 0.5, -0.25)
    rows = []
    for which in (1, 2, 4):
        ref, alt = ("AC-G", "ACTG") if which == 1 else ("A" * 40 + "C" + "G" * 40, "A" * 40 + "G" + "G" * 40)
        rng, n, at = np.random.default_rng(which), len(ref), 10 * (which - 1) + 4
        values = rng.normal(size=(5, n)).astype(np.float32)
        values[3:] = values[2] - 1, values[2] + 1
        where = 2 if which == 1 else 40
        first = at - (1 if which == 1 else 40)
        scores: dict[str, Any] = {"ref_score": 0.5, "alt_score": 1.5, "ref_special": 0.0, "alt_special": 0.25}
        names = ("ref_relevance", "alt_relevance", "difference", "difference_low", "difference_high")
        relevance: dict[str, Any] = dict(zip(names, values, strict=True))
        rows.append(
            WhyRow(
                1, which, "v", "chr <1>", at, at + 1, "C", "G", "substitution", None, None, "up", 0, None,
                first, where, where + 1, ref, alt, **relevance, **scores, gained=change,
            )
        )  # fmt: skip
    with PartsWriter(folder / "why", WHY, said) as writer:
        writer.write_part(0, rows, Counts(3, 3))
    return folder


def test_alleles_are_those_of_the_reader_around_what_differs(tmp_path: Path) -> None:
    folder = with_why(tmp_path / "variants")
    part, found = part_of(folder, tmp_path / "page.html")
    which = found.array(part["numbers"]["alternative"]).astype(int).tolist()
    rows = {row.alternative: row for row in Variants(folder).why or ()}
    assert {which[int(at)] for at in part["why"]["rows"]} == {1, 2, 4}
    for at, shown in part["why"]["rows"].items():
        row = rows[which[int(at)]]
        here = slice(0, 4) if row.alternative == 1 else slice(10, 71)
        assert (shown["ref"], shown["alt"]) == (row.ref_letters[here], row.alt_letters[here])
        assert shown["changed"] == ([2, 3] if row.alternative == 1 else [30, 31])
        lists = [
            row.ref_relevance,
            row.alt_relevance,
            row.difference,
            row.difference_low,
            row.difference_high,
        ]
        expected = np.concatenate([values[here] for values in lists])
        np.testing.assert_array_equal(found.array(shown["values"]), expected)
        assert shown["before"] + (row.ref_letters[here][0] != "-") == row.places[here][0]


def test_a_variant_shows_why(opened: Open, tmp_path: Path) -> None:
    folder = with_why(tmp_path / "variants")
    page = opened(file_of(relevome.report(folder, tmp_path / "page.html")))
    row = next(one for one in Variants(folder).why or () if one.alternative == 4)
    labels = page.locator(".chosen summary").evaluate_all("all => all.map(one => one.ariaLabel)")
    (name,) = [label for label in labels if label.startswith("Save why")]
    header, *lines = saved_figure(page, name.removeprefix("Save ")).splitlines()
    assert header.split("\t")[:3] == ["position", "reference", "alternative"]
    columns = list(zip(*(line.split("\t") for line in lines), strict=True))
    assert list(map(int, columns[0])) == (row.places[10:71] + 1).tolist()
    np.testing.assert_allclose(np.array(columns[5], dtype=float), row.difference[10:71], rtol=1e-6)
    said = page.locator(".chosen").text_content()
    assert "The motif <b>GATA came (p 1 with the reference, 0.001 with the alternative)." in said
    assert "windows that are moved by up to 1 letter" in said
    canvas = page.locator(".chosen canvas")
    box = in_view(page, canvas)
    page.mouse.move(box["x"] + 112 + 30.5 * (box["width"] - 124) / 61, box["y"] + 60)
    page.wait_for_selector(".tip.of-plot:not([hidden])")
    assert page.locator(".tip.of-plot dt").all_text_contents()[:2] == ["reference C", "alternative G"]
    assert number(page.locator(".tip.of-plot dd").nth(2).text_content()) == pytest.approx(
        row.difference[40], rel=1e-3
    )
