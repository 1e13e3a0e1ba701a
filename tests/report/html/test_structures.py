"""Structures in the colours of relevance: which residue is which letter, by pointer, by key, and as saved."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("gemmi", reason="needs the extra `structures`")
pytest.importorskip("Bio", reason="writes structures by hand")

import gemmi
from typer.testing import CliRunner

import relevome
from relevome.cli.app import app
from relevome.errors import InputError
from relevome.results.parts.part import Counts
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.report.html.pages import Open, file_of, grave, in_view, number, saved_figure, until
from tests.report.html.test_browser import AXE, GUTTER, RIGHT
from tests.report.html.unpacked import unpacked
from tests.results.conftest import _letters_only
from tests.results.structures.built import THREE

LETTERS, MISSING, FIRST = 40, (7, 8), 5  # FIRST is the number of the first residue
ALPHABET = "ACDEFGHIKLMNPQRSTVWY"
RUNS = ("one", "two")
NASTY = "<i>B"
LEGEND, HIGH, PAD = 84, 360, 14  # of page/src/structures/molecule.ts


def text(seed: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list(ALPHABET), size=LETTERS))


def place(letter: int, chain: int) -> np.ndarray:
    """A C-alpha, 3.8 from the next but for what is missing; letter 30 is right behind letter 0."""
    if letter == 30:
        return place(0, chain) - [0, 0, 3]
    across, up = letter % 10, letter // 10
    return np.array([3.8 * (across if up % 2 == 0 else 9 - across), 3.8 * up + 30 * chain, 2.0 * up])


def structure(models: int = 1) -> gemmi.Structure:
    """Chains of sequence P1, one called by markup, one of another sequence, and a ligand."""
    made = gemmi.Structure()
    made.info["_struct.title"] = "</script><b>x</b>"
    for index in range(models):
        model = gemmi.Model(index + 1)
        for at, (name, letters) in enumerate((("A", text(0)), (NASTY, text(0)), ("other", text(9)))):
            chain = gemmi.Chain(name)
            for i, letter in enumerate(letters):
                if at < 2 and i in MISSING:
                    continue
                chain.add_residue(_residue(THREE[letter], FIRST + i, "CA", "C", place(i, at)))
            model.add_chain(chain)
        ligand = _residue("HEM", 900, "FE", "Fe", np.array([50.0, 0, 0]))
        ligand.het_flag = "H"
        model["A"].add_residue(ligand)
        made.add_model(model)
    return made


def _residue(name: str, at: int, atom_name: str, element: str, where: np.ndarray) -> gemmi.Residue:
    residue, atom = gemmi.Residue(), gemmi.Atom()
    residue.name, residue.seqid = name, gemmi.SeqId(str(at))
    atom.name, atom.element, atom.pos = atom_name, gemmi.Element(element), gemmi.Position(*where)
    residue.add_atom(atom)
    return residue


def written_run(folder: Path, name: str, seed: int) -> Run:
    rng, said = np.random.default_rng(seed), {"alphabet": "protein", "alphabet_letters": ALPHABET}
    with RunWriter(folder / name, said | {"method": name, "model": {"path": "m"}}) as writer:
        rows = [
            _letters_only(id, letters, rng.normal(size=LETTERS).tolist(), target="yes")
            for id, letters in (("P0", text(5)), ("P1", text(0)))
        ]
        writer.write_part(0, rows, Counts(read=2, explained=2))
    return Run(folder / name)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs")
    return [written_run(folder, name, seed) for seed, name in enumerate(RUNS)]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("structure") / "given.cif"
    structure(models=2).make_mmcif_document().write_file(str(path))
    return path


@pytest.fixture(scope="module")
def file(runs: list[Run], given: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(relevome.report(runs, tmp_path_factory.mktemp("page") / "page.html", structures=given))


def middle_of(page: Any) -> tuple[tuple[float, float], np.ndarray, float]:
    """The middle on the screen and in space, and how many dots an Angstrom has."""
    box = in_view(page, page.locator("canvas.molecule"))
    every = [place(i, at) for at in range(3) for i in range(LETTERS) if at == 2 or i not in MISSING]
    places = np.array([*every, [50.0, 0, 0]])
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    radius = np.linalg.norm(places - middle, axis=1).max()
    one = (min(box["width"] - LEGEND, HIGH) / 2 - PAD) / radius
    return (box["x"] + (box["width"] - LEGEND) / 2, box["y"] + HIGH / 2), middle, one


def dots(page: Any, letter: int, chain: int) -> tuple[float, float]:
    """Where a residue is on the screen, not turned yet: x to the right, y up, z towards who looks."""
    (left, top), middle, one = middle_of(page)
    x, y, _ = place(letter, chain) - middle
    return left + x * one, top - y * one


def tip(page: Any) -> tuple[str, str, dict[str, str]]:
    page.wait_for_selector(".tip.of-plot:not([hidden])")
    names, values = (page.locator(f".tip.of-plot {tag}").all_text_contents() for tag in ("dt", "dd"))
    said = [page.locator(f".tip.of-plot {what}").text_content() for what in ("strong", ".where")]
    return said[0], said[1], dict(zip(names, values, strict=True))


def test_every_residue_has_its_letter_and_its_place(file: Path) -> None:
    found = unpacked(file)
    (shown,) = found.content["structures"]
    assert (shown["name"], shown["models"], len(shown["chains"])) == ("given.cif", 2, 3)
    for at, chain in enumerate(shown["chains"]):
        letters = [i for i in range(LETTERS) if at == 2 or i not in MISSING]
        assert chain["sequence"] == (None if at == 2 else 1)
        expected = [-1] * LETTERS if at == 2 else letters
        assert found.array(chain["letters"]).tolist() == expected
        places = np.array([place(i, at) for i in letters])
        np.testing.assert_allclose(found.array(chain["at"]).reshape(-1, 3), places, atol=1e-3)
        whole = text(9 if at == 2 else 0)
        assert chain["residues"] == [f"{THREE[whole[i]]} {FIRST + i}" for i in letters]
    assert shown["ligands"]["names"] == ["HEM 900 of chain A"]


def test_a_residue_says_its_letter_and_shows_where_that_is(opened: Open, file: Path, runs: list[Run]) -> None:
    page = opened(file)
    for letter, chain, name in ((12, 0, "A"), (0, 1, NASTY)):  # letter 30 is behind 0
        page.mouse.move(*dots(page, letter, chain))
        title, where, lines = tip(page)
        residue = text(0)[letter]
        assert (title, where) == (f"{THREE[residue]} {FIRST + letter}", f"chain {name}")
        assert lines["letter"] == f"{residue} {letter + 1} of P1"
        for run, label in zip(runs, RUNS, strict=True):
            assert number(lines[label]) == pytest.approx(float(run[1].relevance[letter]), rel=2e-3, abs=1e-5)
        cross, canvas = (
            page.locator(".crosshair").bounding_box(),
            page.locator(".row canvas").first.bounding_box(),
        )
        one = (canvas["width"] - GUTTER - RIGHT) / LETTERS
        assert cross["x"] == pytest.approx(canvas["x"] + GUTTER + letter * one, abs=1)
    page.mouse.move(*dots(page, 3, 2))
    assert tip(page)[2] == {"letter": "of no sequence of this page"}
    assert page.locator(".structures b, .structures i").count() == 0


def test_a_click_goes_from_a_residue_to_its_letter_and_back(opened: Open, file: Path) -> None:
    page = opened(file)
    live = page.locator(".browser [aria-live=polite]")
    page.mouse.click(*dots(page, 12, 0))
    until(page, True, lambda: live.text_content().startswith(f"P1: {text(0)[12]} 13"))
    canvas = in_view(page, page.locator(".row[data-place='1'] canvas"))
    one = (canvas["width"] - GUTTER - RIGHT) / LETTERS
    page.mouse.click(canvas["x"] + GUTTER + 20.5 * one, canvas["y"] + 30)
    page.mouse.move(0, 0)
    picture = saved_figure(page, "structure", "SVG")
    assert f">{THREE[text(0)[20]]} {FIRST + 20}</text>" in picture
    ink = [part for part in picture.split("<path")[1:] if 'stroke="#1d2125"' in part]
    assert len(ink) >= 2 * 4  # pieces of the residue in both chains


def test_keys_turn_it_and_go_from_residue_to_residue(opened: Open, file: Path) -> None:
    page = opened(file)
    page.locator(".turning").focus()
    before = saved_figure(page, "structure", "SVG")
    page.locator(".turning").focus()
    for key in ("ArrowLeft", "ArrowUp", "+"):
        page.keyboard.press(key)
    assert saved_figure(page, "structure", "SVG") != before
    page.locator(".turning").focus()
    page.keyboard.press("0")
    assert saved_figure(page, "structure", "SVG") == before
    page.locator(".turning").focus()
    for key in "nnnp":
        page.keyboard.press(key)
    said = page.locator(".structures [aria-live=polite]").text_content()
    assert said.startswith(f"{THREE[text(0)[1]]} {FIRST + 1}, chain A: letter {text(0)[1]} 2 of P1")
    page.keyboard.press("Enter")
    live = page.locator(".browser [aria-live=polite]")
    until(page, True, lambda: live.text_content().startswith(f"P1: {text(0)[1]} 2"))


def test_a_drag_turns_what_is_in_front_with_the_pointer(opened: Open, file: Path) -> None:
    page = opened(file)
    x, y = dots(page, 12, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 40, steps=4)
    page.mouse.up()
    assert page.locator(".browser [aria-live=polite]").text_content() == ""  # a drag is no click
    (middle_x, middle_y), middle, one = middle_of(page)
    across, up, near = place(25, 1) - middle
    angle = 40 * np.pi / 160  # what is in front goes down
    page.mouse.move(middle_x + across * one, middle_y - one * (up * np.cos(angle) - near * np.sin(angle)))
    assert tip(page)[:2] == (f"{THREE[text(0)[25]]} {FIRST + 25}", f"chain {NASTY}")


def test_what_is_saved_are_the_numbers_of_the_run(opened: Open, file: Path, runs: list[Run]) -> None:
    page = opened(file)
    page.get_by_role("combobox", name="Relevance that colours show").select_option(label="two")
    rows = list(csv.DictReader(io.StringIO(saved_figure(page, "structure")), delimiter="\t"))
    assert len(rows) == 2 * (LETTERS - len(MISSING)) + LETTERS
    for row in rows:
        if row["chain"] == "other":
            assert row["relevance"] == ""
            continue
        expected = float(runs[1][1].relevance[int(row["position"]) - 1])
        assert float(row["relevance"]) == pytest.approx(expected, rel=2e-3, abs=1e-5)


def test_nobody_is_kept_out_and_what_is_left_out_is_said(opened: Open, file: Path) -> None:
    page = opened(file)
    said = page.locator(".structures .detail").text_content()
    assert "Chain A, 38 residues: P1, 100% of 38 pairs alike; 2 letters without a residue." in said
    assert "Chain other, 40 residues: no sequence of this page." in said
    assert "The first of 2 models." in said
    assert "</script><b>x</b>" in said
    assert "Wojdyr" in page.locator("#methods").text_content()
    if AXE.is_file():
        found = grave(page, AXE)
        assert found == [], json.dumps(found, indent=1)


def test_a_served_page_fetches_what_colours_need(browser: Any, runs: list[Run], given: Path) -> None:
    with relevome.view(runs, structures=[given]) as served:
        context = browser.new_context()
        page = context.new_page()
        page.goto(served.address)
        page.wait_for_selector(".row canvas")
        rows = list(csv.DictReader(io.StringIO(saved_figure(page, "structure")), delimiter="\t"))
        expected = runs[0][1].relevance
        found = [float(row["relevance"]) for row in rows if row["chain"] == "A"]
        np.testing.assert_allclose(found, np.delete(expected, MISSING), rtol=1e-5)
        context.close()


def test_by_command_line_and_in_pdb(runs: list[Run], tmp_path: Path) -> None:
    made = structure()
    made[0][1].name = "B"
    made[0][2].name = "C"
    made.write_pdb(str(tmp_path / "x.pdb"))
    asked = [
        "report",
        str(runs[0].path),
        "--structure",
        str(tmp_path / "x.pdb"),
        "-o",
        str(tmp_path / "p.html"),
    ]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    (shown,) = unpacked(tmp_path / "p.html").content["structures"]
    assert [chain["sequence"] for chain in shown["chains"]] == [1, 1, None]


def test_what_cannot_be_shown_is_refused_in_a_line(runs: list[Run], given: Path, tmp_path: Path) -> None:
    made = structure()
    for name in ("A", NASTY):
        made[0].remove_chain(name)
    made.make_mmcif_document().write_file(str(tmp_path / "other.cif"))
    (tmp_path / "none.pdb").write_text("no structure\n")
    with pytest.raises(
        InputError, match=r"no chain of .*other\.cif is 0\.9 alike to a sequence that is shown"
    ):
        relevome.report(runs, structures=tmp_path / "other.cif")
    with pytest.raises(InputError, match=r"none\.pdb"):
        relevome.report(runs, structures=[tmp_path / "none.pdb"])
    with pytest.raises(InputError, match="given twice"):
        relevome.report(runs, structures=[given, given])
    assert "structures" in unpacked(file_of(relevome.report(runs, tmp_path / "p.html"))).content
