"""One table from operation to rule: how relevance goes back through everything that models call.

Equations are those of Achtibat et al. 2024 (AttnLRP, arXiv 2402.05602). Relevance is read as input times
gradient, so a rule is said by the gradient that it gives. A rule takes the provenance of activations, the
function, and the arguments of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import resolve_name

from relevome.attribution.lrp.functions import LayerNorm, Ratio, Scale
from relevome.attribution.lrp.provenance import Provenance
from relevome.data.errors import InputError

Rule = Callable[[Provenance, Any, tuple[Any, ...], dict[str, Any]], Any]

RULES: dict[Any, Rule] = {}


class UnsupportedOperation(InputError):
    """A model moves values by an operation that no rule covers."""


def unsupported(func: Any) -> UnsupportedOperation:
    """The refusal of a torch function, by its name."""
    name = resolve_name(func) or getattr(func, "__name__", repr(func))
    return UnsupportedOperation(
        f"no relevance rule for the operation {name}: "
        "add one with @rule in relevome.attribution.lrp.rules, or explain this model by another method"
    )


def PLAIN(_known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Linear in the activation, or moves it without change: the plain gradient."""
    return func(*args, **kwargs)


def rule(*functions: Any) -> Callable[[Rule], Rule]:
    """Decorator: this is how relevance goes back through these torch functions."""

    def enter(how: Rule) -> Rule:
        for function in functions:
            if RULES.setdefault(function, how) is not how:
                raise ValueError(f"two rules for {function}")
        return how

    return enter


def active(value: Any) -> bool:
    """Whether relevance goes through this argument."""
    return isinstance(value, Tensor) and value.requires_grad


_T = Tensor

rule(
    # linear maps
    F.linear, F.conv1d, F.conv2d, torch.conv1d, torch.conv2d,
    # sums
    torch.sum, _T.sum, torch.mean, _T.mean, torch.neg, _T.neg, _T.__neg__,
    # moves
    _T.view, _T.view_as, _T.reshape, torch.reshape, _T.flatten, torch.flatten, _T.unflatten, torch.unflatten,
    _T.transpose, torch.transpose, _T.permute, torch.permute, _T.t, _T.T.__get__, _T.mT.__get__,  # pyright: ignore[reportAttributeAccessIssue]
    _T.requires_grad_, _T.contiguous, _T.clone, torch.clone,
    _T.to, _T.type_as, _T.float, _T.double, _T.half, _T.bfloat16,
    _T.expand, _T.expand_as, _T.squeeze, torch.squeeze, _T.unsqueeze, torch.unsqueeze, _T.repeat,
    _T.__getitem__, _T.select, _T.narrow, _T.unbind, torch.unbind, _T.gather, torch.gather,
    _T.index_select, torch.index_select, torch.cat, torch.concat, torch.stack, _T.split, torch.split,
    _T.chunk, torch.chunk, torch.where, _T.where, _T.masked_fill, torch.masked_fill,
    F.pad, torch.flip, _T.flip, torch.roll, _T.roll,
    # off in evaluation
    F.dropout, torch.dropout, F.dropout1d, F.dropout2d,
    # the winner takes all
    F.max_pool1d, torch.max_pool1d, F.adaptive_max_pool1d, F.avg_pool1d, F.adaptive_avg_pool1d,
    torch.amax, _T.amax,
    # softmax: its Taylor expansion at x is input times gradient (proposition 3.1)
    F.softmax, torch.softmax, _T.softmax,
    # with fixed statistics, as in evaluation, a batch normalisation is linear
    F.batch_norm,
)(PLAIN)  # fmt: skip


