"""Heads by attention come back as they were written, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relevome.data.problems import Problem
from relevome.data.sites import Site
from relevome.discovery.attention_heads import characterise
from relevome.discovery.windows import Windows
from relevome.errors import InputError
from relevome.results.attention_heads.folder import FOLDER, read_attention_heads, write_attention_heads
from relevome.results.attention_heads.heads import COLUMNS, AttentionHeads, WindowsRead
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.record import by_command
from tests.discovery.planted import SITE, Looking, made_up_motif, planted_model, planted_windows, target
from tests.results.same import assert_same

RNG = np.random.default_rng(0)
DATABASE = [made_up_motif(f"m{i}", RNG, 9) for i in range(30)]
LOOKING = Looking(DATABASE[3], range(-14, -11))


@pytest.fixture(scope="module")
def found() -> AttentionHeads:
    """Everything that a result can hold: names, known sites, heads taken away, windows left out."""
    model = planted_model(LOOKING)
    windows = Windows(tuple(planted_windows(np.random.default_rng(1), 200, [LOOKING])), target(model), SITE)
    known = {one.id: [Site(SITE - 14, SITE - 4, "F")] for one in windows.sequences[:50]}
    settings = HeadSettings(shuffles=30, ablated=20, draws=2)
    made = characterise(model, windows, motifs=DATABASE, known=known, settings=settings)
    read = (WindowsRead(3, 2, (Problem("w", "too short", "file, line 3"),)), WindowsRead(9, 9, ()))
    return replace(made, about={"model": "m", "motifs": ["known.meme"]}, read=read)


@pytest.fixture
def folder(found: AttentionHeads, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    with FOLDER.writing(folder, overwrite=False), by_command(["heads", "--model", "m"]):
        write_attention_heads(found, folder)
    return folder


def test_what_is_read_is_what_was_written(found: AttentionHeads, folder: Path) -> None:
    assert found.together is not None
    assert any(head.on_factors for head in found.heads)
    assert_same(read_attention_heads(folder), found)


def test_heads_without_names_or_sites_come_back_too(tmp_path: Path) -> None:
    model = planted_model(LOOKING)
    windows = Windows(tuple(planted_windows(np.random.default_rng(1), 20, [LOOKING])), target(model), SITE)
    found = characterise(model, windows, settings=HeadSettings(ablated=0))
    write_attention_heads(found, tmp_path)
    assert_same(read_attention_heads(tmp_path), found)


def test_the_record_says_how_it_was_made(folder: Path) -> None:
    said = json.loads((folder / "attention_heads.json").read_text())
    assert said["command"] == ["heads", "--model", "m"]
    assert {"python", "relevome", "torch"} <= said["library_versions"].keys()


def test_heads_say_what_they_are(found: AttentionHeads) -> None:
    assert "AttentionHeads of m: 2 heads by attention in 200 windows" in repr(found)
    assert "1 with a consensus, 1 named by one of 30 known motifs: 0.0: m3" in repr(found)
    table = found.to_pandas()
    assert list(table) == list(COLUMNS)
    assert table["motif"].fillna("").tolist() == ["m3", ""]


def test_an_earlier_folder_is_refused_in_one_line_and_replaced_if_asked(tmp_path: Path) -> None:
    (tmp_path / "heads.json").write_text("{}")
    (tmp_path / "heads.tsv").write_text("layer\n")
    with pytest.raises(
        InputError, match=r"by an earlier relevome.* make them again with relevome heads --ov"
    ):
        read_attention_heads(tmp_path)
    with pytest.raises(InputError, match="or replace it with --overwrite"):
        FOLDER.check(tmp_path, overwrite=False)
    FOLDER.clear(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["attention_heads.json", "attention_heads.npz"])
def test_a_folder_that_is_damaged_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(
        InputError, match=r"attention_heads.json is damaged .*: make the result again with --ov"
    ):
        read_attention_heads(folder)
    path.unlink()
    with pytest.raises(InputError, match=r"has no attention_heads.json|attention_heads.json is damaged"):
        read_attention_heads(folder)


def test_arrays_of_python_objects_are_never_loaded(folder: Path) -> None:
    np.savez(folder / "attention_heads.npz", distances=np.array([{}], dtype=object))
    with pytest.raises(InputError, match=r"is damaged \(ValueError: Object arrays cannot be loaded"):
        read_attention_heads(folder)
