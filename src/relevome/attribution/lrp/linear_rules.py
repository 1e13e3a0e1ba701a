"""Rules of layer-wise relevance propagation for linear layers and convolutions.

An output y with the relevance R = y g shares it out in proportion to the contributions that a rule counts,
z = sum_i (contribution of x_i) + (that of the bias): x_i gets R / z of its own. So the gradient to x is that
of z, times the constant y / z, and nothing is ever divided by x. The rules differ in what z is. All of them
take activations and outputs of either sign, as zennit 0.5.1 does (Anders et al. 2021, arXiv 2106.13200).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from relevome.attribution.lrp.accounts import Absorbed, Call, inner
from relevome.attribution.lrp.rules.linear import arguments
from relevome.errors import InputError

# pyright: reportIncompatibleMethodOverride=false

STABILISER = 1e-6

Layer = Callable[[Tensor, Tensor, Tensor | None], Tensor]


class Proportional(ABC):
    """What the rules have in common: each says by `shares` what relevance is proportional to."""

    @property
    def stabiliser(self) -> float:
        """What is added to z, away from 0, before it divides."""
        return STABILISER

    @abstractmethod
    def shares(self, layer: Layer, x: Tensor, weight: Tensor, bias: Tensor | None, y: Tensor) -> Tensor:
        """z, for a layer that gave y."""

    def __call__(self, layer: Layer, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``layer(x, weight, bias)``, with the gradient of z to ``x``, times y / z."""
        with torch.no_grad():
            y = layer(x, weight, bias)
        z = self.shares(layer, x, weight, bias, y)
        return InPlaceOf.apply(y, z, self.ratio(y, z.detach()))

    def ratio(self, y: Tensor, z: Tensor) -> Tensor:
        """The constant y / (z + stabiliser sign(z)); 0 where z is 0, since there nothing contributes."""
        stable = torch.where(z < 0, z - self.stabiliser, z + self.stabiliser)
        return torch.where(z == 0, 0, y / stable)

    def absorbed(self, call: Call) -> Absorbed:
        """The bias gets its share like every activation; what is not shared out stays with the stabiliser."""
        x, weight, bias, others, named = arguments(*call.args, **call.kwargs)

        def layer(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
            return call.func(x, weight, bias, *others, **named)

        y = call.results[0]
        with torch.no_grad():
            z = self.shares(layer, x, weight, bias, y)
            of_bias = self.shares(layer, torch.zeros_like(x), weight, bias, y)
        ratio = self.ratio(y, z)
        return lambda _, gradient: {
            "biases": inner(ratio * of_bias, gradient),
            "constants": inner(y - ratio * z, gradient),
        }


@dataclass(frozen=True)
class Epsilon(Proportional):
    """LRP-epsilon, z = x W + b: R_i = sum_j x_i w_ij / (z_j + epsilon sign(z_j)) R_j.

    Bach et al. 2015 (doi 10.1371/journal.pone.0130140), eq. 58. Large values of ``epsilon`` take away what is
    small and contradicts itself.
    """

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        _refuse_unless_positive("epsilon", self.epsilon)

    @property
    def stabiliser(self) -> float:
        """Epsilon itself."""
        return self.epsilon

    def __call__(self, layer: Layer, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The same as of every rule; here z is y, and computed once."""
        z = layer(x, weight, bias)
        y = z.detach()
        return InPlaceOf.apply(y, z, self.ratio(y, y))

    def shares(self, layer: Layer, x: Tensor, weight: Tensor, bias: Tensor | None, y: Tensor) -> Tensor:
        """The contributions as they are."""
        return layer(x, weight, bias)


@dataclass(frozen=True)
class Gamma(Proportional):
    """LRP-gamma: contributions of the output's own sign count 1 + ``gamma`` times.

    For x >= 0 and y > 0, z = x (W + gamma W+) + b + gamma b+, with + for the positive part (Montavon et al.
    2019, doi 10.1007/978-3-030-28954-6_10, section 10.2; for x and y of either sign as in zennit).
    """

    gamma: float = 0.25

    def __post_init__(self) -> None:
        _refuse_unless_positive("gamma", self.gamma)

    def shares(self, layer: Layer, x: Tensor, weight: Tensor, bias: Tensor | None, y: Tensor) -> Tensor:
        """A negative x contributes to a positive y through negative weights, and so on."""
        up, down = weight + self.gamma * _above(weight), weight + self.gamma * _below(weight)
        more = less = None
        if bias is not None:
            more, less = bias + self.gamma * _above(bias), bias + self.gamma * _below(bias)
        above, below = _by_sign(layer, x, up, down, more), _by_sign(layer, x, down, up, less)
        return torch.where(y > 0, above, below)


@dataclass(frozen=True)
class ZPlus(Proportional):
    """The z-plus rule, or alpha 1, beta 0: only positive contributions count, whatever the sign of y.

    For x >= 0, z = x W+ + b+ (Montavon et al. 2017, doi 10.1016/j.patcog.2016.11.008); for x of either sign
    Bach et al. 2015, eq. 60.
    """

    def shares(self, layer: Layer, x: Tensor, weight: Tensor, bias: Tensor | None, y: Tensor) -> Tensor:
        """x+ W+ + x- W- + b+."""
        return _by_sign(layer, x, _above(weight), _below(weight), None if bias is None else _above(bias))


def _by_sign(layer: Layer, x: Tensor, weight: Tensor, below: Tensor, bias: Tensor | None) -> Tensor:
    """The layer with a weight for activations from 0 on, and another for those below."""
    return layer(_above(x), weight, bias) + layer(_below(x), below, None)


def _above(values: Tensor) -> Tensor:
    """The positive part; a 0 counts as positive, in the gradient too."""
    return torch.where(values < 0, 0, values)


def _below(values: Tensor) -> Tensor:
    return torch.where(values < 0, values, 0)


def _refuse_unless_positive(name: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise InputError(
            f"{name} {value:g}: expected a number above 0 (the rule `zero` is the plain gradient)"
        )


class InPlaceOf(Function):
    """Gives y, with the gradient of z times a constant."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, z: Tensor, ratio: Tensor) -> Tensor:
        """``y``, as a view."""
        ctx.save_for_backward(ratio)
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, None]:
        """``grad * ratio`` to z."""
        (ratio,) = ctx.saved_tensors
        return None, grad * ratio, None
