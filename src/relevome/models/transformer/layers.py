"""The parts of a transformer on letters that ESM does not have."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers.activations import gelu

from relevome.models.transformer.config import TransformerConfig

# What a gate counts as. A step of Adam then moves the weight of a place as much as one in a linear layer over
# all places would move the output: without it a model that looks at places learns them too slowly.
_GATE = 30.0


class LetterVectors(nn.Module):
    """A vector for every letter, which knows nothing of its place or of others."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        words = cast(int, config.vocab_size)
        self.word_embeddings = nn.Embedding(words, config.embedding_size, padding_idx=config.pad_token_id)

    def forward(self, input_ids: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch tokens size"]:
        """Vectors of tokens."""
        return self.word_embeddings(input_ids)


class ConvolutionStem(nn.Module):
    """Vectors of letters made into channels: convolutions, each with a ReLU, or a linear layer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        channels = [config.embedding_size, *(config.hidden_size for _ in config.convolutions)]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels[i], channels[i + 1], width, padding=width // 2)
            for i, width in enumerate(config.convolutions)
        )
        linear = nn.Linear(config.embedding_size, config.hidden_size)
        self.channels = nn.Identity() if config.convolutions else linear

    def forward(
        self, vectors: Float[Tensor, "batch tokens size"], exists: Bool[Tensor, "batch tokens"] | None
    ) -> Float[Tensor, "batch tokens channels"]:
        """States of tokens; what is false in ``exists`` is padding, and changes nothing."""
        mask = None if exists is None else exists.unsqueeze(1).to(vectors.dtype)
        x = vectors.transpose(1, 2)
        for convolution in self.convolutions:
            x = F.relu(convolution(x if mask is None else x * mask))
        return self.channels(x.transpose(1, 2))


class LetterPooling(nn.Module):
    """The mean of states over letters, with ``positions`` of states times a weight for place and channel."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.gates = None
        if config.pooling == "positions":
            self.gates = nn.Parameter(torch.zeros(config.max_position_embeddings, config.hidden_size))

    def forward(
        self, states: Float[Tensor, "batch tokens channels"], letters: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch channels"]:
        """One vector for every sequence; ``letters`` is false at tokens that are none."""
        weights = letters.unsqueeze(-1).to(states.dtype)
        gates = 1.0 if self.gates is None else 1 + _GATE * self.gates[: states.shape[1]]
        return (states * (gates * weights)).sum(1) / weights.sum(1)


class PooledHead(nn.Module):
    """Outputs of a sequence: two linear layers on what was pooled."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.pooling = LetterPooling(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob or 0.0)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.out_proj = nn.Linear(config.hidden_size, cast(int, config.num_labels))

    def forward(
        self, states: Float[Tensor, "batch tokens channels"], letters: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch outputs"]:
        """Logits."""
        hidden = gelu(self.dense(self.dropout(self.pooling(states, letters))))
        return self.out_proj(self.dropout(hidden))
