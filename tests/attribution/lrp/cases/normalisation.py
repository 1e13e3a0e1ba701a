"""Normalisations, in one call and by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.attribution.lrp.under_rules import Array, Case, Formula, drawn

_T = torch.Tensor
X = drawn(2, 3, 6) + 1
WEIGHT, BIAS = drawn(6, seed=3), drawn(6, seed=4)
EPS = 1e-3
POSITIVE = X.abs() + 0.1
IMAGES = drawn(2, 6, 5) + 1


def nothing(function: Any, call: Callable[[Tensor], Any] | None = None) -> Case:
    """A statistic is a constant: no gradient at all."""
    return Case(function, (POSITIVE,), lambda above: [np.zeros(X.shape)], call or function)


STATISTICS = [
    *(nothing(f) for f in (torch.rsqrt, _T.rsqrt, torch.sqrt, _T.sqrt, torch.linalg.norm)),
    *(nothing(f, lambda x, f=f: f(x, -1)) for f in (torch.var, _T.var, torch.std, _T.std)),
    *(nothing(f, lambda x, f=f: f(x, dim=-1)) for f in (torch.var_mean, torch.linalg.vector_norm)),
    *(nothing(f, lambda x, f=f: f(x, p=2, dim=-1)) for f in (torch.norm, _T.norm)),
    *(nothing(f, lambda x, f=f: f(x, 0.5)) for f in (torch.pow, _T.pow)),
    nothing(_T.__pow__, lambda x: x**-0.5),
    nothing(torch.pow, lambda x: torch.pow(input=x, exponent=-0.5)),
    nothing(torch.var, lambda x: torch.var(input=x)),
]


def normalised(
    function: Any, call: Callable[[Tensor], Tensor], formula: Formula, x: Tensor, y: Array
) -> Case:
    return Case(function, (x,), formula, call, y, exact=function not in (F.group_norm, F.normalize))


def layer_norm_formula(above: Array) -> list[Array]:
    std = np.sqrt(X.numpy().var(-1, keepdims=True) + EPS)
    return [(above * WEIGHT.numpy()) @ (np.eye(6) - 1 / 6) / std]


LAYER_NORM = (
    (X - X.mean(-1, keepdim=True)) / (X.var(-1, keepdim=True, unbiased=False) + EPS).sqrt() * WEIGHT + BIAS
).numpy()


def centred(x: Tensor) -> Tensor:
    return x - x.mean(-1, keepdim=True)


LAYER_NORMS: dict[Any, Callable[[Tensor], Tensor]] = {
    F.layer_norm: lambda x: F.layer_norm(x, (6,), WEIGHT, BIAS, EPS),
    torch.layer_norm: lambda x: torch.layer_norm(x, [6], WEIGHT, BIAS, EPS, False),
    "by name": lambda x: F.layer_norm(input=x, normalized_shape=[6], weight=WEIGHT, bias=BIAS, eps=EPS),
    "by square and root": lambda x: (
        WEIGHT * (centred(x) / torch.sqrt(centred(x).pow(2).mean(-1, keepdim=True) + EPS)) + BIAS
    ),
    "by variance": lambda x: (
        centred(x) * torch.rsqrt(x.var(-1, keepdim=True, unbiased=False) + EPS) * WEIGHT + BIAS
    ),
    "by deviation": lambda x: (
        WEIGHT * centred(x) / (x.var(-1, keepdim=True, correction=0) + EPS) ** 0.5 + BIAS
    ),
}  # fmt: skip


def rms_norm_formula(above: Array) -> list[Array]:
    return [above * WEIGHT.numpy() / np.sqrt((X.numpy() ** 2).mean(-1, keepdims=True) + EPS)]


RMS_NORM = (X / (X.square().mean(-1, keepdim=True) + EPS).sqrt() * WEIGHT).numpy()


def mean_square(x: Tensor) -> Tensor:
    return x.pow(2).mean(-1, keepdim=True) + EPS


RMS_NORMS: dict[Any, Callable[[Tensor], Tensor]] = {
    F.rms_norm: lambda x: F.rms_norm(x, (6,), WEIGHT, EPS),
    torch.rms_norm: lambda x: torch.rms_norm(x, [6], WEIGHT, EPS),
    "by rsqrt": lambda x: WEIGHT * (x * torch.rsqrt(mean_square(x))),
    "by sqrt": lambda x: WEIGHT * (x / torch.sqrt(mean_square(x))),
    "by a power": lambda x: x * mean_square(x).pow(-0.5) * WEIGHT,
    "by a root": lambda x: x / mean_square(x) ** 0.5 * WEIGHT,
    "by a product": lambda x: x * ((x * x).mean(-1, keepdim=True) + EPS).rsqrt() * WEIGHT,
    "by a norm": lambda x: x / (x.norm(2, dim=-1, keepdim=True).square() / 6 + EPS).sqrt() * WEIGHT,
}


def group_norm() -> Case:
    """Three groups of two channels, each with its own mean and deviation."""
    groups = IMAGES.numpy().reshape(2, 3, 10)
    std = np.sqrt(groups.var(-1, keepdims=True) + EPS)
    y = ((groups - groups.mean(-1, keepdims=True)) / std).reshape(2, 6, 5)

    def formula(above: Array) -> list[Array]:
        scaled = (above * WEIGHT.numpy()[:, None]).reshape(2, 3, 10)
        return [((scaled - scaled.mean(-1, keepdims=True)) / std).reshape(2, 6, 5)]

    return normalised(
        F.group_norm, lambda x: F.group_norm(x, 3, WEIGHT, BIAS, EPS), formula, IMAGES,
        y * WEIGHT.numpy()[:, None] + BIAS.numpy()[:, None],
    )  # fmt: skip


def batch_norm(function: Any, call: Callable[[Tensor], Tensor]) -> Case:
    scale = (WEIGHT / (VARIANCE + EPS).sqrt()).numpy()[:, None]
    y = (IMAGES.numpy() - MEAN.numpy()[:, None]) * scale + BIAS.numpy()[:, None]
    return normalised(function, call, lambda above: [above * scale], IMAGES, y)


MEAN, VARIANCE = drawn(6, seed=5), drawn(6, seed=6).abs() + 0.5
LENGTH = np.linalg.norm(X.numpy(), axis=1, keepdims=True)

CASES = [
    *STATISTICS,
    *(normalised(f, call, layer_norm_formula, X, LAYER_NORM) for f, call in LAYER_NORMS.items()),
    *(normalised(f, call, rms_norm_formula, X, RMS_NORM) for f, call in RMS_NORMS.items()),
    group_norm(),
    normalised(F.normalize, F.normalize, lambda above: [above / LENGTH], X, X.numpy() / LENGTH),
    batch_norm(F.batch_norm, lambda x: F.batch_norm(x, MEAN, VARIANCE, WEIGHT, BIAS, False, 0.1, EPS)),
    batch_norm(
        torch.batch_norm,
        lambda x: torch.batch_norm(x, WEIGHT, BIAS, MEAN, VARIANCE, False, 0.1, EPS, False),
    ),
]
