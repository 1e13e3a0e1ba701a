"""What each rule lets an operation absorb, by formulas of their own: the other side of the ledger.

An operation that gives y gets the relevance <y, g>, where g is the gradient that reached y, and passes on
<x, g_x> to each activation x. Between the two lies what its constants absorb. An account says how much that
should be, from y, g and the arguments, and never from the gradients that the rule gave.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from relevome.attribution.lrp.flow import tensors_in
from relevome.attribution.lrp.fused import FusedAttention
from relevome.attribution.lrp.rules import attention, elementwise, linear, moves, normalisation, products
from relevome.attribution.lrp.table import Rule, active

# Of an output (its number among the results) and its gradient: what was absorbed, by kind.
Absorbed = Callable[[int, Tensor], dict[str, float]]


@dataclass(frozen=True)
class Call:
    """One call of an operation: as the model made it, its results, and the rule chosen for its weight."""

    func: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[Tensor, ...]
    chosen: Any = None


Account = Callable[[Call], Absorbed]

ACCOUNTS: dict[Rule, Account] = {}


def account(*rules: Rule) -> Callable[[Account], Account]:
    """Decorator: this is what operations under these rules absorb; of others, see `affine`."""

    def enter(how: Account) -> Account:
        ACCOUNTS.update(dict.fromkeys(rules, how))
        return how

    return enter


def inner(values: Tensor, gradient: Tensor) -> float:
    """The relevance <values, gradient>; where the gradient is 0 there is none, even of infinite values."""
    wide = torch.complex128 if values.is_complex() else torch.float64
    product = values.detach().to(wide) * gradient.detach().to(wide).conj()
    return torch.where(gradient == 0, torch.zeros_like(product), product).sum().real.item()


def affine(call: Call) -> Absorbed:
    """Of L(x) + c, the constant absorbs <c, g>; c is what the operation gives where activations are 0."""
    args, kwargs = (_without_activations(given) for given in (call.args, call.kwargs))
    with torch.no_grad():
        constants = tuple(tensors_in(call.func(*args, **kwargs)))
    kind = _kind(call)
    return lambda index, gradient: {kind: inner(constants[index], gradient)}


def _without_activations(value: Any) -> Any:
    if isinstance(value, Tensor):
        return torch.zeros_like(value) if active(value) else value
    if isinstance(value, dict):
        return {key: _without_activations(inner) for key, inner in value.items()}
    return type(value)(map(_without_activations, value)) if type(value) in (tuple, list) else value


_BIASED = (F.layer_norm, torch.layer_norm, F.batch_norm, torch.batch_norm)


def _kind(call: Call) -> str:
    """What a constant that is added is called: a bias has one axis, what depends on positions has more."""
    if call.func in _BIASED:
        return "biases"
    added = [t for t in tensors_in((call.args, call.kwargs)) if not active(t) and t.is_floating_point()]
    if any(isinstance(_base(t), nn.Parameter) and _base(t).dim() == 1 for t in added):
        return "biases"
    several_axes = any(t.dim() > 1 for t in added)
    return "positions" if several_axes and call.func in _ADDITIONS else "constants"


_T = torch.Tensor
_ADDITIONS = (torch.add, _T.add, _T.__add__, _T.__radd__, torch.sub, _T.sub, _T.__sub__, _T.__rsub__)


def _base(tensor: Tensor) -> Tensor:
    """What a view looks at."""
    return tensor if tensor._base is None else tensor._base


@account(linear.linear)
def of_linear(call: Call) -> Absorbed:
    """The bias absorbs <b, g>, or what the rule chosen for the layer says."""
    if call.chosen is not None:
        return call.chosen.absorbed(call)
    absorbed = affine(call)
    return lambda index, gradient: {"biases": sum(absorbed(index, gradient).values())}


@account(elementwise.nonlinearity, elementwise.exponential, elementwise.power, elementwise.inverse)
def of_nonlinearity(call: Call) -> Absorbed:
    """Nothing, but for f(0): where x is 0 it cannot be relevant, and f(0) is a constant."""
    x = call.args[0] if call.args else call.kwargs["input"]
    return of_function(call, x)


def of_function(call: Call, root: Tensor) -> Absorbed:
    """The same where y is one function of an activation further up."""
    at_zero = torch.where(root.detach() == 0, call.results[0], 0)
    return lambda _, gradient: {"constants": inner(at_zero, gradient)}


@account(elementwise.logarithm)
def of_logarithm(call: Call) -> Absorbed:
    """What is lost by its first-order expansion, in which x times the gradient is 1 / ln(base); or eq. 9."""
    if type(call.results[0].grad_fn).__name__ == "RatioBackward":
        return of_nonlinearity(call)
    base = {"log2": 2.0, "log10": 10.0}.get(call.func.__name__, math.e)
    lost = call.results[0] - 1 / math.log(base)
    return lambda _, gradient: {"constants": inner(lost, gradient)}


@account(products.quotient)
def of_quotient(_call: Call) -> Absorbed:
    """Nothing: the numerator gets all."""
    return lambda _index, _gradient: {}


@account(moves.extreme)
def of_extreme(call: Call) -> Absorbed:
    """A constant takes what it wins, and half where it equals the activation."""
    x, *others = sorted(tensors_in((call.args, call.kwargs)), key=active, reverse=True)
    if not others or active(others[0]):
        return lambda _index, _gradient: {}
    y = call.results[0]
    won = torch.where(others[0] == y, y, 0) * torch.where(x.detach() == y, 0.5, 1.0)
    return lambda _, gradient: {"constants": inner(won, gradient)}


@account(attention.softmax)
def of_softmax(call: Call) -> Absorbed:
    """What is lost by its first-order expansion: <y, g> - <x, y (g - sum(y g))>."""
    x, dim = softmax_arguments(*call.args, **call.kwargs)
    return lambda _, gradient: {"softmax": _lost(x.detach(), call.results[0], gradient, dim)}


@account(attention.log_softmax)
def of_log_softmax(call: Call) -> Absorbed:
    """The same: <y, g> - <x, g - softmax(x) sum(g)>."""
    x, dim = softmax_arguments(*call.args, **call.kwargs)
    y = call.results[0]

    def absorbed(_index: int, gradient: Tensor) -> dict[str, float]:
        to_x = gradient - y.exp() * gradient.sum(dim, keepdim=True)
        return {"softmax": inner(y, gradient) - inner(x.detach(), to_x)}

    return absorbed


def softmax_arguments(input: Tensor, dim: int = -1, *_others: Any, **_named: Any) -> tuple[Tensor, int]:
    """What a softmax is of, and over which axis, however they were given."""
    return input, dim


def _lost(x: Tensor, y: Tensor, gradient: Tensor, dim: int) -> float:
    return inner(y, gradient) - inner(x, softmax_gradient(y, gradient, dim))


def softmax_gradient(y: Tensor, gradient: Tensor, dim: int) -> Tensor:
    """The gradient before a softmax, from its output and the gradient there."""
    return y * (gradient - (y * gradient).sum(dim, keepdim=True))


@account(attention.attention)
def of_attention(call: Call) -> Absorbed:
    """What its softmax loses, and what the additive mask (ALiBi, relative positions) takes."""
    fused = FusedAttention(*call.args, **call.kwargs)
    learned = active(fused.attn_mask)
    if not (active(fused.query) or active(fused.key) or learned):
        return lambda _index, _gradient: {}
    share = 0.5 if active(fused.value) else 1.0
    with torch.no_grad():
        logits, weights, bias = fused.logits(), fused.weights(), fused.bias()
        values = fused.by_head(fused.value).detach()

    def absorbed(_index: int, gradient: Tensor) -> dict[str, float]:
        to_weights = gradient @ values.mT * share
        to_logits = softmax_gradient(weights, to_weights, -1)
        return {
            "softmax": inner(weights, to_weights) - inner(logits, to_logits),
            "positions": 0.0 if learned else inner(bias.expand_as(logits), to_logits),
        }

    return absorbed


# A scale that is a constant, or a sum of ever more of them, is linear.
ACCOUNTS[normalisation.statistic] = of_quotient
