"""SpliceAI against its authors' numbers, where its weights are, and against small files in their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.models.base import Model
from relevome.models.published import spliceai
from tests import keras_files

# TUBB8 on the minus strand of GRCh37's chr10, 1-based, and the largest distance of a change.
FIRST, LAST, DISTANCE = 92_893, 95_529, 500


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setattr(spliceai, "CONTEXT", keras_files.CROPPED)
    for number in (1, 3):
        keras_files.save(tmp_path / f"spliceai{number}.h5", seed=number)
    return relevome.load_model(tmp_path)


def test_probabilities_are_the_mean_of_the_networks(small: Model) -> None:
    assert (small.task, small.labels) == ("token", ("neither", "acceptor", "donor"))
    (found,) = small.predict(["ACGTNTTAGGT"])
    x = np.array([[letter == base for base in "ACGT"] for letter in "ACGTNTTAGGT"], dtype=float)
    padded = np.pad(x, ((keras_files.CROPPED,) * 2, (0, 0)))
    expected = np.mean([keras_files.by_hand(padded, seed) for seed in (1, 3)], axis=0)
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)


@pytest.mark.parametrize("method", ["attnlrp", "integrated-gradients", "mutagenesis"])
def test_it_is_explained(small: Model, method: str) -> None:
    options: dict[str, Any] = {"audit": True} if method == "attnlrp" else {}
    run = relevome.explain(small, ["ACGTCTTAGGT"], method, "donor", position=8, **options)
    assert run[0].relevance.any()
    if method == "attnlrp":
        assert run.counts.ledger is not None
        assert run.counts.ledger.largest_share < 1e-3


def test_variants_have_the_scores_of_the_original(shared: Path, write: Any, tmp_path: Path) -> None:
    folder = shared / "models" / "spliceai"
    if not folder.is_dir():
        pytest.skip("needs ../shared/models/spliceai")
    vcf = write("v.vcf", "#CHROM\tPOS\tID\tREF\tALT\n10\t94077\ta\tA\tC\n10\t94555\tb\tC\tT\n")
    gene = write("g.bed", f"chr10\t{FIRST - 1}\t{LAST}\tTUBB8\t0\t-\n")
    found = relevome.variants(
        relevome.load_model(folder), tmp_path / "out", vcf=vcf, genome=folder / "test.fa", genes=gene,
        target=["acceptor", "donor"], distance=DISTANCE,
    )  # fmt: skip
    numbers = [
        [round(one.gain or 0.0, 2), round(one.loss or 0.0, 2), one.gain_at, one.loss_at] for one in found
    ]
    assert numbers == [
        [0.15, 0.27, 89, -23], [0.00, 0.05, -267, 193], [0.01, 0.18, -2, 110], [0.15, 0.62, -190, 0],
    ]  # fmt: skip
    assert [(one.id, one.target) for one in found] == [
        ("a", "acceptor"), ("a", "donor"), ("b", "acceptor"), ("b", "donor"),
    ]  # fmt: skip
