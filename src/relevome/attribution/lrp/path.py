"""Relevance of attention heads along a path, from the passes of integrated gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from relevome.attribution.lrp.heads import Axes, Recorder, by_head, stacked


@dataclass
class _Layer:
    """What is known of one attention: the sum so far, and its context and gradient at the last step."""

    total: Float[Tensor, "batch heads tokens"]
    context: Float[Tensor, "batch heads tokens channels"] | None = None
    gradient: Float[Tensor, "batch heads tokens channels"] | None = None


class PathRecorder(Recorder):
    """Adds up, for every head, weight x gradient x derivative of the context over the steps of a path.

    The derivative is that of second-order finite differences over uneven steps, of first order at the ends
    (Wenzel, Gruner & Strodthoff 2024, doi 10.1093/bioinformatics/btae031). A step needs its neighbours, so
    that of each layer the last step of a pass is kept for the next pass, whatever the number of steps.
    """

    def __init__(
        self,
        batch: int,
        tokens: int,
        alphas: Float[np.ndarray, "steps"],
        weights: Float[np.ndarray, "steps"],
    ) -> None:
        super().__init__()
        self._batch, self._tokens = batch, tokens
        self._shares = interval_shares(alphas, weights)
        self._first = self._steps = 0
        self._layers: dict[int, _Layer] = {}

    def begin(self, first: int, steps: int) -> None:
        """A pass over so many steps from ``first`` on: rows are steps, each with all sequences."""
        self.attentions = 0
        self._first, self._steps = first, steps

    def put(self, index: int, context: Tensor, gradient: Tensor, axes: Axes) -> None:
        """Adds what one attention gives in this pass; one whose queries are not the tokens is left out."""
        rows = self._steps * self._batch
        contexts, gradients = (by_head(tensor.detach(), axes, rows) for tensor in (context, gradient))
        if len(contexts) == rows and contexts.shape[2] == self._tokens:
            shape = (self._steps, self._batch)
            self._add(index, contexts.unflatten(0, shape), gradients.unflatten(0, shape))

    def _add(self, index: int, contexts: Tensor, gradients: Tensor) -> None:
        """Interval by interval, which stays in the cache of a processor."""
        if index not in self._layers:
            wide = torch.promote_types(contexts.dtype, torch.float32)
            self._layers[index] = _Layer(
                torch.zeros(contexts.shape[1:-1], dtype=wide, device=contexts.device)
            )
        layer = self._layers[index]
        for step, (context, gradient) in enumerate(zip(contexts, gradients, strict=True), self._first):
            if layer.context is not None and layer.gradient is not None:
                left, right = self._shares[step - 1]
                between = torch.mul(layer.gradient, left).add_(gradient, alpha=right)
                layer.total += between.mul_(context - layer.context).sum(-1)
            layer.context, layer.gradient = context, gradient
        # copies, which do not keep the whole pass alive
        layer.context, layer.gradient = contexts[-1].clone(), gradients[-1].clone()

    def relevance(self) -> Float[Tensor, "batch layers heads tokens"]:
        """What was found over all steps, layers in the order in which the model ran them.

        Raises ``InputError`` as `stacked` does.
        """
        return stacked(layer.total for _, layer in sorted(self._layers.items()))


def interval_shares(
    alphas: Float[np.ndarray, "steps"], weights: Float[np.ndarray, "steps"]
) -> list[tuple[float, float]]:
    """How the gradients at both ends of an interval between steps count, for every interval.

    The sum over steps of ``weight * gradient * derivative``, with the derivative of
    ``torch.gradient(..., edge_order=1)``, is one over intervals: of what the context changes over an
    interval, times the gradients at its ends in these shares.
    """
    widths = np.diff(alphas)
    before, after = widths[:-1], widths[1:]
    inner = 1 / (before + after)
    left, right = weights[:-1] / widths, weights[1:] / widths
    left[1:] *= before * inner
    right[:-1] *= after * inner
    return list(zip(left.tolist(), right.tolist(), strict=True))
