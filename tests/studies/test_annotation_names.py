"""Which names of heads study B claims, and which it only counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from relevome.studies.annotation_names import Recognised, is_decoy
from relevome.studies.annotation_summary import conclude
from tests.studies.made_annotations import THREE, asked, named, names, over


def test_a_name_is_claimed_that_all_trainings_have_and_no_random_network(tmp_path: Path) -> None:
    trained = [
        # two heads of the first training have it, one that looks elsewhere
        [named("Learnt"), named("Learnt", (0, 1)), named("Twice"), named("Anyway"), named("-10_box"),
         named("-35_box", q=0.03), named("decoy1")],
        [named("Learnt"), named("Anyway", (0, 1)), named("-10_published"), named("-35_box"), named("decoy1"),
         named("decoy2", q=0.5)],
        [named("Learnt"), named("Twice"), named("Anyway"), named("-10_box", (0, 1)), named("-35_box"),
         named("decoy1")],
    ]  # fmt: skip
    random = [[named("Anyway")] if i < 8 else [named("Lrp")] if i == 8 else [] for i in range(10)]
    said = conclude(over(tmp_path, trained, random), asked(THREE), 10)
    found = {name: row for (weigh, _, name), row in names(tmp_path).items() if weigh == "attention"}
    assert {name for name, row in found.items() if row["claimed"] == "1"} == {"Learnt", "-10 box"}
    counts = ("heads", "trainings", "random_networks", "of_random", "passed", "claimed")
    assert {name: tuple(found[name][one] for one in counts) for name in found} == {
        "Learnt": ("2 1 1", "3", "0", "10", "distance, order, random weights, trainings", "1"),
        # either matrix of the box is the box
        "-10 box": ("1 1 1", "3", "0", "10", "distance, order, random weights, trainings", "1"),
        "Twice": ("1 0 1", "2", "0", "10", "distance, order, random weights", "0"),
        "Anyway": ("1 1 1", "3", "8", "10", "distance, order, trainings", "0"),
        # at q 0.03 it is no box
        "-35 box": ("0 1 1", "2", "0", "10", "distance, order, random weights", "0"),
        "decoy1": ("1 1 1", "3", "0", "10", "distance, order, random weights, trainings", "0"),
        "Lrp": ("0 0 0", "0", "1", "10", "", "0"),
    }
    by = [line for line in said if line.startswith("by attention, claimed: ")]
    rest = "random networks; nulls passed: distance, order, random weights, trainings)"
    assert by == [
        "by attention, claimed: a consensus of heads is the -10 box at q < 0.01 (heads: 1, 1 and 1 in "
        f"trainings 0, 1 and 2; -33 to -11 letters from the site; 0 of 10 {rest}",
        "by attention, claimed: a consensus of heads is Learnt (heads: 2, 1 and 1 in trainings 0, 1 and 2; "
        f"-33 to -11 letters from the site; 0 of 10 {rest}",
    ]
    for line in (
        "by attention, named by a consensus and not claimed: Anyway (in 3 of 3 trainings, 8 of 10 random "
        "networks), -35 box at q < 0.01 (in 2 of 3 trainings), Twice (in 2 of 3 trainings)",
        "by attention, networks with random weights named by a consensus: names in 9 of 10, 9 in all",
        "by attention, decoys: 1 of 2 shuffled matrices named in any training (decoy1 in 3 of 3 trainings); "
        "1 of them would be claimed if it were none",
        "by contribution: no name is claimed",
    ):
        assert line in said
    page = (tmp_path / "study.md").read_text()
    assert "(of 10 none)" in page
    assert "of the names that 3 of all 13 have only 1 in 286 would be" in page
    row = "| Learnt | consensus | yes | distance, order, random weights, trainings | 3 of 3 | 2, 1, 1 |"
    assert row in page


@pytest.mark.parametrize(
    ("networks", "having", "claimed"), [(0, 0, False), (2, 0, True), (20, 1, False), (21, 1, True)]
)
def test_under_a_twentieth_of_random_networks_may_have_a_name(
    networks: int, having: int, claimed: bool
) -> None:
    random = tuple(int(i < having) for i in range(networks))
    assert Recognised("attention", "sites", "CRP", (1, 2), random, (-41,)).claimed == claimed


def test_only_a_whole_name_with_a_number_is_that_of_a_decoy() -> None:
    assert [is_decoy(name) for name in ("decoy0", "decoy17", "decoy", "decoy1-2", "Decoys")] == [
        True, True, False, False, False,
    ]  # fmt: skip
