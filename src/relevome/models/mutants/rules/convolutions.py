"""Convolutions and poolings, whose outputs read some neighbouring positions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.models.mutants.changed import Changed
from relevome.models.mutants.geometry import Strided
from relevome.models.mutants.passes import Operand, Pass
from relevome.models.mutants.rules.reductions import largest_of
from relevome.models.mutants.table import rule


@rule(F.conv1d, torch.conv1d, F.conv2d, torch.conv2d)
def convolution(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Of windows that have all positions that are read, zeros beyond the ends."""
    x, weight, bias, stride, padding, dilation, groups = _given(
        args, kwargs, ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
        (None, None, None, 1, 0, 1, 1),
    )  # fmt: skip
    spatial = weight.ndim - 2
    if not isinstance(x, Changed) or x.ndim != weight.ndim or x.local.axis < 2:
        return None
    place = x.local.axis - 2
    strides, dilations = _each(stride, spatial), _each(dilation, spatial)
    reach = dilations[place] * (weight.shape[2 + place] - 1)
    if isinstance(padding, str):
        if padding == "same" and spatial > 1:
            return None
        before = reach // 2 if padding == "same" else 0
        behind = reach - before if padding == "same" else 0
        paddings = [0] * spatial
    else:
        paddings = _each(padding, spatial)
        before = behind = paddings[place]
        paddings[place] = 0
    length = (x.local.length + before + behind - reach - 1) // strides[place] + 1
    if length < 1:
        return None

    def compute(part: Tensor) -> Tensor:
        return func(part, weight, bias, strides, paddings, dilations, groups)

    read = Operand(x, Strided(strides[place], -before, reach - before))
    return run.over([read], compute, length, x.local.axis, prod(weight.shape[1:]))


@rule(F.max_pool1d, torch.max_pool1d, F.avg_pool1d, torch.avg_pool1d)
def pooling(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Of windows of whole cells; beyond the ends nothing is the largest."""
    largest = func in (F.max_pool1d, torch.max_pool1d)
    names = ("input", "kernel_size", "stride", "padding", *(("dilation", "ceil_mode") if largest else (
        "ceil_mode", "count_include_pad")))  # fmt: skip
    defaults = (None, None, None, 0, *((1, False) if largest else (False, True)))
    if kwargs.pop("return_indices", False):
        return None
    given = dict(zip(names, _given(args, kwargs, names, defaults), strict=True))
    x, (kernel,), (padding,) = given["input"], _each(given["kernel_size"], 1), _each(given["padding"], 1)
    stride = _each(kernel if given["stride"] in (None, []) else given["stride"], 1)[0]
    dilation = _each(given.get("dilation", 1), 1)[0]
    if not isinstance(x, Changed) or x.ndim != 3 or x.local.axis != 2:
        return None
    if largest and dilation == 1 and padding == 0 and kernel == x.shape[2]:
        return largest_of(run, x, keep=True)
    reach = dilation * (kernel - 1)
    over = x.local.length + 2 * padding - reach - 1
    length = over // stride + 1
    if given["ceil_mode"]:
        length = -(-over // stride) + 1
        length -= (length - 1) * stride >= x.local.length + padding  # a cell begins on a letter
        if not largest and length != over // stride + 1:
            return None
    if length < 1 or (not largest and padding and not given["count_include_pad"]):
        return None

    def compute(part: Tensor) -> Tensor:
        if largest:
            return F.max_pool1d(part, kernel, stride, 0, dilation)
        return F.avg_pool1d(part, kernel, stride)

    fill = -torch.inf if largest else 0.0
    return run.over(
        [Operand(x, Strided(stride, -padding, reach - padding), fill)], compute, length, 2, kernel
    )


def _given(
    args: tuple[Any, ...], kwargs: dict[str, Any], names: Sequence[str], defaults: Sequence[Any]
) -> list[Any]:
    """Arguments in their order, however they were given."""
    found = [*args, *defaults[len(args) :]]
    for name, value in kwargs.items():
        if name in names:
            found[names.index(name)] = value
    return found


def _each(value: Any, count: int) -> list[int]:
    """A number for each of so many axes."""
    return [value] * count if isinstance(value, int) else [*value] * (count if len(value) == 1 else 1)
