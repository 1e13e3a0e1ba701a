"""What study B concludes, from results that are made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relevome.errors import InputError
from relevome.results.annotation.folder import NAME
from relevome.results.attention_heads.heads import Fall, Together
from relevome.results.head_name import HeadName
from relevome.results.quality.words import described
from relevome.results.tables import read_tsv
from relevome.studies.annotation_names import Characterised
from relevome.studies.annotation_summary import conclude, quality_of_sites
from tests.studies.made_annotations import ONE, THREE, asked, heads, named, names, over, write_annotations


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """One training of each model, and two networks with random weights."""
    write_annotations(tmp_path, ONE)
    matches = [
        (0, 0, "-10_published", 1e-6, 0.002, "+"), (0, 0, "-10_box", 1e-7, 0.001, "+"),
        (0, 0, "FNR", 0.1, 0.06, "+"), (0, 1, "-35_box", 1e-4, 0.02, "+"), (0, 1, "Fis", 1e-4, 0.03, "-"),
    ]  # fmt: skip
    factors = [(0, 0, "CRP", 40, 9, 2.5, 1e-5, 0.01), (0, 1, "Fur", 40, 1, 7.0, 1e-5, 0.01)]
    looks, brings = (tmp_path / "heads" / name for name in ("attention", "contribution"))
    heads(looks / "annotator" / "0", matches, factors)
    heads(looks / "random-0", [(1, 0, "Lrp", 1e-5, 0.01, "+")])
    heads(looks / "random-1", [(1, 0, "Lrp", 1e-2, 0.2, "+")])
    heads(brings / "annotator" / "0", [(0, 1, "-35_box", 1e-7, 0.004, "+")])
    for name in ("random-0", "random-1"):
        heads(brings / name, [])
    return tmp_path


def test_a_box_needs_a_stricter_level_and_a_factor_more_than_chance(study: Path) -> None:
    one = Characterised(study, "attention", "annotator/0")
    assert one.heads_with("consensus", "-10 box") == {"0.0": "-11"}
    # at q 0.02 it is a name, and no box
    assert one.heads_with("consensus", "-35 box") == {}
    assert one.names("consensus") == ["-10_box", "-10_published", "-35_box", "Fis"]
    assert one.names("sites") == ["CRP"]
    assert one.with_consensus == 2
    box = next(one for one in one.found if one.name == "-10_box")
    assert (box.head, box.q, box.distance, box.first, box.last) == ("0.0", 0.001, "-11", "-13", "-8")


def test_models_and_networks_are_said_and_tabled(study: Path) -> None:
    said = "\n".join(conclude(study, asked(ONE), 2))
    for words in (
        "one training: what is said holds of these networks",
        "annotator: average precision 0.4000, ROC AUC 0.9000, over 2,000 positions, of which 4 are sites",
        "annotator beats cnn by average precision (0.4000, 0.1000; 4.00 times that of cnn)",
        "annotator beats scan by average precision (0.4000, 0.0500; 8.00 times that of scan)",
        "by attention, claimed: a consensus of heads is the -10 box at q < 0.01 (heads: 1; -11 letters from "
        "the site; 0 of 2 random networks; nulls passed: distance, order, random weights)",
        "by attention, named by a consensus and not claimed: -35 box at q < 0.01 (in 0 of 1 trainings)",
        "by attention, claimed: heads sit on known sites of CRP",
        "by contribution, claimed: a consensus of heads is the -35 box",
        "by attention, networks with random weights named by a consensus: names in 1 of 2, 1 in all",
        "by contribution, networks with random weights named by a consensus: names in 0 of 2, 0 in all",
    ):
        assert words in said
    assert "not asked" not in said
    assert "decoys" not in said
    page = (study / "study.md").read_text()
    assert "annotator beats cnn by average precision" in page
    assert "| random-1 | none | none | 2 of 3 |" in page
    rows = read_tsv(study / "models.tsv")
    assert {(row[0], row[1]): float(row[-1]) for row in rows} == {
        ("annotator", "0"): 0.4,
        ("cnn", "0"): 0.1,
        ("scan", ""): 0.05,
    }
    rows = read_tsv(study / "found.tsv")
    assert [(row[1], row[4]) for row in rows if row[0] == "attention"] == [
        ("annotator/0", "-10_published"), ("annotator/0", "-10_box"), ("annotator/0", "-35_box"),
        ("annotator/0", "Fis"), ("annotator/0", "CRP"), ("random-0", "Lrp"),
    ]  # fmt: skip
    assert [(row[2], row[4]) for row in rows if row[0] == "contribution"] == [("0.1", "-35_box")]


def test_a_model_beats_another_only_if_every_training_does(tmp_path: Path) -> None:
    said = conclude(over(tmp_path, [[], [], []], [[]]), asked(THREE), 1)
    for words in (
        "annotator: average precision 0.3500 (0.3000 to 0.4000), ROC AUC 0.9000, means of 3 trainings, over",
        # the best CNN is better than the worst annotator, though its mean is far below
        "neither annotator nor cnn is claimed to be better by average precision: their trainings overlap "
        "(0.3000 to 0.4000, 0.1000 to 0.3100)",
        "annotator beats scan by average precision in every training (0.3000 to 0.4000, 0.0500; 7.00 times",
        "scan-published beats annotator by average precision in every training (0.5000, 0.3000 to 0.4000; ",
    ):
        assert any(line.startswith(words) for line in said)
    assert not any(line.startswith("one training") for line in said)
    page = (tmp_path / "study.md").read_text()
    assert "| annotator | 3 | 0.9000 | 0.9000 | 0.3500 | 0.3000 to 0.4000 |" in page
    assert "| scan |  | 0.9000 |  | 0.0500 |  |" in page
    assert [row[:2] for row in read_tsv(tmp_path / "models.tsv")] == [
        *(["annotator", f"{i}"] for i in range(3)),
        *(["cnn", f"{i}"] for i in range(3)),
        ["scan", ""],
        ["scan-published", ""],
    ]


def test_what_is_lost_without_named_heads_is_said_of_every_training(tmp_path: Path) -> None:
    alike, any_ = ((Fall(low, 0.0), Fall(high, 0.0)) for low, high in ((1.0, 2.0), (0.5, 2.5)))
    one = (HeadName(0, 0),)
    for folder, falls in (("all", (3.0, 2.6, 4.0)), ("some", (3.0, 2.4, None))):
        study = over(tmp_path / folder, [[], [], []], [[]])
        for number, fall in enumerate(falls):
            path = study / "heads" / "attention" / "annotator" / str(number)
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
            # heads were left out one by one in any case
            told = None if fall is None else Together(one, Fall(fall, 0.0), alike, any_)
            heads(path, [], together=told)
    worth = "heads with any name are worth more than each of the random sets"
    said = conclude(tmp_path / "all", asked(THREE), 1)
    assert (
        "training 1: without the 1 named head the mean logit at sites falls by 2.600; without as many "
        "random ones, which may be named too, of the same layers by 1.500 (2 draws: 1.000 to 2.000), of any "
        "layers by 1.500 (2 draws: 0.500 to 2.500)"
    ) in said
    assert f"in every training {worth} (in 3 of 3 trainings)" in said
    said = conclude(tmp_path / "some", asked(THREE), 1)
    assert "training 2: no head has a name to be left out" in said
    assert f"not claimed: {worth} (in 1 of 3 trainings)" in said


def test_what_was_not_asked_is_not_answered(study: Path) -> None:
    for path in study.glob("heads/*/**/attention_heads.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"known_sites": None}))
    said = conclude(study, asked(ONE), 2, "take care")
    assert said[0] == "take care"
    assert not any("named by known sites" in line for line in said)
    page = (study / "study.md").read_text()
    assert "- take care" in page
    assert "| random-1 | none | not asked | 2 of 3 |" in page


@pytest.mark.parametrize("text", ['{"settings": {"level": 0.05}}', "[", "[]"])
def test_heads_that_cannot_be_read_are_said_with_what_to_do(study: Path, text: str) -> None:
    folder = study / "heads" / "attention" / "random-1"
    (folder / "attention_heads.json").write_text(text)
    with pytest.raises(
        InputError, match=rf"{folder}/attention_heads.json is damaged.*: remove {folder}, and"
    ):
        conclude(study, asked(ONE), 2)


def spoil(folder: Path, rank: float, precision: float) -> None:
    path = folder / NAME
    content = json.loads(path.read_text())
    content["truth"]["all"] |= {"roc_auc": rank, "average_precision": precision}
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("rank", "precision", "reason"),
    [
        (0.55, 0.4, "not above chance (AUROC 0.55, where a guess has 0.5, by luck up to"),
        (0.9, 0.003, "weak (average precision 0.003, below 0.004)"),
    ],
)
def test_heads_of_an_annotator_that_is_not_good_enough_look_for_nothing(
    study: Path, rank: float, precision: float, reason: str
) -> None:
    said = conclude(study, asked(ONE), 2)
    assert any("claimed: a consensus" in line for line in said)
    spoil(study / "annotation" / "annotator" / "0", rank, precision)
    _, first, *others = conclude(study, asked(ONE), 2)
    assert first.startswith(f"the annotator is {reason}")
    assert "its heads are not said to look for anything" in first
    assert not any(line.startswith("by ") for line in others)
    top = (study / "study.md").read_text().split("## Models")[0]
    assert "its heads are not said to look for anything" in top
    assert {row["claimed"] for row in names(study).values()} == {"0"}


def test_one_training_that_is_not_good_enough_is_enough_to_claim_nothing(tmp_path: Path) -> None:
    study = over(tmp_path, [[named("Learnt")]] * 3, [[]])
    assert any("claimed: a consensus of heads is Learnt" in line for line in conclude(study, asked(THREE), 1))
    spoil(study / "annotation" / "annotator" / "1", 0.6, 0.4)
    first, *others = conclude(study, asked(THREE), 1)
    assert first.startswith("training 1 of the annotator is not above chance (AUROC 0.6")
    assert "heads of no training are said to look for anything" in first
    assert not any(line.startswith(("by ", "training ")) for line in others)
    assert (
        "| Learnt | consensus | no | distance, order, random weights, trainings | 3 of 3 |"
        in (study / "study.md").read_text()
    )
    assert {row["claimed"] for row in names(study).values()} == {"0"}


def test_the_quality_over_a_region_counts_its_positions() -> None:
    numbers = {"positions": 2000, "sites": 4, "base_rate": 0.002, "roc_auc": None, "average_precision": 0.4}
    found = quality_of_sites(numbers)
    assert (found.contests, found.metrics) == ([(4, 1996)], {"average_precision": 0.4})
    assert described(found) == "model: average precision 0.400 (a guess: 0.002) on 2,000 test positions"
