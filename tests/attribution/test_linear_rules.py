"""Rules of linear layers and convolutions against their formulas, written with matrices of contributions.

Of y = x W + b, the contribution of x_i to y_j is x_i W_ij. What comes back is compared as relevance, x times
gradient, in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.flow import LinearRule
from relevome.attribution.lrp.linear_rules import Epsilon, Gamma, ZPlus
from relevome.errors import InputError

Array = np.ndarray
ROWS = 3


def stable(z: Array, epsilon: float = 1e-6) -> Array:
    return z + np.where(z < 0, -epsilon, epsilon)


def epsilon_shares(contributions: Array, bias: Array, y: Array) -> tuple[Array, Array]:
    return contributions, bias


def gamma_shares(contributions: Array, bias: Array, y: Array) -> tuple[Array, Array]:
    """Contributions of the output's own sign count 1.7 times."""
    return tuple(c + 0.7 * np.where(c * np.sign(y) > 0, c, 0) for c in (contributions, bias))  # pyright: ignore[reportReturnType]


def zplus_shares(contributions: Array, bias: Array, y: Array) -> tuple[Array, Array]:
    return np.maximum(contributions, 0), np.maximum(bias, 0)


Shares = Callable[[Array, Array, Array], tuple[Array, Array]]
# The rule, its epsilon, and what it shares out by: the contributions, and that of the bias.
RULES: Mapping[str, tuple[LinearRule, float, Shares]] = {
    "epsilon of 1e-6": (Epsilon(1e-6), 1e-6, epsilon_shares),
    "epsilon of 0.3": (Epsilon(0.3), 0.3, epsilon_shares),
    "gamma of 0.7": (Gamma(0.7), 1e-6, gamma_shares),
    "z-plus": (ZPlus(), 1e-6, zplus_shares),
}
every_rule = pytest.mark.parametrize("name", RULES)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def with_drawn_weights(layer: nn.Module) -> nn.Module:
    """A bias of both signs, and an output that is 0 for any input."""
    layer.double().requires_grad_(False)
    for seed, parameter in enumerate(layer.parameters()):
        parameter.copy_(drawn(*parameter.shape, seed=seed))
        if not isinstance(layer, nn.ConvTranspose1d):
            parameter[1] = 0
    return layer


# A layer, and the shape of one example.
LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(5, 4), (5,)),
    "linear without bias": (lambda: nn.Linear(5, 4, bias=False), (5,)),
    "linear on every position": (lambda: nn.Linear(5, 4), (6, 5)),
    "convolution": (lambda: nn.Conv1d(2, 4, 3), (2, 7)),
    "convolution without bias": (lambda: nn.Conv1d(2, 4, 3, padding=1, bias=False), (2, 7)),
    "padded, with strides": (lambda: nn.Conv1d(2, 4, 3, stride=2, padding=2), (2, 7)),
    "padded to the same length": (lambda: nn.Conv1d(2, 4, 5, padding="same"), (2, 7)),
    "dilated, in groups": (lambda: nn.Conv1d(4, 6, 2, dilation=3, groups=2), (4, 8)),
    "transposed": (lambda: nn.ConvTranspose1d(2, 4, 3, stride=2), (2, 5)),
    "in two dimensions": (lambda: nn.Conv2d(2, 3, (2, 3), padding=(0, 1)), (2, 4, 5)),
}
every_layer = pytest.mark.parametrize("layer_name", LAYERS)


def made(layer_name: str) -> tuple[nn.Module, Tensor]:
    """A layer, and inputs of both signs, some of them 0."""
    make, shape = LAYERS[layer_name]
    x = drawn(ROWS, *shape, seed=77)
    x[drawn(*x.shape, seed=78) > 0.8] = 0
    return with_drawn_weights(make()), x


