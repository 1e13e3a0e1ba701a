"""Element-wise functions of one activation, and sums, which may be part of one."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.attribution.lrp.flow import EXPONENTIALS, Flow
from relevome.attribution.lrp.functions import Ratio
from relevome.attribution.lrp.table import COMPOSED, active, pair, rule, unsupported
from relevome.models.any_module.odds import log_odds, odds_of_sigmoid, spelt_out

_T = torch.Tensor


_LIMITS = (
    torch.clamp, _T.clamp, torch.clip, _T.clip, torch.clamp_min, _T.clamp_min, torch.clamp_max, _T.clamp_max,
)  # fmt: skip
# They give what is above 0 as it is, and else 0.
RELU = (F.relu, torch.relu, _T.relu)


@rule(
    odds_of_sigmoid, *_LIMITS, *RELU,
    F.relu6, F.gelu, F.silu, F.elu, F.celu, F.selu, F.leaky_relu, F.softplus,
    F.mish, F.hardswish, F.hardtanh, F.hardsigmoid, F.softsign, F.tanhshrink, F.softshrink, F.hardshrink,
    F.logsigmoid, F.threshold, torch.tanh, _T.tanh, F.tanh, torch.sigmoid, _T.sigmoid, F.sigmoid,
    torch.special.expit, torch.erf, _T.erf, torch.special.erf, torch.special.ndtr,
    torch.expm1, _T.expm1, torch.log1p, _T.log1p, torch.sin, _T.sin, torch.cos, _T.cos,
    torch.atan, _T.atan, torch.square, _T.square, torch.abs, _T.abs, _T.__abs__,
    F.prelu, torch.exp2, _T.exp2, _T.__rpow__,
)  # fmt: skip
def nonlinearity(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Element-wise y = f(x): the gradient is the constant y / x (eq. 9)."""
    kwargs = dict(kwargs)
    x, *others = args if args else (kwargs.pop("input"),)
    if any(map(active, (*others, *kwargs.values()))):
        raise unsupported(func)
    if not active(x):
        return func(x, *others, **kwargs)
    result = Ratio.apply(x, lambda values: func(values, *others, **kwargs), func in _LIMITS, func in RELU)
    return flow.derive(result, x)


@rule(torch.log, _T.log, torch.log2, _T.log2, torch.log10, _T.log10)
def logarithm(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Of what eq. 9 made, such as exponentials, eq. 9; else, as of a softmax, the plain gradient.

    The logarithm of a probability is below 0, so that y / x would turn the sign of all relevance round; and
    there is no f(0) that a constant could have.
    """
    x = args[0] if args else kwargs["input"]
    if active(x) and _made_by_ratios(x.grad_fn):
        return nonlinearity(flow, func, args, kwargs)
    return flow.derive(func(*args, **kwargs), x)


@rule(log_odds)
def odds(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Of a sigmoid, whatever moved it, eq. 9: both together are the identity. Else by logarithms."""
    (p,) = args
    if not active(p):
        return func(p)
    if _made_by_ratios(p.grad_fn):
        return flow.carry_out(odds_of_sigmoid, (p,), {})
    with flow.rules:
        return spelt_out(p)


COMPOSED.add(odds)

# Backward passes of operations that move numbers, or are linear in all that is active in them.
_LINEAR = ("View", "UnsafeView", "Select", "Squeeze", "Unsqueeze", "Slice", "Transpose", "Permute", "T",
           "Alias", "Clone", "Expand", "Index", "Unbind", "Split", "ToCopy", "Reshape", "Add", "Sub", "Rsub",
           "Neg", "Mul", "Div", "Sum", "Mean", "Stack", "Cat")  # fmt: skip


def _made_by_ratios(node: Any) -> bool:
    """Whether eq. 9 made all that a tensor is a sum of; limits (`Ratio.limits`) are looked through."""
    if node is None:
        return False
    kind = node.name().rstrip("0123456789").removesuffix("Backward")
    if kind == Ratio.__name__ and not node.limits:
        return True
    if kind not in (*_LINEAR, Ratio.__name__):
        return False
    before = [one for one, _ in node.next_functions if one is not None]
    return bool(before) and all(map(_made_by_ratios, before))


@rule(torch.exp, _T.exp)
def exponential(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A non-linearity (eq. 9), marked, since it may be the beginning of a softmax by hand."""
    return flow.name(nonlinearity(flow, func, args, kwargs), EXPONENTIALS)


@rule(torch.pow, _T.pow, _T.__pow__)
def power(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A non-linearity (eq. 9); a root or its inverse is the scale of a normalisation, a constant."""
    exponent = args[1] if len(args) > 1 else kwargs.get("exponent")
    x = args[0] if args else kwargs["input"]
    if isinstance(exponent, float | int) and exponent in (0.5, -0.5):
        return func(x.detach(), exponent)
    if isinstance(exponent, float | int) and exponent == -1:
        return inverse(flow, func, (x,), {"exponent": exponent})
    return nonlinearity(flow, func, args, kwargs)


@rule(torch.reciprocal, _T.reciprocal, _T.__rtruediv__, _T.__rdiv__)
def inverse(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A constant over f(x), as in a sigmoid by hand: one non-linearity of x (eq. 9)."""
    denominator, *numerator = args
    if not active(denominator):
        return func(*args, **kwargs)
    root = flow.root(denominator)
    if flow.is_root(denominator) or any(map(active, numerator)):
        raise unsupported(func)
    value = func(denominator.detach(), *numerator, **kwargs)
    return flow.derive(Ratio.apply(flow.tap(root), lambda _: value), root)


@rule(torch.add, _T.add, _T.__add__, _T.__radd__, torch.sub, _T.sub, _T.__sub__, _T.__rsub__, torch.rsub,
      torch.subtract, _T.subtract)  # fmt: skip
def addition(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The plain gradient; a sum of two functions of the same x is a function of x."""
    result = func(*args, **kwargs)
    a, b = pair(args, kwargs)
    if active(a) and active(b):
        return flow.derive(result, a) if flow.root(a) is flow.root(b) else result
    return derive_from_scaled(flow, result, a, b)


@rule(torch.neg, _T.neg, _T.__neg__, torch.negative, _T.negative, torch.positive, _T.__pos__)
def sign(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The plain gradient; what has another sign is a function of the same activation."""
    return flow.derive(func(*args, **kwargs), args[0] if args else kwargs["input"])


def derive_from_scaled(flow: Flow, result: Any, a: Any, b: Any) -> Any:
    """A multiple by a number is still an element-wise function of the same activation."""
    for tensor, other in ((a, b), (b, a)):
        if active(tensor) and (not isinstance(other, Tensor) or other.dim() == 0):
            return flow.derive(result, tensor)
    return result
