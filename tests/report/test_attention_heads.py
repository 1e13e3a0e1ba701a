"""What is left of heads: tables, matrices, pictures."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relevome.data.formats.meme import read_meme
from relevome.discovery.attention_heads import characterise
from relevome.discovery.windows import Windows
from relevome.errors import InputError
from relevome.report.attention_heads import write_attention_page
from relevome.results.attention_heads.folder import FOLDER, write_attention_heads
from relevome.results.attention_heads.settings import HeadSettings
from tests.discovery.planted import SITE, Looking, made_up_motif, planted_model, planted_windows, target

RNG = np.random.default_rng(0)
DATABASE = [made_up_motif(f"m{i}", RNG, 9) for i in range(30)]
LOOKING = Looking(DATABASE[3], range(-14, -11))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = planted_model(LOOKING)
    windows = Windows(tuple(planted_windows(np.random.default_rng(1), 200, [LOOKING])), target(model), SITE)
    settings = HeadSettings(shuffles=30, ablated=20, draws=2)
    folder = tmp_path_factory.mktemp("heads") / "out"
    found = characterise(model, windows, motifs=DATABASE, settings=settings)
    found = replace(found, about={"model": "a|b"})
    folder.mkdir()
    write_attention_page(found, folder)
    write_attention_heads(found, folder)
    return folder


def test_the_table_says_what_every_head_is(folder: Path) -> None:
    with (folder / "heads.tsv").open() as file:
        planted, back = csv.DictReader(file, delimiter="\t")
    assert (planted["layer"], planted["head"], planted["motif"]) == ("0", "0", "m3")
    assert planted["consensus"] in DATABASE[3].consensus or DATABASE[3].consensus in planted["consensus"]
    assert (back["peak"], back["consensus"], back["distance"], back["motif"]) == ("-10", "", "", "")


def test_the_page_escapes_names(folder: Path) -> None:
    page = (folder / "heads.md").read_text()
    assert "a\\|b" in page
    assert "known motifs among them: m3" in page


def test_matrices_are_a_meme_file(folder: Path) -> None:
    assert [motif.id for motif in read_meme(folder / "heads.meme")] == ["head_0.0"]


def test_profiles_have_a_row_for_every_distance(folder: Path) -> None:
    rows = (folder / "profiles.tsv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 90
    assert rows[1].startswith(f"0\t0\t{-SITE}\t")


def test_pictures_and_record_are_there(folder: Path) -> None:
    for name in ("logos.png", "profiles.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "attention_heads.json").read_text())["settings"]["draws"] == 2


def test_nothing_is_replaced_unasked(folder: Path, tmp_path: Path) -> None:
    FOLDER.check(folder, overwrite=True)
    with pytest.raises(InputError, match="not empty: choose another -o, or replace it with --overwrite"):
        FOLDER.check(folder, overwrite=False)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match=r"not empty: choose another -o$"):
        FOLDER.check(tmp_path, overwrite=True)
