"""A model whose weights are in random order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from relevome.models.hugging_face import load_model
from relevome.models.untrained import with_shuffled_weights
from tests.toys import TOYS


def test_every_weight_keeps_its_values_in_another_order_and_the_model_is_left(tmp_path: Path) -> None:
    model = load_model(TOYS["bpe"].save(tmp_path / "toy"), device="cpu")
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    one, same, other = (with_shuffled_weights(model, seed) for seed in (1, 1, 2))
    for name, value in dict(one.module.named_parameters()).items():
        ours = np.sort(value.detach().numpy().ravel())
        np.testing.assert_array_equal(ours, np.sort(before[name].numpy().ravel()))
    word = "bert.embeddings.word_embeddings.weight"
    drawn = [dict(x.module.named_parameters())[word] for x in (one, same, other)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], before[word])
    assert all(torch.equal(value, before[name]) for name, value in model.module.state_dict().items())
    assert len({model.sha256, one.sha256, same.sha256, other.sha256}) == 3
    assert "in random order, seed 1" in one.source.path
