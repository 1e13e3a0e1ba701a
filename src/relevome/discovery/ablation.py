"""Whether a head matters: what a prediction loses where the head's output is replaced by a constant.

The context of every attention, before its output projection, is intercepted as for the relevance of heads
(`relevome.attribution.lrp.heads`), so that any model will do and none is changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from sklearn.metrics import average_precision_score
from torch import Tensor

from relevome.attribution.embeddings import leaf
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.discovery.windows import Windows
from relevome.models.base import Batch, Model
from relevome.results.attention_heads.heads import Fall
from relevome.results.attention_heads.settings import HeadReplacement
from relevome.results.head_name import HeadName

Constants = list[Float[Tensor, "heads channels"]]


@dataclass(frozen=True, eq=False)
class WindowScores:
    """Logits of sites and of control windows."""

    sites: Float[np.ndarray, " sites"]
    controls: Float[np.ndarray, " controls"]

    @property
    def precision(self) -> float:
        """Average precision of sites among both."""
        labels = np.repeat([1, 0], [len(self.sites), len(self.controls)])
        return float(average_precision_score(labels, np.concatenate([self.sites, self.controls])))

    def fall(self, ablated: WindowScores) -> Fall:
        """What is lost from these scores to others."""
        return Fall(float((self.sites - ablated.sites).mean()), float(self.precision - ablated.precision))


@dataclass(frozen=True, eq=False)
class Ablation:
    """A model on windows at sites and on control windows, any of its heads replaced by a constant."""

    model: Model
    sites: Windows
    controls: Windows
    constants: Constants

    @classmethod
    def of(
        cls, model: Model, sites: Windows, controls: Windows, replacement: HeadReplacement = "mean"
    ) -> Ablation:
        """Heads are replaced by their own mean over all tokens of both kinds of windows, or by zero."""
        totals = _Totals()
        for windows in (sites, controls):
            for _, batch in windows.batches(model):
                _run(model, batch, totals.over(batch))
        return cls(model, sites, controls, totals.means() if replacement == "mean" else totals.zeros())

    def without(self, heads: Collection[HeadName]) -> WindowScores:
        """Scores with some heads replaced; of the model as it is without any."""
        return WindowScores(self._scores(self.sites, heads), self._scores(self.controls, heads))

    def _scores(self, windows: Windows, heads: Collection[HeadName]) -> np.ndarray:
        scores = np.zeros(len(windows))
        for rows, batch in windows.batches(self.model):
            scores[rows] = _run(self.model, batch, _Replaced(batch, heads, self.constants))
        return scores


def random_sets(
    heads: Collection[HeadName],
    every: Sequence[HeadName],
    draws: int,
    rng: np.random.Generator,
    same_layers: bool,
) -> list[set[HeadName]]:
    """Sets of as many random heads, of each layer as many if ``same_layers``; drawn from all heads."""
    if not same_layers:
        return [_drawn(every, len(heads), rng) for _ in range(draws)]
    layers = sorted({name.layer for name in heads})
    parts = [
        ([name for name in every if name.layer == layer], sum(name.layer == layer for name in heads))
        for layer in layers
    ]
    return [set().union(*(_drawn(names, count, rng) for names, count in parts)) for _ in range(draws)]


def _drawn(names: Sequence[HeadName], count: int, rng: np.random.Generator) -> set[HeadName]:
    return {names[i] for i in rng.permutation(len(names))[:count]}


def rank(fall: float, others: Iterable[float]) -> float:
    """The share of falls, this one counted, that are as large."""
    others = list(others)
    return (1 + sum(other >= fall for other in others)) / (1 + len(others))


def _run(model: Model, batch: Batch, recorder: HeadRecorder) -> Float[np.ndarray, " batch"]:
    """Scores of a batch; gradients are on, since operations are followed only where some could flow."""
    with model.frozen(), torch.enable_grad(), leaf(model.site("word")), Rules(heads=recorder):
        scores = model.scores(model.inputs(batch), batch)
    return scores.detach().double().cpu().numpy()


class _Contexts(HeadRecorder):
    """Sees the context of every attention over all tokens of a batch as (batch, heads, tokens, channels)."""

    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self.batch = batch
        self.layer = 0

    def watch(self, context: Tensor, heads: int | None, queries: int) -> Tensor:
        """The context that the model goes on with; of what attends by fewer tokens, its own."""
        queries %= context.dim()
        if context.shape[queries] != self.batch.width:
            return context
        self.layer += 1
        if heads is None:
            parts = context.movedim(queries, 1).unflatten(0, (len(self.batch), -1))
            return self.seen(parts, self.layer - 1).flatten(0, 1).movedim(1, queries)
        parts = context.movedim((heads, queries), (1, 2))
        return self.seen(parts, self.layer - 1).movedim((1, 2), (heads, queries))

    def seen(self, context: Float[Tensor, "batch heads tokens channels"], layer: int) -> Tensor:
        """What takes the place of a layer's context."""
        raise NotImplementedError


class _Replaced(_Contexts):
    """Puts constants in the place of some heads."""

    def __init__(self, batch: Batch, heads: Collection[HeadName], constants: Constants) -> None:
        super().__init__(batch)
        self.heads = heads
        self.constants = constants

    def seen(self, context: Tensor, layer: int) -> Tensor:
        """The same but for heads that are replaced."""
        chosen = [name.head for name in self.heads if name.layer == layer]
        if not chosen:
            return context
        replaced = torch.zeros(context.shape[1], dtype=torch.bool, device=context.device)
        replaced[chosen] = True
        return torch.where(replaced[:, None, None], self.constants[layer][:, None], context)


class _Totals:
    """Sums of contexts over tokens, layer by layer."""

    def __init__(self) -> None:
        self.sums: Constants = []
        self.tokens: list[int] = []

    def over(self, batch: Batch) -> _Summed:
        """What adds a batch to them."""
        return _Summed(batch, self)

    def add(self, layer: int, total: Tensor, tokens: int) -> None:
        """More of a layer."""
        if layer == len(self.sums):
            self.sums.append(torch.zeros_like(total))
            self.tokens.append(0)
        self.sums[layer] += total
        self.tokens[layer] += tokens

    def means(self) -> Constants:
        """Of every layer, over all tokens."""
        return [total / tokens for total, tokens in zip(self.sums, self.tokens, strict=True)]

    def zeros(self) -> Constants:
        """Zeros of the same shapes."""
        return [torch.zeros_like(total) for total in self.sums]


class _Summed(_Contexts):
    """Adds contexts up, those of padding left out."""

    def __init__(self, batch: Batch, totals: _Totals) -> None:
        super().__init__(batch)
        self.totals = totals

    def seen(self, context: Tensor, layer: int) -> Tensor:
        """The same context."""
        lengths = torch.tensor([len(tokens) for tokens in self.batch.tokens], device=context.device)
        own = torch.arange(self.batch.width, device=context.device) < lengths[:, None]
        total = (context.detach() * own[:, None, :, None]).sum((0, 2))
        self.totals.add(layer, total, int(own.sum()))
        return context
