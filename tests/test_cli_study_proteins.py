"""`relevome study protein-function` as people type it, on made-up proteins."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from relevome.studies.protein_function import SIZES
from tests.studies.made_proteins import write_made_enzymes, write_made_proteins

AREA = ("logit", "random", "most")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_study_c_from_end_to_end(relevome_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(SIZES, "small", replace(SIZES["small"], epochs=2, steps=2, random=1))
    write_made_proteins(tmp_path / "data", each=40)
    asked = ("study", "protein-function", "--data", "data", "--size", "small", "--task", "signal-peptide")
    asked = (*asked, "--trainings", "2", "-o", "study")
    code, out, err = relevome_cli(*asked)
    assert (code, err) == (0, [])
    assert sum(line.startswith("[") for line in out.splitlines()) == 2 * 17
    study = tmp_path / "study"
    # three methods with heads, three statistics, the embedding and 16 heads
    rows = rows_of(study / "study.tsv")
    assert len(rows) == 2 * 3 * 3 * 17
    assert {row["type"] for row in rows} == {"signal peptide"}
    weights = [(study / "signal-peptide" / n / "model" / "model.safetensors").read_bytes() for n in "01"]
    assert weights[0] != weights[1]
    # nothing is claimed where a model is none, whatever its heads were found to be before
    records = [study / "signal-peptide" / n / "model" / "training.json" for n in "01"]
    said = json.loads(records[0].read_text(encoding="utf-8"))
    for auroc, mcc, good in ((0.99, 0.9, True), (0.99, 0.0, False), (0.5, 0.9, False)):
        for record, scores in zip(records, ((0.99, 0.9), (auroc, mcc)), strict=True):
            said["metrics"]["test"] |= dict(zip(("auroc", "mcc"), scores, strict=True))
            record.write_text(json.dumps(said), encoding="utf-8")
        code, out, err = relevome_cli(*asked)
        assert (code, err) == (0, [])
        assert "34 of 34 commands were done before" in out
        lines = [line for line in out.splitlines() if line.startswith("signal-peptide/1/model: ")]
        assert lines[0].startswith(f"signal-peptide/1/model: AUROC {auroc:.3f}, MCC {mcc:.3f} on ")
        assert any("heads are not called specialised" in line for line in lines) != good
        assert ("nothing is claimed, as not every model is good enough (those of trainings 1)" in out) != good
        assert any("the model has heads" in line for line in out.splitlines()) == good
        page = (study / "study.md").read_text(encoding="utf-8")
        assert ("heads are not called specialised" in page.split("## Models")[0]) != good
        assert "nan" not in page.lower()
        check_against_what_the_commands_left(study, ["0", "1"] if good else ["0"])


def check_against_what_the_commands_left(study, trainings):
    """Claims over the trainings whose models are good enough, counted from the tables of each."""
    claims = rows_of(study / "claims.tsv")
    assert len(claims) == 2 * 3 + 2 * 4
    for claim in claims:
        if "replaced" in claim["question"]:
            tables = [study / "signal-peptide" / n / "substitution" / claim["method"] for n in trainings]
            areas = [row for table in tables for row in rows_of(table / "areas.tsv")]
            own = [row for row in areas if (row["measure"], row["upper"], row["lower"]) == AREA]
            assert int(claim["say_so"]) == sum(float(row["low"]) > 0 for row in own)
        if "specialised" in claim["question"]:
            tables = [study / "signal-peptide" / n / "heads" / claim["method"] for n in trainings]
            assert int(claim["say_so"]) == sum(
                any(over_every_null(row) for row in rows_of(table / "heads.tsv")) for table in tables
            )
        assert (claim["say_so"] == "2") >= (claim["claimed"] == "1")
        assert int(claim["below"]) == 2 - len(trainings)
    called = {row["training"] for row in rows_of(study / "study.tsv") if row["specialised"] == "1"}
    assert called <= set(trainings)


def over_every_null(row):
    by_r = row["metric"] == "point-biserial" and row["head"] != ""
    return by_r and row["significant"] == "1" and all(
        float(row[name]) < 0.05 for name in row if name.endswith("_q")
    ) and all(float(row[name]) >= 1e-3 for name in row if name.endswith("_left"))  # fmt: skip


def test_enzymes_of_ones_own_from_end_to_end(relevome_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(SIZES, "small", replace(SIZES["small"], epochs=2, steps=2, random=1))
    table, sites = write_made_enzymes(tmp_path, of=(1,))
    asked = ("study", "protein-function", "--proteins", table.name, "--annotations", sites.name)
    code, out, err = relevome_cli(*asked, "--size", "small", "--trainings", "1", "-o", "study")
    assert (code, err) == (0, [])
    assert any(line.startswith("enzymes/0/model: AUROC ") for line in out.splitlines())
    assert "enzymes/ec-1: nothing is claimed of one training" in out
    page = (tmp_path / "study" / "study.md").read_text(encoding="utf-8")
    assert "## enzymes/ec-1\n" in page
    assert "nan" not in page.lower()
    rows = rows_of(tmp_path / "study" / "study.tsv")
    assert {(row["task"], row["training"]) for row in rows} == {("enzymes/ec-1", "0")}
    assert {row["type"] for row in rows} == {"active site", "binding site"}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (("--size", "big"), "relevome: --size big: expected one of small, default, published"),
        (("--task", "fold"), "relevome: --task fold: expected one of membrane, signal-peptide"),
        (("--trainings", "0"), "relevome: --trainings 0: expected 1 or more, 2 for what holds over them"),
        (("--start", "nothing"), "relevome: --start nothing: expected random, or the folder of a checkpoint"),
        (("--data", "nowhere"), "relevome: the task membrane needs the file protein/tmbed_alpha"),
        (("--task", "enzymes"), "relevome: the task enzymes and the proteins that it reads (--proteins)"),
        (("--clusters", "c.tsv"), "relevome: --annotations and --clusters are of --proteins: add those"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_made(relevome_cli, tmp_path, monkeypatch, told, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.tsv").write_text("a\ta\n")
    write_made_proteins(tmp_path / "data", each=1)
    given = told if "--data" in told else (*told, "--data", tmp_path / "data")
    code, out, err = relevome_cli("study", "protein-function", *given, "-o", tmp_path / "study")
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith(message)
    assert not (tmp_path / "study").exists()


def test_without_any_proteins_it_says_what_it_studies(relevome_cli, tmp_path):
    code, _, err = relevome_cli("study", "protein-function", "-o", tmp_path / "study")
    assert (code, len(err)) == (2, 1)
    assert err[0].startswith("relevome: no proteins to study: expected the public ones (--data), or enzymes")
