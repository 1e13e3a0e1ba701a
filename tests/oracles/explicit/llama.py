"""LLaMA for sequence classification: causal, grouped queries, rotary positions, RMSNorm, gated by SiLU."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracles.explicit.attention import Attention, Rotary, causal
from tests.oracles.explicit.functions import silu
from tests.oracles.explicit.layers import Activation, Chain, Gated, OneToken, Residual
from tests.oracles.explicit.network import Network, Weights, linear, rms_norm

Array = np.ndarray


def llama(weights: Weights, config: dict[str, Any], ids: Array) -> Network:
    """The network for one sequence of token ids, with the weights of ``LlamaForSequenceClassification``."""
    names = [f"model.layers.{i}" for i in range(config["num_hidden_layers"])]
    attentions = [attention(weights, f"{name}.self_attn", config, len(ids)) for name in names]
    layers = Chain(
        *(block(weights, name, config, a) for name, a in zip(names, attentions, strict=True)),
        rms_norm(weights, "model.norm", config["rms_norm_eps"]),
        OneToken(-1),
        linear(weights, "score"),
    )
    return Network(weights["model.embed_tokens.weight"][ids], layers, attentions)


def attention(weights: Weights, name: str, config: dict[str, Any], tokens: int) -> Attention:
    """Attention to what came before, with fewer heads of keys and values than of queries."""
    heads, channels = config["num_attention_heads"], config["head_dim"]
    return Attention(
        query=linear(weights, f"{name}.q_proj"),
        key=linear(weights, f"{name}.k_proj"),
        value=linear(weights, f"{name}.v_proj"),
        output=linear(weights, f"{name}.o_proj"),
        heads=heads,
        scale=channels**-0.5,
        bias=causal(tokens),
        rotation=Rotary(tokens, channels, config["rope_parameters"]["rope_theta"]),
        groups=heads // config["num_key_value_heads"],
    )


def block(weights: Weights, name: str, config: dict[str, Any], attention: Attention) -> Chain:
    """Attention and a gated feed-forward layer, each of what came in normalised, and added to it."""
    epsilon = config["rms_norm_eps"]
    feed_forward = Chain(
        rms_norm(weights, f"{name}.post_attention_layernorm", epsilon),
        Gated(
            gate=Chain(linear(weights, f"{name}.mlp.gate_proj"), Activation(silu)),
            value=linear(weights, f"{name}.mlp.up_proj"),
        ),
        linear(weights, f"{name}.mlp.down_proj"),
    )
    normalised = rms_norm(weights, f"{name}.input_layernorm", epsilon)
    return Chain(Residual(Chain(normalised, attention)), Residual(feed_forward))
