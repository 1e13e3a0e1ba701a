"""Relevance of attention heads, from the same backward pass."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function

from relevome.data.errors import InputError

# pyright: reportIncompatibleMethodOverride=false


class HeadRecorder:
    """Collects the relevance of every head in every layer: context before the output projection.

    The relevance of a head at a token is the sum over its channels of context times gradient.
    """

    def __init__(self) -> None:
        self._found: list[tuple[Tensor, int | None, int] | None] = []

    def watch(self, context: Tensor, heads: int | None, queries: int) -> Tensor:
        """The context of one attention, (..., channels), passed on; ``heads`` and ``queries`` name its axes.

        Without an axis for heads, they and the batch share the first one.
        """
        if not context.requires_grad:
            return context
        # computed again for a checkpoint, it is the same attention
        if not _in_backward_pass():
            self._found.append(None)
        return Watch.apply(context, self, len(self._found) - 1, (heads, queries % context.dim()))

    def put(self, index: int, relevance: Tensor, axes: tuple[int | None, int]) -> None:
        """Keep what the backward pass found for one attention."""
        self._found[index] = (relevance, *axes)

    def relevance(self, batch: int, tokens: int) -> Float[Tensor, "batch layers heads tokens"]:
        """What was found, layers in the order in which the model ran them.

        An attention whose queries are not the tokens (a pooling) is left out. Raises ``InputError`` if no
        attention over the tokens was seen, or if layers have different numbers of heads.
        """
        layers = [_batch_first(*found, batch) for found in self._found if found is not None]
        layers = [layer for layer in layers if layer.shape[0] == batch and layer.shape[2] == tokens]
        if not layers:
            raise InputError("--heads: the model has no attention whose queries are the tokens: leave it out")
        if len({layer.shape[1] for layer in layers}) > 1:
            raise InputError("--heads: the model's layers have different numbers of heads: leave it out")
        return torch.stack(layers, dim=1)


def _batch_first(relevance: Tensor, heads: int | None, queries: int, batch: int) -> Tensor:
    """(batch, heads, queries), whatever the order was; an attention over something else has another shape."""
    if heads is not None:
        return relevance.movedim((heads, queries), (-2, -1)).flatten(0, -3)
    merged = relevance.movedim(queries, -1).flatten(0, -2)
    return merged.unflatten(0, (batch, -1)) if len(merged) % batch == 0 else merged.unsqueeze(0)


def _in_backward_pass() -> bool:
    """Whether activations are being computed again, for a checkpoint."""
    return torch._C._current_graph_task_id() != -1


class Watch(Function):
    """Passes a context on; backward, tells its relevance."""

    @staticmethod
    def forward(
        ctx: Any, context: Tensor, recorder: HeadRecorder, index: int, axes: tuple[int | None, int]
    ) -> Tensor:
        """A copy, since the model may change it in place."""
        ctx.save_for_backward(context)
        ctx.told = (recorder, index, axes)
        return context.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        """``grad``, after the relevance was read off it."""
        (context,) = ctx.saved_tensors
        recorder, index, axes = ctx.told
        recorder.put(index, (context * grad).sum(-1), axes)
        return grad, None, None, None
