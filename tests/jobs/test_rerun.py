"""A run again from its own record, and what is said where it comes out otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.data.inputs import from_bed
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.jobs.rerun import rerun
from relevome.models.base import Model
from relevome.results.parts.part import part_paths, read_info, read_part, write_part
from relevome.results.run.columns import ROWS

FASTA = ">one\nACGTACGTAC\n>two\nGGGTTTACGT\n>bad\nACXT\n>three\nTTTTACG\n"


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "x.fa"
    path.write_text(FASTA)
    return path


HOW: list[dict[str, Any]] = [
    {"method": "integrated-gradients", "steps": 8, "target": (0, 1), "average_strands": True},
    {"method": "lrp", "rules": "last=zplus", "target": 1, "contrast": 0},
    {"method": "mutagenesis", "target": "predicted"},
    {"target": 1, "shifts": 2, "lift": "copy"},
    {"method": "integrated-gradients", "steps": 4, "baseline": "shuffle:3", "target": 1, "seed": 5},
]


@pytest.mark.parametrize("how", HOW, ids=str)
def test_it_comes_out_the_same(
    how: dict[str, Any],
    tmp_path: Path,
    fasta: Path,
    saved: Callable[[str], Path],
) -> None:
    model = relevome.load_model(saved("cnn"), device="cpu")
    first = relevome.explain(model, fasta, out=tmp_path / "run", on_bad="skip", **how)
    found = rerun(tmp_path / "run", tmp_path / "again")
    assert (found.rows, found.identical, found.largest_difference) == (len(first), len(first), 0.0)
    assert found.same(0.0)
    assert found.differs_most is None
    assert found.run.counts == first.counts
    for name in ("run", "again"):
        (path,) = part_paths(tmp_path / name).values()
        assert path.read_bytes() == part_paths(tmp_path / "run")[0].read_bytes()


def test_windows_of_a_genome_positions_and_heads(
    tmp_path: Path,
    toy_model: Callable[[str], Model],
) -> None:
    (tmp_path / "g.fa").write_text(">chr\n" + "ACGTTGCA" * 8 + "\n")
    (tmp_path / "x.bed").write_text("chr\t10\t20\ta\t0\t-\n")
    given = from_bed(tmp_path / "x.bed", tmp_path / "g.fa", DNA, width=12, anchor="start")
    model = toy_model("letters-masked")
    relevome.explain(model, given, "attnlrp", 5, positions="2-6", heads=True, out=tmp_path / "run")
    found = rerun(tmp_path / "run", tmp_path / "again", model=model)
    assert found.same(0.0)
    assert found.run[0].head_relevance is not None


def test_what_differs_is_measured(
    tmp_path: Path,
    fasta: Path,
    toy_model: Callable[[str], Model],
) -> None:
    model = toy_model("cnn")
    relevome.explain(model, fasta, "gradient-x-input", 1, on_bad="skip", out=tmp_path / "run")
    (path,) = part_paths(tmp_path / "run").values()
    table, info = read_part(path, ROWS.schema), read_info(path)
    one, two, three = (ROWS.from_row(table, row, None) for row in range(3))
    changed = two.relevance.copy()
    changed[4] += 0.25 * np.abs(two.relevance).max()
    rows = [
        one,
        type(two)(**{**vars(two), "relevance": changed, "token_relevance": changed}),
        type(three)(**{**vars(three), "target": "x"}),
    ]
    write_part(path, ROWS, rows, info.counts, 2, info.run)
    found = rerun(tmp_path / "run", tmp_path / "again", model=model)
    assert (found.rows, found.identical) == (2, 1)
    assert found.differs_most == ("two", one.target)
    largest = np.abs(changed).max() / np.abs(two.relevance).max()
    assert found.largest_difference == pytest.approx(0.25 / largest, rel=1e-5)
    assert (found.missing, found.added) == ((("three", "x"),), (("three", one.target),))
    assert not found.same(1.0)


def test_what_cannot_be_repeated_is_said(
    tmp_path: Path,
    fasta: Path,
    toy_model: Callable[[str], Model],
    saved: Callable[[str], Path],
) -> None:
    model = toy_model("cnn")
    run = tmp_path / "run"
    relevome.explain(model, fasta, "gradient-x-input", 1, on_bad="skip", out=run)
    with pytest.raises(InputError, match="is the run that is repeated"):
        rerun(run, run, model=model)
    with pytest.raises(InputError, match="is not the model that"):
        rerun(run, tmp_path / "again", model=saved("dnabert2"))
    fasta.write_text(">one\nACGT\n")
    with pytest.raises(InputError, match=r"cannot be repeated: .* holds something else .* --sequences"):
        rerun(run, tmp_path / "again", model=model)
    found = rerun(run, tmp_path / "again", model=model, sequences=fasta)
    assert len(found.missing) == 2
    said = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(said | {"status": "running"}))
    with pytest.raises(InputError, match="only a finished run can be repeated"):
        rerun(run, tmp_path / "third", model=model)
