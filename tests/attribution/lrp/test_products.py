"""Products of activations and constants, and quotients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.rules import UnsupportedOperation
from tests.attribution.lrp.under_rules import assert_equal, drawn, under_rules

A, CONSTANT = drawn(3, 5), drawn(3, 5, seed=1)


@pytest.mark.parametrize(
    "function", [lambda x: x * CONSTANT, lambda x: CONSTANT * x, lambda x: torch.mul(CONSTANT, other=x)]
)
def test_a_product_with_a_constant_is_linear(function: Callable[[Tensor], Tensor]) -> None:
    _, (gradient,), above = under_rules(function, A)
    assert_equal(gradient, above * CONSTANT.numpy())


def test_a_matrix_product_with_a_constant_is_linear() -> None:
    a, constant = drawn(2, 3, 4), drawn(2, 4, 5, seed=1)
    _, (gradient,), above = under_rules(lambda x: x @ constant, a)
    assert_equal(gradient, above @ constant.numpy().transpose(0, 2, 1))
    _, (gradient,), above = under_rules(lambda x: torch.baddbmm(torch.zeros(1).double(), x, constant), a)
    assert_equal(gradient, above @ constant.numpy().transpose(0, 2, 1))
    _, (gradient,), above = under_rules(lambda x: torch.einsum("bij,bjk->bik", x, constant), a)
    assert_equal(gradient, above @ constant.numpy().transpose(0, 2, 1))


def test_a_matrix_product_of_an_activation_with_itself_gives_half_each_way() -> None:
    _, (gradient,), above = under_rules(lambda x: x @ x.t(), A)
    assert_equal(gradient, (above + above.T) @ A.numpy() / 2)


def test_what_a_sum_does_not_use_may_be_anything() -> None:
    """GPT-2 adds nothing times memory that was never written."""
    a, b, junk = drawn(2, 3, 4), drawn(2, 4, 5, seed=1), torch.full((2, 3, 5), float("nan")).double()
    output, (left, _), above = under_rules(
        lambda a, b: torch.baddbmm(junk, a, b, beta=0, alpha=0.5), a, b, exact=False
    )
    assert_equal(output, a.numpy() @ b.numpy() / 2)
    assert_equal(left, above @ b.numpy().transpose(0, 2, 1) / 4)


def test_one_divided_by_an_activation_is_refused() -> None:
    x = A.clone().requires_grad_()
    for divide in (lambda: 1 / x, lambda: x.reciprocal(), lambda: torch.div(x, 2, rounding_mode="floor")):
        with pytest.raises(UnsupportedOperation, match="no relevance rule for the operation"), Rules():
            divide()


def test_a_quotient_of_two_activations_gives_all_to_the_first() -> None:
    a, b = drawn(3, 5), drawn(3, 1, seed=1).abs() + 1
    _, (numerator, denominator), above = under_rules(lambda x, y: x / (1 + torch.exp(y)), a, b)
    assert_equal(numerator, above / (1 + np.exp(b.numpy())))
    assert_equal(denominator, np.zeros((3, 1)))
