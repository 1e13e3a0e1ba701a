"""`relevome heads --by relevance` from explanation to report."""

from __future__ import annotations

import csv
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


def test_it_asks_for_a_run_and_annotations(relevome_cli: Cli, tmp_path: Path) -> None:
    code, _, errors = relevome_cli("heads", "--by", "relevance", "-o", tmp_path / "out")
    assert code == 2
    assert "--by relevance needs --run RUN (of explain --heads) and --annotations FILE" in errors[0]
    code, _, errors = relevome_cli("heads", "-o", tmp_path / "out")
    assert code == 2
    assert "--by attention needs --model DIR" in errors[0]
