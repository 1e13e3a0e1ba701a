"""Attention, in one call or spelt out."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.attribution.lrp.flow import WEIGHTS, Flow
from relevome.attribution.lrp.functions import Scale
from relevome.attribution.lrp.fused import FusedAttention
from relevome.attribution.lrp.table import UnsupportedOperation, active, composed, rule

_T = torch.Tensor


@rule(F.scaled_dot_product_attention)
def attention(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Both products of attention in one call: a half for values, a quarter for queries and keys (eq. 7).

    A bias that is itself an activation stands in one product alone, and gets a half.
    """
    call = FusedAttention(*args, **kwargs)
    q, k, v, bias = map(active, (call.query, call.key, call.value, call.attn_mask))
    outer = 0.5 if v else 1.0
    inner = outer * (0.5 if q and k else 1.0)
    factors = {"query": inner, "key": inner, "value": 0.5 if q or k or bias else 1.0, "attn_mask": outer}
    given = vars(call)
    scaled = {n: Scale.apply(given[n], f) for n, f in factors.items() if active(given[n]) and f != 1.0}
    return context_of_call(flow, func(**given | scaled))


def context_of_call(flow: Flow, context: Tensor) -> Tensor:
    """What a fused attention gives, watched: (batch, [heads,] queries, channels)."""
    return flow.attended(context, 1 if context.dim() == 4 else None, -2)


@rule(F.softmax, torch.softmax, _T.softmax, torch.special.softmax)
def softmax(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The plain gradient: input times gradient is the Taylor expansion at the input (proposition 3.1)."""
    return flow.name(func(*args, **kwargs), WEIGHTS)


@rule(F.log_softmax, torch.log_softmax, _T.log_softmax, torch.special.log_softmax)
def log_softmax(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The plain gradient, as that of softmax; log-likelihoods are sums of log-probabilities."""
    return func(*args, **kwargs)


@rule(
    _T.clone, torch.clone, _T.to, _T.type, _T.type_as, _T.float, _T.double, _T.half, _T.bfloat16,
    _T.contiguous, _T.view, _T.reshape, torch.reshape, _T.flatten, torch.flatten, _T.masked_fill,
    torch.masked_fill, F.dropout, torch.dropout, torch.nan_to_num, _T.nan_to_num,
)  # fmt: skip
def between(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The plain gradient; what stands between a softmax and its product with the values keeps the weights.

    What changes no value is no less a function of the same activation.
    """
    x = args[0] if args else kwargs["input"]
    result = func(*args, **kwargs)
    return flow.copy(result, x) if active(result) else result


@composed(F.multi_head_attention_forward)
def multi_head_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention of `torch.nn.MultiheadAttention`, (tokens, batch, channels).

    The weights that it returns are constants.
    """
    if static_k is not None or static_v is not None:
        raise UnsupportedOperation("multi_head_attention_forward with static keys has no relevance rule")
    batched = query.dim() == 3
    if not batched:
        query, key, value = (t.unsqueeze(1) for t in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
    else:
        weights = in_proj_weight.chunk(3)  # pyright: ignore[reportOptionalMemberAccess]
    biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    q, k, v = (F.linear(*three) for three in zip((query, key, value), weights, biases, strict=True))  # pyright: ignore[reportArgumentType]
    more = [(bias_k, bias_v)] if bias_k is not None and bias_v is not None else []
    more += [(torch.zeros_like(k[:1]), torch.zeros_like(v[:1]))] if add_zero_attn else []
    for row_k, row_v in more:
        k, v = (torch.cat([t, row.expand_as(t[:1])]) for t, row in ((k, row_k), (v, row_v)))
    mask = _mask(attn_mask, key_padding_mask, num_heads, len(more), q)
    q, k, v = (t.unflatten(-1, (num_heads, -1)).permute(1, 2, 0, 3) for t in (q, k, v))
    context = F.scaled_dot_product_attention(q, k, v, mask).permute(2, 0, 1, 3).flatten(2)
    output = F.linear(context, out_proj_weight, out_proj_bias)
    seen = _weights(q.detach(), k.detach(), mask, average_attn_weights) if need_weights else None
    if batched:
        return output, seen
    return output.squeeze(1), None if seen is None else seen.squeeze(0)


def _mask(
    given: Tensor | None, padding: Tensor | None, heads: int, extra: int, like: Tensor
) -> Tensor | None:
    """Both masks as one that is added to the logits, (batch or 1, heads or 1, queries or 1, keys)."""
    mask: Tensor | None = None
    if given is not None:
        given = _additive(given, like)
        mask = given.unflatten(0, (-1, heads)) if given.dim() == 3 else given
    if padding is not None:
        padding = _additive(padding, like)[:, None, None]
        mask = padding if mask is None else mask + padding
    return mask if mask is None else F.pad(mask, (0, extra))


def _additive(mask: Tensor, like: Tensor) -> Tensor:
    if mask.dtype != torch.bool:
        return mask.to(like.dtype)
    return torch.zeros_like(mask, dtype=like.dtype).masked_fill(mask, float("-inf"))


def _weights(q: Tensor, k: Tensor, mask: Tensor | None, average: bool) -> Tensor:
    logits = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    weights = torch.softmax(logits if mask is None else logits + mask, dim=-1)
    return weights.mean(1) if average else weights
