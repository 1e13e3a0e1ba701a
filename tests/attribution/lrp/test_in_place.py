"""Operations in place: buffers, views, slices, and what is known of a tensor afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from relevome.attribution.lrp.engine import Rules
from tests.attribution.lrp.under_rules import assert_equal, check, drawn, the_same, under_rules

A, B = drawn(3, 5), drawn(3, 5, seed=1)
LAYER = drawn(5, 5, seed=2)


def buffer() -> Tensor:
    return torch.full((3, 6), 0.5, dtype=torch.float64)


def written(write: Callable[[Tensor, Tensor], Any]) -> Callable[[Tensor], Tensor]:
    def function(x: Tensor) -> Tensor:
        into = buffer()
        write(into, x)
        return into * 2

    return function


@pytest.mark.parametrize(
    "write",
    [
        lambda into, x: into.__setitem__((slice(None), slice(1, None)), x),
        lambda into, x: into[:, 1:].copy_(x),
        lambda into, x: into[:, 1:].add_(x),
        lambda into, x: into[:, :5].mul_(x),
        lambda into, x: into[1:][:, 1:].sub_(x[1:]),
        lambda into, x: into.index_add_(1, torch.tensor([2, 0]), x[:, :2]),
        lambda into, x: into.masked_scatter_(buffer() > 0, torch.cat([x, x])),
    ],
)
def test_a_buffer_takes_in_activations(write: Callable[[Tensor, Tensor], Any]) -> None:
    function = written(write)
    check(the_same(function, A))


def test_a_sum_over_layers_is_accumulated() -> None:
    def function(x: Tensor) -> Tensor:
        total = torch.zeros_like(x)
        for factor in (1.0, 2.0, 3.0):
            total += x * factor
        return total

    _, (gradient,), above = under_rules(function, A)
    assert_equal(gradient, 6 * above)


def gate(x: Tensor) -> Tensor:
    return 1 + torch.tanh(x)


def the_gate_through_a_view(x: Tensor, y: Tensor) -> Tensor:
    gated = gate(x)
    gated.view(-1).add_(y.view(-1))
    return x * gated


def the_gate_in_place(x: Tensor, y: Tensor) -> Tensor:
    gated = gate(x)
    gated += y
    return x * gated


def a_slice_of_the_gate(x: Tensor, y: Tensor) -> Tensor:
    gated = gate(x)
    gated[:, :2] += y[:, :2]
    gated[:, 2:].add_(y[:, 2:])
    return x * gated


@pytest.mark.parametrize("function", [the_gate_in_place, the_gate_through_a_view, a_slice_of_the_gate])
def test_a_function_that_was_changed_is_an_activation_of_its_own(function: Callable[..., Tensor]) -> None:
    _, (left, right), above = under_rules(function, A, B)
    x, y, t = A.numpy(), B.numpy(), np.tanh(A.numpy())
    assert_equal(left, above * (1 + t + y) / 2 + above * x / 2 * t / x)
    assert_equal(right, above * x / 2)


def in_place(hidden: Tensor, y: Tensor) -> None:
    hidden += y


def through_a_view(hidden: Tensor, y: Tensor) -> None:
    hidden[1:].add_(y[1:])
    hidden[:1].add_(y[:1])


@pytest.mark.parametrize("change", [in_place, through_a_view])
def test_an_activation_that_was_changed_is_not_what_its_function_was_of(
    change: Callable[[Tensor, Tensor], None],
) -> None:
    def function(x: Tensor, y: Tensor) -> Tensor:
        hidden = x @ LAYER
        gated = gate(hidden)
        change(hidden, y)
        return hidden * gated

    _, (left, right), above = under_rules(function, A, B)
    h, y, t = A.numpy() @ LAYER.numpy(), B.numpy(), np.tanh(A.numpy() @ LAYER.numpy())
    assert_equal(left, (above * (1 + t) / 2 + above * (h + y) / 2 * t / h) @ LAYER.numpy().T)
    assert_equal(right, above * (1 + t) / 2)


def test_what_a_rule_keeps_for_the_backward_pass_may_be_changed() -> None:
    """A product keeps its factors, and a model may change one of them afterwards."""

    def function(x: Tensor, y: Tensor) -> Tensor:
        hidden, other = x @ LAYER, y @ LAYER
        product = torch.tanh(hidden)
        hidden.mul_(other)
        return hidden + product

    under_rules(function, A, B)


def test_another_shape_in_place() -> None:
    def function(x: Tensor) -> Tensor:
        x = (x * 2).unsqueeze_(0).transpose_(1, 2)
        return x.squeeze_(0).t_().swapaxes_(0, 1)

    check(the_same(function, A))


def test_what_carries_no_relevance_is_changed_as_ever() -> None:
    x, y = A.clone(), A.clone()
    with Rules():
        x.add_(1).mul_(2)
        x[:, 0] = 7
        torch.nn.functional.relu(x, inplace=True)
    y = (y + 1) * 2
    y[:, 0] = 7
    assert torch.equal(x, y.clamp(min=0))
