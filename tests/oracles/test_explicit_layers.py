"""The layers of the explicit pass, against small differences.

The gradient that a rule gives is that of its layer with something held constant. So each layer is compared
with a function in which that is a constant, moved a little in every direction.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.oracles.explicit.attention import (
    Attention,
    Rotary,
    alibi_slopes,
    causal,
    distances,
    join,
    softmax,
    transpose,
)
from tests.oracles.explicit.functions import gelu, gelu_by_tanh, silu
from tests.oracles.explicit.layers import (
    Activation,
    Array,
    Chain,
    Gated,
    Layer,
    LayerNorm,
    Linear,
    OneToken,
    Residual,
    RMSNorm,
    Scale,
    Shift,
)
from tests.oracles.explicit.t5 import relative_bias

TOKENS, CHANNELS = 5, 6


def drawn(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


X = drawn(TOKENS, CHANNELS, seed=99)


def slopes(function: Callable[[Array], Array], gradient: Array, step: float = 1e-6) -> Array:
    """The gradient of ``sum(gradient * function(x))`` at X, by central differences."""
    found = np.zeros_like(X)
    for place in np.ndindex(X.shape):
        moved = np.zeros_like(X)
        moved[place] = step
        found[place] = (gradient * (function(X + moved) - function(X - moved))).sum() / (2 * step)
    return found


def assert_gradient(layer: Layer, constant: Callable[[Array], Array]) -> None:
    """``constant`` is the layer with what its rule holds constant."""
    output = layer.forward(X)
    np.testing.assert_allclose(constant(X), output, rtol=1e-12, atol=1e-12)
    gradient = drawn(*output.shape, seed=98)
    np.testing.assert_allclose(layer.backward(gradient), slopes(constant, gradient), rtol=1e-7, atol=1e-7)


LINEAR = {
    "linear": Linear(drawn(7, CHANNELS), drawn(7, seed=1)),
    "linear without bias": Linear(drawn(7, CHANNELS)),
    "shift": Shift(drawn(TOKENS, CHANNELS)),
    "scale": Scale(drawn(TOKENS, 1)),
    "first token": OneToken(0),
    "last token": OneToken(-1),
    "rotary": Rotary(TOKENS, CHANNELS, 100.0),
    "residual": Residual(Chain(Linear(drawn(7, CHANNELS)), Linear(drawn(CHANNELS, 7, seed=1)))),
    "nothing": Chain(),
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear_layers_have_the_plain_gradient(name: str) -> None:
    assert_gradient(LINEAR[name], LINEAR[name].forward)


def test_the_deviation_of_a_layer_norm_is_constant_and_its_mean_is_not() -> None:
    weight, bias = drawn(CHANNELS), drawn(CHANNELS, seed=1)
    deviation = np.sqrt(X.var(-1, keepdims=True) + 0.1)
    assert_gradient(
        LayerNorm(weight, bias, 0.1), lambda x: weight * (x - x.mean(-1, keepdims=True)) / deviation + bias
    )


def test_the_root_mean_square_is_constant() -> None:
    weight, root = drawn(CHANNELS), np.sqrt((X**2).mean(-1, keepdims=True) + 0.1)
    assert_gradient(RMSNorm(weight, 0.1), lambda x: weight * x / root)


@pytest.mark.parametrize("function", [gelu, gelu_by_tanh, silu, np.tanh])
def test_the_ratio_of_an_activation_is_constant(function: Callable[[Array], Array]) -> None:
    assert_gradient(Activation(function), lambda x: x * (function(X) / X))


def test_where_the_input_is_zero_nothing_is_relevant() -> None:
    layer = Activation(lambda x: np.exp(x) - 1)
    layer.forward(np.array([0.0, 1.0]))
    np.testing.assert_allclose(layer.backward(np.ones(2)), [0.0, np.e - 1])


def test_a_product_is_half_of_each_factor_with_the_other_constant() -> None:
    a, b = Linear(drawn(7, CHANNELS)), Linear(drawn(7, CHANNELS, seed=1))
    fixed = a.forward(X), b.forward(X)
    assert_gradient(Gated(a, b), lambda x: (a.forward(x) * fixed[1] + fixed[0] * b.forward(x)) / 2)


def attention(groups: int) -> Attention:
    """Four heads of two channels, keys and values for some of them, everything that may be there."""
    query, output = Linear(drawn(8, CHANNELS), drawn(8)), Linear(drawn(3, 8), drawn(3))
    key, value = (Linear(drawn(8 // groups, CHANNELS, seed=i), drawn(8 // groups, seed=i)) for i in (1, 2))
    bias = drawn(4, TOKENS, TOKENS, seed=3) + causal(TOKENS)
    return Attention(query, key, value, output, 4, 0.7, bias, Rotary(TOKENS, 2, 9.0), groups)


def parts(layer: Attention, x: Array) -> tuple[Array, Array, Array]:
    """Queries, keys and values, (heads, tokens, channels), each head as often as it serves."""
    names = [np.arange(4), np.arange(4) // layer.groups, np.arange(4) // layer.groups]
    projected = [p.forward(x) for p in (layer.query, layer.key, layer.value)]
    q, k, v = (
        np.stack([p[:, 2 * head : 2 * head + 2] for head in heads])
        for p, heads in zip(projected, names, strict=True)
    )
    return layer.rotation.forward(q), layer.rotation.forward(k), v


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_attention_is_half_of_each_factor_of_its_two_products(groups: int) -> None:
    """Half for values with the weights constant; of the other half, half for queries and half for keys."""
    layer = attention(groups)
    fixed_q, fixed_k, fixed_v = parts(layer, X)

    def context(q: Array, k: Array, v: Array) -> Array:
        return softmax(layer.scale * q @ transpose(k) + layer.bias) @ v

    def constant(x: Array) -> Array:
        q, k, v = parts(layer, x)
        through_values = context(fixed_q, fixed_k, v)
        through_weights = (context(q, fixed_k, fixed_v) + context(fixed_q, k, fixed_v)) / 2
        return layer.output.forward(join((through_values + through_weights) / 2))

    assert_gradient(layer, constant)


def test_relevance_of_heads_is_what_the_output_projection_takes_from_each() -> None:
    """So with all heads and without the bias it is the output times its gradient."""
    layer = attention(2)
    gradient = drawn(TOKENS, 3, seed=98)
    output = layer.forward(X) - layer.output.bias
    layer.backward(gradient)
    assert layer.relevance.shape == (4, TOKENS)
    np.testing.assert_allclose(layer.relevance.sum(0), (output * gradient).sum(-1))
    for head in range(4):
        alone = layer.context[head] @ layer.output.weight[:, 2 * head : 2 * head + 2].T
        np.testing.assert_allclose(layer.relevance[head], (alone * gradient).sum(-1))


CONSERVING = {
    "linear": Linear(drawn(7, CHANNELS)),
    "LayerNorm": LayerNorm(drawn(CHANNELS), np.zeros(CHANNELS), 0.1),
    "RMSNorm": RMSNorm(drawn(CHANNELS), 0.1),
    "GELU": Activation(gelu),
    "gated": Gated(Chain(Linear(drawn(7, CHANNELS)), Activation(silu)), Linear(drawn(7, CHANNELS, seed=1))),
    "residual": Residual(Activation(np.tanh)),
    "pooling": OneToken(2),
}


@pytest.mark.parametrize("name", CONSERVING)
def test_without_biases_and_softmax_relevance_is_kept(name: str) -> None:
    layer = CONSERVING[name]
    output = layer.forward(X)
    gradient = drawn(*output.shape, seed=98)
    assert (X * layer.backward(gradient)).sum() == pytest.approx((output * gradient).sum(), rel=1e-12)


def test_rotary_scores_depend_on_distance_only() -> None:
    turned = Rotary(TOKENS, CHANNELS, 100.0).forward(np.ones((1, TOKENS, CHANNELS)))[0]
    scores = turned @ turned.T
    for offset in range(TOKENS):
        np.testing.assert_allclose(np.diagonal(scores, offset), scores[0, offset])


def test_alibi_slopes_are_those_of_the_paper() -> None:
    """Press et al. 2022, section 3: 1/2, 1/4, ... 1/256 for 8 heads; then every other one of 16 heads."""
    np.testing.assert_allclose(alibi_slopes(8), 2.0 ** -np.arange(1, 9))
    np.testing.assert_allclose(alibi_slopes(10), [*2.0 ** -np.arange(1, 9), 2**-0.5, 2**-1.5])


def test_no_token_sees_what_comes_later() -> None:
    weights = softmax(drawn(4, TOKENS, TOKENS) + causal(TOKENS))
    assert not np.triu(weights, 1).any()
    assert (np.tril(weights) > 0).sum() == 4 * TOKENS * (TOKENS + 1) / 2


def test_t5_has_a_bucket_for_near_distances_and_shares_them_for_far_ones() -> None:
    """32 buckets up to a distance of 128: Raffel et al. 2020, section 2.1; counted by hand."""
    row = relative_bias(np.arange(32.0)[:, None], 128, 300)[0, 150]
    at = dict(zip(distances(300)[150].tolist(), row.astype(int).tolist(), strict=True))
    assert [at[offset] for offset in range(9)] == [0, *range(17, 25)]
    assert [at[-offset] for offset in (7, 8, 11, 12, 15, 16, 22, 23, 31, 32, 90, 91, 127, 128, 149)] == [
        7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 14, 15, 15, 15, 15
    ]  # fmt: skip
