"""Element-wise functions and sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import erf, expit, ndtr
from torch import Tensor

from relevome.models.any_module.odds import log_odds, odds_of_sigmoid
from tests.attribution.lrp.under_rules import Array, Case, drawn, the_same

_T = torch.Tensor
X = drawn(3, 5) * 2
POSITIVE = X.abs() + 0.1
A, B = drawn(3, 4, 5), drawn(4, 1, seed=1)


def softplus(x: Array) -> Array:
    return np.logaddexp(0, x)


def nonlinear(
    functions: tuple[Any, ...], f: Callable[[Array], Array], *others: Any, x: Tensor = X, **named: Any
) -> list[Case]:
    """Functions that give f(x), whose gradient is f(x) / x (eq. 9)."""
    y = f(x.numpy())

    def case(function: Any) -> Case:
        call = lambda x: function(x, *others, **named)  # noqa: E731
        return Case(function, (x,), lambda above: [above * y / x.numpy()], call, y)

    return list(map(case, functions))


def by_hand(call: Callable[[Tensor], Tensor], f: Callable[[Array], Array], x: Tensor = X) -> Case:
    """A non-linearity spelt out in several operations, under the same rule."""
    y = f(x.numpy())
    return Case(call, (x,), lambda above: [above * y / x.numpy()], call, y)


def gelu_by_tanh(x: Array) -> Array:
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


NONLINEARITIES = [
    *nonlinear((F.relu, torch.relu, _T.relu), lambda x: np.maximum(x, 0)),
    *nonlinear((F.relu6,), lambda x: np.clip(x, 0, 6), x=X * 3),
    *nonlinear((F.gelu,), lambda x: x * ndtr(x)),
    *nonlinear((F.gelu,), gelu_by_tanh, approximate="tanh"),
    *nonlinear((F.silu,), lambda x: x * expit(x)),
    *nonlinear((F.elu,), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)), 0.7),
    *nonlinear((F.celu,), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x / 0.7)), 0.7),
    *nonlinear(
        (F.selu,), lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))
    ),
    *nonlinear((F.leaky_relu,), lambda x: np.where(x > 0, x, 0.1 * x), 0.1),
    *nonlinear((F.prelu,), lambda x: np.where(x > 0, x, 0.3 * x), torch.tensor([0.3], dtype=torch.float64)),
    *nonlinear((F.softplus,), lambda x: softplus(2 * x) / 2, beta=2),
    *nonlinear((F.mish,), lambda x: x * np.tanh(softplus(x))),
    *nonlinear((F.hardswish,), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    *nonlinear((F.hardtanh,), lambda x: np.clip(x, -0.5, 1.5), -0.5, 1.5),
    *nonlinear((F.hardsigmoid,), lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    *nonlinear((F.softsign,), lambda x: x / (1 + np.abs(x))),
    *nonlinear((F.tanhshrink,), lambda x: x - np.tanh(x)),
    *nonlinear((F.softshrink,), lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.4, 0), 0.4),
    *nonlinear((F.hardshrink,), lambda x: np.where(np.abs(x) > 0.4, x, 0), 0.4),
    *nonlinear((F.logsigmoid,), lambda x: -softplus(-x)),
    *nonlinear((F.threshold,), lambda x: np.where(x > 0.3, x, 7.0), 0.3, 7.0),
    *nonlinear((torch.tanh, _T.tanh, F.tanh), np.tanh),
    *nonlinear((torch.sigmoid, _T.sigmoid, F.sigmoid, torch.special.expit), expit),
    *nonlinear((torch.erf, _T.erf, torch.special.erf), erf),
    *nonlinear((torch.special.ndtr,), ndtr),
    *nonlinear((torch.exp, _T.exp), np.exp),
    *nonlinear((torch.exp2, _T.exp2), np.exp2),
    *nonlinear((torch.expm1, _T.expm1), np.expm1),
    *nonlinear((_T.__rpow__,), lambda x: 3.0**x, 3.0),
    *nonlinear((torch.log1p, _T.log1p), np.log1p, x=POSITIVE),
    *nonlinear((torch.sin, _T.sin), np.sin),
    *nonlinear((torch.cos, _T.cos), np.cos),
    *nonlinear((torch.atan, _T.atan), np.arctan),
    *nonlinear((torch.square, _T.square), np.square),
    *nonlinear((torch.pow, _T.pow, _T.__pow__), lambda x: x**3, 3),
    *nonlinear((torch.abs, _T.abs, _T.__abs__), np.abs),
    *nonlinear((torch.clamp, _T.clamp, torch.clip, _T.clip), lambda x: np.clip(x, -0.5, 1.5), -0.5, 1.5),
    *nonlinear((torch.clamp_min, _T.clamp_min), lambda x: np.maximum(x, -0.5), -0.5),
    *nonlinear((torch.clamp_max, _T.clamp_max), lambda x: np.minimum(x, 0.5), 0.5),
]


def gradient(functions: tuple[Any, ...], value: Any, slope: Any) -> list[Case]:
    """The plain gradient of an element-wise function, of what eq. 9 did not make."""
    x = POSITIVE.numpy()
    return [Case(f, (POSITIVE,), lambda above: [above * slope(x)], f, value(x)) for f in functions]


LOGARITHMS = [
    *gradient((torch.log, _T.log), np.log, lambda x: 1 / x),
    *gradient((torch.log2, _T.log2), np.log2, lambda x: 1 / (x * np.log(2))),
    *gradient((torch.log10, _T.log10), np.log10, lambda x: 1 / (x * np.log(10))),
    # of a sigmoid both are the identity
    Case(log_odds, (X,), lambda above: [above], lambda x: log_odds(torch.sigmoid(x)), X.numpy()),
    Case(
        odds_of_sigmoid, (X,), lambda above: [above], lambda x: odds_of_sigmoid(torch.sigmoid(x)), X.numpy(),
    ),
]  # fmt: skip

INVERSES = [
    Case(f, (X,), lambda above: [above * expit(X.numpy()) / X.numpy()], call, expit(X.numpy()), exact=True)
    for f, call in [
        (torch.reciprocal, lambda x: torch.reciprocal(1 + torch.exp(-x))),
        (_T.reciprocal, lambda x: (1 + torch.exp(-x)).reciprocal()),
        (_T.__rtruediv__, lambda x: 1 / (1 + torch.exp(-x))),
    ]
]


def summed(function: Any, sign: int, **named: float) -> Case:
    """The plain gradient to both, the second one broadcast; where ``sign`` is 0 the first is subtracted."""
    left, right = (-1.0, 1.0) if sign == 0 else (1.0, sign * named.get("alpha", 1.0))
    return Case(
        function,
        (A, B),
        lambda above: [above * left, (above * right).sum((0, 2))[:, None]],
        lambda a, b: function(a, b, **named),
        left * A.numpy() + right * B.numpy(),
    )


SUMS = [
    *(summed(f, 1) for f in (torch.add, _T.add, _T.__add__, _T.__radd__)),
    *(summed(f, -1) for f in (torch.sub, _T.sub, _T.__sub__, torch.subtract, _T.subtract)),
    *(summed(f, 0) for f in (_T.__rsub__, torch.rsub)),
    summed(torch.add, 1, alpha=0.3),
    summed(_T.sub, -1, alpha=0.3),
    the_same(torch.add, A, other=2.5),
]

WITH_NUMBERS = [
    by_hand(lambda x: x * 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0))), lambda x: x * ndtr(x)),
    by_hand(lambda x: 0.5 * x * (1 + (x * 2**-0.5).erf()), lambda x: x * ndtr(x)),
    by_hand(
        lambda x: 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0)))),
        gelu_by_tanh,
    ),
    by_hand(
        lambda x: 0.5 * x * (1 + torch.tanh(x * 0.7978845608028654 * (1 + 0.044715 * x * x))), gelu_by_tanh
    ),
    by_hand(lambda x: x * torch.sigmoid(1.702 * x), lambda x: x * expit(1.702 * x)),
    by_hand(lambda x: torch.sigmoid(x) * x, lambda x: x * expit(x)),
    by_hand(lambda x: x / (1 + torch.exp(-x)), lambda x: x * expit(x)),
    by_hand(lambda x: x * (1 / (1 + torch.exp(-x))), lambda x: x * expit(x)),
    by_hand(lambda x: torch.div(1.0, 1 + (-x).exp()) * x, lambda x: x * expit(x)),
    by_hand(lambda x: x * torch.tanh(F.softplus(x)), lambda x: x * np.tanh(softplus(x))),
    by_hand(lambda x: x * torch.tanh(torch.log(1 + torch.exp(x))), lambda x: x * np.tanh(softplus(x))),
    by_hand(lambda x: x * torch.tanh(torch.log1p(x.exp())), lambda x: x * np.tanh(softplus(x))),
    by_hand(
        lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x)), np.tanh
    ),
    by_hand(lambda x: x * F.relu6(x + 3) / 6, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    by_hand(lambda x: F.relu(x) ** 2, lambda x: np.maximum(x, 0) ** 2),
    by_hand(lambda x: x * x, np.square),
    by_hand(lambda x: F.relu(x * 1, inplace=True), lambda x: np.maximum(x, 0)),
]  # fmt: skip

CASES = [*NONLINEARITIES, *LOGARITHMS, *INVERSES, *SUMS, *WITH_NUMBERS]
