"""Element-wise functions: what is one function of an activation, and what is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import expit
from torch import Tensor, nn

from tests.attribution.lrp.under_rules import Array, assert_equal, drawn, under_rules

A, B = drawn(3, 5), drawn(3, 5, seed=1)
LAYER = drawn(5, 5, seed=2)


def gate(x: Tensor) -> Tensor:
    """Not 0 where x is 0, so that as a factor of its own it keeps relevance for itself."""
    return 1 + torch.tanh(x)


def one_function(x: Array, above: Array) -> Array:
    """The gradient of x gate(x) as one function of x."""
    return above * (1 + np.tanh(x))


def a_product(x: Array, above: Array) -> Array:
    """That of x gate(y), of two activations that have the same values: half to each."""
    return above * (1 + np.tanh(x)) / 2 + above * np.tanh(x) / 2


def test_the_two_readings_of_a_product_differ() -> None:
    assert np.abs(one_function(A.numpy(), B.numpy()) - a_product(A.numpy(), B.numpy())).min() > 1e-3


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * gate(x),
        lambda x: gate(x) * x,
        lambda x: torch.mul(x, gate(x)),
        lambda x: x.clone() * gate(x),
        lambda x: x * gate(x.double()),
        lambda x: x.to(torch.float64) * gate(x.contiguous()),
        lambda x: F.dropout(x, 0.1, training=False) * gate(x),
        lambda x: x * gate(x.view(3, 5)),
        lambda x: (x * 2) * gate(x) / 2,
        lambda x: -x * gate(x) * -1.0,
        lambda x: x.clone().mul_(gate(x)),
        lambda x: x.clone().mul(gate(x)).mul_(1.0),
        lambda x: (x + x) * 0.5 * gate(x),
    ],
)
def test_a_product_with_a_function_of_the_same_activation_is_one_function(
    function: Callable[[Tensor], Tensor],
) -> None:
    _, (gradient,), above = under_rules(function, A, exact=False)
    assert_equal(gradient, one_function(A.numpy(), above))


def test_also_of_an_activation_that_a_layer_gave() -> None:
    def function(x: Tensor) -> Tensor:
        hidden = x @ LAYER
        return hidden.mul_(gate(hidden))

    _, (gradient,), above = under_rules(function, A)
    hidden = A.numpy() @ LAYER.numpy()
    assert_equal(gradient, one_function(hidden, above) @ LAYER.numpy().T)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * gate(x.t().t().flip(0).flip(0)),
        lambda x: x * gate(x.roll(0)),
        lambda x: x * gate(torch.cat([x[:1], x[1:]])),
    ],
)
def test_what_was_moved_about_is_another_activation(function: Callable[[Tensor], Tensor]) -> None:
    _, (gradient,), above = under_rules(function, A)
    assert_equal(gradient, a_product(A.numpy(), above))


def test_with_a_constant_function_of_it_a_product_is_linear() -> None:
    for function in (lambda x: x * gate(x.detach()), lambda x: x * gate(x).detach()):
        _, (gradient,), above = under_rules(function, A)
        assert_equal(gradient, above * (1 + np.tanh(A.numpy())))


def test_of_another_activation_it_is_a_product() -> None:
    _, (left, right), above = under_rules(lambda x, y: x * 1 * F.silu(y), A, B)
    assert_equal(left, above * B.numpy() * expit(B.numpy()) / 2)
    assert_equal(right, above * A.numpy() / 2 * expit(B.numpy()))


def test_the_name_of_an_activation_says_nothing() -> None:
    """x = x + y is another activation than the x that the gate was made of."""

    def rebound(x: Tensor, y: Tensor) -> Tensor:
        gated = gate(x)
        x = x + y
        return x * gated

    _, (left, right), above = under_rules(rebound, A, B)
    x, y = A.numpy(), B.numpy()
    assert_equal(left, above * (1 + np.tanh(x)) / 2 + above * (x + y) / 2 * np.tanh(x) / x)
    assert_equal(right, above * (1 + np.tanh(x)) / 2)


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[:, :5], x[:, 5:]


@pytest.mark.parametrize(
    "cut",
    [
        halves,
        lambda x: x.chunk(2, -1),
        lambda x: x.split(5, -1),
        lambda x: x.view(3, 2, 5).unbind(1),
        lambda x: torch.tensor_split(x, 2, -1),
    ],
)
def test_halves_of_one_activation_are_two(cut: Callable[[Tensor], tuple[Tensor, Tensor]]) -> None:
    x = drawn(3, 10)

    def gated(x: Tensor) -> Tensor:
        a, b = cut(x)
        return a * torch.sigmoid(b)

    _, (gradient,), above = under_rules(gated, x)
    a, b = np.split(x.numpy(), 2, axis=-1)
    assert_equal(gradient, np.concatenate([above * expit(b) / 2, above * a / 2 * expit(b) / b], axis=-1))


@pytest.mark.parametrize(
    "function",
    [torch.sigmoid, F.gelu, torch.exp, torch.relu, lambda x: x * gate(x), lambda x: 1 / (1 + torch.exp(-x))],
)
def test_where_the_input_is_zero_nothing_is_relevant(function: Callable[[Tensor], Tensor]) -> None:
    x = torch.tensor([0.0, -0.0, 1.0], dtype=torch.float64)
    _, (gradient,), above = under_rules(function, x)
    assert_equal(gradient[:2], np.zeros(2))
    assert gradient[2] == pytest.approx(above[2] * function(x)[2].item())


@pytest.mark.parametrize("whole", [True, False])
def test_what_passes_or_not_has_the_ratio_of_the_division(whole: bool) -> None:
    """Also of a part of a tensor, which is kept another way, and where y changes in place afterwards."""
    x = torch.cat([A, torch.tensor([[0.0, -0.0, 1e-300, -1e300, 1e300]], dtype=torch.float64)])

    def passed(x: Tensor) -> Tensor:
        if not whole:
            return torch.relu(x[:, 1:])
        y = torch.relu(x)
        y += 1
        return y

    _, (gradient,), above = under_rules(passed, x)
    with np.errstate(invalid="ignore"):
        ratio = np.nan_to_num(np.maximum(x.numpy(), 0) / x.numpy())
    expected = above * ratio if whole else np.pad(above * ratio[:, 1:], ((0, 0), (1, 0)))
    np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("layer", [nn.ReLU, nn.SiLU, nn.ELU, nn.LeakyReLU, nn.Hardswish, nn.SELU, nn.ReLU6])
def test_a_function_in_place_changes_its_input(layer: type[nn.Module]) -> None:
    """A residual that is added after the function sees what the function made of it."""

    def block(x: Tensor) -> Tensor:
        hidden = x * 3
        layer(inplace=True)(hidden)
        return hidden + layer(inplace=False)(x * 3)

    _, (gradient,), above = under_rules(block, A)
    ratio = (layer()(A * 3) / A).numpy()
    assert_equal(gradient, 2 * above * ratio)
