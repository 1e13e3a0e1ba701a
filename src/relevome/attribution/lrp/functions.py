"""The backward passes that differ from the plain gradient, one autograd function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

# pyright: reportIncompatibleMethodOverride=false


class Ratio(Function):
    """Identity rule of an element-wise function, y = f(x): the gradient is the constant y / x.

    Achtibat et al. 2024 (arXiv 2402.05602), eq. 9. Where x is 0 nothing can be relevant, and the
    gradient is 0. ``limits`` is known of what only limits values, and ``passes`` of what gives x itself or 0,
    whose ratio takes no division.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, function: Callable[[Tensor], Tensor], limits: bool = False, passes: bool = False
    ) -> Tensor:
        """``function(x)``, remembering the ratio."""
        y, ctx.limits, ctx.ratio = function(x), limits, _passed if passes else _ratio
        # One half of a gated layer is kept by the other half, and y by their product: a ratio would be more.
        ctx.save_for_backward(*(x, y) if _is_part(x) else (ctx.ratio(x, y),))
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        """``grad * y / x``."""
        saved = ctx.saved_tensors
        return grad * (ctx.ratio(*saved) if len(saved) > 1 else saved[0]), None, None, None


def _ratio(x: Tensor, y: Tensor) -> Tensor:
    return (y / x).nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0)


def _passed(_x: Tensor, y: Tensor) -> Tensor:
    return y.sign()


def _is_part(x: Tensor) -> bool:
    """Whether a tensor looks at a part of a larger one."""
    return x._base is not None and x._base.numel() > x.numel()


class Scale(Function):
    """Passes a tensor on and multiplies its gradient by a constant."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        """``x`` itself, as a view."""
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """``grad * factor``."""
        return grad * ctx.factor, None


class LayerNorm(Function):
    """Layer normalisation whose variance is a constant; the mean stays in the gradient.

    Achtibat et al. 2024, proposition 3.4: y = (x - mean) / std is linear in x once std is fixed.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, shape: list[int], weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> Tensor:
        """The same kernel as the model's own call, which autocast runs in single precision."""
        if torch.is_autocast_enabled(x.device.type):
            x = x.float()
            weight, bias = (t if t is None else t.float() for t in (weight, bias))
        y, _, rstd = torch.native_layer_norm(x, shape, weight, bias, eps)
        ctx.save_for_backward(rstd, weight)
        ctx.dims = tuple(range(-len(shape), 0))
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """``g - mean(g)`` with ``g = grad * weight / std``."""
        rstd, weight = ctx.saved_tensors
        scaled = grad.clone() if weight is None else grad * weight
        scaled.sub_(scaled.mean(ctx.dims, keepdim=True)).mul_(rstd)
        return scaled, None, None, None, None


class RmsNorm(Function):
    """Normalisation by the root mean square, which is a constant (Achtibat et al. 2024, proposition 3.4)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, shape: list[int], weight: Tensor | None, eps: float | None) -> Tensor:
        """The same kernel as the model's own call."""
        dims = tuple(range(-len(shape), 0))
        floor = torch.finfo(x.dtype).eps if eps is None else eps
        ctx.save_for_backward(torch.rsqrt(x.square().mean(dims, keepdim=True) + floor), weight)
        return torch.rms_norm(x, shape, weight, eps)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """``grad * weight / rms``."""
        scale, weight = ctx.saved_tensors
        return grad * scale if weight is None else grad * weight * scale, None, None, None
