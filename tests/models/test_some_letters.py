"""Outputs of some letters alone, against those of all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import relevome
from relevome.attribution import methods
from relevome.attribution.batches import Explained, explain_sequences
from relevome.data.sequences import DNA, Sequence
from relevome.models.base import Batch, Model, Target
from relevome.models.predictions import logits_of
from relevome.models.published import spliceai
from relevome.models.some_letters import only_outputs_of
from tests import keras_files

LETTERS = "".join(np.random.default_rng(0).choice(list("ACGT"), 40))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """SpliceAI's reading of a small network, which reads 5 letters on either side, and is given 6."""
    monkeypatch.setattr(spliceai, "CONTEXT", keras_files.CROPPED)
    keras_files.save(tmp_path / "spliceai1.h5", seed=1)
    return relevome.load_model(tmp_path)


def all_logits(model: Model) -> np.ndarray:
    tokens = model.tokenize(Sequence("s", LETTERS, DNA))
    return logits_of(model, Batch((tokens,), (Target(0, "", position=0),)))[0].numpy()


def widths_read(model: Model) -> list[int]:
    """How many letters the network is given, from now on."""
    found: list[int] = []
    network = model.module.get_submodule("module")
    network.register_forward_pre_hook(lambda _, given: found.append(given[0].shape[1]))
    return found


@pytest.mark.parametrize("letters", [range(17, 25), {0}, {39}, {30, 12}])
def test_they_are_the_same_and_made_of_fewer_letters(model, letters):
    expected, read = all_logits(model), widths_read(model)
    with only_outputs_of(model, letters):
        found = all_logits(model)
    inside = slice(min(letters), max(letters) + 1)
    assert read == [inside.stop - inside.start + 2 * keras_files.CROPPED]
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-5, atol=1e-6)
    outside = np.delete(found, np.arange(40)[inside], axis=0)
    assert outside.size == 0 or np.isnan(outside).all()
    assert (all_logits(model) == expected).all(), "all of them again"


@pytest.mark.parametrize("name", ["gradient-x-input", "integrated-gradients", "attnlrp", "mutagenesis"])
def test_relevance_is_the_same(model, name):
    target, sequences = Target(2, "donor", position=20), [Sequence("s", LETTERS, DNA)]

    def relevance() -> np.ndarray:
        with torch.enable_grad():
            (found,) = explain_sequences(model, methods[name](), sequences, [target])
        assert isinstance(found, Explained)
        return found.track.values

    expected = relevance()
    with only_outputs_of(model, {20}):
        found = relevance()
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    assert expected.any()


def test_a_model_that_does_not_say_so_computes_everything(toy_model):
    network = torch.nn.Conv1d(4, 2, 7)
    plain = relevome.from_module(network, output="letters", labels=["up", "down"], flank=3)
    read = widths_read(plain)
    with only_outputs_of(plain, {20}):
        assert np.isfinite(all_logits(plain)).all()
    assert len(read) == 1
    with only_outputs_of(toy_model("cnn"), {20}):
        pass


def test_it_is_over_after_an_error(model):
    expected = all_logits(model)
    with pytest.raises(KeyError), only_outputs_of(model, {20}):
        raise KeyError
    assert (all_logits(model) == expected).all()
