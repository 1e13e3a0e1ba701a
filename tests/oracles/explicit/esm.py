"""ESM-2 for sequence classification: rotary positions, a LayerNorm before everything, rescaled embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracles.explicit.attention import Attention, Rotary
from tests.oracles.explicit.functions import gelu
from tests.oracles.explicit.layers import Activation, Chain, OneToken, Residual, Scale
from tests.oracles.explicit.network import Network, Weights, layer_norm, linear

Array = np.ndarray


def esm(weights: Weights, config: dict[str, Any], ids: Array) -> Network:
    """The network for one sequence of token ids, with the weights of ``EsmForSequenceClassification``."""
    names = [f"esm.encoder.layer.{i}" for i in range(config["num_hidden_layers"])]
    attentions = [attention(weights, f"{name}.attention", config, len(ids)) for name in names]
    layers = Chain(
        *([token_dropout(ids == config["mask_token_id"])] if config["token_dropout"] else []),
        *(block(weights, name, config, a) for name, a in zip(names, attentions, strict=True)),
        layer_norm(weights, "esm.encoder.emb_layer_norm_after", config["layer_norm_eps"]),
        OneToken(0),
        linear(weights, "classifier.dense"),
        Activation(np.tanh),
        linear(weights, "classifier.out_proj"),
    )
    return Network(weights["esm.embeddings.word_embeddings.weight"][ids], layers, attentions)


def token_dropout(masked: Array) -> Scale:
    """Masked letters give 0; all others are scaled as in training, where 12% were masked."""
    return Scale(np.where(masked, 0.0, (1 - 0.15 * 0.8) / (1 - masked.mean()))[:, None])


def attention(weights: Weights, name: str, config: dict[str, Any], tokens: int) -> Attention:
    """Attention with rotary positions."""
    heads = config["num_attention_heads"]
    channels = config["hidden_size"] // heads
    return Attention(
        query=linear(weights, f"{name}.self.query"),
        key=linear(weights, f"{name}.self.key"),
        value=linear(weights, f"{name}.self.value"),
        output=linear(weights, f"{name}.output.dense"),
        heads=heads,
        scale=channels**-0.5,
        rotation=Rotary(tokens, channels, config["rope_theta"]),
    )


def block(weights: Weights, name: str, config: dict[str, Any], attention: Attention) -> Chain:
    """Attention and a feed-forward layer, each of what came in normalised, and added to it."""
    feed_forward = Chain(
        layer_norm(weights, f"{name}.LayerNorm", config["layer_norm_eps"]),
        linear(weights, f"{name}.intermediate.dense"),
        Activation(gelu),
        linear(weights, f"{name}.output.dense"),
    )
    normalised = layer_norm(weights, f"{name}.attention.LayerNorm", config["layer_norm_eps"])
    return Chain(Residual(Chain(normalised, attention)), Residual(feed_forward))