@rule(
    F.relu, torch.relu, _T.relu, F.gelu, F.silu, F.elu, F.leaky_relu, F.softplus, F.mish, F.hardswish,
    torch.tanh, _T.tanh, F.tanh, torch.sigmoid, _T.sigmoid, F.sigmoid, torch.erf, _T.erf, torch.exp, _T.exp,
    torch.pow, _T.pow, _T.__pow__, torch.square, _T.square,
)  # fmt: skip
def nonlinearity(known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Element-wise y = f(x): the gradient is the constant y / x (eq. 9)."""
    x, *others = args if args else (kwargs.pop("input"),)
    if any(map(active, (*others, *kwargs.values()))):
        raise unsupported(func)
    if not active(x):
        return func(x, *others, **kwargs)
    # out of place, so that the activation itself stays what it was
    kwargs = {key: value for key, value in kwargs.items() if key != "inplace"}
    result = Ratio.apply(x, lambda values: func(values, *others, **kwargs))
    return known.derive(result, x)


@rule(torch.add, _T.add, _T.__add__, _T.__radd__, torch.sub, _T.sub, _T.__sub__, _T.__rsub__, torch.rsub)
def addition(known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The plain gradient; a sum of two functions of the same x is a function of x."""
    result = func(*args, **kwargs)
    a, b = _pair(args, kwargs)
    if active(a) and active(b):
        return known.derive(result, a) if known.root(a) is known.root(b) else result
    return _derive_from_scaled(known, result, a, b)


@rule(_T.__iadd__, _T.add_, _T.masked_fill_, _T.__setitem__)
def in_place(known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The plain gradient; what is changed is no longer a function of what it was made from."""
    known.forget(args[0])
    return func(*args, **kwargs)


@rule(torch.mul, torch.multiply, _T.mul, _T.multiply, _T.__mul__, _T.__rmul__)
def product(known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A product of two activations gives half the gradient to each (uniform rule, eq. 7).

    Of two functions of the same x it is one non-linearity of x.
    """
    a, b = _pair(args, kwargs)
    if not (active(a) and active(b)):
        return _derive_from_scaled(known, func(*args, **kwargs), a, b)
    root = known.root(a)
    if root is known.root(b) and root.shape == torch.broadcast_shapes(a.shape, b.shape):
        return known.derive(Ratio.apply(root, lambda _: a.detach() * b.detach()), root)
    return Scale.apply(a, 0.5) * Scale.apply(b, 0.5)


@rule(torch.div, torch.true_divide, _T.div, _T.true_divide, _T.__truediv__)
def quotient(known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A normalisation: no gradient through what is divided by."""
    a, b = _pair(args, kwargs)
    if active(b):
        return func(a, b.detach())
    return _derive_from_scaled(known, func(*args, **kwargs), a, b)


@rule(torch.rsqrt, _T.rsqrt, torch.sqrt, _T.sqrt, torch.var, _T.var, torch.std, _T.std)
def statistic(_known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Statistics of a normalisation written by hand are constants."""
    return func(*(a.detach() if active(a) else a for a in args), **kwargs)


@rule(torch.matmul, _T.matmul, _T.__matmul__, torch.bmm, _T.bmm)
def matrix_product(_known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A matrix product of two activations gives half the gradient to each (uniform rule, eq. 7)."""
    a, b = _pair(args, kwargs)
    if active(a) and active(b):
        return Scale.apply(a, 0.5) @ Scale.apply(b, 0.5)
    return func(*args, **kwargs)


@rule(F.scaled_dot_product_attention)
def attention(_known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Both products of attention in one call: a half for values, a quarter for queries and keys."""
    names = ("query", "key", "value")
    given = dict(zip(names, args, strict=False)) | {n: kwargs[n] for n in names if n in kwargs}
    q, k, v = (active(given[name]) for name in names)
    inner = (0.5 if q and k else 1.0) * (0.5 if v else 1.0)
    factors = {"query": inner, "key": inner, "value": 0.5 if q or k else 1.0}
    scaled = [Scale.apply(t, factors[n]) if active(t) and factors[n] != 1.0 else t for n, t in given.items()]
    others = {key: value for key, value in kwargs.items() if key not in names}
    return func(*scaled, *args[3:], **others)


@rule(F.layer_norm)
def layer_norm(known: Provenance, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """No gradient through the variance."""
    x, shape, weight, bias, eps = _layer_norm_arguments(*args, **kwargs)
    if not active(x):
        return PLAIN(known, func, args, kwargs)
    return LayerNorm.apply(x, shape, weight, bias, eps)


def _layer_norm_arguments(
    input: Tensor,  # torch's own name
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> tuple[Tensor, list[int], Tensor | None, Tensor | None, float]:
    return input, list(normalized_shape), weight, bias, eps


def _pair(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The two operands of a call, however they were given."""
    given = (*args, *(kwargs[name] for name in ("input", "other", "mat2") if name in kwargs))
    return given[0], given[1]


def _derive_from_scaled(known: Provenance, result: Any, a: Any, b: Any) -> Any:
    """A multiple by a number is still an element-wise function of the same activation."""
    for tensor, other in ((a, b), (b, a)):
        if active(tensor) and (not isinstance(other, Tensor) or other.dim() == 0):
            return known.derive(result, tensor)
    return result
