"""Relevance of attention heads, from the same backward pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function

from relevome.errors import InputError

# pyright: reportIncompatibleMethodOverride=false

# Which axes of a context are heads and queries; without an axis for heads, they share the first one with
# the batch. Channels are the last.
Axes = tuple[int | None, int]


class Recorder:
    """Sees the context of every attention, before the output projection, and the gradient to it."""

    def __init__(self) -> None:
        self.attentions = 0

    def watch(self, context: Tensor, heads: int | None, queries: int) -> Tensor:
        """The context of one attention, (..., channels), passed on; ``heads`` and ``queries`` name its axes.

        Without an axis for heads, they and the batch share the first one.
        """
        if not context.requires_grad:
            return context
        # computed again for a checkpoint, it is the same attention
        if not _in_backward_pass():
            self.attentions += 1
        return Watch.apply(context, self, self.attentions - 1, (heads, queries % context.dim()))

    def put(self, index: int, context: Tensor, gradient: Tensor, axes: Axes) -> None:
        """Keep what the backward pass found for one attention."""
        raise NotImplementedError


class HeadRecorder(Recorder):
    """Collects the relevance of every head in every layer, from one pass.

    The relevance of a head at a token is the sum over its channels of context times gradient.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[int, tuple[Tensor, Axes]] = {}

    def put(self, index: int, context: Tensor, gradient: Tensor, axes: Axes) -> None:
        """Keeps the product."""
        self._found[index] = ((context * gradient).sum(-1), axes)

    def relevance(self, batch: int, tokens: int) -> Float[Tensor, "batch layers heads tokens"]:
        """What was found, layers in the order in which the model ran them; raises as `stacked` does.

        An attention whose queries are not the tokens (a pooling) is left out.
        """
        layers = [
            by_head(relevance.unsqueeze(-1), axes, batch).squeeze(-1)
            for _, (relevance, axes) in sorted(self._found.items())
        ]
        return stacked(layer for layer in layers if layer.shape[0] == batch and layer.shape[2] == tokens)


def by_head(context: Tensor, axes: Axes, batch: int) -> Float[Tensor, "batch heads queries channels"]:
    """A context, whatever its order was; an attention over something else has another shape."""
    heads, queries = axes
    if heads is not None:
        return context.movedim((heads, queries), (-3, -2)).flatten(0, -4)
    merged = context.movedim(queries, -2).flatten(0, -3)
    return merged.unflatten(0, (batch, -1)) if len(merged) % batch == 0 else merged.unsqueeze(0)


def stacked(
    layers: Iterable[Float[Tensor, "batch heads tokens"]],
) -> Float[Tensor, "batch layers heads tokens"]:
    """The relevance of the heads of all layers.

    Raises ``InputError`` if there is none, or if layers have different numbers of heads.
    """
    found = list(layers)
    if not found:
        raise InputError("--heads: the model has no attention whose queries are the tokens: leave it out")
    if len({layer.shape[1] for layer in found}) > 1:
        raise InputError("--heads: the model's layers have different numbers of heads: leave it out")
    return torch.stack(found, dim=1)


def _in_backward_pass() -> bool:
    """Whether activations are being computed again, for a checkpoint."""
    return torch._C._current_graph_task_id() != -1


class Watch(Function):
    """Passes a context on; backward, tells it and its gradient."""

    @staticmethod
    def forward(ctx: Any, context: Tensor, recorder: Recorder, index: int, axes: Axes) -> Tensor:
        """A copy, since the model may change it in place."""
        ctx.save_for_backward(context)
        ctx.told = (recorder, index, axes)
        return context.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        """``grad``, after it was told."""
        (context,) = ctx.saved_tensors
        recorder, index, axes = ctx.told
        recorder.put(index, context, grad, axes)
        return grad, None, None, None
