"""BERT for sequence classification: a LayerNorm after every sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracles.explicit.attention import Attention
from tests.oracles.explicit.functions import gelu
from tests.oracles.explicit.layers import Activation, Chain, OneToken, Residual, Shift
from tests.oracles.explicit.network import Network, Weights, layer_norm, linear

Array = np.ndarray


def bert(weights: Weights, config: dict[str, Any], ids: Array) -> Network:
    """The network for one sequence of token ids, with the weights of ``BertForSequenceClassification``."""
    words, positions, types = (
        weights[f"bert.embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    )
    names = [f"bert.encoder.layer.{i}" for i in range(config["num_hidden_layers"])]
    attentions = [attention(weights, f"{name}.attention", config) for name in names]
    layers = Chain(
        Shift(positions[: len(ids)] + types[0]),
        layer_norm(weights, "bert.embeddings.LayerNorm", config["layer_norm_eps"]),
        *(block(weights, name, config, a) for name, a in zip(names, attentions, strict=True)),
        OneToken(0),
        linear(weights, "bert.pooler.dense"),
        Activation(np.tanh),
        linear(weights, "classifier"),
    )
    return Network(words[ids], layers, attentions)


def attention(weights: Weights, name: str, config: dict[str, Any]) -> Attention:
    """Plain attention: no positions, no bias."""
    heads = config["num_attention_heads"]
    return Attention(
        query=linear(weights, f"{name}.self.query"),
        key=linear(weights, f"{name}.self.key"),
        value=linear(weights, f"{name}.self.value"),
        output=linear(weights, f"{name}.output.dense"),
        heads=heads,
        scale=(config["hidden_size"] / heads) ** -0.5,
    )


def block(weights: Weights, name: str, config: dict[str, Any], attention: Attention) -> Chain:
    """Attention and a feed-forward layer, each added to what came in and normalised."""
    feed_forward = Chain(
        linear(weights, f"{name}.intermediate.dense"),
        Activation(gelu),
        linear(weights, f"{name}.output.dense"),
    )
    return Chain(
        Residual(attention),
        layer_norm(weights, f"{name}.attention.output.LayerNorm", config["layer_norm_eps"]),
        Residual(feed_forward),
        layer_norm(weights, f"{name}.output.LayerNorm", config["layer_norm_eps"]),
    )
