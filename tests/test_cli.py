"""The command line as people type it: what it prints, what it leaves, and one line for every mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import relevome
from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.readings import Readings
from relevome.cli.app import app
from relevome.evaluation.explainer import explainer
from tests.oracles.test_fixtures import with_bin
from tests.toys import saved  # noqa: F401 - fixture


@pytest.fixture
def protein_fasta(write):
    return write("p.fa", ">a\nMKTAYIAKQR\n>b some words\nGAVLIMCFYWHK\n")


def test_a_command_that_is_stopped_says_how_to_go_on(relevome_cli, saved, protein_fasta, monkeypatch):  # noqa: F811
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("relevome.jobs.explain.explain", stop)
    model = ("--model", saved("esm"), "--fasta", protein_fasta, "-o", "never")
    code, _, err = relevome_cli("explain", *model)
    assert code == 130
    assert err == ["relevome: stopped; what was finished is kept, and the same command goes on from there"]


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (
            ("train", "--arch", "cnn", "--train", "t.csv", "--validation", "v.csv"),
            "whole epochs are kept: the same command with --resume goes on from there, and with --finish",
        ),
        (("evaluate", "run"), "nothing of it is kept: run the same command again"),
        (("demo",), "its folder is as it was then: remove it, and run the same command again"),
    ],
)
def test_what_is_said_of_a_command_that_is_stopped_is_true_of_it(
    relevome_cli, monkeypatch, tmp_path, command, kept
):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    for name in ("t.csv", "v.csv", "run"):
        Path(name).touch()
    monkeypatch.setattr(f"relevome.jobs.{command[0]}.{command[0]}", stop)
    code, _, err = relevome_cli(*command, "-o", "never")
    assert code == 130
    assert err[0].startswith(f"relevome: stopped; {kept}")


@pytest.fixture
def asked(saved, protein_fasta, tmp_path):  # noqa: F811
    """An explanation of two proteins."""
    model = ("--model", saved("esm"), "--target", 1)
    return ("explain", *model, "--fasta", protein_fasta, "-o", tmp_path / "run")


def test_a_result_knows_the_command_that_made_it(relevome_cli, asked, tmp_path):
    assert relevome_cli(*asked)[0] == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["command"] == list(map(str, asked))


def test_a_time_limit_is_told_like_ctrl_c(relevome_cli, asked, tmp_path, monkeypatch):
    from relevome.jobs import explain
    from relevome.results.run.reader import Run

    def stop(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(explain.RunWriter, "record_part", stop)
        code, _, err = relevome_cli(*asked)
    assert code == 143
    assert err == ["relevome: stopped; what was finished is kept, and the same command goes on from there"]
    assert Run(tmp_path / "run").status == "failed"
    assert relevome_cli(*asked)[0] == 0
    assert signal.getsignal(signal.SIGTERM) == before


def test_explain_then_show_then_export(relevome_cli, saved, protein_fasta, tmp_path):  # noqa: F811
    code, out, err = relevome_cli(
        "explain", "--model", saved("esm"), "--fasta", protein_fasta, "--method", "attnlrp", "--target", "1",
        "-o", tmp_path / "run",
    )  # fmt: skip
    assert (code, err) == (0, [])
    assert "2 of 2 sequences explained by attnlrp" in out
    run = relevome.Run(tmp_path / "run")
    assert [row.sequence_id for row in run] == ["a", "b"]
    code, _, err = relevome_cli("show", tmp_path / "run", "--id", "b", "-o", tmp_path / "b.png")
    assert (code, err) == (0, [])
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
    code, out, err = relevome_cli("show", tmp_path / "run", "--list")
    scores = [f"{row.score:.6g}" for row in run]
    assert (code, err) == (0, [])
    assert out.splitlines() == [f"{id}  {run.targets[0]}  {x}" for id, x in zip("ab", scores, strict=True)]
    code, _, err = relevome_cli("show", tmp_path / "run")
    assert (code, err[0].partition(": ")[2]) == (
        2, "expected --id NAME and -o PICTURE, or --list, which prints the ids of the run"
    )  # fmt: skip
    code, _, err = relevome_cli("show", tmp_path / "run", "--id", "z", "-o", tmp_path / "z.png")
    assert (code, "such as 'a', 'b'" in err[0]) == (2, True)
    code, out, err = relevome_cli("export", tmp_path / "run", "--to", "tsv", "-o", tmp_path / "run.tsv")
    assert (code, err) == (0, [])
    assert len((tmp_path / "run.tsv").read_text().splitlines()) == 1 + 10 + 12


PUBLISHED = ["attnlrp_protbert_tiny", "attnlrp_esm_tiny", "attnlrp_esm_dropout_tiny", "dnabert2_tiny"]


@pytest.mark.parametrize(
    ("name", "weights"), [*((name, "safetensors") for name in PUBLISHED), ("dnabert2_tiny", "bin")]
)
@pytest.mark.parametrize("method", ["attnlrp", "gradient-x-input"])
def test_the_published_numbers_come_out_of_the_command_line(
    relevome_cli, shared, tmp_path, name, weights, method
):
    folder = shared / "fixtures" / name
    if weights == "bin":
        folder = with_bin(folder, tmp_path)
    reference = np.load(folder / "reference.npz")
    code, _, err = relevome_cli(
        "explain", "--model", folder, "--fasta", folder / "sequences.fasta", "--method", method,
        "--target", int(reference["target"]), "-o", tmp_path / "run",
    )  # fmt: skip
    assert (code, err) == (0, [])
    expected = reference[method.replace("-", "_")]
    found = np.zeros_like(expected)
    for row, explanation in enumerate(relevome.Run(tmp_path / "run")):
        found[row, : len(explanation.tokens)] = explanation.token_relevance
        assert explanation.score == pytest.approx(reference["logits"][row, reference["target"]], abs=1e-5)
    assert np.linalg.norm(found - expected) < 1e-4 * np.linalg.norm(expected)


def test_the_published_relevance_of_heads_comes_out_of_the_command_line(relevome_cli, shared, tmp_path):
    folder = shared / "fixtures" / "head_ig_protbert_tiny"
    reference = np.load(folder / "reference.npz")
    code, _, err = relevome_cli(
        "explain", "--model", folder, "--fasta", folder / "sequences.fasta",
        "--method", "integrated-gradients", "--heads", "--baseline", "pad", "--site", "block",
        "--steps", int(reference["n_steps"]), "--target", int(reference["target"]), "-o", tmp_path / "run",
    )  # fmt: skip
    assert (code, err) == (0, [])
    run = relevome.Run(tmp_path / "run")
    assert len(run) == 2
    for i, explanation in enumerate(run, start=1):
        found = {"embedding_ig": explanation.token_relevance, "head_ig": explanation.head_relevance}
        for name, values in found.items():
            expected = reference[f"{name}_{i}"]
            assert values is not None
            assert values.shape == expected.shape
            assert np.linalg.norm(values - expected) < 1e-3 * np.linalg.norm(expected)


def test_many_tokenisations_and_offsets(relevome_cli, saved, write, tmp_path):  # noqa: F811
    fasta = write("d.fa", ">a\nACGTTGCAATCGGATTC\n>b\nGGATTACA\n")
    arguments = (
        "explain",
        "--model",
        saved("bpe"),
        "--fasta",
        fasta,
        "--target",
        "0",
        "-o",
        tmp_path / "run",
    )
    code, out, err = relevome_cli(
        *arguments, "--tokenisations", 3, "--tokenisation-dropout", 0.3, "--offsets", 2, "--average-strands"
    )
    assert (code, err) == (0, [])
    assert "2 of 2 sequences explained" in out
    run = relevome.Run(tmp_path / "run")
    asked = {"tokenisations": 3, "tokenisation_dropout": 0.3, "offsets": 2, "average_strands": True}
    assert {name: run.manifest[name] for name in asked} == asked
    code, _, err = relevome_cli(*arguments, "--tokenisations", 0, "--overwrite")
    assert code == 2
    assert err == ["relevome: --tokenisations 0 and --offsets 1: expected 1 or more"]


def test_rules_references_and_shifts_are_kept_for_evaluation(relevome_cli, saved, write, tmp_path):  # noqa: F811
    """What the command line asks is what Python asks, and what an evaluation explains again with."""
    fasta, run = write("p.fa", ">a\nMKVLAWYR\n>b\nMKWYACDEFG\n"), tmp_path / "run"
    code, _, err = relevome_cli(
        "explain", "--model", saved("protbert"), "--fasta", fasta, "--target", 1, "--rules", "attention=cp",
        "--reference", "shuffle:2", "--shifts", 1, "--seed", 3, "-o", run,
    )  # fmt: skip
    assert (code, err) == (0, [])
    model, found = relevome.load_model(saved("protbert")), relevome.Run(run)
    made = explainer(found, model)
    assert made.method == AttnLRP(site="block", reference="shuffle:2", rules="attention=cp", seed=3)
    assert made.readings == Readings(shifts=1, seed=3)
    again = relevome.explain(
        model, fasta, target=1, rules={"attention": "cp"}, reference="shuffle:2", shifts=1, seed=3
    )
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.relevance, other.relevance)
    code, out, err = relevome_cli(
        "evaluate", run, "--metrics", "robust-correlation", "--sequences", 2, "-o", tmp_path / "e"
    )
    assert (code, err) == (0, []), out


def test_training_with_bpe_dropout_needs_a_byte_pair_encoding(relevome_cli, write, tmp_path):
    table = write("t.csv", "sequence,label\nACGTACGTACGT,0\nTTGACAACGTAC,1\n")
    tables = ("--train", table, "--validation", table)
    code, _, err = relevome_cli("train", "--arch", "cnn", *tables, "--bpe-dropout", 0.2, "-o", tmp_path / "m")
    assert code == 2
    assert "relevome: --bpe-dropout 0.2: tokenisations are drawn by leaving out merges" in err[0]


def test_a_bed_on_a_gzipped_genome_becomes_a_bigwig(relevome_cli, saved, write, tmp_path):  # noqa: F811
    import gzip

    genome = write("g.fa.gz", gzip.compress(b">chr1\n" + b"ACGTTGCAAT" * 9 + b"\n"))
    bed = write("b.bed", "chr1\t3\t23\tone\t0\t+\nchr1\t13\t40\ttwo\t0\t-\n")
    arguments = ("--model", saved("cnn"), "--bed", bed, "--genome", genome, "--method", "mutagenesis")
    assert relevome_cli("explain", *arguments, "-o", tmp_path / "run")[0] == 0
    assert relevome_cli("export", tmp_path / "run", "--to", "bigwig", "-o", tmp_path / "x.bw")[0] == 0
    import pyBigWig

    with pyBigWig.open(str(tmp_path / "x.bw")) as track:
        one, two = relevome.Run(tmp_path / "run")
        assert track.values("chr1", 5, 6)[0] == pytest.approx(one.relevance[2])
        assert track.values("chr1", 39, 40)[0] == pytest.approx(two.relevance[0])
        assert track.values("chr1", 20, 21)[0] == pytest.approx((one.relevance[17] + two.relevance[19]) / 2)


MISTAKES = {
    "no sequences": (["--model", "{esm}"], "expected sequences from one of --fasta F"),
    "missing file": (["--model", "{esm}", "--fasta", "nowhere.fa"], "nowhere.fa"),
    "empty FASTA": (["--model", "{esm}", "--fasta", "{empty}"], "empty.fa"),
    "empty sequence": (["--model", "{esm}", "--fasta", "{no_letters}"], "'nothing' is empty"),
    "wrong letters": (["--model", "{esm}", "--fasta", "{wrong}"], "'odd' has '5' at position 3"),
    "duplicate ids": (["--model", "{esm}", "--fasta", "{twice}"], "'same' was used before"),
    "too long": (["--model", "{protbert}", "--fasta", "{long}", "--target", "1"], "'titin' has 92 tokens"),
    "target out of range": (
        ["--model", "{esm}", "--fasta", "{good}", "--target", "7"],
        "target '7' is out of range",
    ),
    "no model": (
        ["--model", "{folder}", "--fasta", "{good}"],
        "is no model: expected a folder with config.json",
    ),
    "no such model": (["--model", "no/where", "--fasta", "{good}"], "there is no folder no/where"),
    "unknown method": (
        ["--model", "{esm}", "--fasta", "{good}", "--method", "magic"],
        "unknown method 'magic'",
    ),
    "unknown option": (["--model", "{esm}", "--fasta", "{good}", "--magic"], "No such option: --magic"),
    "no number": (["--model", "{esm}", "--fasta", "{good}", "--batch-size", "many"], "--batch-size many"),
    "bad baseline": (
        ["--model", "{esm}", "--fasta", "{good}", "--method", "integrated-gradients", "--baseline", "noise"],
        "unknown baseline 'noise'",
    ),
    "option of another method": (
        ["--model", "{esm}", "--fasta", "{good}", "--steps", "9"],
        "has no option --steps",
    ),
    "a position for a sequence model": (
        ["--model", "{esm}", "--fasta", "{good}", "--position", "3"],
        "expected no --position",
    ),
    "off the chromosome": (["--model", "{cnn}", "--bed", "{off}", "--genome", "{genome}"], "20"),
    "unknown chromosome": (["--model", "{cnn}", "--bed", "{elsewhere}", "--genome", "{genome}"], "chr9"),
    "no genome": (["--model", "{cnn}", "--bed", "{off}"], "--bed B with --genome G"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_one_clear_line(relevome_cli, saved, write, tmp_path, mistake):  # noqa: F811
    places = {
        "esm": saved("esm"), "protbert": saved("protbert"), "cnn": saved("cnn"),
        "folder": tmp_path,
        "good": write("good.fa", ">a\nMKT\n"),
        "empty": write("empty.fa", ""),
        "no_letters": write("no_letters.fa", ">nothing\n>b\nMKT\n"),
        "wrong": write("wrong.fa", ">a\nMKT\n>odd\nMK5\n"),
        "twice": write("twice.fa", ">same\nMKT\n>same\nMKT\n"),
        "long": write("long.fa", ">titin\n" + "MKTAYIAKQR" * 9 + "\n"),
        "genome": write("genome.fa", ">chr1\n" + "ACGT" * 5 + "\n"),
        "off": write("off.bed", "chr1\t10\t30\n"),
        "elsewhere": write("elsewhere.bed", "chr9\t1\t5\n"),
    }  # fmt: skip
    arguments, expected = MISTAKES[mistake]
    code, out, err = relevome_cli("explain", *(a.format(**places) for a in arguments), "-o", tmp_path / "run")
    assert code == 2
    assert out == ""
    assert len(err) == 1, err
    assert err[0].startswith("relevome: ")
    assert expected in err[0]


def test_skipped_sequences_are_named_with_their_reason(relevome_cli, saved, write, tmp_path):  # noqa: F811
    fasta = write("p.fa", ">a\nMKT\n>odd\nMK5\n")
    arguments = ("--model", saved("esm"), "--fasta", fasta, "--on-bad", "skip", "-o", tmp_path / "run")
    code, out, _ = relevome_cli("explain", *arguments)
    assert code == 0
    assert "1 of 2 sequences explained" in out
    assert "left out odd" in out
    assert json.loads((tmp_path / "run" / "run.json").read_text())["counts"]["refused"] == 1


def test_a_full_disk_keeps_what_was_finished(relevome_cli, saved, protein_fasta, tmp_path, monkeypatch):  # noqa: F811
    from relevome.jobs.running import shards
    from relevome.results.parts import part as parts

    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 1)
    written = []

    def full_at_second(*arguments, **options):
        written.append(1)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        return original(*arguments, **options)

    original = parts.pq.write_table
    monkeypatch.setattr(parts.pq, "write_table", full_at_second)
    arguments = ("explain", "--model", saved("esm"), "--fasta", protein_fasta, "-o", tmp_path / "run")
    code, _, err = relevome_cli(*arguments)
    assert code == 2
    assert len(err) == 1
    assert "space left" in err[0]
    assert [row.sequence_id for row in relevome.Run(tmp_path / "run")] == ["a"]
    assert relevome_cli(*arguments)[0] == 0
    assert [row.sequence_id for row in relevome.Run(tmp_path / "run")] == ["a", "b"]


def test_simulate_writes_data_to_train_on(relevome_cli, tmp_path):
    code, _, _ = relevome_cli("simulate", "--positives", "20", "--negatives", "20", "-o", tmp_path / "s")
    assert code == 0
    assert {"train.csv", "test.fasta", "test.truth.bed"} <= {path.name for path in (tmp_path / "s").iterdir()}
    code, _, err = relevome_cli("simulate", "--grammar", "meme", "-o", tmp_path / "t")
    assert (code, len(err)) == (2, 1)


@pytest.mark.parametrize(
    "what",
    [
        "methods",
        "metrics",
        "exporters",
        "models",
        "studies",
        "formats",
        "engines",
        "objectives",
        "attention-rules",
    ],
)
def test_list_prints_what_is_registered(relevome_cli, what):
    code, out, _ = relevome_cli("list", what)
    assert code == 0
    expected = {
        "methods": "attnlrp", "metrics": "auroc", "exporters": "bigwig", "models": "cnn",
        "studies": "annotation", "formats": "fasta", "engines": "local", "objectives": "mlm",
        "attention-rules": "cp  ",
    }  # fmt: skip
    assert expected[what] in out


def test_every_command_has_help_with_an_example(relevome_cli):
    for command in ("explain", "train", "simulate", "show", "export", "list", "demo"):
        code, out, _ = relevome_cli(command, "--help")
        assert code == 0
        assert f"Example: relevome {command}" in " ".join(out.split())
    assert {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands} >= {
        "explain",
        "list",
    }


def test_no_help_is_taken_for_markup():
    """What is in square brackets would not be shown."""
    group: Any = typer.main.get_command(app)
    commands = [*group.commands.values(), *group.commands["study"].commands.values()]
    texts = [getattr(option, "help", None) or "" for command in commands for option in command.params]
    assert len(texts) > 150
    assert [text for text in texts if "[" in text] == []


def test_help_does_not_wait_for_torch():
    code = "import sys, relevome.cli; sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parent).returncode == 0
    )
