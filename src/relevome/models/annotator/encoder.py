"""All layers of an annotator, and the memory by which a sequence can be read piece by piece."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from relevome.models.annotator.config import AnnotatorConfig
from relevome.models.annotator.layers import AnnotatorEmbeddings, AnnotatorLayer, Attend, LayerRequest


@dataclass(frozen=True)
class Memory:
    """What layers keep of what was read: for each its last inputs, the first ``done`` with an output."""

    inputs: tuple[Float[Tensor, "batch _ channels"], ...]
    done: tuple[int, ...]

    def detach(self) -> Memory:
        """The same, through which no gradient goes."""
        return Memory(tuple(inputs.detach() for inputs in self.inputs), self.done)


class AnnotatorEncoder(nn.Module):
    """Embedding and layers, with biases u and v that all layers share."""

    def __init__(self, config: AnnotatorConfig) -> None:
        super().__init__()
        self.reach = config.reach
        self.embeddings = AnnotatorEmbeddings(config)
        self.layers = nn.ModuleList(AnnotatorLayer(config) for _ in range(config.num_hidden_layers))
        shape = (config.num_attention_heads, config.head_size)
        self.content_bias = nn.Parameter(torch.zeros(shape))
        self.position_bias = nn.Parameter(torch.zeros(shape))

    def begin(self, batch: int) -> Memory:
        """The memory before the first letter."""
        none = self.content_bias.new_zeros(batch, 0, self.embeddings.channels.out_features)
        return Memory((none,) * len(self.layers), (0,) * len(self.layers))

    def advance(
        self,
        hidden: Float[Tensor, "batch new channels"],
        memory: Memory,
        attend: Attend,
        *,
        last: bool = False,
        exists: Bool[Tensor, "batch new"] | None = None,
    ) -> tuple[Float[Tensor, "batch certain channels"], Memory]:
        """States of the letters that nothing can change any more, and what the letters to come need.

        With every further piece come the states of the letters that follow; ``last`` brings those left over.
        ``exists`` is false at padding, which only a sequence in one piece may have.
        """
        inputs, done = [], []
        for layer, kept, first in zip(self.layers, memory.inputs, memory.done, strict=True):
            if exists is not None:
                hidden = hidden * exists.unsqueeze(-1).to(hidden.dtype)
            seen = torch.cat([kept, hidden], 1)
            end = max(first, seen.shape[1] - (0 if last else self.reach[1]))
            request = LayerRequest(attend, self._biases(), first, end, exists if self.reach[1] else None)
            hidden = layer(seen, request) if end > first else seen[:, :0]
            start = max(0, end - self.reach[0])
            inputs.append(seen[:, start:])
            done.append(end - start)
        return hidden, Memory(tuple(inputs), tuple(done))

    def _biases(self) -> tuple[Float[Tensor, "heads 1 size"], Float[Tensor, "heads 1 size"]]:
        return self.content_bias.unsqueeze(1), self.position_bias.unsqueeze(1)
