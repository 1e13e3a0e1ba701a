"""What operations absorb, by kind, against amounts by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import expit, softmax
from torch import Tensor, nn

from relevome.ledger import KINDS
from tests.attribution.lrp.under_rules import Array, drawn, ledger_of

X = drawn(2, 3, 4)
POSITIONS = drawn(3, 4, seed=5)


def parameter(*shape: int, seed: int) -> nn.Parameter:
    return nn.Parameter(drawn(*shape, seed=seed), requires_grad=False)


WEIGHT, BIAS = parameter(5, 4, seed=1), parameter(5, seed=2)
SCALE, SHIFT = parameter(4, seed=3), parameter(4, seed=4)
KERNEL, KERNEL_BIAS = parameter(6, 3, 2, seed=6), parameter(6, seed=7)
MEAN, VARIANCE, CHANNEL_SCALE, CHANNEL_SHIFT = (parameter(3, seed=seed) for seed in (8, 9, 10, 11))
Amount = Callable[[Array], float]


def above(*shape: int) -> Array:
    """What `ledger_of` sends back from an output of this shape."""
    return drawn(*shape, seed=99).numpy()


def assert_absorbed(function: Callable[[Tensor], Tensor], expected: dict[str, float], x: Tensor = X) -> None:
    found = ledger_of(function, x).absorbed
    assert set(found) == set(KINDS)
    for kind, amount in found.items():
        assert amount == pytest.approx(expected.get(kind, 0.0), rel=1e-10, abs=1e-12), kind


def test_biases_absorb_what_they_add() -> None:
    assert_absorbed(lambda x: F.linear(x, WEIGHT, BIAS), {"biases": (above(2, 3, 5) * BIAS.numpy()).sum()})
    assert_absorbed(lambda x: F.linear(x, WEIGHT), {})
    assert_absorbed(
        lambda x: F.conv1d(x, KERNEL, KERNEL_BIAS),
        {"biases": (above(2, 6, 3) * KERNEL_BIAS.numpy()[:, None]).sum()},
    )
    assert_absorbed(
        lambda x: F.layer_norm(x, (4,), SCALE, SHIFT), {"biases": (above(2, 3, 4) * SHIFT.numpy()).sum()}
    )
    assert_absorbed(lambda x: x * SCALE + SHIFT, {"biases": (above(2, 3, 4) * SHIFT.numpy()).sum()})
    assert_absorbed(lambda x: F.rms_norm(x, (4,), SCALE), {})


def test_fixed_means_of_a_batch_normalisation_absorb_too() -> None:
    std = np.sqrt(VARIANCE.numpy() ** 2 + 1e-5)
    constant = CHANNEL_SHIFT.numpy() - MEAN.numpy() / std * CHANNEL_SCALE.numpy()
    assert_absorbed(
        lambda x: F.batch_norm(x, MEAN, VARIANCE**2, CHANNEL_SCALE, CHANNEL_SHIFT),
        {"biases": (above(2, 3, 4) * constant[:, None]).sum()},
    )


def test_positions_absorb_what_they_add() -> None:
    amount = {"positions": (above(2, 3, 4) * POSITIONS.numpy()).sum()}
    assert_absorbed(lambda x: x + POSITIONS, amount)
    assert_absorbed(lambda x: POSITIONS + x, amount)
    assert_absorbed(lambda x: x - -POSITIONS, amount)


def test_numbers_absorb_what_they_add() -> None:
    total = above(2, 3, 4).sum()
    assert_absorbed(lambda x: x + 0.7, {"constants": 0.7 * total})
    assert_absorbed(lambda x: 0.7 - x, {"constants": 0.7 * total})
    mask = POSITIONS > 0
    assert_absorbed(
        lambda x: x.masked_fill(mask, 0.7), {"constants": 0.7 * (above(2, 3, 4) * mask.numpy()).sum()}
    )
    assert_absorbed(lambda x: F.pad(x, (0, 1), value=0.7), {"constants": 0.7 * above(2, 3, 5)[..., -1].sum()})
    wins = np.where(X.numpy() < POSITIONS.numpy(), POSITIONS.numpy(), 0)
    assert_absorbed(lambda x: torch.maximum(x, POSITIONS), {"constants": (above(2, 3, 4) * wins).sum()})


def test_of_equals_a_constant_takes_half() -> None:
    x = torch.zeros(2, 3, 4).double() + 0.5
    assert_absorbed(
        lambda x: torch.max(x, torch.full_like(x, 0.5)), {"constants": above(2, 3, 4).sum() / 4}, x
    )


def test_a_function_absorbs_what_it_gives_of_zero() -> None:
    x = torch.tensor([0.0, 1.0, -2.0, 0.0]).double()
    amount = {"constants": (above(4)[[0, 3]] * 0.5).sum()}
    assert_absorbed(torch.sigmoid, amount, x)
    assert_absorbed(torch.tanh, {}, x)
    ones = {"constants": above(4).sum()}
    assert_absorbed(lambda x: 1 + torch.tanh(x), ones, x)


def test_a_softmax_absorbs_what_its_expansion_loses() -> None:
    x, g = X.numpy(), above(2, 3, 4)
    y = softmax(x, -1)
    jacobians = [[np.diag(row) - np.outer(row, row) for row in rows] for rows in y]
    passed_on = sum((x[b, t] @ jacobians[b][t] @ g[b, t]) for b, t in np.ndindex(2, 3))
    assert_absorbed(lambda x: F.softmax(x, -1), {"softmax": (y * g).sum() - passed_on})


def test_a_log_softmax_absorbs_what_its_expansion_loses() -> None:
    """Of one log-probability, log p = x - log sum exp x, that is minus the entropy."""
    x, g = X.numpy(), above(2, 3, 4)
    y = softmax(x, -1)
    jacobians = [[np.eye(4) - np.outer(np.ones(4), row) for row in rows] for rows in y]
    passed_on = sum((x[b, t] @ (g[b, t] @ jacobians[b][t])) for b, t in np.ndindex(2, 3))
    assert_absorbed(lambda x: F.log_softmax(x, -1), {"softmax": (np.log(y) * g).sum() - passed_on})


@pytest.mark.parametrize("causal", [False, True])
def test_attention_absorbs_as_softmax_and_by_positions(causal: bool) -> None:
    """Half of the gradient reaches the weights; positions take their part of the logits."""
    bias = drawn(3, 3, seed=6)
    blocked = np.where(np.tri(3, dtype=bool), 0, -np.inf) if causal else 0.0
    x, g = X.numpy(), above(2, 3, 4)
    products = x @ x.swapaxes(-1, -2) / 2
    weights = softmax(products + bias.numpy() + blocked, -1)
    to_weights = g @ x.swapaxes(-1, -2) / 2
    to_logits = weights * (to_weights - (weights * to_weights).sum(-1, keepdims=True))
    by_positions = (bias.numpy() * to_logits).sum()
    passed_on = (products * to_logits).sum()
    mask = bias + torch.tensor(blocked)
    expected = {
        "positions": by_positions,
        "softmax": (weights * to_weights).sum() - passed_on - by_positions,
    }
    assert_absorbed(lambda x: F.scaled_dot_product_attention(x, x, x, mask), expected)
    spelt_out = lambda x: torch.softmax(x @ x.mT / 2 + mask, -1) @ x  # noqa: E731
    assert_absorbed(spelt_out, expected)


def test_a_gate_by_hand_absorbs_nothing() -> None:
    assert_absorbed(lambda x: x / (1 + torch.exp(-x)), {})
    assert_absorbed(lambda x: x * 0.5 * (1 + torch.erf(x / 2**0.5)), {})
    found = ledger_of(lambda x: x * torch.sigmoid(x), X)
    assert found.tokens == pytest.approx((X.numpy() * expit(X.numpy()) * above(2, 3, 4)).sum())
