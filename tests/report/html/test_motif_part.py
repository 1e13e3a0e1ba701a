"""Motifs on the page: numbers are those of the reader, and what a click shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.report.html.parts import motifs
from relevome.results.motifs.causes import MotifCauses, MotifPair
from relevome.results.motifs.folder import read_relevant_motifs, write_relevant_motifs
from relevome.results.motifs.motifs import MotifHit, RelevantMotifs
from tests.report.html.pages import (
    NASTY,
    Open,
    example,
    file_of,
    number,
    saved_figure,
    saved_table,
    until,
    written,
)
from tests.report.html.unpacked import unpacked
from tests.results.motifs.test_folder import CAUSES, COUNTS, made

LETTERS, STRANDS = 500, 2


def folder_of(folder: Path, found: RelevantMotifs) -> Path:
    folder.mkdir()
    write_relevant_motifs(found, folder)
    return folder


def part_of(folder: Path, page: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The part of a page of this folder alone, and what the verdict says of it."""
    relevome.report(folder, page)
    content = unpacked(page).content
    said = [one for topic in content["verdict"]["topics"] for one in topic["remarks"]]
    return content["parts"][0]["content"], said


def test_numbers_are_those_of_the_reader(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "motifs", made(causes=CAUSES, counts=({"letters": LETTERS},)))
    found = read_relevant_motifs(folder)
    part, _ = part_of(folder, tmp_path / "page.html")
    for ours, one in zip(part["motifs"], found.motifs, strict=True):
        assert ours["counts"] == one.counts.tolist()
        np.testing.assert_allclose(ours["relevance"], one.contributions, rtol=1e-3)
        shares = (one.counts + 0.125) / (one.counts.sum(1, keepdims=True) + 0.5)
        heights = shares * (2 + (shares * np.log2(shares)).sum(1, keepdims=True))
        np.testing.assert_allclose(ours["heights"], heights, rtol=1e-3)
        hits = [hit for hit in found.hits if hit.motif == one.name]
        assert ours["hits"] == [list(hit)[1:] for hit in hits]
        assert (ours["places"], ours["sequences"], ours["left_out"]) == (len(hits), len(hits), 0)
    (match,) = part["motifs"][0]["matches"]
    assert (match["name"], match["q"], match["strand"], match["found"]) == ("box", 1 / 3, "-", False)
    assert part["on_sites"] == [list(one) for one in found.on_sites]
    assert part["causes"]["taken_out"] == [one._asdict() for one in CAUSES.taken_out]
    alone = part["causes"]["put_in"][1]  # of one background there is no interval
    assert (alone["change"], alone["change_low"], alone["change_high"]) == (-1.0, None, None)


def test_beside_each_motif_stands_how_often_the_strongest_null_has_one_as_good(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "motifs", made(counts=({"letters": LETTERS},)))
    first, second = part_of(folder, tmp_path / "page.html")[0]["motifs"]
    assert first["frequency"] == pytest.approx(1000 * 2 / LETTERS)
    weakest = max(hit.p for hit in made().hits)
    assert first["of_null"] == pytest.approx(1000 * STRANDS * weakest)
    assert (second["frequency"], second["of_null"]) == (None, None)


def test_only_the_best_hits_are_kept_and_the_others_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motifs, "_MOST", 1)
    part, _ = part_of(folder_of(tmp_path / "motifs", made()), tmp_path / "page.html")
    assert [(len(one["hits"]), one["places"], one["left_out"]) for one in part["motifs"]] == [
        (1, 2, 1),
        (0, 0, 0),
    ]


