"""Softmax by its gradient at a temperature."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from relevome.attribution.lrp.accounts import (
    Absorbed,
    Account,
    Call,
    inner,
    softmax_arguments,
    softmax_gradient,
)
from relevome.attribution.lrp.attention_rules import attention_rules
from relevome.attribution.lrp.flow import WEIGHTS, Flow, tensors_in
from relevome.attribution.lrp.fused import FusedAttention
from relevome.attribution.lrp.rules.attention import attention, softmax
from relevome.attribution.lrp.table import COMPOSED, Rule, active, unsupported
from relevome.errors import InputError

# pyright: reportIncompatibleMethodOverride=false


@attention_rules.register("gim")
@dataclass(frozen=True)
class GradientInteractions:
    """The gradient of softmax(x) is taken at softmax(x / T), so that a weight near 1 can still lose.

    It is s (g - <s, g>) with s = softmax(x / T), forward as ever: the temperature-adjusted softmax gradients
    of Gradient Interaction Modifications (Edin et al. 2025, arXiv 2505.17630), with T = 2 and, as in their
    published code, no factor 1 / T. Two more of their modifications are rules of AttnLRP already:
    normalisations have a constant scale, and products halve, so that values get a half, queries and keys a
    quarter. One is not taken over, since it is none of attention: they leave activation functions their own
    gradient, where AttnLRP has y / x.

    ``temperature`` is T, above 0; 1 is AttnLRP.
    """

    temperature: float = 2.0

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and math.isfinite(self.temperature)):
            raise InputError(f"--rules attention=gim:{self.temperature:g}: expected a temperature above 0")

    @property
    def instead(self) -> Mapping[Rule, Rule]:
        """A softmax of its own; attention in one call is opened, to have it too."""
        return {softmax: self._softmax, attention: _spelt_out}

    @property
    def accounts(self) -> Mapping[Rule, Account]:
        """Of the softmax."""
        return {softmax: self._absorbed}

    def _softmax(self, flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        x, dim = softmax_arguments(*args, **kwargs)
        if dim is None:
            raise unsupported(func)
        y = func(*args, **kwargs)
        return flow.name(Tempered.apply(y.detach(), x, dim, self.temperature) if active(x) else y, WEIGHTS)

    def _absorbed(self, call: Call) -> Absorbed:
        """What is lost by the expansion: <y, g> - <x, s (g - <s, g>)>."""
        x, dim = softmax_arguments(*call.args, **call.kwargs)
        at = torch.softmax(x.detach().to(call.results[0].dtype) / self.temperature, dim)

        def absorbed(_index: int, gradient: Tensor) -> dict[str, float]:
            to_x = softmax_gradient(at, gradient, dim)
            return {"softmax": inner(call.results[0], gradient) - inner(x.detach(), to_x)}

        return absorbed


def _spelt_out(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Attention in one call, by operations that have rules."""
    if not any(map(active, tensors_in((args, kwargs)))):
        return func(*args, **kwargs)
    with flow.rules:
        call = FusedAttention(*args, **kwargs)
        return call.by(call.weights()).to(call.query.dtype)


COMPOSED.add(_spelt_out)


class Tempered(Function):
    """Gives y, a softmax of x, with the gradient of a softmax at x over a temperature."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, x: Tensor, dim: int, temperature: float) -> Tensor:
        """``y``, as a view."""
        ctx.save_for_backward(torch.softmax(x.to(y.dtype) / temperature, dim))
        ctx.dim, ctx.dtype = dim, x.dtype
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, None, None]:
        """``s (grad - <s, grad>)`` to x."""
        (at,) = ctx.saved_tensors
        return None, softmax_gradient(at, grad, ctx.dim).to(ctx.dtype), None, None
