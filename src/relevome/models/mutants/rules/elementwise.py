"""Operations on every number by itself, of one tensor or of several."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten

from relevome.models.mutants.changed import Changed
from relevome.models.mutants.passes import Operand, Pass
from relevome.models.mutants.table import rule

_ONE = ("relu", "sigmoid", "tanh", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt",
        "abs", "neg", "square", "reciprocal", "erf", "sin", "cos", "sign", "clamp", "clamp_min", "clamp_max",
        "nan_to_num", "softplus", "gelu", "silu", "elu", "selu", "celu", "mish", "leaky_relu", "hardtanh",
        "relu6", "hardswish", "hardsigmoid", "logsigmoid", "softsign", "tanhshrink", "threshold", "dropout",
        "alpha_dropout", "feature_dropout", "dropout1d", "dropout2d", "clone", "contiguous", "to", "float",
        "double", "half", "bfloat16", "type_as", "detach", "masked_fill", "__neg__", "__abs__")  # fmt: skip
_SEVERAL = ("add", "sub", "mul", "div", "true_divide", "pow", "maximum", "minimum", "where", "rsub", "eq",
            "ne", "gt", "ge", "lt", "le", "logical_and", "logical_or", "logical_not", "addcmul", "addcdiv",
            "lerp", "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__",
            "__rtruediv__", "__pow__", "__rpow__", "__rdiv__", "__div__", "subtract", "multiply", "divide",
            "__eq__", "__ne__", "__gt__", "__ge__", "__lt__", "__le__")  # fmt: skip


def _functions(names: tuple[str, ...]) -> list[Any]:
    found = [getattr(place, name, None) for name in names for place in (torch, F, Tensor, torch.special)]
    return list(dict.fromkeys(one for one in found if callable(one)))


@rule(*_functions(_ONE + _SEVERAL))
def elementwise(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The function of the windows, each as wide as the union of those that are changed."""
    leaves, form = tree_flatten((args, kwargs))
    tensors = [place for place, one in enumerate(leaves) if isinstance(one, Tensor)]
    changed = [leaves[place] for place in tensors if isinstance(leaves[place], Changed)]
    dims, axis = changed[0].ndim, changed[0].local.axis
    length = changed[0].local.length
    if any((one.ndim, one.local.axis, one.local.length) != (dims, axis, length) for one in changed):
        return None
    reads = [_read(run, leaves[place], dims, axis, length) for place in tensors]
    if any(one is None for one in reads):
        return None

    def compute(*parts: Tensor) -> Tensor:
        filled = list(leaves)
        for place, part in zip(tensors, parts, strict=True):
            filled[place] = part
        given, named = tree_unflatten(filled, form)
        return func(*given, **named)

    return run.over([one for one in reads if one is not None], compute, length, axis)


def _read(run: Pass, value: Tensor, dims: int, axis: int, length: int) -> Operand | None:
    """A tensor as an operand of what has ``dims`` axes; None if it has more, or differs among mutants."""
    if isinstance(value, Changed):
        return Operand(value)
    row = None if value.ndim > dims else run.alike(value[(None,) * (dims - value.ndim)])
    if row is None:
        return None
    value = row
    if value.shape[axis] == 1:
        return Operand(value)
    return Operand(value, axis=axis) if value.shape[axis] == length else None
