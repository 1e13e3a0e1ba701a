"""Attention in one call, softmax, and what may stand between softmax and values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import softmax
from torch import Tensor

from tests.attribution.lrp.under_rules import Array, Case, drawn

_T = torch.Tensor
Q, K, V = drawn(2, 3, 5, 4), drawn(2, 3, 7, 4, seed=1), drawn(2, 3, 7, 6, seed=2)
ALIBI = drawn(1, 3, 5, 7, seed=3)
MASK = torch.ones(2, 1, 5, 7, dtype=torch.bool)
MASK[1, :, :, 4:] = False
CAUSAL = np.where(np.tri(5, 7, dtype=bool), 0, -np.inf)


def to_logits(weights: Array, to_weights: Array) -> Array:
    """The gradient through a softmax: the transposed Jacobian, w (g - sum(w g))."""
    return weights * (to_weights - (to_weights * weights).sum(-1, keepdims=True))


def attended(q: Array, k: Array, v: Array, bias: Array | float = 0.0, scale: float | None = None) -> Array:
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    return softmax(q @ k.swapaxes(-1, -2) * scale + bias, axis=-1) @ v


def attention_formula(
    q: Array, k: Array, v: Array, above: Array, bias: Array | float = 0.0, scale: float | None = None
) -> list[Array]:
    """Gradients to q, k, v and the bias, with half of it to each factor of both products (eq. 7)."""
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    weights = softmax(q @ k.swapaxes(-1, -2) * scale + bias, axis=-1)
    logits = to_logits(weights, above @ v.swapaxes(-1, -2) / 2)
    return [
        logits @ k * scale / 2,
        logits.swapaxes(-1, -2) @ q * scale / 2,
        weights.swapaxes(-1, -2) @ above / 2,
        logits,
    ]


def fused(call: Callable[..., Tensor], bias: Array | float = 0.0, scale: float | None = None) -> Case:
    q, k, v = Q.numpy(), K.numpy(), V.numpy()
    return Case(
        F.scaled_dot_product_attention, (Q, K, V),
        lambda above: attention_formula(q, k, v, above, bias, scale)[:3],
        call, attended(q, k, v, bias, scale),
    )  # fmt: skip


def with_a_bias_that_is_an_activation() -> Case:
    q, k, v, bias = Q.numpy(), K.numpy(), V.numpy(), drawn(2, 3, 5, 7, seed=3)
    return Case(
        F.scaled_dot_product_attention, (Q, K, V, bias),
        lambda above: attention_formula(q, k, v, above, bias.numpy()),
        F.scaled_dot_product_attention, attended(q, k, v, bias.numpy()),
    )  # fmt: skip


def grouped() -> Case:
    """Two heads of queries share one of keys and values, which gets what both give."""
    q, k, v = drawn(2, 6, 5, 4), K, V
    a, b, c = q.numpy(), k.numpy().repeat(2, 1), v.numpy().repeat(2, 1)

    def formula(above: Array) -> list[Array]:
        to_q, to_k, to_v, _ = attention_formula(a, b, c, above)
        return [to_q, to_k.reshape(2, 3, 2, 7, 4).sum(2), to_v.reshape(2, 3, 2, 7, 6).sum(2)]

    return Case(
        F.scaled_dot_product_attention, (q, k, v), formula,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True), attended(a, b, c),
    )  # fmt: skip


BOOLEAN = np.where(MASK.numpy(), 0, -np.inf)
FUSED = [
    fused(F.scaled_dot_product_attention),
    fused(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, MASK), BOOLEAN),
    fused(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, MASK[:, :, :1]), BOOLEAN),
    fused(lambda q, k, v: F.scaled_dot_product_attention(query=q, key=k, value=v, attn_mask=MASK), BOOLEAN),
    fused(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, value=v, attn_mask=MASK, dropout_p=0.0), BOOLEAN
    ),
    fused(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, ALIBI, 0.0, False), ALIBI.numpy()),
    fused(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=ALIBI, scale=0.3),
        ALIBI.numpy(), 0.3,
    ),
    fused(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), CAUSAL),
    with_a_bias_that_is_an_activation(),
    grouped(),
]  # fmt: skip


def plain(function: Any, call: Callable[[Tensor], Tensor]) -> Case:
    x = drawn(3, 5)
    y = softmax(x.numpy(), -1)
    return Case(function, (x,), lambda above: [to_logits(y, above)], call, y)


SOFTMAX = [
    plain(F.softmax, lambda x: F.softmax(x, dim=-1, dtype=torch.float64)),
    plain(torch.softmax, lambda x: torch.softmax(x, -1)),
    plain(_T.softmax, lambda x: x.softmax(-1)),
    plain(torch.special.softmax, lambda x: torch.special.softmax(x, 1)),
]


def log_plain(function: Any, call: Callable[[Tensor], Tensor]) -> Case:
    """The transposed Jacobian of a log-softmax: g - softmax(x) sum(g)."""
    x = drawn(3, 5)
    y = softmax(x.numpy(), -1)
    return Case(function, (x,), lambda above: [above - y * above.sum(-1, keepdims=True)], call, np.log(y))


LOG_SOFTMAX = [
    log_plain(F.log_softmax, lambda x: F.log_softmax(x, dim=-1, dtype=torch.float64)),
    log_plain(torch.log_softmax, lambda x: torch.log_softmax(x, -1)),
    log_plain(_T.log_softmax, lambda x: x.log_softmax(-1)),
    log_plain(torch.special.log_softmax, lambda x: torch.special.log_softmax(x, 1)),
]


def rounded(function: Any, dtype: torch.dtype) -> Case:
    """A cast: everything goes through, rounded on its way back; the values are ones that both types have."""
    x = torch.arange(15).sub(7.5).double().view(3, 5)
    return Case(
        function, (x,), lambda above: [torch.tensor(above).to(dtype).double().numpy()],
        lambda x: function(x).double(), x.numpy(),
    )  # fmt: skip


CASTS = [
    rounded(f, dtype)
    for f, dtype in ((_T.float, torch.float32), (_T.half, torch.float16), (_T.bfloat16, torch.bfloat16))
]


def multi_head() -> Case:
    """Self-attention of one layer of `torch.nn.MultiheadAttention`; test_attention.py has every option."""
    x, tokens, width = drawn(5, 2, 6), 5, 6
    weight, bias = drawn(18, 6, seed=1) / 2, drawn(18, seed=2)
    out, out_bias = drawn(6, 6, seed=3) / 2, drawn(6, seed=4)
    stacked = x.numpy() @ weight.numpy().T + bias.numpy()

    def split(part: Array) -> Array:
        return part.reshape(tokens, 2, 3, 2).transpose(1, 2, 0, 3)

    def merged(heads: Array) -> Array:
        return heads.transpose(2, 0, 1, 3).reshape(tokens, 2, width)

    q, k, v = map(split, np.split(stacked, 3, -1))

    def formula(above: Array) -> list[Array]:
        back = attention_formula(q, k, v, split(above @ out.numpy()))[:3]
        return [np.concatenate(list(map(merged, back)), -1) @ weight.numpy()]

    def call(x: Tensor) -> Tensor:
        return F.multi_head_attention_forward(
            x, x, x, 6, 3, weight, bias, None, None, False, 0.0, out, out_bias, False, need_weights=False
        )[0]

    return Case(
        F.multi_head_attention_forward, (x,), formula, call,
        merged(attended(q, k, v)) @ out.numpy().T + out_bias.numpy(), exact=False,
    )  # fmt: skip


CASES = [*FUSED, *SOFTMAX, *LOG_SOFTMAX, *CASTS, multi_head()]
