from __future__ import annotations

from pathlib import Path

import pytest
import torch

from relevome.errors import InputError
from relevome.models.hugging_face import load_model
from relevome.models.untrained import with_random_weights
from tests.discovery.planted import Looking, made_up_motif, planted_model
from tests.toys import TOYS


def weights(model) -> torch.Tensor:
    return torch.cat([x.detach().flatten() for x in model.module.parameters()])


def test_weights_are_those_of_a_new_network_and_the_model_is_left_as_it_was(tmp_path: Path) -> None:
    model = load_model(TOYS["bpe"].save(tmp_path / "toy"), device="cpu")
    before, state = weights(model), torch.get_rng_state()
    one, same, other = (with_random_weights(model, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(weights(model), before)
    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))
    torch.manual_seed(1)
    torch.testing.assert_close(weights(one), weights_of_new(model))
    assert not one.module.training
    assert one.tokenizer is model.tokenizer


def weights_of_new(model) -> torch.Tensor:
    new = type(model.module)(model.module.config)
    return torch.cat([x.detach().flatten() for x in new.parameters()])


def test_a_network_without_a_configuration_is_refused() -> None:
    import numpy as np

    model = planted_model(Looking(made_up_motif("m", np.random.default_rng(0), 5), range(-9, -6)))
    with pytest.raises(InputError, match="PlantedAttention does not say how its weights are drawn"):
        with_random_weights(model, 0)
