"""A model for one sequence, and its explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tests.oracles.explicit.attention import Attention
from tests.oracles.explicit.layers import Layer, LayerNorm, Linear, RMSNorm

Array = np.ndarray
Weights = Mapping[str, Array]


@dataclass
class Explanation:
    """Logits, relevance of tokens at the word embedding, relevance of heads (layers, heads, tokens)."""

    logits: Array
    tokens: Array
    heads: Array


@dataclass
class Network:
    """The word embedding of a sequence, (tokens, channels), and the layers from there to logits."""

    embedding: Array
    layers: Layer
    attentions: list[Attention]

    def explain(self, target: int | tuple[int, int]) -> Explanation:
        """Relevance for one logit: its index, or (token, index) where every token has logits."""
        logits = self.layers.forward(self.embedding)
        start = np.zeros_like(logits)
        start[target] = 1.0
        gradient = self.layers.backward(start)
        heads = np.stack([attention.relevance for attention in self.attentions])
        return Explanation(logits, (self.embedding * gradient).sum(-1), heads)


def linear(weights: Weights, name: str) -> Linear:
    """The linear layer of that name in a checkpoint, with or without bias."""
    return Linear(weights[f"{name}.weight"], weights.get(f"{name}.bias", 0.0))


def layer_norm(weights: Weights, name: str, epsilon: float) -> LayerNorm:
    """The LayerNorm of that name in a checkpoint."""
    return LayerNorm(weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)


def rms_norm(weights: Weights, name: str, epsilon: float) -> RMSNorm:
    """The RMSNorm of that name in a checkpoint."""
    return RMSNorm(weights[f"{name}.weight"], epsilon)
