"""The parts of DNABERT-2, named as in the published checkpoints."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from relevome.models.dnabert2.config import Dnabert2Config


def alibi_slopes(heads: int) -> list[float]:
    """How steeply attention of every head falls with distance: 2^(-8/n), 2^(-16/n), ... for n heads.

    For a number that is no power of two: the slopes of the next lower power, then every second one of the
    next higher. Press et al. 2022 (arXiv 2108.12409), section 3 and their published code.
    """
    power = 2 ** int(math.log2(heads))
    slopes = [2 ** (-8 * i / power) for i in range(1, power + 1)]
    return slopes if power == heads else slopes + alibi_slopes(2 * power)[::2][: heads - power]


def alibi(heads: int, like: Float[Tensor, "batch tokens channels"]) -> Float[Tensor, "1 heads tokens tokens"]:
    """What attention between two tokens is lowered by: slope times distance, in both directions alike."""
    # 16 bits cannot tell distances from 257 on
    dtype = torch.promote_types(like.dtype, torch.float32)
    places = torch.arange(like.shape[1], device=like.device, dtype=dtype)
    slopes = torch.tensor(alibi_slopes(heads), device=like.device, dtype=dtype)
    bias = -slopes[:, None, None] * (places[:, None] - places).abs()
    return bias.to(like.dtype).unsqueeze(0)


def eager_attention_forward(
    module: nn.Module,
    query: Float[Tensor, "batch heads read size"],
    key: Float[Tensor, "batch heads tokens size"],
    value: Float[Tensor, "batch heads tokens size"],
    attention_mask: Float[Tensor, "#batch heads read tokens"],
    scaling: float,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Float[Tensor, "batch read heads size"], Float[Tensor, "batch heads read tokens"]]:
    """Attention in single steps, called as transformers calls every implementation of it."""
    weights = F.softmax(query @ key.transpose(-1, -2) * scaling + attention_mask, dim=-1)
    weights = F.dropout(weights, dropout, module.training)
    return (weights @ value).transpose(1, 2).contiguous(), weights


class Dnabert2Embeddings(nn.Module):
    """Words and the type of the sequence; positions are left to attention."""

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__()
        size = config.hidden_size
        self.word_embeddings = nn.Embedding(config.vocab_size, size, padding_idx=config.pad_token_id)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, size)
        self.LayerNorm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"] | None,
        token_type_ids: Int[Tensor, "batch tokens"] | None,
        inputs_embeds: Float[Tensor, "batch tokens channels"] | None,
    ) -> Float[Tensor, "batch tokens channels"]:
        """LayerNorm(word + type), the type being 0 where none is given."""
        words = self.word_embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        if token_type_ids is None:
            token_type_ids = torch.zeros(words.shape[:2], dtype=torch.long, device=words.device)
        return self.dropout(self.LayerNorm(words + self.token_type_embeddings(token_type_ids)))


class Dnabert2SelfAttention(nn.Module):
    """Attention of all heads, with queries, keys and values from one linear layer."""

    is_causal = False

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__()
        self.config = config
        self.head_size = config.hidden_size // config.num_attention_heads
        self.Wqkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)

    def forward(
        self,
        hidden: Float[Tensor, "batch tokens channels"],
        bias: Float[Tensor, "#batch heads tokens tokens"],
        read: int | None = None,
    ) -> tuple[Float[Tensor, "batch read channels"], Tensor | None]:
        """The context of all heads side by side, and with eager attention its weights."""
        query, key, value = (
            part.unflatten(-1, (-1, self.head_size)).transpose(1, 2)
            for part in self.Wqkv(hidden).chunk(3, dim=-1)
        )
        if read is not None:
            query, bias = query[:, :, :read], bias[:, :, :read]
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation or "eager", eager_attention_forward
        )
        dropout = self.config.attention_probs_dropout_prob if self.training else 0.0
        scaling = self.head_size**-0.5
        context, weights = attend(self, query, key, value, bias, scaling=scaling, dropout=dropout)
        return context.flatten(-2), weights


class Dnabert2AttentionOutput(nn.Module):
    """What the heads say together, added to what came in."""

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self, context: Float[Tensor, "batch tokens channels"], hidden: Float[Tensor, "batch tokens channels"]
    ) -> Float[Tensor, "batch tokens channels"]:
        """LayerNorm(W context + hidden)."""
        return self.LayerNorm(self.dropout(self.dense(context)) + hidden)


class Dnabert2Attention(nn.Module):
    """Attention and its output."""

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__()
        self.self = Dnabert2SelfAttention(config)
        self.output = Dnabert2AttentionOutput(config)

    def forward(
        self,
        hidden: Float[Tensor, "batch tokens channels"],
        bias: Float[Tensor, "#batch heads tokens tokens"],
        read: int | None = None,
    ) -> Float[Tensor, "batch read channels"]:
        """Hidden states of all tokens, or of the first that are ``read``."""
        context, _ = self.self(hidden, bias, read)
        return self.output(context, hidden if read is None else hidden[:, :read])


class Dnabert2GatedMlp(nn.Module):
    """Two linear layers with a gate between them: GELU of one half times the other half."""

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__()
        self.gated_layers = nn.Linear(config.hidden_size, 2 * config.intermediate_size, bias=False)
        self.wo = nn.Linear(config.intermediate_size, config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(
        self, hidden: Float[Tensor, "batch tokens channels"]
    ) -> Float[Tensor, "batch tokens channels"]:
        """LayerNorm(W (GELU(first half) * second half) + hidden)."""
        gate, values = self.gated_layers(hidden).chunk(2, dim=-1)
        return self.layernorm(self.wo(self.dropout(F.gelu(gate) * values)) + hidden)


class Dnabert2Layer(GradientCheckpointingLayer):
    """Attention, then the gated layers."""

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__()
        self.attention = Dnabert2Attention(config)
        self.mlp = Dnabert2GatedMlp(config)

    def forward(
        self,
        hidden: Float[Tensor, "batch tokens channels"],
        bias: Float[Tensor, "#batch heads tokens tokens"],
        read: int | None = None,
    ) -> Float[Tensor, "batch read channels"]:
        """Hidden states of all tokens, or of the first that are ``read``."""
        return self.mlp(self.attention(hidden, bias, read))


class Dnabert2Encoder(nn.Module):
    """All layers; ALiBi is computed for the length at hand."""

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.layer = nn.ModuleList(Dnabert2Layer(config) for _ in range(config.num_hidden_layers))

    def forward(
        self,
        hidden: Float[Tensor, "batch tokens channels"],
        padding: Bool[Tensor, "batch tokens"] | None,
        read: int | None = None,
    ) -> Float[Tensor, "batch read channels"]:
        """Hidden states of the last layer; no token attends to ``padding``.

        With ``read`` the last layer does no work for tokens after so many first ones.
        """
        bias = alibi(self.heads, hidden)
        if padding is not None:
            bias = bias.masked_fill(padding[:, None, None, :], torch.finfo(bias.dtype).min)
        *others, last = self.layer
        for layer in others:
            hidden = layer(hidden, bias)
        return last(hidden, bias, read)


def pooler(config: Dnabert2Config) -> nn.Module:
    """What the first token goes through once more: a linear layer and tanh."""
    return _chain(dense=nn.Linear(config.hidden_size, config.hidden_size), activation=nn.Tanh())


def masked_lm_head(config: Dnabert2Config) -> nn.Module:
    """A logit for every word: linear layer, GELU and LayerNorm, then the decoder."""
    transform = _chain(
        dense=nn.Linear(config.hidden_size, config.hidden_size),
        activation=nn.GELU(),
        LayerNorm=nn.LayerNorm(config.hidden_size, eps=1e-12),  # whatever layer_norm_eps is
    )
    decoder = nn.Linear(config.hidden_size, config.vocab_size)
    return _chain(predictions=_chain(transform=transform, decoder=decoder))


def _chain(**parts: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(parts))
