"""Models that have learnt nothing: what a procedure finds in them, it would find in any.

Weights are drawn as for a new network, or put in random order: then their scale stays, so that signals keep
their size on the way through the model, and all that was learnt goes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from relevome.errors import InputError
from relevome.models import models
from relevome.models.base import Model


def shuffle_values(parameters: Iterable[nn.Parameter], rng: np.random.Generator) -> None:
    """Put the values of each parameter in random order, in place."""
    for parameter in parameters:
        order = torch.from_numpy(rng.permutation(parameter.numel())).to(parameter.device)
        with torch.no_grad():
            parameter.copy_(parameter.flatten()[order].view_as(parameter))


def with_shuffled_weights(model: Model, seed: int) -> Model:
    """A copy with the values of each of its weights in random order; the model is left as it was.

    Its source says so: a path that names the model whose weights were shuffled, and the seed.
    """
    copied = copy.copy(model)
    copied.module = copy.deepcopy(model.module)
    shuffle_values(copied.module.parameters(), np.random.default_rng(seed))
    path = f"{model.source.path} (weights of {model.sha256[:12]} in random order, seed {seed})"
    copied.source = replace(model.source, path=path)
    return copied


def with_random_weights(model: Model, seed: int) -> Model:
    """A model of the same architecture and tokenizer, all weights drawn as for a new one; the other is left.

    Raises ``InputError`` for a network whose architecture cannot be made from its configuration.
    """
    module = model.module
    kind: Any = _in_transformers(type(module))  # its __init__ has no type that says what it takes
    if kind is None:
        raise InputError(
            f"{type(module).__name__} does not say how its weights are drawn: expected an architecture of "
            "transformers"
        )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        drawn = kind(copy.deepcopy(module.config))
    drawn.to(device=model.device, dtype=model.dtype).eval()
    other = copy.copy(model)
    other.module = drawn
    return other


def _in_transformers(kind: type[nn.Module]) -> type[nn.Module] | None:
    """The class, if transformers can make it, or that by which it has the same network."""
    if issubclass(kind, PreTrainedModel):
        return kind
    return next((own for _, own in models.items() if issubclass(own, kind)), None)
