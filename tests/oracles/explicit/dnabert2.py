"""DNABERT-2 for sequence classification: no position embeddings but ALiBi, gated by GELU."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracles.explicit.attention import Attention, alibi
from tests.oracles.explicit.functions import gelu
from tests.oracles.explicit.layers import Activation, Chain, Gated, Linear, OneToken, Residual, Shift
from tests.oracles.explicit.network import Network, Weights, layer_norm, linear

Array = np.ndarray


def dnabert2(weights: Weights, config: dict[str, Any], ids: Array) -> Network:
    """The network for one sequence of token ids, with the weights of DNABERT-2's classifier."""
    words, types = (weights[f"bert.embeddings.{name}_embeddings.weight"] for name in ("word", "token_type"))
    names = [f"bert.encoder.layer.{i}" for i in range(config["num_hidden_layers"])]
    attentions = [attention(weights, f"{name}.attention", config, len(ids)) for name in names]
    layers = Chain(
        Shift(types[0]),
        layer_norm(weights, "bert.embeddings.LayerNorm", config["layer_norm_eps"]),
        *(block(weights, name, config, a) for name, a in zip(names, attentions, strict=True)),
        OneToken(0),
        linear(weights, "bert.pooler.dense"),
        Activation(np.tanh),
        linear(weights, "classifier"),
    )
    return Network(words[ids], layers, attentions)


def attention(weights: Weights, name: str, config: dict[str, Any], tokens: int) -> Attention:
    """Attention that fades with distance; queries, keys and values come from one matrix."""
    heads = config["num_attention_heads"]
    matrices = np.split(weights[f"{name}.self.Wqkv.weight"], 3)
    biases = np.split(weights[f"{name}.self.Wqkv.bias"], 3)
    query, key, value = map(Linear, matrices, biases)
    return Attention(
        query=query,
        key=key,
        value=value,
        output=linear(weights, f"{name}.output.dense"),
        heads=heads,
        scale=(config["hidden_size"] / heads) ** -0.5,
        bias=alibi(heads, tokens),
    )


def block(weights: Weights, name: str, config: dict[str, Any], attention: Attention) -> Chain:
    """Attention and a gated feed-forward layer, each added to what came in and normalised."""
    gate, value = map(Linear, np.split(weights[f"{name}.mlp.gated_layers.weight"], 2))
    feed_forward = Chain(
        Gated(gate=Chain(gate, Activation(gelu)), value=value),
        linear(weights, f"{name}.mlp.wo"),
    )
    return Chain(
        Residual(attention),
        layer_norm(weights, f"{name}.attention.output.LayerNorm", config["layer_norm_eps"]),
        Residual(feed_forward),
        layer_norm(weights, f"{name}.mlp.layernorm", config["layer_norm_eps"]),
    )
