"""What is left of heads by relevance: a table without holes, words, pictures, a record."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relevome.discovery.head_map import head_map
from relevome.discovery.other_maps import MapExchanges, OtherMaps
from relevome.discovery.placements import METRICS, Collected, Placement, Placements
from relevome.discovery.relevance_heads import relevant_heads
from relevome.errors import InputError
from relevome.report.relevance_heads import write_relevance_page
from relevome.report.relevance_pictures import draw_maps
from relevome.report.relevance_words import summary
from relevome.report.tables import number
from relevome.results.quality.words import not_specialised
from relevome.results.relevance_heads.folder import FOLDER, read_relevance_heads, write_relevance_heads
from relevome.results.relevance_heads.heads import ALL, LEAST, RelevantHeads

CLASSES = {f"p{number}": "a/b" if number < 9 else "few" for number in range(12)}


def made_up(seed: int, special: float) -> Collected:
    """Head 1.2 is above every null; head 0.0 has no value in any protein."""
    rng = np.random.default_rng(seed)
    ids = tuple(f"p{number}" for number in range(15))
    fields = rng.normal(0, 0.1, size=(len(Placement._fields), 15, len(METRICS), 7)).astype(np.float32)
    fields[..., 6] += special
    for name in ("shift", "exchange"):  # in standard deviations
        fields[Placement._fields.index(name)] *= 10
    fields[..., 1] = np.nan
    totals = rng.normal(size=(15, 7))
    totals[:, 6] += special * 10
    left_out = {"site|x": {"p15": "no position annotated"}}
    return Collected((2, 3), ids, totals, {"site|x": Placements(ids, Placement(*fields))}, left_out)


def others_of(collected: Collected, special: float) -> dict[tuple[str, str], OtherMaps]:
    """Sites of head 1.2 lie on its own maps, more than on those of others, by so much relevance."""
    rng = np.random.default_rng(3)
    masks = {id: np.arange(40) // 4 == i % 10 for i, id in enumerate(collected.ids)}
    exchanges = MapExchanges(masks)
    for id, mask in masks.items():
        relevance = rng.normal(size=(7, 40))
        relevance[6] += special * mask
        exchanges.add(id, relevance)
    return {(group, "site|x"): exchanges.done() for group in (ALL, "a/b")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("relevance") / "out"
    collected = made_up(0, 0.5)
    others = others_of(collected, 9)
    found = relevant_heads(collected, [made_up(1, 0), made_up(2, 0)], others=others, classes=CLASSES)
    points = head_map(collected.totals[:, 1:])
    found = replace(found, points=points, about={"run": "a|b", "random": 2})
    folder.mkdir()
    write_relevance_page(found, folder)
    write_relevance_heads(found, folder)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_table_has_a_line_for_everything_and_no_nan(folder: Path) -> None:
    found = rows(folder / "heads.tsv")
    assert len(found) == 2 * len(METRICS) * 7
    assert not any("nan" in value for row in found for value in row.values() if value)
    assert [row["layer"] for row in found[:7]] == ["", "0", "0", "0", "1", "1", "1"]
    named = [(row["layer"], row["head"]) for row in found if row["specialised"] == "1"]
    assert set(named) == {("1", "2")}
    empty = found[1]
    assert (empty["proteins"], empty["effect"], empty["p"]) == ("0", "", "1.0")


def test_the_page_names_the_special_head_and_what_is_missing(folder: Path) -> None:
    page = (folder / "heads.md").read_text()
    assert "| all | site\\|x | point-biserial | **1.2** | yes | yes | 15 |" in page
    assert "not tested: few: 3 proteins or families, where fewer than 6 cannot be significant" in page
    assert "1 protein left out: no position annotated" in page


def test_the_page_says_what_remains_over_position_and_of_how_many(folder: Path) -> None:
    page = (folder / "heads.md").read_text()
    assert "| over composition | q | over position | q | over random weights | q |" in page
    assert (
        "- site\\|x: 15 proteins or families beside each other's maps at the same places, in 2 groups of "
        "like length, over their first 40 letters (100% of those of sites)\n" in page
    )
    (row,) = [line for line in page.splitlines() if "| all | site\\|x | mass-accuracy | **1.2** " in line]
    first = next(line for line in page.splitlines() if line.startswith("| class |"))
    column = first.split(" | ").index("over position")
    said = read_relevance_heads(folder).effects[2].nulls["position"]
    assert row.split(" | ")[column : column + 2] == [f"{said.median[6]:.3f}", number(float(said.q[6]))]


@pytest.mark.parametrize(("special", "starred"), [(9.0, True), (0.0, False)])
def test_what_does_not_exceed_position_has_no_star(special: float, starred: bool, tmp_path: Path) -> None:
    collected = made_up(0, 0.5)
    others = others_of(collected, special)
    found = relevant_heads(collected, [made_up(1, 0), made_up(2, 0)], others=others)
    write_relevance_page(found, tmp_path)
    assert {star for _, star in marks(found).values()} == {int(starred)}
    page = (tmp_path / "heads.md").read_text()
    assert ("**1.2**" in page) == starred
    assert ("| point-biserial | 1.2 | no |" in page) != starred
    assert any("1 specialised: 1.2" in line for line in summary(found)) == starred


def test_where_places_are_none_it_says_why_and_position_decides_nothing() -> None:
    found = relevant_heads(made_up(0, 0.5), [made_up(1, 0)])
    found = replace(found, unaligned="no null of positions: sequences have 3 lengths")
    assert "no null of positions: sequences have 3 lengths" in summary(found)
    assert {star for _, star in marks(found).values()} == {1}


def marks(found: RelevantHeads) -> dict[str, tuple[int, int]]:
    """Significant and specialised heads as the map of all proteins marks them, by statistic."""
    effects = [one for one in found.effects if one.group == ALL]
    figure = draw_maps(effects, found.shape)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    counts = [
        [len(np.asarray(one.get_offsets())) for one in axes.collections] for axes in panels
    ]  # ring, dot, star
    return {one.metric: (sum(n), n[2]) for one, n in zip(effects, counts, strict=True)}


@pytest.mark.parametrize("size", [1.0, 1e-7])
def test_picture_table_words_and_record_count_the_same_heads_and_none_of_nothing(
    tmp_path: Path, size: float
) -> None:
    collected, others = made_up(0, 0.5), made_up(1, 0)
    for one in (collected, others):
        (placements,) = one.placements.values()
        for name in ("excess", "beyond"):
            getattr(placements.placed, name)[:] *= size
    found = relevant_heads(collected, [others])
    write_relevance_page(found, tmp_path)
    write_relevance_heads(found, tmp_path)
    marked = marks(found)
    assert (max(star for _, star in marked.values()) > 0) == (size == 1)
    page = (tmp_path / "heads.md").read_text()
    for metric, (significant, special) in marked.items():
        table = [r for r in rows(tmp_path / "heads.tsv") if (r["metric"], r["class"]) == (metric, ALL)]
        assert sum(row["significant"] == "1" for row in table if row["layer"]) == significant
        assert sum(row["specialised"] == "1" for row in table if row["layer"]) == special
        assert page.count(f"| {metric} | ") == significant
        (said,) = [line for line in summary(found) if line.startswith(f"site|x, {metric}: ")]
        assert f"{significant} of 6 heads significant" in said
        assert f"{special} specialised" in said


def test_a_map_of_nothing_is_pale_and_no_exponent_is_in_large_type() -> None:
    collected = made_up(0, 0.5)
    (placements,) = collected.placements.values()
    placements.placed.excess[:] *= 1e-7
    figure = draw_maps(relevant_heads(collected).effects, (2, 3))
    (image,) = figure.axes[0].images
    assert image.norm.vmax == pytest.approx(LEAST)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            assert float(axis.get_offset_text().get_fontsize()) <= 7


def test_pictures_are_there_for_every_class(folder: Path) -> None:
    for name in ("maps.png", "maps-a_b.png", "proteins.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert len(rows(folder / "proteins.tsv")) == 15


def test_the_record_says_what_was_done(folder: Path) -> None:
    said = json.loads((folder / "relevance_heads.json").read_text())
    assert said["left_out"] == {"site|x": {"no position annotated": 1}}
    assert said["maps"] == {"all": "maps.png", "a/b": "maps-a_b.png"}
    assert said["settings"]["level"] == 0.05


def test_a_folder_is_replaced_only_if_asked_and_goes_on_without_its_record(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="or replace it with --overwrite"):
        FOLDER.check(folder, overwrite=False)
    FOLDER.check(folder, overwrite=True)
    (tmp_path / "random").mkdir()
    FOLDER.check(tmp_path, overwrite=False)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="not empty: choose another -o"):
        FOLDER.check(tmp_path, overwrite=True)


def test_points_are_principal_components() -> None:
    rng = np.random.default_rng(0)
    totals = rng.normal(size=(20, 5)) * [1, 10, 1, 1, 0]
    found = head_map(totals)
    used = totals[:, :4] / totals[:, :4].std(0)
    left, values, _ = np.linalg.svd(used - used.mean(0), full_matrices=False)
    np.testing.assert_allclose(np.abs(found.points), np.abs(left[:, :2] * values[:2]))
    assert found.shares == pytest.approx(tuple(values[:2] ** 2 / (values**2).sum()))
    with pytest.raises(InputError, match="a map of 3 proteins by 4 heads that differ"):
        head_map(totals[:3])


QUALITY = {"task": "binary", "table": "test", "examples": 160, "positives": [80, 80]}


@pytest.mark.parametrize(("auroc", "called"), [(0.9, True), (0.65, False), (0.5, False)])
def test_no_head_of_a_model_that_is_not_good_enough_has_a_star(
    tmp_path: Path, auroc: float, called: bool
) -> None:
    model = {"quality": QUALITY | {"metrics": {"auroc": auroc}}}
    tested = relevant_heads(made_up(0, 0.5), [made_up(1, 0), made_up(2, 0)])
    effects = tuple(replace(one, learnt=called) for one in tested.effects)
    found = replace(tested, effects=effects, about={"run": "r", "random": 2, "model": model})
    write_relevance_page(found, tmp_path)
    write_relevance_heads(found, tmp_path)
    stars = [star for _, star in marks(found).values()]
    assert (max(stars) > 0) == called
    assert sum(one.significant.sum() for one in effects) == sum(
        one.significant.sum() for one in tested.effects
    )
    assert {row["specialised"] for row in rows(tmp_path / "heads.tsv")} == ({"0", "1"} if called else {"0"})
    page = (tmp_path / "heads.md").read_text()
    assert page.startswith(f"- model: AUROC {auroc:.3f} on 160 test sequences\n")
    assert ("heads are not called specialised" in page) != called
    assert ("**1.2** | yes" in page) == called
    assert ("| 1.2 | not asked |" in page) != called
    assert any("specialised" in line for line in summary(found)) == called
    assert str(not_specialised(found.quality) or "significant") in repr(found)
    again = read_relevance_heads(tmp_path)
    assert [one.learnt for one in again.effects] == [called] * len(effects)
    figure = draw_maps(again.effects, again.shape, not_specialised(again.quality))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "significant", "and contributes", *(["specialised"] if called else []),
    ]  # fmt: skip
    assert legend.get_title().get_text() == ("" if called else not_specialised(again.quality))
