"""Published implementations, by their numbers in the folder `shared`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from relevome.attribution import methods
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.data.sequence import PROTEIN, Sequence
from relevome.models.base import Batch, Model, Target
from relevome.models.huggingface import load_model

ATTNLRP = ("attnlrp_protbert_tiny", "attnlrp_esm_tiny", "attnlrp_esm_dropout_tiny")


def sequences(folder: Path) -> list[Sequence]:
    records = (folder / "sequences.fasta").read_text().split(">")[1:]
    return [Sequence(r.split()[0], "".join(r.split("\n")[1:]), PROTEIN) for r in records]


def batch_for(model: Model, folder: Path, index: int) -> Batch:
    tokens = tuple(model.tokenize(sequence) for sequence in sequences(folder))
    return Batch(tokens, (Target(index, str(index)),) * len(tokens))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-6)])
@pytest.mark.parametrize("name", ATTNLRP)
def test_attnlrp_and_gradient_x_input_are_those_of_lxt(
    shared: Path, name: str, dtype: str, tolerance: float
) -> None:
    folder = shared / "fixtures" / name
    reference = np.load(folder / "reference.npz")
    model = load_model(folder, dtype=dtype, device="cpu")
    batch = batch_for(model, folder, int(reference["target"]))
    with torch.no_grad():
        logits = model.module(**model.inputs(batch)).logits.numpy()
    np.testing.assert_array_equal(model.inputs(batch)["input_ids"], reference["input_ids"])
    np.testing.assert_allclose(logits, reference["logits"], rtol=0, atol=1e-5)
    for method, key in (("attnlrp", "attnlrp"), ("gradient-x-input", "gradient_x_input")):
        for found, expected in zip(methods[method]().attribute(model, batch), reference[key], strict=True):
            assert found.values is not None
            expected, padding = np.split(expected, [len(found.values)])
            assert not padding.any()
            assert np.linalg.norm(found.values - expected) < tolerance * np.linalg.norm(expected)


def test_integrated_gradients_at_the_embedding_block_are_those_of_captum(shared: Path) -> None:
    """As the published head-level helper calls it: pads for letters, straight between the blocks' outputs."""
    folder = shared / "fixtures" / "head_ig_protbert_tiny"
    reference = np.load(folder / "reference.npz")
    model = load_model(folder, dtype="float64", device="cpu")
    method = IntegratedGradients(baseline="pad", site="block", steps=int(reference["n_steps"]))
    batch = batch_for(model, folder, int(reference["target"]))
    for i, found in enumerate(method.attribute(model, batch), start=1):
        expected = reference[f"embedding_ig_{i}"]
        assert found.values is not None
        assert found.score == pytest.approx(float(reference[f"logit_{i}"]), abs=1e-5)
        assert found.baseline_score == pytest.approx(float(reference[f"baseline_logit_{i}"]), abs=1e-5)
        assert np.linalg.norm(found.values - expected) < 1e-4 * np.linalg.norm(expected)
