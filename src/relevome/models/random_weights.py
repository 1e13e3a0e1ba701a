"""The same network before it has learnt anything: what a procedure finds in it, it would find in any."""

from __future__ import annotations

import copy
from typing import Any

import torch
from transformers import PreTrainedModel

from relevome.data.errors import InputError
from relevome.models.base import Model


def with_random_weights(model: Model, seed: int) -> Model:
    """A model of the same architecture and tokenizer, all weights drawn as for a new one; the other is left.

    Raises ``InputError`` for a network whose architecture cannot be made from its configuration.
    """
    module = model.module
    if not isinstance(module, PreTrainedModel):
        raise InputError(
            f"{type(module).__name__} does not say how its weights are drawn: expected an architecture of "
            "transformers"
        )
    kind: Any = type(module)  # its __init__ has no type that says what it takes
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        drawn = kind(copy.deepcopy(module.config))
    drawn.to(device=model.device, dtype=model.dtype).eval()
    other = copy.copy(model)
    other.module = drawn
    return other
