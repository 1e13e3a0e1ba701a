"""Operations on every position by itself: linear layers, normalisation over channels, gates."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.models.mutants.changed import Changed
from relevome.models.mutants.passes import Pass
from relevome.models.mutants.table import rule


@rule(F.linear)
def linear(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Of the last axis, where that is not the axis of positions."""
    x, weight = args[0], args[1] if len(args) > 1 else kwargs["weight"]
    if not isinstance(x, Changed) or isinstance(weight, Changed) or x.local.axis == x.ndim - 1:
        return None
    return run.like(x, x.local.axis, lambda part: func(part, *args[1:], **kwargs), weight.shape[-1])


@rule(torch.matmul, Tensor.matmul, Tensor.__matmul__)
def product(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """With a matrix that is the same for all positions, on the right."""
    x, other = args
    if not isinstance(x, Changed) or isinstance(other, Changed) or other.ndim != 2:
        return None
    if x.local.axis == x.ndim - 1:
        return None
    return run.like(x, x.local.axis, lambda part: func(part, other), other.shape[0])


@rule(F.layer_norm, torch.layer_norm, F.rms_norm)
def layer_norm(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Over the last axes, where positions are not among them."""
    x, shape = args[0], args[1] if len(args) > 1 else kwargs["normalized_shape"]
    if not isinstance(x, Changed) or x.local.axis >= x.ndim - len(shape):
        return None
    return run.like(x, x.local.axis, lambda part: func(part, *args[1:], **kwargs), 4)


@rule(F.batch_norm, torch.batch_norm)
def batch_norm(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """With statistics that were learnt, of every channel by itself."""
    x = args[0]
    learnt = kwargs.get("running_mean", args[1] if len(args) > 1 else None)
    training = kwargs.get("training", args[5] if len(args) > 5 else False)
    if not isinstance(x, Changed) or x.local.axis < 2 or learnt is None or training:
        return None
    return run.like(x, x.local.axis, lambda part: func(part, *args[1:], **kwargs), 2)


@rule(F.softmax, torch.softmax, Tensor.softmax, F.log_softmax, torch.log_softmax, Tensor.log_softmax, F.glu)
def along(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Along another axis than that of positions, and than that of mutants."""
    x = args[0] if args else None
    dim = kwargs.get("dim", args[1] if len(args) > 1 else -1)
    if not isinstance(x, Changed) or not isinstance(dim, int) or dim % x.ndim in (0, x.local.axis):
        return None
    return run.like(x, x.local.axis, lambda part: func(part, *args[1:], **kwargs), 4)
