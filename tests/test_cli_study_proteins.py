"""`relevome study protein-function` as people type it, on made-up proteins."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from relevome.studies.protein_function import SIZES
from tests.studies.made_proteins import write_made_enzymes, write_made_proteins


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_study_c_from_end_to_end(relevome_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_made_proteins(tmp_path / "data", each=40)
    asked = ("study", "protein-function", "--data", "data", "--size", "small", "--task", "signal-peptide")
    code, out, err = relevome_cli(*asked, "-o", "study")
    assert (code, err) == (0, [])
    assert sum(line.startswith("[") for line in out.splitlines()) == 17
    study = tmp_path / "study"
    page = (study / "study.md").read_text(encoding="utf-8")
    said = [line for line in out.splitlines() if line.startswith("signal-peptide: ")]
    assert any("heads are significant" in line for line in said)
    assert all(line.split("[")[0] in page for line in said)
    assert "nan" not in page.lower()
    areas = [row for path in study.glob("*/substitution/*/areas.tsv") for row in rows_of(path)]
    apart = [row for row in areas if row["measure"] == "logit" and float(row["low"]) * float(row["high"]) > 0]
    assert page.count("| yes |") == len(apart)
    assert page.count("| no |") == sum(row["measure"] == "logit" for row in areas) - len(apart)
    rows = rows_of(study / "study.tsv")
    # three methods with heads, three statistics, the embedding and 16 heads
    assert len(rows) == 3 * 3 * 17
    assert {row["type"] for row in rows} == {"signal peptide"}
    code, out, err = relevome_cli(*asked, "-o", "study")
    assert (code, err) == (0, [])
    assert "17 of 17 commands were done before" in out
    # a model that is none calls no head specialised, whatever its heads were found to be before
    record = study / "signal-peptide" / "model" / "training.json"
    said = json.loads(record.read_text(encoding="utf-8"))
    for auroc, mcc, called in ((0.99, 0.9, True), (0.99, 0.0, False), (0.5, 0.9, False)):
        said["metrics"]["test"] |= {"auroc": auroc, "mcc": mcc}
        record.write_text(json.dumps(said), encoding="utf-8")
        code, out, err = relevome_cli(*asked, "-o", "study")
        assert (code, err) == (0, [])
        lines = [line for line in out.splitlines() if line.startswith("signal-peptide/model: ")]
        assert lines[0].startswith(f"signal-peptide/model: AUROC {auroc:.3f}, MCC {mcc:.3f} on ")
        assert any("heads are not called specialised" in line for line in lines) != called
        words = [line for line in out.splitlines() if " heads are significant by r" in line]
        assert words
        assert all(("specialised" in line) == called for line in words)
        page = (study / "study.md").read_text(encoding="utf-8")
        assert ("heads are not called specialised" in page.split("## Models")[0]) != called
        if not called:
            assert {row["specialised"] for row in rows_of(study / "study.tsv")} == {"0"}


def test_enzymes_of_ones_own_from_end_to_end(relevome_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(SIZES, "small", replace(SIZES["small"], steps=2, random=1))
    table, sites = write_made_enzymes(tmp_path, of=(1,))
    asked = ("study", "protein-function", "--proteins", table.name, "--annotations", sites.name)
    code, out, err = relevome_cli(*asked, "--size", "small", "-o", "study")
    assert (code, err) == (0, [])
    assert any(line.startswith("enzymes/model: AUROC ") for line in out.splitlines())
    page = (tmp_path / "study" / "study.md").read_text(encoding="utf-8")
    assert "## enzymes/ec-1\n" in page
    assert "nan" not in page.lower()
    rows = rows_of(tmp_path / "study" / "study.tsv")
    assert {row["task"] for row in rows} == {"enzymes/ec-1"}
    assert {row["type"] for row in rows} == {"active site", "binding site"}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (("--size", "big"), "relevome: --size big: expected one of small, default, published"),
        (("--task", "fold"), "relevome: --task fold: expected one of membrane, signal-peptide"),
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
