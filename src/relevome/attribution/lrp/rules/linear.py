"""Linear layers and convolutions."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.attribution.lrp.flow import Flow
from relevome.attribution.lrp.functions import Scale
from relevome.attribution.lrp.table import active, rule


@rule(
    F.linear, F.conv1d, F.conv2d, F.conv3d, torch.conv1d, torch.conv2d, torch.conv3d,
    F.conv_transpose1d, F.conv_transpose2d, torch.conv_transpose1d, torch.conv_transpose2d,
)  # fmt: skip
def linear(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """The plain gradient, which is LRP-0, or the rule that was chosen for this layer.

    With a weight that is itself an activation it is a product: half the gradient to each (eq. 7).
    """
    x, weight, bias, others, named = arguments(*args, **kwargs)
    if active(x) and active(weight):
        return func(Scale.apply(x, 0.5), Scale.apply(weight, 0.5), bias, *others, **named)
    chosen = flow.linear.get(id(weight))
    if chosen is None or not active(x):
        return func(*args, **kwargs)
    return chosen(lambda x, weight, bias: func(x, weight, bias, *others, **named), x, weight, bias)


def arguments(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, *others: Any, **named: Any
) -> tuple[Tensor, Tensor, Tensor | None, tuple[Any, ...], dict[str, Any]]:
    """Input, weight and bias of a call, however they were given, and what is left of its arguments."""
    return input, weight, bias, others, named
