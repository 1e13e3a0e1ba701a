"""Plain gradients: saliency and gradient x input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from relevome.attribution import methods
from relevome.attribution.embeddings import gradients, unpadded
from relevome.attribution.gradient_product import gradient_product
from relevome.attribution.relevance import Relevance
from relevome.models.base import Batch, Model, Site


@methods.register("gradient-x-input")
@dataclass(frozen=True)
class GradientXInput:
    """Embedding times gradient, summed over channels (Shrikumar et al. 2016, arXiv 1605.01713)."""

    suits: ClassVar[str] = (
        "for any model, as a simple reference; 1 forward and 1 backward pass; gives token_relevance"
    )
    site: Site = "word"
    reference: Literal["zero", "mean"] = "zero"

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token; see `Method`."""
        return gradient_product(model, batch, self.site, self.reference)


@methods.register("saliency")
@dataclass(frozen=True)
class Saliency:
    """Euclidean norm of the gradient at each token (Simonyan et al. 2014, arXiv 1312.6034)."""

    suits: ClassVar[str] = (
        "for any model, where the sign does not matter; 1 forward and 1 backward pass; gives "
        "token_relevance, never negative"
    )
    site: Site = "word"

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token, never negative; see `Method`."""
        found = gradients(model, batch, self.site)
        norms = torch.linalg.vector_norm(found.gradient, dim=-1)
        rows = zip(batch.tokens, batch.targets, found.scores.tolist(), unpadded(batch, norms), strict=True)
        return [Relevance(tokens, target, score, values=values) for tokens, target, score, values in rows]
