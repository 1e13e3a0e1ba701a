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
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


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


def window(chromosome: str, position: int, reference: str, alternative: str) -> list[str]:
    """Letters around a place as the transcript has them, before and after a change; others are N."""
    half = spliceai.CONTEXT + DISTANCE
    start = position - 1 - half
    letters = [
        letter if FIRST <= start + i + 1 <= LAST else "N"
        for i, letter in enumerate(chromosome[start : position + half])
    ]
    plain = "".join(letters)
    assert plain[half : half + len(reference)] == reference
    changed = plain[:half] + alternative + plain[half + len(reference) :]
    return [one.translate(COMPLEMENT)[::-1] for one in (plain, changed)]


@pytest.mark.parametrize(
    ("position", "change", "scores", "places"),
    [
        (94077, "AC", [0.15, 0.27, 0.00, 0.05], [89, -23, -267, 193]),
        (94555, "CT", [0.01, 0.18, 0.15, 0.62], [-2, 110, -190, 0]),
    ],
)
def test_variants_have_the_scores_of_the_original(
    shared: Path, position: int, change: str, scores: list[float], places: list[int]
) -> None:
    folder = shared / "models" / "spliceai"
    if not folder.is_dir():
        pytest.skip("needs ../shared/models/spliceai")
    model = relevome.load_model(folder)
    lines = (folder / "test.fa").read_text().upper().splitlines()[1:]
    before, after = (
        one.probabilities[spliceai.CONTEXT : -spliceai.CONTEXT][::-1]
        for one in model.predict(window("".join(lines), position, *change))
        if one.probabilities is not None
    )
    found = [sign * (after - before)[:, output] for output in (1, 2) for sign in (1, -1)]
    assert [round(float(one.max()), 2) for one in found] == scores
    assert [int(one.argmax()) - DISTANCE for one in found] == places
