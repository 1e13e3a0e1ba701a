"""A gated T5 encoder for token classification: RMSNorm, no biases, a bias on attention by distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracles.explicit.attention import Attention, distances
from tests.oracles.explicit.functions import gelu_by_tanh
from tests.oracles.explicit.layers import Activation, Chain, Gated, Residual
from tests.oracles.explicit.network import Network, Weights, linear, rms_norm

Array = np.ndarray


def t5(weights: Weights, config: dict[str, Any], ids: Array) -> Network:
    """The network for one sequence of token ids, with the weights of ``T5ForTokenClassification``."""
    encoder = "transformer.encoder"
    names = [f"{encoder}.block.{i}" for i in range(config["num_layers"])]
    # the table of the first layer serves all
    table = weights[f"{names[0]}.layer.0.SelfAttention.relative_attention_bias.weight"]
    bias = relative_bias(table, config["relative_attention_max_distance"], len(ids))
    attentions = [attention(weights, f"{name}.layer.0.SelfAttention", config, bias) for name in names]
    layers = Chain(
        *(block(weights, name, config, a) for name, a in zip(names, attentions, strict=True)),
        rms_norm(weights, f"{encoder}.final_layer_norm", config["layer_norm_epsilon"]),
        linear(weights, "classifier"),
    )
    return Network(weights["transformer.shared.weight"][ids], layers, attentions)


def attention(weights: Weights, name: str, config: dict[str, Any], bias: Array) -> Attention:
    """Attention whose scores are not scaled."""
    return Attention(
        query=linear(weights, f"{name}.q"),
        key=linear(weights, f"{name}.k"),
        value=linear(weights, f"{name}.v"),
        output=linear(weights, f"{name}.o"),
        heads=config["num_heads"],
        scale=1.0,
        bias=bias,
    )


def block(weights: Weights, name: str, config: dict[str, Any], attention: Attention) -> Chain:
    """Attention and a gated feed-forward layer, each of what came in normalised, and added to it."""
    epsilon, inner = config["layer_norm_epsilon"], f"{name}.layer.1.DenseReluDense"
    feed_forward = Chain(
        rms_norm(weights, f"{name}.layer.1.layer_norm", epsilon),
        Gated(
            gate=Chain(linear(weights, f"{inner}.wi_0"), Activation(gelu_by_tanh)),
            value=linear(weights, f"{inner}.wi_1"),
        ),
        linear(weights, f"{inner}.wo"),
    )
    normalised = rms_norm(weights, f"{name}.layer.0.layer_norm", epsilon)
    return Chain(Residual(Chain(normalised, attention)), Residual(feed_forward))


def relative_bias(table: Array, farthest: int, tokens: int) -> Array:
    """A number for every head and every bucket of distances, (heads, queries, keys).

    Half of the buckets are for keys after the query. Of each half, the first half is for one distance
    each, and the others grow with its logarithm up to ``farthest``.
    """
    offsets = distances(tokens)
    half = len(table) // 2
    exact = half // 2
    far = np.maximum(np.abs(offsets), exact)
    growing = exact + (np.log(far / exact) / np.log(farthest / exact) * (half - exact)).astype(int)
    buckets = np.where(np.abs(offsets) < exact, np.abs(offsets), np.minimum(growing, half - 1))
    return table[buckets + half * (offsets > 0)].transpose(2, 0, 1)
