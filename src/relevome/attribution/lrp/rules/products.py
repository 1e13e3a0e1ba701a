"""Products and quotients of activations, element by element or as matrices."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.attribution.lrp.flow import EXPONENTIALS, WEIGHTS, Flow
from relevome.attribution.lrp.functions import Ratio, Scale
from relevome.attribution.lrp.rules.elementwise import derive_from_scaled
from relevome.attribution.lrp.table import UnsupportedOperation, active, composed, pair, rule, unsupported

_T = torch.Tensor


@rule(torch.mul, torch.multiply, _T.mul, _T.multiply, _T.__mul__, _T.__rmul__)
def product(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A product of two activations gives half the gradient to each (uniform rule, eq. 7).

    Of two functions of the same x it is one non-linearity of x.
    """
    a, b = pair(args, kwargs)
    if not (active(a) and active(b)):
        result = derive_from_scaled(flow, func(*args, **kwargs), a, b)
        return flow.keep(result, a if active(a) else b)
    root = flow.root(a)
    if root is flow.root(b) and root.shape == torch.broadcast_shapes(a.shape, b.shape):
        return flow.derive(Ratio.apply(flow.tap(root), lambda _: a.detach() * b.detach()), root)
    return Scale.apply(a, 0.5) * Scale.apply(b, 0.5)


@rule(torch.div, torch.true_divide, torch.divide, _T.div, _T.true_divide, _T.divide, _T.__truediv__)
def quotient(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A normalisation: no gradient through what is divided by (proposition 3.4).

    Of two functions of the same x, as in x / (1 + exp(-x)), it is one non-linearity of x. A softmax by
    hand would be taken for a normalisation, with other relevance than softmax has, and is refused.
    """
    a, b = pair(args, kwargs)
    if kwargs.get("rounding_mode") and (active(a) or active(b)):
        raise unsupported(func)
    if not active(b):
        return derive_from_scaled(flow, func(*args, **kwargs), a, b)
    root = flow.root(b)
    of_one = not flow.is_root(b) and (not active(a) or flow.root(a) is root)
    if of_one and root.shape == torch.broadcast_shapes(getattr(a, "shape", ()), b.shape):
        value = func(a.detach() if active(a) else a, b.detach())
        return flow.derive(Ratio.apply(flow.tap(root), lambda _: value), root)
    if flow.holds(a, EXPONENTIALS):
        raise UnsupportedOperation(
            "no relevance rule for a softmax written by hand, exponentials over their sum: use torch.softmax "
            "in the model, or explain this model by another method"
        )
    return func(a, b.detach())


@rule(torch.matmul, _T.matmul, _T.__matmul__, torch.bmm, _T.bmm, torch.mm, _T.mm, torch.mv, _T.mv,
      torch.dot, _T.dot, torch.outer, _T.outer)  # fmt: skip
def matrix_product(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A matrix product of two activations gives half the gradient to each (uniform rule, eq. 7)."""
    a, b = pair(args, kwargs)
    both = active(a) and active(b)
    result = func(Scale.apply(a, 0.5), Scale.apply(b, 0.5)) if both else func(*args, **kwargs)
    return context_of_product(flow, a, result)


def context_of_product(flow: Flow, a: Any, result: Tensor) -> Tensor:
    """The product of ``a`` with another matrix, watched if it is of attention weights and values."""
    if flow.holds(a, WEIGHTS) and result.dim() > 2:
        return flow.attended(result, 1 if result.dim() == 4 else None, -2)
    return result


@rule(torch.einsum)
def einsum(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A product of n activations gives the n-th part of the gradient to each (uniform rule, eq. 7)."""
    equation, *operands = args
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = list(operands[0])
    factors = sum(map(active, operands))
    scaled = [Scale.apply(t, 1 / factors) if active(t) and factors > 1 else t for t in operands]
    result = func(equation, *scaled)
    return context_of_indices(flow, equation, operands, result)


def context_of_indices(flow: Flow, equation: str, operands: list[Tensor], result: Tensor) -> Tensor:
    """What einsum gives, watched where attention weights (..., queries, keys) meet the values."""
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    for labels, tensor in zip(inputs.split(","), operands, strict=True):
        if arrow and flow.holds(tensor, WEIGHTS) and "." not in equation and result.requires_grad:
            head, query = labels[-3] if len(labels) > 3 else "", labels[-2]
            channels = [label for label in output if label not in labels]
            # a label that values have too is that of a batch, whose tokens are pooled
            of_queries = query in output and inputs.count(query) == 1
            if len(channels) == 1 and output.endswith(channels[0]) and of_queries:
                return flow.attended(result, output.index(head) if head else None, output.index(query))
    return result


@rule(torch.addmm, torch.baddbmm, torch.addmv, _T.addmm, _T.baddbmm, _T.addmv)
def product_added(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A matrix product and a sum in one call: half the gradient to each matrix (uniform rule, eq. 7)."""
    names = ("input", "mat1", "batch1", "mat", "mat2", "batch2", "vec")
    added, a, b = (*args, *(kwargs[name] for name in names if name in kwargs))
    if active(a) and active(b):
        a, b = Scale.apply(a, 0.5), Scale.apply(b, 0.5)
    return func(added, a, b, **{name: value for name, value in kwargs.items() if name not in names})


@composed(torch.addcmul, _T.addcmul)
def addcmul(input: Tensor, a: Tensor, b: Tensor, *, value: float | int = 1) -> Tensor:
    """A product and a sum in one call."""
    return input + value * (a * b)


@composed(torch.lerp, _T.lerp)
def lerp(input: Tensor, end: Tensor, weight: Tensor | float | int) -> Tensor:
    """What lies between two activations."""
    return input + weight * (end - input)


@composed(F.glu)
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """A gated layer in one call."""
    values, gate = input.chunk(2, dim)
    return values * torch.sigmoid(gate)


@composed(F.bilinear)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A product of two activations by a table of weights."""
    result = torch.einsum("...i,oij,...j->...o", input1, weight, input2)
    return result if bias is None else result + bias
