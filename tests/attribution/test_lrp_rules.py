"""Every rule against its formula, written with matrices and without automatic differentiation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import erf, expit, ndtr, softmax
from torch import Tensor, nn

from relevome.attribution import methods
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.rules import RULES, UnsupportedOperation, rule
from relevome.models.base import Model
from tests.toys import TOYS

Array = np.ndarray
Elementwise = tuple[Callable[[Tensor], Tensor], Callable[[Array], Array]]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def under_rules(function: Callable[..., Tensor], *inputs: Tensor) -> tuple[Array, list[Array], Array]:
    """The output, the gradient to every input under the rules, and what came from above.

    On the way it is checked that the output is the one without rules, bit for bit.
    """
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    with Rules():
        output = function(*leaves)
    assert torch.equal(output, function(*inputs))
    above = drawn(*output.shape, seed=99)
    gradients = torch.autograd.grad(output, leaves, above, allow_unused=True, materialize_grads=True)
    return output.detach().numpy(), [g.numpy() for g in gradients], above.numpy()


def assert_equal(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def softplus(x: Array) -> Array:
    return np.logaddexp(0, x)


NONLINEARITIES: dict[str, Elementwise] = {
    "relu": (torch.relu, lambda x: np.maximum(x, 0)),
    "ReLU in place": (lambda x: F.relu(x * 1, inplace=True), lambda x: np.maximum(x, 0)),
    "GELU": (F.gelu, lambda x: x * ndtr(x)),
    "GELU by tanh": (
        lambda x: F.gelu(x, approximate="tanh"),
        lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "SiLU": (nn.SiLU(), lambda x: x * expit(x)),
    "ELU": (F.elu, lambda x: np.where(x > 0, x, np.expm1(x))),
    "leaky ReLU": (lambda x: F.leaky_relu(x, 0.1), lambda x: np.where(x > 0, x, 0.1 * x)),
    "softplus": (F.softplus, softplus),
    "mish": (F.mish, lambda x: x * np.tanh(softplus(x))),
    "hardswish": (F.hardswish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "tanh": (torch.tanh, np.tanh),
    "sigmoid": (torch.sigmoid, expit),
    "erf": (torch.erf, erf),
    "exp": (torch.exp, np.exp),
    "square": (torch.square, np.square),
    "power": (lambda x: torch.pow(x, 3), lambda x: x**3),
    "power as an operator": (lambda x: x**2, lambda x: x**2),
}

BY_HAND: dict[str, Elementwise] = {
    "GELU as in ESM-2": (
        lambda x: x * 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0))),
        lambda x: x * ndtr(x),
    ),
    "GELU, otherwise": (lambda x: 0.5 * x * (1 + (x * 2**-0.5).erf()), lambda x: x * ndtr(x)),
    "GELU by tanh": (
        lambda x: 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0)))),
        lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "quick GELU": (lambda x: x * torch.sigmoid(1.702 * x), lambda x: x * expit(1.702 * x)),
    "SiLU": (lambda x: torch.sigmoid(x) * x, lambda x: x * expit(x)),
    "SiLU by division": (lambda x: x / (1 + torch.exp(-x)), lambda x: x * expit(x)),
    "square": (lambda x: x * x, np.square),
}


@pytest.mark.parametrize("name", NONLINEARITIES)
def test_a_nonlinearity_passes_on_output_over_input(name: str) -> None:
    function, formula = NONLINEARITIES[name]
    x = drawn(3, 5) * 2
    output, (gradient,), above = under_rules(function, x)
    assert_equal(output, formula(x.numpy()))
    assert_equal(gradient, above * formula(x.numpy()) / x.numpy())


@pytest.mark.parametrize("name", BY_HAND)
def test_a_nonlinearity_written_by_hand_is_one_nonlinearity(name: str) -> None:
    function, formula = BY_HAND[name]
    x = drawn(3, 5) * 2
    output, (gradient,), above = under_rules(function, x)
    assert_equal(output, formula(x.numpy()))
    assert_equal(gradient, above * formula(x.numpy()) / x.numpy())


def test_that_of_another_activation_it_is_a_product() -> None:
    a, b = drawn(3, 5), drawn(3, 5, seed=1)
    _, (left, right), above = under_rules(lambda x, y: x * 1 * F.silu(y), a, b)
    gate = b.numpy() * expit(b.numpy())
    assert_equal(left, above * gate / 2)
    assert_equal(right, above * a.numpy() / 2 * expit(b.numpy()))


def test_halves_of_one_activation_are_two() -> None:
    x = drawn(3, 10)

    def gated(x: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=-1)
        return a * torch.sigmoid(b)

    _, (gradient,), above = under_rules(gated, x)
    a, b = np.split(x.numpy(), 2, axis=-1)
    assert_equal(gradient, np.concatenate([above * expit(b) / 2, above * a / 2 * expit(b) / b], axis=-1))


def test_what_was_changed_in_place_is_no_longer_a_function_of_the_same_activation() -> None:
    a, b = drawn(3, 5), drawn(3, 5, seed=1)

    def changed(x: Tensor, other: Tensor) -> Tensor:
        function_of_x = torch.tanh(x)
        function_of_x += other
        return x * function_of_x

    _, (left, right), above = under_rules(changed, a, b)
    x, t = a.numpy(), np.tanh(a.numpy())
    assert_equal(left, above * (t + b.numpy()) / 2 + above * x / 2 * t / x)
    assert_equal(right, above * x / 2)


def test_where_the_input_is_zero_nothing_is_relevant() -> None:
    x = torch.tensor([0.0, -0.0, 1.0], dtype=torch.float64)
    for function in (torch.sigmoid, F.gelu, torch.exp, torch.relu):
        _, (gradient,), above = under_rules(function, x)
        assert_equal(gradient[:2], np.zeros(2))
        assert gradient[2] == pytest.approx(above[2] * function(x)[2].item())


@pytest.mark.parametrize(
    "function",
    [torch.mul, torch.multiply, lambda a, b: a * b, lambda a, b: a.mul(b), lambda a, b: b.mul(other=a)],
)
def test_a_product_gives_half_to_each_factor(function: Callable[..., Tensor]) -> None:
    a, b = drawn(3, 4, 5), drawn(4, 1, seed=1)
    output, (left, right), above = under_rules(function, a, b)
    assert_equal(output, a.numpy() * b.numpy())
    assert_equal(left, above * b.numpy() / 2)
    assert_equal(right, (above * a.numpy() / 2).sum((0, 2))[:, None])


def test_a_product_with_a_constant_is_linear() -> None:
    a, constant = drawn(3, 5), drawn(3, 5, seed=1)
    for function in (lambda x: x * constant, lambda x: constant * x, lambda x: torch.mul(constant, x)):
        _, (gradient,), above = under_rules(function, a)
        assert_equal(gradient, above * constant.numpy())


@pytest.mark.parametrize(
    "function",
    [torch.matmul, lambda a, b: a @ b, lambda a, b: a.matmul(b), torch.bmm, lambda a, b: a.bmm(mat2=b),
     lambda a, b: torch.matmul(a, other=b)],
)  # fmt: skip
def test_a_matrix_product_gives_half_to_each_matrix(function: Callable[..., Tensor]) -> None:
    a, b = drawn(2, 3, 4), drawn(2, 4, 5, seed=1)
    output, (left, right), above = under_rules(function, a, b)
    assert_equal(output, a.numpy() @ b.numpy())
    assert_equal(left, above @ b.numpy().transpose(0, 2, 1) / 2)
    assert_equal(right, a.numpy().transpose(0, 2, 1) @ above / 2)


def test_a_matrix_product_with_a_constant_is_linear() -> None:
    a, constant = drawn(2, 3, 4), drawn(2, 4, 5, seed=1)
    _, (gradient,), above = under_rules(lambda x: x @ constant, a)
    assert_equal(gradient, above @ constant.numpy().transpose(0, 2, 1))


def attention_formula(q: Array, k: Array, v: Array, above: Array, bias: Array | float) -> list[Array]:
    """Output, and gradients to q, k, v with half of it to each factor of both products."""
    scale = 1 / math.sqrt(q.shape[-1])
    weights = softmax(q @ k.swapaxes(-1, -2) * scale + bias, axis=-1)
    to_weights = above @ v.swapaxes(-1, -2) / 2
    to_logits = weights * (to_weights - (to_weights * weights).sum(-1, keepdims=True))
    return [
        weights @ v,
        to_logits @ k * scale / 2,
        to_logits.swapaxes(-1, -2) @ q * scale / 2,
        weights.swapaxes(-1, -2) @ above / 2,
    ]


@pytest.mark.parametrize("masked", [False, True])
def test_fused_attention_gives_half_to_each_factor_of_both_products(masked: bool) -> None:
    q, k, v = drawn(2, 3, 5, 4), drawn(2, 3, 7, 4, seed=1), drawn(2, 3, 7, 6, seed=2)
    mask = torch.ones(2, 1, 5, 7, dtype=torch.bool)
    mask[1, :, :, 4:] = not masked
    bias = np.where(mask.numpy(), 0, -np.inf)
    calls = [
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask),
        lambda q, k, v: F.scaled_dot_product_attention(query=q, key=k, value=v, attn_mask=mask),
        lambda q, k, v: F.scaled_dot_product_attention(q, k, value=v, attn_mask=mask, dropout_p=0.0),
    ]
    for call in calls:
        output, gradients, above = under_rules(call, q, k, v)
        expected = attention_formula(q.numpy(), k.numpy(), v.numpy(), above, bias)
        for found, formula in zip([output, *gradients], expected, strict=True):
            assert_equal(found, formula)


def test_attention_to_constants_gives_all_to_the_other_factor() -> None:
    q, k, v = drawn(2, 5, 4), drawn(2, 7, 4, seed=1), drawn(2, 7, 6, seed=2)
    _, (to_v,), above = under_rules(lambda v: F.scaled_dot_product_attention(q, k, v), v)
    assert_equal(to_v, 2 * attention_formula(q.numpy(), k.numpy(), v.numpy(), above, 0)[3])
    _, (to_q,), above = under_rules(lambda q: F.scaled_dot_product_attention(q, k, v), q)
    assert_equal(to_q, 4 * attention_formula(q.numpy(), k.numpy(), v.numpy(), above, 0)[1])


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


WEIGHT, BIAS = drawn(6, seed=3), drawn(6, seed=4)


def layer_norm_by_hand(x: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return WEIGHT * (centred / torch.sqrt(centred.pow(2).mean(-1, keepdim=True) + 1e-5)) + BIAS


def layer_norm_by_var(x: Tensor) -> Tensor:
    scale = torch.rsqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-5)
    return (x - x.mean(dim=-1, keepdim=True)) * scale * WEIGHT + BIAS


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.layer_norm(x, (6,), WEIGHT, BIAS),
        lambda x: F.layer_norm(x, normalized_shape=(6,), weight=WEIGHT, bias=BIAS, eps=1e-5),
        layer_norm_by_hand,
        layer_norm_by_var,
    ],
)
def test_layer_normalisation_has_a_constant_variance(function: Callable[[Tensor], Tensor]) -> None:
    x = drawn(2, 3, 6) + 1
    _, (gradient,), above = under_rules(function, x)
    std = np.sqrt(x.numpy().var(-1, keepdims=True) + 1e-5)
    centre = np.eye(6) - 1 / 6
    assert_equal(gradient, (above * WEIGHT.numpy()) @ centre / std)


def test_layer_normalisation_without_weights_over_two_axes() -> None:
    x = drawn(2, 3, 6)
    _, (gradient,), above = under_rules(lambda x: F.layer_norm(x, (3, 6)), x)
    std = np.sqrt(x.numpy().var((1, 2), keepdims=True) + 1e-5)
    assert_equal(gradient, (above - above.mean((1, 2), keepdims=True)) / std)


def test_root_mean_square_normalisation_has_a_constant_scale() -> None:
    x = drawn(2, 3, 6)
    _, (gradient,), above = under_rules(
        lambda x: WEIGHT * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)), x
    )
    rms = np.sqrt((x.numpy() ** 2).mean(-1, keepdims=True) + 1e-6)
    assert_equal(gradient, above * WEIGHT.numpy() / rms)


def test_a_division_gives_all_to_the_numerator() -> None:
    a, b = drawn(3, 5), drawn(3, 1, seed=1).abs() + 1
    output, (numerator, denominator), above = under_rules(lambda x, y: x / y, a, b)
    assert_equal(output, a.numpy() / b.numpy())
    assert_equal(numerator, above / b.numpy())
    assert_equal(denominator, np.zeros((3, 1)))


def test_softmax_has_its_plain_gradient() -> None:
    x = drawn(3, 5)
    for function in (lambda x: F.softmax(x, dim=-1), lambda x: x.softmax(-1), lambda x: torch.softmax(x, -1)):
        output, (gradient,), above = under_rules(function, x)
        jacobians = [np.diag(row) - np.outer(row, row) for row in output]
        assert_equal(gradient, np.stack([g @ j for g, j in zip(above, jacobians, strict=True)]))


def test_a_linear_layer_gives_by_its_weights_and_nothing_for_its_bias() -> None:
    x, weight, bias = drawn(2, 3, 6), drawn(4, 6, seed=1), drawn(4, seed=2)
    _, (gradient,), above = under_rules(lambda x: F.linear(x, weight, bias), x)
    assert_equal(gradient, above @ weight.numpy())


def test_a_convolution_gives_by_its_weights() -> None:
    x, weight, bias = drawn(2, 3, 8), drawn(5, 3, 3, seed=1), drawn(5, seed=2)
    _, (gradient,), above = under_rules(lambda x: F.conv1d(x, weight, bias, padding=1), x)
    expected = np.zeros((2, 3, 10))
    for position in range(8):
        for offset in range(3):
            expected[:, :, position + offset] += above[:, :, position] @ weight.numpy()[:, :, offset]
    assert_equal(gradient, expected[:, :, 1:-1])


def test_a_maximum_gives_all_to_the_largest() -> None:
    x = drawn(2, 3, 7)
    _, (gradient,), above = under_rules(lambda x: F.max_pool1d(x, 3, ceil_mode=True), x)
    expected = np.zeros((2, 3, 7))
    for b, c, window in np.ndindex(2, 3, 3):
        largest = 3 * window + x.numpy()[b, c, 3 * window : 3 * window + 3].argmax()
        expected[b, c, largest] += above[b, c, window]
    assert_equal(gradient, expected)


def test_additions_and_moves_pass_everything_on() -> None:
    a, b = drawn(3, 4), drawn(3, 4, seed=1)

    def moved(x: Tensor, y: Tensor) -> Tensor:
        z = torch.cat([(x + y).transpose(0, 1), (x - y).t()], dim=1)
        return z.reshape(2, 2, 6).masked_fill(torch.zeros(6, dtype=torch.bool), 0.0).flatten(0, 1)[:, 1:]

    _, (left, right), above = under_rules(moved, a, b)
    full = np.concatenate([np.zeros((4, 1)), above], axis=1)
    assert_equal(left, (full[:, :3] + full[:, 3:]).T)
    assert_equal(right, (full[:, :3] - full[:, 3:]).T)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: torch.cumprod(x, -1), "torch.cumprod"),
        (lambda x: x.cumprod(-1), "torch.Tensor.cumprod"),
        (lambda x: torch.fft.rfft(x).real, "torch.fft.rfft"),
        (lambda x: torch.logsumexp(x, -1), "torch.logsumexp"),
        (lambda x: x.clone().mul_(x), "torch.Tensor.mul_"),
        (lambda x: x.max(-1).values, "torch.Tensor.max"),
        (lambda x: 1 / x, "torch.Tensor.__rtruediv__"),
        (lambda x: 2**x, "torch.Tensor.__rpow__"),
        (lambda x: x**x, "torch.Tensor.__pow__"),
        (lambda x: torch.pow(2, x), "torch.pow"),
        (nn.MultiheadAttention(6, 2, dtype=torch.float64).requires_grad_(False), "multi_head_attention"),
    ],
)  # fmt: skip
def test_an_operation_without_a_rule_is_refused_by_name(function: Callable[..., Tensor], name: str) -> None:
    x = drawn(3, 6).abs().requires_grad_()
    arguments = (x, x, x) if isinstance(function, nn.Module) else (x,)
    with (
        pytest.raises(
            UnsupportedOperation, match=rf"no relevance rule for the operation \S*{name}\S*: add one"
        ),
        Rules(),
    ):
        function(*arguments)
    assert torch._C._len_torch_function_stack() == 0
    with Rules():
        constant = function(*(argument.detach() for argument in arguments))
    assert constant is not None


def test_after_an_error_torch_is_as_before() -> None:
    x = drawn(3, 6).requires_grad_()
    with pytest.raises(RuntimeError, match="broken"), Rules():
        raise RuntimeError("broken")
    assert torch._C._len_torch_function_stack() == 0
    (gradient,) = torch.autograd.grad((x * x).sum(), x)
    assert_equal(gradient.numpy(), 2 * x.detach().numpy())


def test_an_operation_has_one_rule() -> None:
    with pytest.raises(ValueError, match=r"two rules for .*linear"):
        rule(F.linear)(RULES[F.layer_norm])
