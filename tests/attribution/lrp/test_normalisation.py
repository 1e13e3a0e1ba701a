"""Normalisations beside those of the table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.rules import UnsupportedOperation
from tests.attribution.lrp.under_rules import assert_equal, drawn, under_rules

X = drawn(2, 3, 6)


def test_layer_normalisation_without_weights_over_two_axes() -> None:
    _, (gradient,), above = under_rules(lambda x: F.layer_norm(x, (3, 6)), X)
    std = np.sqrt(X.numpy().var((1, 2), keepdims=True) + 1e-5)
    assert_equal(gradient, (above - above.mean((1, 2), keepdims=True)) / std)


def test_root_mean_square_normalisation_without_weights_over_two_axes() -> None:
    for eps in (None, 1e-3):
        _, (gradient,), above = under_rules(lambda x, eps=eps: F.rms_norm(x, (3, 6), eps=eps), X)
        floor = np.finfo(float).eps if eps is None else eps
        assert_equal(gradient, above / np.sqrt((X.numpy() ** 2).mean((1, 2), keepdims=True) + floor))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x.pow(2).mean(-1, keepdim=True).add_(1e-3).rsqrt_(),
        lambda x: x / x.square().mean(-1, keepdim=True).add(1e-3).sqrt_(),
        lambda x: x.clone().div_(x.square().mean(-1, keepdim=True).add(1e-3).pow_(0.5)),
    ],
)
def test_a_scale_made_in_place_is_a_constant_too(function: Callable[[Tensor], Tensor]) -> None:
    _, (gradient,), above = under_rules(function, X)
    assert_equal(gradient, above / np.sqrt((X.numpy() ** 2).mean(-1, keepdims=True) + 1e-3))


def test_normalisation_with_the_statistics_of_a_batch_is_refused() -> None:
    x = X.clone().requires_grad_()
    with pytest.raises(UnsupportedOperation, match="batch_norm"), Rules():
        F.batch_norm(x, None, None, training=True)
    with Rules():
        F.batch_norm(X, None, None, training=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_scale_of_half_precision_is_that_of_the_kernel(dtype: torch.dtype) -> None:
    """y = x times the scale, so the gradient is y / x to the precision of the type."""
    x = (drawn(4, 64) * 3 + 0.1).to(dtype).requires_grad_()
    with Rules():
        y = F.rms_norm(x, (64,))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    exact = torch.rsqrt(x.double().square().mean(-1, keepdim=True)).expand(4, 64)
    torch.testing.assert_close(gradient.double(), exact, rtol=2 * torch.finfo(dtype).eps, atol=0)
