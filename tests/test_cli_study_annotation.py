"""`relevome study annotation` from end to end, on a made-up genome."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_study_b_from_end_to_end(relevome_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ("study", "annotation", "--size", "small", "--trainings", "2", "-o", "a study")
    code, out, err = relevome_cli(*asked)
    study = tmp_path / "a study"
    assert (code, err) == (0, [])
    assert sum(line.startswith("[") for line in out.splitlines()) == 18
    models = rows(study / "models.tsv")
    assert [(row["model"], row["training"]) for row in models] == [
        ("annotator", "0"), ("annotator", "1"), ("cnn", "0"), ("cnn", "1"), ("scan", ""),
        ("scan-published", ""),
    ]  # fmt: skip
    # another seed is another training
    for name in ("annotator", "cnn"):
        assert len({row["average_precision"] for row in models if row["model"] == name}) == 2
    assert len({(row["positions"], row["sites"], row["base_rate"]) for row in models}) == 1
    assert int(models[0]["positions"]) == 16_000
    held = json.loads((study / "annotator" / "1" / "training.json").read_text())["data"]
    assert held["test"] == ["made_up:0-8000(.)"]
    assert held["held_out"] == ["made_up:36000-40000(.)"]
    names = rows(study / "names.tsv")
    assert {(row["of_trainings"], row["of_random"]) for row in names} == {("2", "2")}
    # both boxes are always asked, by attention and by contribution
    assert sum(row["name"] in ("'-10 box", "'-35 box") for row in names) == 4
    page = (study / "study.md").read_text(encoding="utf-8")
    for words in (
        "| annotator | 2 |",
        "| scan-published |  |",
        "| annotator/1 |",
        "| random-1 |",
        "heads/contribution/annotator/0/logos.png",
        "heads/contribution/annotator/1/logos.png",
    ):
        assert words in page
    for weigh in ("attention", "contribution"):
        folder = study / "heads" / weigh
        assert all((folder / "annotator" / f"{number}" / "logos.png").is_file() for number in range(2))
        for number in range(2):
            said = json.loads((folder / f"random-{number}" / "attention_heads.json").read_text())
            assert (said["random_weights"], said["settings"]["weigh"]) == (True, weigh)

    code, again, err = relevome_cli(*asked)
    assert (code, err) == (0, [])
    assert "18 of 18 commands were done before" in again
    assert not any(line.startswith("[") for line in again.splitlines())


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (("--size", "big"), "relevome: --size big: expected one of small, default, published"),
        (("--genome", "g.fa"), "relevome: a genome of your own needs --genome and --labels"),
        (("--circular",), "relevome: --motifs, --known, --circular and the --labels options belong to"),
        (("--trainings", "0"), "relevome: --trainings 0: expected 1 or more"),
        (
            ("--model", "there", "--trainings", "2"),
            "relevome: --model there is one annotator, trained",
        ),
        (("--model", "nothing"), "relevome: --model nothing: expected the folder of a trained annotator"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_made(relevome_cli, tmp_path, monkeypatch, told, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.fa").write_text(">g\nACGT\n")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "config.json").write_text("{}")
    code, out, err = relevome_cli("study", "annotation", *told, "-o", tmp_path / "study")
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith(message)
    assert not (tmp_path / "study").exists()
