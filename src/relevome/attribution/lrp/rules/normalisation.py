"""Normalisations: the scale is a constant, what is scaled is linear (proposition 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.attribution.lrp.flow import Flow
from relevome.attribution.lrp.functions import LayerNorm, RmsNorm
from relevome.attribution.lrp.table import active, composed, rule, unsupported

_T = torch.Tensor


@rule(
    torch.rsqrt, _T.rsqrt, torch.sqrt, _T.sqrt, torch.var, _T.var, torch.std, _T.std, torch.var_mean,
    torch.norm, _T.norm, torch.linalg.norm, torch.linalg.vector_norm,
)  # fmt: skip
def statistic(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Statistics of a normalisation written by hand are constants."""
    constants = {key: value.detach() if active(value) else value for key, value in kwargs.items()}
    return func(*(a.detach() if active(a) else a for a in args), **constants)


@rule(F.layer_norm, torch.layer_norm)
def layer_norm(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """No gradient through the variance."""
    kwargs = {key: value for key, value in kwargs.items() if key != "cudnn_enable"}
    x, shape, weight, bias, eps = _layer_norm_arguments(*args[:5], **kwargs)
    return LayerNorm.apply(x, shape, weight, bias, eps) if active(x) else func(*args, **kwargs)


def _layer_norm_arguments(
    input: Tensor,  # torch's own name
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> tuple[Tensor, list[int], Tensor | None, Tensor | None, float]:
    return input, list(normalized_shape), weight, bias, eps


@rule(F.rms_norm, torch.rms_norm)
def rms_norm(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """No gradient through the root mean square."""
    x, shape, weight, eps = _rms_norm_arguments(*args, **kwargs)
    return RmsNorm.apply(x, shape, weight, eps) if active(x) else func(*args, **kwargs)


def _rms_norm_arguments(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> tuple[Tensor, list[int], Tensor | None, float | None]:
    return input, list(normalized_shape), weight, eps


@composed(F.group_norm)
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """No gradient through the variance of a group."""
    groups = input.unflatten(1, (num_groups, -1)).flatten(2)
    centred = groups - groups.mean(-1, keepdim=True)
    scale = torch.rsqrt(groups.var(-1, keepdim=True, unbiased=False) + eps)
    shape = (1, -1, *(1,) * (input.dim() - 2))
    result = (centred * scale).view(input.shape)
    result = result if weight is None else result * weight.view(shape)
    return result if bias is None else result + bias.view(shape)


@composed(F.normalize)
def normalize(
    input: Tensor, p: float | int = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None
) -> Tensor:
    """No gradient through the length of a vector."""
    return input / torch.linalg.vector_norm(input, p, dim, keepdim=True).clamp_min(eps)


@rule(F.batch_norm, torch.batch_norm)
def batch_norm(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """With fixed statistics, as in evaluation, linear; with those of the batch, sequences would mix."""
    training = args[5] if len(args) > 5 else kwargs.get("training", False)
    if training and active(args[0] if args else kwargs["input"]):
        raise unsupported(func)
    return func(*args, **kwargs)
