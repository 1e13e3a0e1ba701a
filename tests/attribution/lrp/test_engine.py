"""What passes the engine, what it refuses by name, and how it leaves torch behind."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.graph import get_gradient_edge as edge
from torch.utils.checkpoint import checkpoint

from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.rules import UnsupportedOperation
from tests.attribution.lrp.under_rules import assert_equal, drawn

# pyright: reportIncompatibleMethodOverride=false

X = drawn(2, 5, 8)


class Block(nn.Module):
    """Attention and a gated layer, each after a normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(8), nn.RMSNorm(8, eps=1e-6)
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
        self.up, self.down = nn.Linear(8, 12), nn.Linear(6, 8)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.first(x)).view(2, 5, 3, 2, 4).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        values, gate = self.up(self.second(x)).chunk(2, -1)
        return x + self.down(values * F.gelu(gate))


@pytest.fixture
def block() -> Block:
    torch.manual_seed(0)
    return Block().double().eval().requires_grad_(False)


def relevance(model: Callable[[Tensor], Tensor], x: Tensor = X, rules: Rules | None = None) -> Tensor:
    """Input times gradient, with the rules active in both passes."""
    x = x.detach().clone().requires_grad_()
    rules = rules or Rules()
    with rules:
        output = model(x)[:, 0].sum()
    # edges, since a call with tensors would itself be taken for an operation, carried out without rules
    ends = [edge(output)], [edge(x)]
    with rules:
        (gradient,) = torch.autograd.grad(*ends)
    return (x * gradient).detach()


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: torch.cumprod(x, -1), "torch.cumprod"),
        (lambda x: x.cumprod(-1), "torch.Tensor.cumprod"),
        (lambda x: torch.logsumexp(x, -1), "torch.logsumexp"),
        (lambda x: F.cosine_similarity(x, x), "cosine_similarity"),
        (lambda x: F.max_pool1d(x, 2, return_indices=True), "max_pool1d_with_indices"),
        (lambda x: (x + 0).cumprod_(-1), "torch.Tensor.cumprod_"),
        (lambda x: 1 / x, "torch.Tensor.__rtruediv__"),
        (lambda x: x**x, "torch.Tensor.__pow__"),
        (lambda x: torch.pow(2, x), "torch.pow"),
        (lambda x: F.prelu(x, x[0, 0]), "prelu"),
        (lambda x: torch.div(x, 2, rounding_mode="floor"), "torch.div"),
        (lambda x: F.batch_norm(x, None, None, training=True), "batch_norm"),
    ],
)
def test_an_operation_without_a_rule_is_refused_by_name(function: Callable[..., Any], name: str) -> None:
    x = drawn(3, 6).abs().requires_grad_()
    message = rf"no relevance rule for the operation \S*{name}\S*: add one with @rule in .*, or explain"
    for rules in (Rules(), AuditedRules()):
        with pytest.raises(UnsupportedOperation, match=message), rules:
            function(x)
        assert torch._C._len_torch_function_stack() == 0
    with Rules():
        assert function(x.detach()) is not None


def by_hand(x: Tensor) -> Tensor:
    exponentials = torch.exp(x - x.amax(-1, keepdim=True)) * torch.ones(6, dtype=torch.float64)
    return exponentials / exponentials.sum(-1, keepdim=True)


@pytest.mark.parametrize("rules", [Rules, AuditedRules])
def test_a_softmax_by_hand_is_refused(rules: type[Rules]) -> None:
    x = drawn(3, 6)
    torch.testing.assert_close(by_hand(x), torch.softmax(x, -1))
    message = r"softmax written by hand.*use torch\.softmax"
    with pytest.raises(UnsupportedOperation, match=message), rules():
        by_hand(x.requires_grad_())


def test_ways_to_write_a_sigmoid_are_one() -> None:
    ways = [
        torch.sigmoid,
        lambda x: 1 / (1 + torch.exp(-x)),
        lambda x: (1 + torch.exp(-x)) ** -1,
        lambda x: torch.pow(1 + torch.exp(-x), -1.0),
        lambda x: torch.exp(x) / (1 + torch.exp(x)),
    ]
    found = [relevance(way) for way in ways]
    for other in found[1:]:
        torch.testing.assert_close(other, found[0])


