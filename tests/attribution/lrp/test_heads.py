"""The relevance of heads, however attention is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge as edge
from torch.utils.checkpoint import checkpoint

from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.errors import InputError
from tests.attribution.lrp.cases.attention import attended
from tests.attribution.lrp.under_rules import Array, drawn

BATCH, TOKENS, HEADS, WIDTH = 2, 5, 3, 4
X = drawn(BATCH, TOKENS, HEADS * WIDTH)
IN, OUT = drawn(36, 12, seed=1) / 3, drawn(12, 12, seed=2)
WEIGHTS = drawn(BATCH, TOKENS, 12, seed=3)


def by_head(x: Tensor) -> list[Tensor]:
    """Queries, keys and values, (batch, heads, tokens, channels)."""
    return [t.unflatten(-1, (HEADS, WIDTH)).transpose(1, 2) for t in F.linear(x, IN).chunk(3, -1)]


def fused(x: Tensor) -> Tensor:
    q, k, v = by_head(x)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def eager(x: Tensor) -> Tensor:
    q, k, v = by_head(x)
    weights = F.softmax(q @ k.transpose(-1, -2) / WIDTH**0.5, dim=-1)
    weights = F.dropout(weights.to(v.dtype), 0.1, training=False)
    return torch.matmul(weights, v).transpose(1, 2).reshape(BATCH, TOKENS, 12)


def merged(x: Tensor) -> Tensor:
    q, k, v = (t.reshape(BATCH * HEADS, TOKENS, WIDTH) for t in by_head(x))
    context = torch.bmm(torch.softmax(torch.bmm(q, k.transpose(1, 2)) / WIDTH**0.5, -1), v)
    return context.view(BATCH, HEADS, TOKENS, WIDTH).transpose(1, 2).flatten(2)


def by_index(x: Tensor) -> Tensor:
    q, k, v = (t.transpose(1, 2) for t in by_head(x))
    weights = torch.einsum("bqhd,bkhd->bhqk", q, k).div(WIDTH**0.5).softmax(-1)
    return torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(2)


def by_index_with_heads_first(x: Tensor) -> Tensor:
    weights = torch.einsum("bhqd,bhkd->bhqk", *by_head(x)[:2]).div(WIDTH**0.5).softmax(-1)
    return torch.einsum("bhqk, bhkd -> bhqd", weights, by_head(x)[2]).transpose(1, 2).flatten(2)


MODULE = nn.MultiheadAttention(12, HEADS, bias=False, batch_first=True).double().requires_grad_(False)
MODULE.load_state_dict({"in_proj_weight": IN, "out_proj.weight": torch.eye(12)})


def of_torch(x: Tensor) -> Tensor:
    return MODULE(x, x, x, need_weights=False)[0]


def recorded(function: Callable[[Tensor], Tensor], weigh: Callable[[Tensor], Tensor]) -> Array:
    recorder = HeadRecorder()
    x = X.clone().requires_grad_()
    with Rules(heads=recorder):
        torch.autograd.grad([edge(weigh(function(x)).sum())], [edge(x)])
    return recorder.relevance(BATCH, TOKENS).numpy()


def weighed(context: Tensor) -> Tensor:
    return F.linear(context, OUT) * WEIGHTS


EACH = [fused, eager, merged, by_index, by_index_with_heads_first, of_torch]


@pytest.mark.parametrize("function", EACH)
def test_heads_are_context_times_gradient(function: Callable[[Tensor], Tensor]) -> None:
    q, k, v = (t.numpy() for t in by_head(X))
    context = attended(q, k, v)
    gradient = (WEIGHTS @ OUT).unflatten(-1, (HEADS, WIDTH)).transpose(1, 2).numpy()
    expected = (context * gradient).sum(-1)[:, None]
    np.testing.assert_allclose(recorded(function, weighed), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("function", EACH)
def test_recording_changes_no_gradient(function: Callable[[Tensor], Tensor]) -> None:
    found = []
    for recorder in (None, HeadRecorder()):
        x = X.clone().requires_grad_()
        with Rules(heads=recorder):
            found.append(torch.autograd.grad(weighed(function(x)).sum(), x)[0])
    assert torch.equal(*found)


def test_layers_come_in_the_order_in_which_they_ran() -> None:
    found = recorded(lambda x: eager(fused(x)), weighed)
    assert found.shape == (BATCH, 2, HEADS, TOKENS)
    np.testing.assert_allclose(found[:, 1:], recorded_of_the_last(), rtol=1e-9)


def recorded_of_the_last() -> Array:
    recorder = HeadRecorder()
    x = fused(X).requires_grad_()
    with Rules(heads=recorder):
        torch.autograd.grad(weighed(eager(x)).sum(), x)
    return recorder.relevance(BATCH, TOKENS).numpy()


def test_a_checkpoint_is_recorded_once() -> None:
    found = recorded(lambda x: checkpoint(fused, x, use_reentrant=False), weighed)
    np.testing.assert_array_equal(found, recorded(fused, weighed))


def test_an_attention_that_pools_is_left_out() -> None:
    def pooled(context: Tensor) -> Tensor:
        query = drawn(1, 1, 12, seed=4).expand(BATCH, 1, 12)
        weights = torch.softmax(query @ context.transpose(1, 2), -1)
        return weights @ context

    assert recorded(fused, pooled).shape == (BATCH, 1, HEADS, TOKENS)
    assert recorded(eager, lambda c: pooled(c)[:, 0]).shape == (BATCH, 1, HEADS, TOKENS)


def refused(function: Callable[[Tensor], Any]) -> None:
    recorder = HeadRecorder()
    x = X.clone().requires_grad_()
    with Rules(heads=recorder):
        torch.autograd.grad(function(x).sum(), x)
    recorder.relevance(BATCH, TOKENS)


def test_layers_of_different_numbers_of_heads_are_refused() -> None:
    def one_head(x: Tensor) -> Tensor:
        q, k, v = (t[:, None] for t in F.linear(x, IN).chunk(3, -1))
        return F.scaled_dot_product_attention(q, k, v)[:, 0]

    with pytest.raises(
        InputError, match="--heads: the model's layers have different numbers of heads: leave it"
    ):
        refused(lambda x: one_head(fused(x)))


def test_a_model_without_attention_over_tokens_is_refused() -> None:
    with pytest.raises(InputError, match="--heads: the model has no attention whose queries are the tokens"):
        refused(lambda x: F.linear(x, OUT))


def test_a_context_that_is_changed_in_place_is_recorded_as_it_was() -> None:
    def then_shifted(x: Tensor) -> Tensor:
        q, k, v = by_head(x)
        context = F.scaled_dot_product_attention(q, k, v)
        context += 1
        return context.transpose(1, 2).flatten(2)

    np.testing.assert_allclose(recorded(then_shifted, weighed), recorded(fused, weighed), rtol=1e-12)
