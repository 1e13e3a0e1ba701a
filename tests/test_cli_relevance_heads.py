"""`relevome heads --by relevance` from explanation to report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.toys import TOYS

Cli = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def files(write: Callable[..., Path], tmp_path: Path) -> dict[str, Path]:
    toy = TOYS["protbert"]
    sequences = toy.sequences(*range(20, 32))
    sites = "".join(f"{one.id}\t{2 + i}\t{7 + i}\n" for i, one in enumerate(sequences[:-2]))
    return {
        "model": toy.save(tmp_path / "model"),
        "fasta": write("p.fa", "".join(f">{one.id}\n{one.letters}\n" for one in sequences)),
        "annotations": write("sites.bed", sites),
        "clusters": write("clusters.tsv", "s0\ts0\ns0\ts1\n"),
    }


def test_from_a_run_to_tables_and_again(relevome_cli: Cli, files: dict[str, Path], tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    explained = ("--model", files["model"], "--fasta", files["fasta"], "--heads", "--device", "cpu")
    assert relevome_cli("explain", *explained, "--target", 1, "-o", run)[0] == 0
    asked = ("heads", "--by", "relevance", "--run", run, "--annotations", files["annotations"])
    asked += ("--clusters", files["clusters"], "--random", 2, "--device", "cpu", "-o", out)
    code, said, _ = relevome_cli(*asked)
    assert code == 0
    assert "2 proteins left out: not in the annotations" in said
    with (out / "heads.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    # The embedding, and the heads of the first layer: the last has relevance on its first token only.
    assert {row["proteins"] for row in rows if row["layer"] != "1"} == {"9"}
    assert all(row["random_p"] for row in rows)
    part = out / "random" / "seed-1" / "part-00000.parquet"
    before = part.stat().st_mtime_ns
    code, _, errors = relevome_cli(*asked)
    assert code == 2
    assert "or replace it with --overwrite" in errors[0]
    assert relevome_cli(*asked, "--overwrite")[0] == 0
    assert part.stat().st_mtime_ns == before  # what was explained is kept
    table = np.loadtxt(out / "contributions.tsv", skiprows=2, delimiter="\t", usecols=(1, 2, 3, 8))
    assert np.isfinite(table).all()


@pytest.mark.parametrize(("auroc", "below"), [(0.9, False), (0.51, True)])
def test_heads_of_a_model_that_is_not_above_chance_are_not_called_specialised(
    relevome_cli: Cli, files: dict[str, Path], tmp_path: Path, auroc: float, below: bool
) -> None:
    test = {"sequences": 200, "sha256": "t", "outputs": {"0": 100, "1": 100}}
    said = {"chosen": {"task": "binary"}, "metrics": {"test": {"auroc": auroc}}, "data": {"test": test}}
    (files["model"] / "training.json").write_text(json.dumps(said))
    explained = ("--model", files["model"], "--fasta", files["fasta"], "--heads", "--device", "cpu")
    code, out, _ = relevome_cli("explain", *explained, "--target", 1, "-o", tmp_path / "run")
    assert code == 0
    assert ("the model is not above chance (AUROC 0.51" in out) == below
    asked = ("heads", "--by", "relevance", "--run", tmp_path / "run", "--annotations", files["annotations"])
    code, out, _ = relevome_cli(*asked, "--device", "cpu", "-o", tmp_path / "out")
    assert code == 0
    assert out.startswith(f"model: AUROC {auroc:.3f} on 200 test sequences\n")
    assert ("heads are not called specialised" in out) == below
    record = json.loads((tmp_path / "out" / "relevance_heads.json").read_text())
    assert [one.get("learnt", True) for one in record["effects"]] == [not below] * len(record["effects"])
    fasta = tmp_path / "windows.fa"
    fasta.write_text(">a\nMKTAYIAKQRG\n>b\nGAVLIMCFYWH\n")
    windows = ("--model", files["model"], "--fasta", fasta, "--ablate", 0, "--target", 1, "--device", "cpu")
    for weights in ((), ("--random-weights",)):
        code, out, _ = relevome_cli("heads", *windows, *weights, "--overwrite", "-o", tmp_path / "attention")
        assert code == 0
        assert out.startswith("model: AUROC") == (weights == ())
        assert ("what its heads look for need not be" in out) == (below and weights == ())


def test_it_asks_for_a_run_and_annotations(relevome_cli: Cli, tmp_path: Path) -> None:
    code, _, errors = relevome_cli("heads", "--by", "relevance", "-o", tmp_path / "out")
    assert code == 2
    assert "--by relevance needs --run RUN (of explain --heads) and --annotations FILE" in errors[0]
    code, _, errors = relevome_cli("heads", "-o", tmp_path / "out")
    assert code == 2
    assert "--by attention needs --model DIR" in errors[0]