def test_the_verdict_says_what_was_found_and_whether_it_is_missed(tmp_path: Path) -> None:
    _, said = part_of(folder_of(tmp_path / "motifs", made(causes=CAUSES)), tmp_path / "page.html")
    words = [one["text"] for one in said]
    assert "2 motifs beyond shuffled sequences: AT., AT, with 2 places" in words
    assert "the model misses 1 of 1 motif more than windows of like letters" in words
    nothing = made(motifs=(), hits=(), seqlets=(), on_sites=(), reasons=("positive: no letter <b>",))
    _, said = part_of(folder_of(tmp_path / "none", nothing), tmp_path / "none.html")
    expected = "no motif is more frequent than in shuffled sequences: positive: no letter <b>"
    assert [one["tone"] for one in said if one["text"] == expected] == ["caution"]


def placed(name: str, start: int, letters: str, strand: str = "+") -> MotifHit:
    """A hit that lies on no genome."""
    end, nowhere = start + len(letters), (None, None, None, None)
    return MotifHit("positive_1", name, start, end, strand, *nowhere, 0.5, 1e-3, 0.01, letters)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a run and of motifs, with names that are markup."""
    folder = tmp_path_factory.mktemp("motifs")
    run = written(folder / "run", 12, 60, "one", 1)
    where = [(0, 20, "+"), (1, 3, "-"), (5, 0, "+")]
    hits = []
    for place, (row, start, strand) in enumerate(where):
        text = run[row].sequence[start : start + 3]
        turned = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
        hit = placed(run[row].sequence_id, start, turned if strand == "-" else text, strand)
        if row == 0:
            hit = hit._replace(
                chrom="chr <1>", chrom_start=100 + start, chrom_end=103 + start, chrom_strand="-"
            )
        hits.append(hit._replace(score=2.0 - place, q=0.01 * (place + 1)))
    hits.append(placed("elsewhere", 0, "AAA")._replace(q=0.05))
    pairs = [CAUSES.pairs[0]._replace(gap=gap, both=both) for gap, both in ((0, 1.0), (1, 2.0), (2, np.nan))]
    causes = MotifCauses(CAUSES.taken_out, CAUSES.put_in, tuple(pairs), CAUSES.distances)
    found = made(
        hits=tuple(hits), causes=causes, counts=({"letters": 720},), reasons=("negative: <b>why</b>",)
    )
    return file_of(relevome.report([run, folder_of(folder / "motifs", found)], folder / "page.html"))


def test_hits_lie_on_the_sequences_that_have_their_letters(file: Path) -> None:
    page = unpacked(file)
    (line,) = page.content["sequences"]["annotations"]
    assert (line["name"], line["labels"]) == ("motifs", ["positive_1"])
    counts, start, end = (page.array(line[name]).tolist() for name in ("count", "start", "end"))
    assert counts == [1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert list(zip(start, end, strict=True)) == [(20, 23), (3, 6), (0, 3)]


def test_hits_of_other_letters_lie_on_no_sequence(tmp_path: Path) -> None:
    run = written(tmp_path / "run", 6, 60, "one", 1)
    text = run[5].sequence
    here = placed("seq5", 4, text[4:7])
    other = "AAA" if text[4:7] != "AAA" else "CCC"
    given = [
        here,
        here._replace(letters=other),
        here._replace(start=58, end=61),
        here._replace(start=90, end=93),
    ]
    folder = folder_of(tmp_path / "motifs", made(hits=tuple(given)))
    page = unpacked(file_of(relevome.report([run, folder], tmp_path / "page.html")))
    (line,) = page.content["sequences"]["annotations"]
    assert [page.array(line[name]).tolist() for name in ("start", "end")] == [[4], [7]]


@pytest.fixture
def page(opened: Open, file: Path) -> Any:
    return opened(file)


def test_a_motif_that_is_clicked_shows_its_hits_and_whether_it_matters(page: Any) -> None:
    assert page.locator(".chosen h3").text_content() == "positive_1"
    assert [NASTY[0], NASTY[1], "seq5", "elsewhere"] == page.locator(
        ".chosen .table", has=page.get_by_role("button", name="Save the table hits of positive_1")
    ).locator("tbody th").all_text_contents()
    assert page.locator(".chosen", has_text="2.000 [1.500, 2.500]").count() == 1
    page.get_by_role("button", name="negative_1").click()
    assert page.locator(".chosen h3").text_content() == "negative_1"
    assert "by how many there are" in page.locator(".chosen").text_content()
    assert page.get_by_role("button", name="negative_1").get_attribute("aria-pressed") == "true"
    assert page.get_by_role("button", name="positive_1").get_attribute("aria-pressed") == "false"


def test_a_hit_leads_to_its_letters_among_the_sequences(page: Any) -> None:
    page.fill(".browser input[type=search]", "seq7")
    until(page, "1 of 12 sequences", page.locator(".browser .counted").text_content)
    page.get_by_role("button", name=f"Show {NASTY[1]}, letters 4 to 6").click()
    until(page, "12 sequences", page.locator(".browser .counted").text_content)
    said = page.locator(".browser [aria-live=polite]").text_content()
    assert said.startswith(f"{NASTY[1]}: ")
    assert said.split(": ", 1)[1][2:4] == "4 "
    assert page.locator(".chosen .link", has_text="elsewhere").count() == 0


def test_hits_are_ordered_searched_and_saved(page: Any) -> None:
    head = page.locator(".chosen").get_by_role("button", name="q", exact=True)
    cells = page.locator(".chosen .table", has=page.locator("input")).locator("tbody td:last-child")
    head.click()
    assert [number(text) for text in cells.all_text_contents()] == [0.05, 0.03, 0.02, 0.01]
    head.click()
    assert [number(text) for text in cells.all_text_contents()] == [0.01, 0.02, 0.03, 0.05]
    assert page.locator(".chosen th[aria-sort=ascending]").count() == 1
    page.get_by_role("combobox", name="Show of hits of positive_1").select_option(label="strand \u2212")
    assert len(cells.all_text_contents()) == 1
    header, row = saved_table(page, "hits of positive_1")
    assert header == list(MotifHit._fields[1:])
    assert (row[0], row[1:4]) == (NASTY[1], ["3", "6", "-"])


def test_matrices_and_the_causal_check_are_saved_as_they_are(page: Any) -> None:
    rows = [line.split("\t") for line in saved_figure(page, "positive_1 letters").splitlines()]
    assert rows[0] == ["place", *"ACGT"]
    np.testing.assert_array_equal(np.array(rows[1:], dtype=float)[:, 1:], COUNTS)
    svg = saved_figure(page, "positive_1 relevance", "SVG")
    assert svg.startswith("<svg")
    assert svg.count("<path") >= np.count_nonzero(COUNTS)
    text = saved_figure(page, "positive_1 taken out")
    out = CAUSES.taken_out[0]
    assert f"without its places\t{out.fall:g}\t{out.fall_low:g}\t{out.fall_high:g}" in text
    rows = [
        line.split("\t")
        for line in saved_figure(page, "positive_1 negative_1 behind positive_1").splitlines()
    ]
    assert [row[:3] for row in rows[1:3]] == [["both", "0", "1"], ["both", "1", "2"]]
    stayed, moved = (getattr(MotifPair(*CAUSES.pairs[0]), name) for name in ("stayed", "moved"))
    assert [float(row[2]) for row in rows[3:]] == [stayed + moved] * 2  # nothing where there was no room


def test_why_there_is_nothing_is_said(opened: Open, tmp_path: Path) -> None:
    nothing = made(motifs=(), hits=(), seqlets=(), on_sites=(), reasons=("negative: <b>why</b>",))
    relevome.report(folder_of(tmp_path / "none", nothing), tmp_path / "page.html")
    page = opened(tmp_path / "page.html")
    assert page.locator("li", has_text="negative: <b>why</b>").count() >= 1
    assert page.locator("section[id^=part] h3").text_content() == "Why there is nothing"


def test_an_earlier_folder_has_no_frequency(tmp_path: Path) -> None:
    part, _ = part_of(example(tmp_path / "motifs", "motifs"), tmp_path / "page.html")
    assert [one["frequency"] for one in part["motifs"]] == [None, None]
