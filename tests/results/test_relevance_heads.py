"""Heads by relevance come back as they were written, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relevome.data.problems import Problem
from relevome.discovery.head_map import head_map
from relevome.discovery.other_maps import MapExchanges, OtherMaps
from relevome.discovery.placements import METRICS, Collected, Placement, Placements
from relevome.discovery.relevance_heads import relevant_heads
from relevome.errors import InputError
from relevome.results.relevance_heads.folder import FOLDER, read_relevance_heads, write_relevance_heads
from relevome.results.relevance_heads.heads import ALL, COLUMNS, RelevantHeads
from tests.results.same import assert_same

IDS = tuple(f"p{number}" for number in range(12))
Others = Mapping[tuple[str, str], OtherMaps]
CLASSES = dict.fromkeys(IDS[:9], "a/b")


def made_up(seed: int) -> Collected:
    """Two layers of three heads, of which the first has no value in any protein."""
    rng = np.random.default_rng(seed)
    fields = rng.normal(size=(len(Placement._fields), len(IDS), len(METRICS), 7)).astype(np.float32)
    fields[..., 1] = np.nan
    placements = {"site": Placements(IDS, Placement(*fields))}
    return Collected((2, 3), IDS, rng.normal(size=(len(IDS), 7)), placements, {"site": {"q": "no position"}})


def made_up_others(ids: Sequence[str], groups: Iterable[str], kind: str = "site") -> Others:
    """Maps that were exchanged, of every class."""
    rng = np.random.default_rng(9)
    masks = {id: np.roll(np.arange(30) < 7, 3 * i) for i, id in enumerate(ids)}
    exchanges = MapExchanges(masks)
    for id in ids:
        exchanges.add(id, rng.normal(size=(7, 30)))
    return {(group, kind): exchanges.done() for group in groups}


@pytest.fixture(params=[0, 2], ids="{} random models".format)
def found(request: pytest.FixtureRequest) -> RelevantHeads:
    collected = made_up(0)
    random = [made_up(1 + i) for i in range(request.param)]
    if not request.param:
        made = relevant_heads(collected, random, classes=CLASSES)
        return replace(made, unaligned="no null of positions: sequences have 2 lengths")
    others = made_up_others(IDS, (ALL, "a/b"))
    made = relevant_heads(collected, random, others=others, classes=CLASSES)
    unplaced = (Problem("p1", "no one knows where", "sites.xml"),)
    points = head_map(collected.totals[:, 1:])
    return replace(made, about={"run": "r", "types": ["site"]}, unplaced=unplaced, points=points)


def test_what_is_read_is_what_was_written(found: RelevantHeads, tmp_path: Path) -> None:
    with FOLDER.writing(tmp_path / "out", overwrite=False):
        write_relevance_heads(found, tmp_path / "out")
    assert_same(read_relevance_heads(tmp_path / "out"), found)


def test_a_result_of_before_is_read_and_says_what_it_lacks(found: RelevantHeads, tmp_path: Path) -> None:
    write_relevance_heads(found, tmp_path)
    record = tmp_path / "relevance_heads.json"
    said = json.loads(record.read_text())
    for name in ("aligned", "unaligned"):
        del said[name]
    for effect in said["effects"]:
        effect["nulls"] = [name for name in effect["nulls"] if name != "position"]
    record.write_text(json.dumps(said))
    again = read_relevance_heads(tmp_path)
    assert again.aligned == {}
    assert again.unaligned is not None
    assert again.unaligned.endswith("an earlier relevome made this, make it again with --overwrite")
    assert all("position" not in one.nulls for one in again.effects)
    assert set(again.to_pandas()["position_q"].isna()) == {True}


def test_heads_say_what_they_are(found: RelevantHeads) -> None:
    assert "2 x 3 heads in 12 proteins\n  site, point-biserial: 0 significant, 0 specialised" in repr(found)
    table = found.to_pandas()
    assert list(table) == list(COLUMNS)
    assert len(table) == 2 * len(METRICS) * 7
    assert sum(table["layer"].isna()) == 2 * len(METRICS)


def test_an_earlier_folder_is_refused_in_one_line_and_replaced_if_asked(tmp_path: Path) -> None:
    (tmp_path / "heads.json").write_text("{}")
    with pytest.raises(
        InputError, match=r"by an earlier relevome.* make them again with relevome heads --by"
    ):
        read_relevance_heads(tmp_path)
    with pytest.raises(InputError, match="or replace it with --overwrite"):
        FOLDER.check(tmp_path, overwrite=False)
    (tmp_path / "random").mkdir()
    FOLDER.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["random"]


@pytest.mark.parametrize("null", ["shift", "exchange"])
def test_a_record_without_a_null_that_every_result_has_is_refused(
    found: RelevantHeads, tmp_path: Path, null: str
) -> None:
    write_relevance_heads(found, tmp_path)
    record = tmp_path / "relevance_heads.json"
    said = json.loads(record.read_text())
    said["effects"][1]["nulls"].remove(null)
    record.write_text(json.dumps(said))
    with pytest.raises(InputError, match=f"is damaged .*effect 1 has no null called {null}"):
        read_relevance_heads(tmp_path)


def test_a_folder_without_its_arrays_is_refused(found: RelevantHeads, tmp_path: Path) -> None:
    write_relevance_heads(found, tmp_path)
    (tmp_path / "relevance_heads.npz").unlink()
    with pytest.raises(InputError, match=r"relevance_heads.json is damaged .*: make the result again"):
        read_relevance_heads(tmp_path)