def matrix(layer: nn.Module, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """W and b of any linear map, from what it makes of nothing and of every unit vector."""
    size = int(np.prod(shape))
    with torch.no_grad():
        bias = layer(torch.zeros(1, *shape, dtype=torch.float64)).numpy().reshape(-1)
        rows = layer(torch.eye(size, dtype=torch.float64).reshape(size, *shape)).numpy().reshape(size, -1)
    return rows - bias, bias


def under(
    rules: Rules, layer: Callable[[Tensor], Tensor], x: Tensor, above: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The output, the gradient from above (drawn), and the gradient to the input."""
    leaf = x.clone().requires_grad_()
    with rules:
        y = layer(leaf)
        above = drawn(*y.shape, seed=99) if above is None else above
        (gradient,) = torch.autograd.grad(y, leaf, above)
    return y.detach(), above, gradient


def chosen(layer: nn.Module, rule: LinearRule) -> dict[int, LinearRule]:
    return {id(layer.weight): rule}


@every_layer
@every_rule
def test_relevance_is_shared_out_in_proportion_to_contributions(name: str, layer_name: str) -> None:
    rule, epsilon, shares = RULES[name]
    layer, x = made(layer_name)
    y, above, gradient = under(Rules(linear=chosen(layer, rule)), layer, x)
    weight, bias = matrix(layer, x.shape[1:])
    for row in range(ROWS):
        output, relevance = (y[row].numpy().reshape(-1), (y * above)[row].numpy().reshape(-1))
        contributions, of_bias = shares(x[row].numpy().reshape(-1, 1) * weight, bias, output)
        z = contributions.sum(0) + of_bias
        expected = (contributions * relevance / stable(z, epsilon)).sum(1)
        found = (x * gradient)[row].numpy().reshape(-1)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


@every_layer
@every_rule
def test_the_output_is_that_of_the_layer_bit_for_bit(name: str, layer_name: str) -> None:
    layer, x = made(layer_name)
    y, _, _ = under(Rules(linear=chosen(layer, RULES[name][0])), layer, x)
    assert torch.equal(y, layer(x))


@every_rule
def test_an_input_of_zero_has_the_gradient_of_one_just_above(name: str) -> None:
    """So the score of a letter that is not there, in a one-hot input, is that of one that is."""
    layer, x = made("convolution")
    rules = chosen(layer, RULES[name][0])
    y, above, gradient = under(Rules(linear=rules), layer, x)
    _, _, moved = under(Rules(linear=rules), layer, torch.where(x == 0, 1e-12, x), above)
    assert (x == 0).any()
    assert (y == 0).any()
    np.testing.assert_allclose(gradient, moved, rtol=1e-4)


@every_layer
@every_rule
def test_the_account_of_bias_and_stabiliser_closes(name: str, layer_name: str) -> None:
    rule, epsilon, shares = RULES[name]
    layer, x = made(layer_name)
    rules = AuditedRules(linear=chosen(layer, rule))
    y, above, gradient = under(rules, layer, x)
    ledger = rules.ledger((y * above).sum().item(), (x * gradient).sum().item())
    assert ledger.unaccounted_share < 1e-12
    weight, bias = matrix(layer, x.shape[1:])
    absorbed = {"biases": 0.0, "constants": 0.0}
    for row in range(ROWS):
        output, relevance = (y[row].numpy().reshape(-1), (y * above)[row].numpy().reshape(-1))
        contributions, of_bias = shares(x[row].numpy().reshape(-1, 1) * weight, bias, output)
        z = contributions.sum(0) + of_bias
        absorbed["biases"] += (of_bias * relevance / stable(z, epsilon)).sum()
        absorbed["constants"] += (relevance - z * relevance / stable(z, epsilon)).sum()
    for kind, amount in absorbed.items():
        assert ledger.absorbed[kind] == pytest.approx(amount, rel=1e-9, abs=1e-12 * ledger.throughput)


class Broken(Gamma):
    """Gives back a little more than it should."""

    def __call__(
        self, layer: Callable[..., Tensor], x: Tensor, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        return super().__call__(layer, 1.001 * x - 0.001 * x.detach(), weight, bias)


def test_the_account_of_a_broken_rule_does_not_close_and_names_the_operation() -> None:
    layer, x = made("convolution")
    rules = AuditedRules(linear=chosen(layer, Broken()))
    y, above, gradient = under(rules, nn.Sequential(layer, nn.ReLU()), x)
    ledger = rules.ledger((y * above).sum().item(), (x * gradient).sum().item())
    assert ledger.unaccounted_share > 1e-5
    assert ledger.worst is not None
    assert "conv1d" in ledger.worst.operation


@every_rule
def test_where_nothing_contributes_nothing_is_relevant_in_half_precision_too(name: str) -> None:
    layer = nn.Linear(3, 2).half().requires_grad_(False)
    layer.weight.copy_(-torch.ones(2, 3))
    layer.bias.fill_(-1)
    _, _, gradient = under(Rules(linear=chosen(layer, RULES[name][0])), layer, torch.ones(1, 3).half())
    assert torch.isfinite(gradient).all()
    assert (gradient == 0).all() == (name == "z-plus")


@every_rule
def test_single_precision_under_autocast_stays_near(name: str) -> None:
    layer, x = made("padded, with strides")
    rules = chosen(layer.float(), RULES[name][0])
    x, above = x.float(), drawn(ROWS, 4, 5, seed=99).float()
    _, _, exact = under(Rules(linear=rules), layer, x, above)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, _, rough = under(Rules(linear=rules), lambda x: layer(x).float(), x, above)
    if name == "epsilon of 1e-6":  # divides by what may cancel to nearly nothing; only its size is sure
        assert torch.isfinite(rough).all()
    else:
        assert torch.nn.functional.cosine_similarity(exact.flatten(), rough.flatten(), 0) > 0.99


@pytest.mark.parametrize("number", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize(("rule", "name"), [(Epsilon, "epsilon"), (Gamma, "gamma")])
def test_a_number_that_is_none_is_refused(
    rule: Callable[[float], LinearRule], name: str, number: float
) -> None:
    with pytest.raises(InputError, match=rf"{name} {number:g}: expected a number above 0"):
        rule(number)


class Named(nn.Linear):
    """A layer that calls its operation by names."""

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.linear(input=input, weight=self.weight, bias=self.bias)


def test_a_layer_that_names_its_arguments_follows_its_rule_and_closes() -> None:
    layer = Named(5, 3, dtype=torch.float64).requires_grad_(False)
    x = torch.linspace(-1, 1, 10, dtype=torch.float64).view(2, 5)
    rules = AuditedRules(linear=chosen(layer, Gamma(0.3)))
    y, above, gradient = under(rules, layer, x)
    ledger = rules.ledger((y * above).sum().item(), (x * gradient).sum().item())
    assert ledger.unaccounted_share < 1e-12
    assert not torch.allclose(gradient, above @ layer.weight)
