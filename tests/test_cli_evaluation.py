"""`relevome evaluate` and `relevome compare` as people type them."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from pathlib import Path

import pytest

from relevome.results.folder import LOCK
from tests.toys import saved  # noqa: F401 - fixture

FASTA = ">a\nMKTAYIAKQRGAVLI\n>b\nGAVLIMCFYWHKTAY\n>c\nWHKTAYMKTAYIAKQRG\n"
BED = "a\t2\t6\tbox\nb\t1\t4\tbox\nc\t9\t12\tbox\n"
GFF = "##gff-version 3\n" + "".join(
    f"{name}\tme\t{kind}\t{start}\t{end}\t.\t+\t.\t.\n"
    for name, start, end in (("a", 3, 6), ("b", 2, 4), ("c", 10, 12))
    for kind, start, end in (("box", start, end), ("region", 1, 15))
)


@pytest.fixture
def runs(relevome_cli, saved, write, tmp_path):  # noqa: F811
    """Two runs of one model, by two methods."""
    fasta = write("p.fa", FASTA)
    model = shutil.copytree(saved("esm"), tmp_path / "model")
    for method in ("gradient-x-input", "mutagenesis"):
        code, _, err = relevome_cli(
            "explain", "--model", model, "--fasta", fasta, "--method", method, "-o", tmp_path / method
        )
        assert (code, err) == (0, [])
    return tmp_path / "gradient-x-input", tmp_path / "mutagenesis"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_evaluate_then_compare(relevome_cli, runs, write, tmp_path):
    truth = write("sites.bed", BED)
    for run in runs:
        code, out, err = relevome_cli(
            "evaluate", run, "--truth", truth, "--fast", "-o", tmp_path / f"{run.name}-scores"
        )
        assert (code, err) == (0, [])
        assert "auroc" in out
        assert "checks failed" in out or "checks passed" in out
    scores = tmp_path / "mutagenesis-scores"
    assert {path.name for path in scores.iterdir()} - {LOCK} == {
        "scores.json", "scores.tsv", "scores.md", "values.tsv", "sequences.tsv", "curves.tsv",
        "curves-letters.png", "scores.png",
    }  # fmt: skip
    said = json.loads((scores / "scores.json").read_text())
    assert said["method"] == "mutagenesis"
    assert {check["name"] for check in said["checks"]} >= {"weight randomisation"}
    assert {row["kind"] for row in rows(scores / "scores.tsv")} == {
        "localisation", "complexity", "faithfulness", "infidelity", "robustness", "sanity", "agreement",
        "double substitutions",
    }  # fmt: skip
    folders = [tmp_path / f"{run.name}-scores" for run in runs]
    code, out, err = relevome_cli(
        "compare", *folders, "--label", "g", "--label", "m", "-o", tmp_path / "table"
    )
    assert (code, err) == (0, [])
    assert "2 runs" in out
    table = tmp_path / "table"
    assert {row["run"] for row in rows(table / "table.tsv")} == {"g", "m"}
    assert {row["metric"] for row in rows(table / "similarity.tsv")} == {
        "pearson", "spearman", "cosine", "top-k-overlap",
    }  # fmt: skip
    assert r"\begin{tabular}" in (table / "table.tex").read_text()
    assert "| auroc ↑ |" in (table / "table.md").read_text(encoding="utf-8")
    assert (table / "curves-letters.png").read_bytes().startswith(b"\x89PNG")


def test_sites_of_gff_are_those_of_bed(relevome_cli, runs, write, tmp_path):
    values = []
    for name, content, options in (("s.bed", BED, ()), ("s.gff", GFF, ("--feature", "box"))):
        out = tmp_path / f"{name}-scores"
        code, _, err = relevome_cli(
            "evaluate",
            runs[0],
            "--truth",
            write(name, content),
            *options,
            "--metrics",
            "localisation",
            "-o",
            out,
        )
        assert (code, err) == (0, [])
        values.append((out / "values.tsv").read_text())
    assert values[0] == values[1]


def test_compare_evaluates_runs_itself(relevome_cli, runs, tmp_path):
    code, out, err = relevome_cli("compare", *runs, "--no-model", "-o", tmp_path / "table")
    assert (code, err) == (0, [])
    assert "sparseness ↑" in out
    assert "what asks the model was left out (--no-model)" in out


def test_a_model_that_changed_is_refused_and_one_that_moved_is_found(relevome_cli, runs, saved, tmp_path):  # noqa: F811
    (tmp_path / "model").rename(tmp_path / "moved")
    asked = ("evaluate", runs[0], "--metrics", "comprehensiveness", "--fast", "-o", tmp_path / "scores")
    code, _, err = relevome_cli(*asked)
    assert (code, len(err)) == (2, 1)
    assert "or give --model DIR" in err[0]
    code, out, err = relevome_cli(*asked, "--model", tmp_path / "moved")
    assert (code, err) == (0, [])
    assert "comprehensiveness" in out
    code, _, err = relevome_cli(*asked, "--overwrite", "--model", saved("protbert"))
    assert (code, len(err)) == (2, 1)
    assert "is not the model that" in err[0]
    assert "is not the model that" in err[0]


def test_the_model_of_a_run_is_found_from_any_folder(relevome_cli, saved, write, tmp_path, monkeypatch):  # noqa: F811
    fasta, run, elsewhere = write("p.fa", FASTA), tmp_path / "run", tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copytree(saved("esm"), tmp_path / "model")
    explain = ("explain", "--model", "model", "--fasta", fasta, "--method", "saliency", "-o", run)
    evaluate = ("evaluate", run, "--metrics", "infidelity", "--null", 0, "--fast", "-o", tmp_path / "scores")
    monkeypatch.chdir(tmp_path)
    assert relevome_cli(*explain)[0] == 0
    said = json.loads((run / "run.json").read_text())
    assert said["model"]["path"] == str(tmp_path / "model")
    monkeypatch.chdir(elsewhere)
    assert relevome_cli(*evaluate)[::2] == (0, [])
    # as runs were written before
    said["model"]["path"] = "model"
    (run / "run.json").write_text(json.dumps(said))
    code, _, err = relevome_cli(*evaluate, "--overwrite")
    assert (code, len(err)) == (2, 1)
    assert "there is no folder model" in err[0]
    monkeypatch.chdir(tmp_path)
    assert relevome_cli(*evaluate, "--overwrite")[::2] == (0, [])
    assert relevome_cli(*explain)[::2] == (0, [])
    assert json.loads((run / "run.json").read_text())["model"]["path"] == str(tmp_path / "model")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--truth", "none.bed"), "cannot read none.bed"),
        (("--metrics", "auroc"), "needs known sites"),
        (("--level", "words"), "expected one of letters, tokens, both"),
        (("--target", "9"), "has no target '9'"),
        (("--replacement", "1"), "unknown replacement '1'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(relevome_cli, runs, tmp_path, options, message):
    code, _, err = relevome_cli("evaluate", runs[0], *options, "--fast", "-o", tmp_path / "scores")
    assert (code, len(err)) == (2, 1)
    assert message in err[0]


BAD_TRUTH = {
    "empty": ("", "is in the file of known sites: it holds none"),
    "comments alone": ("# no sites\ntrack name=x\n", "is in the file of known sites: it holds none"),
    "elsewhere": ("chrX\t0\t3\tx\nchrY\t0\t3\tx\n", "1 site on 'chrX', which is no sequence that was read"),
    "everything": ("a\t0\t15\nb\t0\t15\nc\t0\t17\n", "3 with all letters inside known sites"),
    "one sequence": ("a\t2\t6\tbox\n", "applies to 1 of 3 sequences: expected two or more"),
    "prose": ("these are no sites\n", "t.bed, line 1: 'are' is no BED coordinate"),
    "no number": ("a\t2\t6\nb\tx\t4\n", "t.bed, line 2: 'x' is no BED coordinate"),
    "nothing of a sequence": ("a\t3\t3\n", "t.bed, line 1: interval a:3-3 is empty or negative"),
    "off the end": (
        "a\t2\t60\tbox\n",
        "site 'box' 2-60 is off the end of sequence 'a', which has 15 letters",
    ),
    "binary": (b"\x00\x01\xff", "t.bed is not text: expected UTF-8"),
    "half a gzip": (gzip.compress(BED.encode())[:20], "t.bed is a damaged gzip file"),
}


def test_truth_that_tells_nothing_is_refused_in_one_line(relevome_cli, runs, write, tmp_path):
    for name, (content, message) in BAD_TRUTH.items():
        asked = ("evaluate", runs[0], "--truth", write("t.bed", content), "--no-model")
        code, out, err = relevome_cli(*asked, "-o", tmp_path / "scores")
        assert (code, out, len(err)) == (2, "", 1), name
        assert message in err[0], name
        assert not (tmp_path / "scores").exists()
    gff = ("evaluate", runs[0], "--truth", write("t.gff", "a\tme\tbox\t0\tx\n"), "-o", tmp_path / "scores")
    code, _, err = relevome_cli(*gff)
    assert (code, len(err)) == (2, 1)
    assert "t.gff, line 1: 5 columns: expected the 9 of GFF3" in err[0]


def test_truth_that_fits_some_sequences_leaves_the_others_out_and_says_why(
    relevome_cli, runs, write, tmp_path
):
    truth = write("t.bed", "a\t2\t6\tbox\nb\t0\t15\tall\nc\t1\t9\tbox\nd\t1\t3\tx\nd\t4\t5\tx\n")
    out = tmp_path / "scores"
    code, said, err = relevome_cli("evaluate", runs[0], "--truth", truth, "--no-model", "-o", out)
    assert (code, err) == (0, [])
    assert "localisation of letters: 1 sequence left out, with all letters inside known sites" in said
    assert "known sites: 2 sites on 'd', which is no sequence that was read" in said
    (auroc,) = [row for row in rows(out / "scores.tsv") if row["metric"] == "auroc"]
    assert (auroc["sequences"], auroc["left_out"]) == ("2", "1 with all letters inside known sites")


def test_runs_of_other_sequences(relevome_cli, runs, write, tmp_path):
    """Other ids and other letters are refused; where two or more are the same, the rest is left out."""
    others = {
        "ids": (">x\nMKTAY\n>y\nGAVLI\n", 2, "the runs have 0 sequences in common: expected two or more"),
        "letters": (FASTA.replace("LI\n", "LW\n").replace("AY\n", "AW\n"), 2, "2 with other letters"),
        "some": (">a\nMKTAYIAKQRGAVLI\n>c\nWHKTAYMKTAYIAKQRG\n>z\nMKTT\n", 0, "1 sequence left out, not in"),
    }  # fmt: skip
    for name, (fasta, expected, message) in others.items():
        explained = ("--fasta", write(f"{name}.fa", fasta), "--method", "saliency", "-o", tmp_path / name)
        assert relevome_cli("explain", "--model", tmp_path / "model", *explained)[0] == 0
        compared = ("compare", runs[0], tmp_path / name, "--no-model", "-o", tmp_path / f"{name}-table")
        code, out, err = relevome_cli(*compared)
        assert (code, len(err)) == (expected, int(expected > 0)), name
        assert message in (err[0] if err else out)


def test_results_are_replaced_only_when_asked(relevome_cli, runs, tmp_path):
    asked = ("evaluate", runs[0], "--no-model", "-o", tmp_path / "scores")
    assert relevome_cli(*asked)[0] == 0
    code, _, err = relevome_cli(*asked)
    assert (code, len(err)) == (2, 1)
    assert "replace it with --overwrite" in err[0]
    assert relevome_cli(*asked, "--overwrite")[0] == 0
    code, _, err = relevome_cli("evaluate", runs[0], "--no-model", "--overwrite", "-o", runs[1])
    assert (code, len(err)) == (2, 1)
    assert "is there and not empty: choose another -o" in err[0]


def test_a_result_that_was_stopped_half_way_is_made_again(relevome_cli, runs, tmp_path):
    asked = ("evaluate", runs[0], "--no-model", "-o", tmp_path / "scores")
    assert relevome_cli(*asked)[0] == 0
    (tmp_path / "scores" / "scores.json").rename(tmp_path / "scores" / ".scores.json.tmp")
    assert relevome_cli(*asked)[0] == 0
    assert not (tmp_path / "scores" / ".scores.json.tmp").exists()
    (tmp_path / "scores" / "scores.json").unlink()
    (tmp_path / "scores" / "notes.txt").write_text("somebody's")
    assert relevome_cli(*asked, "--overwrite")[0] == 2


def test_every_metric_is_listed_with_its_kind_and_direction(relevome_cli):
    code, out, _ = relevome_cli("list", "metrics")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "localisation, higher is better: Probability" in lines["auroc"]
    assert "sanity, lower is better: " in lines["weight-randomisation"]
    assert "faithfulness, higher is better: " in lines["normalised-area-between-curves"]


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_help_has_an_example(relevome_cli, command):
    code, out, _ = relevome_cli(command, "--help")
    assert code == 0
    assert f"Example: relevome {command}" in " ".join(out.split())
