"""Attention itself as an explanation (Clark et al. 2019, arXiv 1906.04341).

What it says about a prediction is disputed: Jain & Wallace 2019 (arXiv 1902.10186).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from relevome.attribution import methods
from relevome.attribution.attention_weights import Query, each_attention, query_shares
from relevome.attribution.embeddings import unpadded
from relevome.attribution.relevance import Relevance
from relevome.models.base import Batch, Model


@methods.register("attention")
@dataclass(frozen=True)
class Attention:
    """How much the token that the prediction is read from looks at every other: the mean over heads.

    ``layers`` is the last one or the mean over all. ``query`` is the token that looks, see `query_shares`.
    Relevance of a sequence is never negative and adds up to 1.
    """

    suits: ClassVar[str] = (
        "for models with attention, to see where one looks; 2 forward passes and a part of a backward one; "
        "gives token_relevance, never negative and the same for every target"
    )
    layers: Literal["last", "mean"] = "last"
    query: Query = "read"

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token; see `Method`. Raises ``InputError`` for a model without attention."""
        seen: list[Tensor] = []

        def tell(_layer: int, weights: Tensor) -> None:
            of_layer = weights.mean(1)
            seen[:] = [seen[0] + of_layer if seen and self.layers == "mean" else of_layer]

        scores, layers = each_attention(model, batch, tell)
        shares = query_shares(model, batch, self.query, layers)
        values = torch.einsum("bq,bqk->bk", shares, seen[0]) / (layers if self.layers == "mean" else 1)
        rows = zip(batch.tokens, batch.targets, scores.tolist(), unpadded(batch, values), strict=True)
        return [Relevance(tokens, target, score, values=value) for tokens, target, score, value in rows]
