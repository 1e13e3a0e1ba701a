"""Attention: fused, spelt out, and in a module of torch, with every option."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from relevome.attribution import methods
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.rules import UnsupportedOperation
from relevome.models.base import Model
from tests.attribution.lrp.cases.attention import ALIBI, K, Q, V, attended, attention_formula
from tests.attribution.lrp.under_rules import Array, assert_equal, drawn, under_rules
from tests.toys import TOYS

INF = float("-inf")
QUERIES, KEYS, BATCH, WIDTH, HEADS = 5, 7, 2, 6, 3


def eager(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.softmax(q @ k.transpose(-1, -2) * 0.5 + ALIBI, -1) @ v


def by_index(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    logits = torch.einsum("bhqc,bhkc->bhqk", q, k) / 2 + ALIBI
    return torch.einsum("bhqk,bhkc->bhqc", logits.softmax(-1), v)


def heads_in_the_batch(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    q, k, v = (t.reshape(6, *t.shape[2:]) for t in (q, k, v))
    logits = torch.baddbmm(ALIBI.expand(2, 3, 5, 7).reshape(6, 5, 7), q, k.transpose(1, 2), alpha=0.5)
    return torch.bmm(F.softmax(logits, dim=-1), v).view(2, 3, 5, 6)


@pytest.mark.parametrize("function", [eager, by_index, heads_in_the_batch])
def test_attention_spelt_out_has_the_same_formula(function: Callable[..., Tensor]) -> None:
    q, k, v, bias = (t.numpy() for t in (Q, K, V, ALIBI))
    output, gradients, above = under_rules(function, Q, K, V)
    assert_equal(output, attended(q, k, v, bias))
    for found, expected in zip(gradients, attention_formula(q, k, v, above, bias)[:3], strict=True):
        assert_equal(found, expected)


def test_attention_to_constants_gives_all_to_the_other_factor() -> None:
    q, k, v, bias = Q, K, V, drawn(2, 3, 5, 7, seed=3)

    def by_hand(above: Array, bias: Array | float = 0.0) -> list[Array]:
        return attention_formula(q.numpy(), k.numpy(), v.numpy(), above, bias)

    _, (to_v,), above = under_rules(lambda v: F.scaled_dot_product_attention(q, k, v), v)
    assert_equal(to_v, 2 * by_hand(above)[2])
    _, (to_q,), above = under_rules(lambda q: F.scaled_dot_product_attention(q, k, v), q)
    assert_equal(to_q, 4 * by_hand(above)[0])
    _, (to_k, to_v), above = under_rules(lambda k, v: F.scaled_dot_product_attention(q, k, v), k, v)
    assert_equal(to_k, 2 * by_hand(above)[1])
    assert_equal(to_v, by_hand(above)[2])
    _, (to_v, to_b), above = under_rules(lambda v, b: F.scaled_dot_product_attention(q, k, v, b), v, bias)
    assert_equal(to_v, by_hand(above, bias.numpy())[2])
    assert_equal(to_b, by_hand(above, bias.numpy())[3])


@pytest.mark.parametrize("name", ["protbert", "esm", "esm-absolute", "roberta"])
def test_attention_spelt_out_gives_what_fused_attention_gives(load: Callable[..., Model], name: str) -> None:
    model = load(name)
    batch = TOYS[name].batch(model, 9, 5)
    found = []
    for kind in ("eager", "sdpa"):
        model.module.set_attn_implementation(kind)  # pyright: ignore[reportCallIssue]
        found.append([r.values for r in methods["attnlrp"]().attribute(model, batch)])
    for spelt_out, fused in zip(*found, strict=True):
        np.testing.assert_allclose(spelt_out, fused, rtol=0, atol=1e-8 * np.abs(fused).max())


@dataclass(frozen=True)
class Options:
    """Of a `torch.nn.MultiheadAttention` and a call of it; ``bias`` is what its masks add to the logits."""

    module: dict[str, Any] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    bias: Array | float = 0.0


PADDING = torch.zeros(BATCH, KEYS, dtype=torch.bool)
PADDING[1, 4:] = True
BLOCKED = drawn(QUERIES, KEYS, seed=7) > 1
FLOATING = drawn(QUERIES, KEYS, seed=8)
BY_HEAD = drawn(BATCH * HEADS, QUERIES, KEYS, seed=9)
padded = np.where(PADDING.numpy(), INF, 0)[:, None, None]
blocked = np.where(BLOCKED.numpy(), INF, 0)

OPTIONS = {
    "plain": Options(),
    "without biases": Options({"bias": False}),
    "batch first": Options({"batch_first": True}),
    "keys and values of other widths": Options({"kdim": 4, "vdim": 3}),
    "one more key": Options({"add_bias_kv": True}),
    "a key of zeros": Options({"add_zero_attn": True}),
    "two more keys and padding": Options(
        {"add_bias_kv": True, "add_zero_attn": True}, {"key_padding_mask": PADDING}, padded
    ),
    "padding": Options({}, {"key_padding_mask": PADDING}, padded),
    "floating padding": Options(
        {}, {"key_padding_mask": torch.where(PADDING, INF, 0.0).double()}, padded
    ),
    "mask": Options({}, {"attn_mask": BLOCKED}, blocked),
    "floating mask": Options({}, {"attn_mask": FLOATING}, FLOATING.numpy()),
    "mask by head": Options(
        {}, {"attn_mask": BY_HEAD > 1}, np.where(BY_HEAD.numpy() > 1, INF, 0).reshape(2, 3, 5, 7)
    ),
    "floating mask by head": Options({}, {"attn_mask": BY_HEAD}, BY_HEAD.numpy().reshape(2, 3, 5, 7)),
    "both masks": Options(
        {}, {"attn_mask": BLOCKED, "key_padding_mask": PADDING}, blocked + padded
    ),
    "causal": Options(
        {}, {"attn_mask": torch.ones(5, 7).triu(1).bool(), "is_causal": True, "need_weights": False},
        np.where(np.tri(5, 7, dtype=bool), 0, INF),
    ),
    "weights by head": Options({}, {"average_attn_weights": False}),
    "no weights": Options({}, {"need_weights": False}),
}  # fmt: skip


def module(**options: Any) -> nn.MultiheadAttention:
    """In double precision, frozen, with every parameter drawn at random."""
    made = nn.MultiheadAttention(WIDTH, HEADS, **options).double().eval().requires_grad_(False)
    for seed, parameter in enumerate(made.parameters()):
        parameter.copy_(drawn(*parameter.shape, seed=seed) / 2)
    return made


@dataclass(frozen=True)
class Formula:
    """Multi-head attention over (tokens, batch, channels) with matrices, and its backward pass."""

    module: nn.MultiheadAttention
    bias: Array | float

    def __call__(self, inputs: list[Array], above: Array) -> tuple[Array, list[Array]]:
        """The output, and the gradients to queries, keys and values."""
        m = self.module
        weights = [m.q_proj_weight, m.k_proj_weight, m.v_proj_weight] if m.in_proj_weight is None else (
            m.in_proj_weight.chunk(3)
        )  # fmt: skip
        biases = [0, 0, 0] if m.in_proj_bias is None else np.split(m.in_proj_bias.numpy(), 3)
        projected = [x @ w.numpy().T + b for x, w, b in zip(inputs, weights, biases, strict=True)]  # pyright: ignore[reportOptionalMemberAccess]
        q, k, v = (split(x) for x in (projected[0], *(map(self.longer, projected[1:], (m.bias_k, m.bias_v)))))
        extra = k.shape[2] - KEYS
        bias = np.pad(np.zeros((1, 1, 1, KEYS)) + self.bias, ((0, 0),) * 3 + ((0, extra),))
        out = m.out_proj.weight.numpy()
        output = merged(attended(q, k, v, bias)) @ out.T
        output = output if m.out_proj.bias is None else output + m.out_proj.bias.numpy()
        back = attention_formula(q, k, v, split(above @ out), bias)[:3]
        return output, [
            merged(g)[: len(x)] @ w.numpy()
            for g, x, w in zip(back, inputs, weights, strict=True)  # pyright: ignore[reportOptionalMemberAccess]
        ]

    def longer(self, rows: Array, learned: Tensor | None) -> Array:
        more = [] if learned is None else [np.repeat(learned.numpy(), BATCH, 1)]
        more += [np.zeros((1, BATCH, WIDTH))] if self.module.add_zero_attn else []
        return np.concatenate([rows, *more])


def split(x: Array) -> Array:
    return x.reshape(len(x), BATCH, HEADS, -1).transpose(1, 2, 0, 3)


def merged(heads: Array) -> Array:
    return heads.transpose(2, 0, 1, 3).reshape(heads.shape[2], BATCH, WIDTH)


def turned(x: Any, made: nn.MultiheadAttention) -> Any:
    """(batch, tokens, channels) where the module wants it so."""
    return x.swapaxes(0, 1) if made.batch_first else x


@pytest.mark.parametrize("name", OPTIONS)
def test_attention_of_a_torch_module_is_opened(name: str) -> None:
    options = OPTIONS[name]
    made = module(**options.module)
    inputs = [
        drawn(QUERIES, BATCH, WIDTH),
        drawn(KEYS, BATCH, options.module.get("kdim", WIDTH), seed=1),
        drawn(KEYS, BATCH, options.module.get("vdim", WIDTH), seed=2),
    ]
    given = [turned(x, made).contiguous() for x in inputs]
    output, gradients, above = under_rules(lambda *x: made(*x, **options.call)[0], *given, exact=False)
    expected, back = Formula(made, options.bias)([x.numpy() for x in inputs], turned(above, made))
    assert_equal(output, turned(expected, made))
    for found, formula in zip(gradients, back, strict=True):
        assert_equal(found, turned(formula, made))


@pytest.mark.parametrize("name", OPTIONS)
def test_weights_that_a_torch_module_gives_are_those_without_rules(name: str) -> None:
    options = OPTIONS[name]
    made = module(**options.module)
    widths = (WIDTH, options.module.get("kdim", WIDTH), options.module.get("vdim", WIDTH))
    inputs = [
        turned(drawn(n, BATCH, width), made) for n, width in zip((QUERIES, KEYS, KEYS), widths, strict=True)
    ]
    plain = made(*inputs, **options.call)[1]
    with Rules():
        found = made(*(x.requires_grad_() for x in inputs), **options.call)[1]
    if plain is None:
        assert found is None
    else:
        assert not found.requires_grad
        torch.testing.assert_close(found, plain, rtol=1e-12, atol=1e-13)


def test_self_attention_without_a_batch_is_that_of_a_batch_of_one() -> None:
    made, x, mask = module(), drawn(QUERIES, WIDTH), drawn(HEADS, QUERIES, QUERIES, seed=5)
    padding = torch.tensor([False, False, False, True, True])
    for call in ({}, {"attn_mask": mask}, {"attn_mask": mask[0], "key_padding_mask": padding.double() * -9}):
        alone = under_rules(lambda x, call=call: made(x, x, x, **call)[0], x, exact=False)
        whole = {k: v[None] if k == "key_padding_mask" else v for k, v in call.items()}
        batch = under_rules(lambda x, whole=whole: made(x, x, x, **whole)[0], x[:, None], exact=False)
        assert_equal(alone[0], batch[0][:, 0])
        assert_equal(alone[1][0], batch[1][0][:, 0])


def test_static_keys_are_refused() -> None:
    x, weight, keys = drawn(5, 2, 6).requires_grad_(), drawn(18, 6), drawn(6, 5, 2)
    with pytest.raises(UnsupportedOperation, match="static keys"), Rules():
        F.multi_head_attention_forward(
            x, x, x, 6, 3, weight, None, None, None, False, 0.0, drawn(6, 6), None, static_k=keys
        )


@pytest.mark.parametrize("first", [False, True])
def test_an_encoder_of_torch_gives_unchanged_numbers(first: bool) -> None:
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 8, activation="gelu", norm_first=first, batch_first=True)
    encoder = (
        nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).double().eval().requires_grad_(False)
    )
    padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    under_rules(lambda x: encoder(x, src_key_padding_mask=padding), drawn(2, 5, WIDTH), exact=False)
