"""Attention rollout (Abnar & Zuidema 2020, arXiv 2005.00928)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from relevome.attribution import methods
from relevome.attribution.attention_weights import Query, each_attention, query_shares
from relevome.attribution.embeddings import unpadded
from relevome.attribution.relevance import Relevance
from relevome.models.base import Batch, Model


@methods.register("rollout")
@dataclass(frozen=True)
class Rollout:
    """How much of every token reaches the one that the prediction is read from, by attention alone.

    The product over layers of 0.5 A + 0.5 I (their eq. 1), where A is the mean over heads and I stands for
    the residual connection. ``query`` is the token that looks, see `query_shares`. Relevance of a sequence
    is never negative and adds up to 1.
    """

    suits: ClassVar[str] = (
        "for models with attention, to see what reaches the output; 2 forward passes and a part of a "
        "backward one; gives token_relevance, never negative and the same for every target"
    )
    query: Query = "read"

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token; see `Method`. Raises ``InputError`` for a model without attention."""
        reached: list[Tensor] = []

        def tell(_layer: int, weights: Tensor) -> None:
            mixed = _mixed(weights.mean(1))
            reached[:] = [mixed @ reached[0] if reached else mixed]

        scores, layers = each_attention(model, batch, tell)
        shares = query_shares(model, batch, self.query, layers)
        values = torch.einsum("bq,bqk->bk", shares, reached[0])
        rows = zip(batch.tokens, batch.targets, scores.tolist(), unpadded(batch, values), strict=True)
        return [Relevance(tokens, target, score, values=value) for tokens, target, score, value in rows]


def _mixed(attention: Tensor) -> Tensor:
    """Half of what attention brings and half of what was there, (batch, queries, keys); rows add up to 1."""
    mixed = attention / 2 + torch.eye(attention.shape[-1], dtype=attention.dtype, device=attention.device) / 2
    return mixed / mixed.sum(-1, keepdim=True)
