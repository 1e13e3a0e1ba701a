"""Published implementations, by their numbers in the folder `shared`."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from relevome.attribution import methods
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.data.sequences import Sequence
from relevome.models.base import Batch, Model, Target
from relevome.models.hugging_face import load_model

ATTNLRP = ("attnlrp_protbert_tiny", "attnlrp_esm_tiny", "attnlrp_esm_dropout_tiny", "dnabert2_tiny")


def batch_for(model: Model, folder: Path, index: int) -> Batch:
    records = [record.split("\n") for record in (folder / "sequences.fasta").read_text().split(">")[1:]]
    sequences = (Sequence(name, "".join(lines), model.alphabet) for name, *lines in records)
    tokens = tuple(map(model.tokenize, sequences))
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


def with_bin(folder: Path, copy: Path) -> Path:
    """The same checkpoint with its weights in pytorch_model.bin, as on the hub."""
    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            shutil.copyfile(file, copy / file.name)
    torch.save(load_file(folder / "model.safetensors"), copy / "pytorch_model.bin")
    return copy


@pytest.mark.parametrize("weights", ["safetensors", "bin"])
def test_hidden_states_are_those_of_the_published_dnabert2(
    shared: Path, tmp_path: Path, weights: str
) -> None:
    folder = shared / "fixtures" / "dnabert2_tiny"
    if weights == "bin":
        folder = with_bin(folder, tmp_path)
    reference = np.load(folder / "reference.npz")
    model = load_model(folder, device="cpu")
    inputs = model.inputs(batch_for(model, folder, 0))
    with torch.no_grad():
        hidden = model.module.base_model(**inputs).last_hidden_state  # pyright: ignore[reportCallIssue]
        logits = model.module(**inputs).logits
    np.testing.assert_allclose(hidden, reference["last_hidden_state"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(logits, reference["logits"], rtol=0, atol=1e-5)


def test_integrated_gradients_at_the_embedding_block_and_at_heads_are_those_published(shared: Path) -> None:
    """As the published head-level helper calls captum: pads for letters, between the blocks' outputs."""
    folder = shared / "fixtures" / "head_ig_protbert_tiny"
    reference = np.load(folder / "reference.npz")
    model = load_model(folder, dtype="float64", device="cpu")
    method = IntegratedGradients(baseline="pad", site="block", steps=int(reference["n_steps"]), heads=True)
    batch = batch_for(model, folder, int(reference["target"]))
    for i, found in enumerate(method.attribute(model, batch), start=1):
        expected = reference[f"embedding_ig_{i}"]
        assert found.values is not None
        assert found.score == pytest.approx(float(reference[f"logit_{i}"]), abs=1e-5)
        assert found.baseline_score == pytest.approx(float(reference[f"baseline_logit_{i}"]), abs=1e-5)
        assert np.linalg.norm(found.values - expected) < 1e-4 * np.linalg.norm(expected)
        heads = reference[f"head_ig_{i}"]
        assert found.heads is not None
        assert found.heads.shape == heads.shape
        assert np.linalg.norm(found.heads - heads) < 1e-6 * np.linalg.norm(heads)
