"""Linear layers and convolutions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch.nn.functional as F

from tests.attribution.lrp.under_rules import Array, Case, drawn

SIZES = (6, 5, 4)


def dense() -> Case:
    x, weight, bias = drawn(2, 3, 6), drawn(4, 6, seed=1), drawn(4, seed=2)
    w = weight.numpy()
    return Case(
        F.linear, (x,), lambda above: [above @ w], lambda x: F.linear(x, weight, bias),
        x.numpy() @ w.T + bias.numpy(),
    )  # fmt: skip


def of_two_activations() -> Case:
    x, weight, bias = drawn(5, 6), drawn(4, 6, seed=1), drawn(4, seed=2)
    a, b = x.numpy(), weight.numpy()
    return Case(
        F.linear, (x, weight), lambda above: [above @ b / 2, above.T @ a / 2],
        lambda x, weight: F.linear(x, weight, bias), a @ b.T + bias.numpy(),
    )  # fmt: skip


def convolution(function: Any, axes: int) -> Case:
    """Every output collects from the window under it, so every input gets back from the outputs above it."""
    x, weight, bias = drawn(2, 3, *SIZES[:axes]), drawn(4, 3, *(3, 2, 2)[:axes], seed=1), drawn(4, seed=2)

    def back(above: Array) -> list[Array]:
        padded = np.zeros((2, 3, *(size + 2 for size in SIZES[:axes])))
        for offset in itertools.product(*map(range, weight.shape[2:])):
            window = tuple(slice(o, o + n) for o, n in zip(offset, above.shape[2:], strict=True))
            part = np.einsum("bo...,oc->bc...", above, weight.numpy()[(..., *offset)])
            padded[(slice(None), slice(None), *window)] += part
        return [padded[(slice(None), slice(None), *(slice(1, -1),) * axes)]]

    return Case(function, (x,), back, lambda x: function(x, weight, bias, padding=1))


def depthwise() -> Case:
    x, weight = drawn(2, 3, 6), drawn(3, 1, 2, seed=1)
    w = weight.numpy()[:, 0]

    def back(above: Array) -> list[Array]:
        gradient = np.zeros((2, 3, 6))
        for offset in (0, 1):
            gradient[:, :, offset : offset + 5] += above * w[:, offset, None]
        return [gradient]

    return Case(F.conv1d, (x,), back, lambda x: F.conv1d(x, weight, groups=3))


def transposed(function: Any, axes: int) -> Case:
    """Every input spreads over a window, so it gets back from that window."""
    x, weight, bias = drawn(2, 4, *SIZES[:axes]), drawn(4, 3, *(3, 2)[:axes], seed=1), drawn(3, seed=2)

    def back(above: Array) -> list[Array]:
        gradient = np.zeros(x.shape)
        for offset in itertools.product(*map(range, weight.shape[2:])):
            window = tuple(slice(o, o + n) for o, n in zip(offset, SIZES[:axes], strict=True))
            seen = above[(slice(None), slice(None), *window)]
            gradient += np.einsum("bc...,oc->bo...", seen, weight.numpy()[(..., *offset)])
        return [gradient]

    return Case(function, (x,), back, lambda x: function(x, weight, bias))


CASES = [
    dense(),
    of_two_activations(),
    *(convolution(f, n) for n, f in enumerate((F.conv1d, F.conv2d, F.conv3d), 1)),
    depthwise(),
    transposed(F.conv_transpose1d, 1),
    transposed(F.conv_transpose2d, 2),
]