class Exponential(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad * ctx.saved_tensors[0]


class RectifiedInPlace(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        return x.clamp_(0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad


class PassedOn(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return -grad


HIDING: dict[str, Callable[[Tensor], Any]] = {
    "Exponential": lambda x: Exponential.apply(x),
    "RectifiedInPlace": lambda x: RectifiedInPlace.apply(x * 1),
    "PassedOn": lambda x: PassedOn.apply(x),
    "CheckpointFunction": lambda x: checkpoint(torch.tanh, x, use_reentrant=True),
}


@pytest.mark.parametrize("name", HIDING)
@pytest.mark.parametrize(
    "use",
    [
        lambda x: x * 2,
        lambda x: torch.cat([x, x]),
        lambda x: F.linear(input=x, weight=torch.eye(8).double()),
        lambda x: F.scaled_dot_product_attention(query=X, key=X, value=x),
    ],
)
def test_what_hides_its_operations_is_refused_by_name(name: str, use: Callable[[Tensor], Tensor]) -> None:
    x = X.clone().requires_grad_()
    message = f"relevance went through {name}, .*: use the model without it"
    with pytest.raises(UnsupportedOperation, match=message), Rules():
        use(HIDING[name](x))


def test_a_scripted_function_is_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(doubled_tanh)
    with pytest.raises(UnsupportedOperation, match=r"cannot be seen .*scripted"), Rules():
        torch.sum(scripted(X.clone().requires_grad_()))


def doubled_tanh(x: Tensor) -> Tensor:
    return torch.tanh(x) * 2


def test_after_an_error_torch_is_as_before() -> None:
    x = drawn(3, 6).requires_grad_()
    with pytest.raises(RuntimeError, match="broken"), Rules():
        raise RuntimeError("broken")
    assert torch._C._len_torch_function_stack() == 0
    (gradient,) = torch.autograd.grad((x * x).sum(), x)
    assert_equal(gradient.numpy(), 2 * x.detach().numpy())


def test_a_checkpoint_gives_the_same_relevance(block: Block) -> None:
    expected = relevance(block)
    found = relevance(lambda x: checkpoint(block, x, use_reentrant=False))
    assert torch.equal(found, expected)
    inside = relevance(
        lambda x: block(checkpoint(block, checkpoint(block, x, use_reentrant=False), use_reentrant=False))
    )
    assert torch.equal(inside, relevance(lambda x: block(block(block(x)))))


def test_an_audit_changes_no_relevance(block: Block) -> None:
    np.testing.assert_allclose(
        relevance(block, rules=AuditedRules()), relevance(block), rtol=1e-10, atol=1e-12
    )


def closeness(found: Tensor, expected: Tensor) -> float:
    """The cosine between two relevances, which are finite."""
    assert torch.isfinite(found).all()
    return F.cosine_similarity(found.double().flatten(), expected.flatten(), 0).item()


def test_half_precision_is_close(block: Block) -> None:
    expected = relevance(block)
    assert closeness(relevance(block.bfloat16(), X.bfloat16()), expected) > 0.99


@pytest.mark.parametrize("layers", [1, 3])
def test_automatic_casts_are_close(block: Block, layers: int) -> None:
    def deep(x: Tensor) -> Tensor:
        for _ in range(layers):
            x = block(x)
        return x

    def cast(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return deep(x)

    expected = relevance(deep)
    block.float()
    found = relevance(cast, X.float())
    assert found.dtype == torch.float32
    assert closeness(found, expected) > 0.99
    x = X.float()
    with Rules():
        y = cast(x.clone().requires_grad_())
    assert torch.equal(y, cast(x))


def test_a_function_spelt_out_across_casts_is_one_function() -> None:
    """As layers do that calculate in single precision what is given in half."""
    x = drawn(64).bfloat16()

    def gelu(x: Tensor) -> Tensor:
        wide = x.float()
        return (wide * 0.5 * (1 + torch.erf(wide / 2**0.5))).to(x.dtype)

    leaf = x.clone().requires_grad_()
    with Rules():
        y = gelu(leaf)
    (gradient,) = torch.autograd.grad(y.sum(), leaf)
    torch.testing.assert_close(leaf * gradient, y, rtol=0.02, atol=1e-3)


def test_no_gradient_no_rules() -> None:
    x = X.clone().requires_grad_()
    with torch.no_grad(), Rules():
        assert not torch.cumprod(x * 2, -1).requires_grad


def test_an_activation_outlives_the_address_of_another() -> None:
    """Tensors are known by identity, and a new one may get the address of one that is gone."""
    x = X.clone().requires_grad_()
    with Rules():
        for _ in range(50):
            hidden = torch.tanh(x * 2)
            del hidden
        y = (x * 2) * (1 + torch.tanh(x * 2 + 0 * X))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    t = torch.tanh(2 * X)
    torch.testing.assert_close(gradient, (1 + t) + t)
