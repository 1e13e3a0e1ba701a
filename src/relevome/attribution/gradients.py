"""Plain gradients: saliency and gradient x input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from relevome.attribution import methods
from relevome.attribution.baselines import check_reference
from relevome.attribution.embeddings import gradients, of_letters, unpadded
from relevome.attribution.gradient_product import gradient_product
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Site


@methods.register("gradient-x-input")
@dataclass(frozen=True)
class GradientXInput:
    """Embedding times gradient, summed over channels (Shrikumar et al. 2016, arXiv 1605.01713)."""

    suits: ClassVar[str] = (
        "for any model, as a simple reference; 1 forward and 1 backward pass; gives token_relevance"
    )
    gives_outputs: ClassVar[bool] = True
    site: Site = "word"
    reference: str = "zero"
    seed: int = 0

    def __post_init__(self) -> None:
        check_reference(self.reference)

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token; see `Method`."""
        return gradient_product(model, batch, self.site, self.reference, seed=self.seed)


@methods.register("saliency")
@dataclass(frozen=True)
class Saliency:
    """Euclidean norm of the gradient at each token (Simonyan et al. 2014, arXiv 1312.6034).

    With the ``reference`` ``mean``, for models that read one-hot letters, it is the gradient in the channels
    that letters have, less its mean over them (Majdandzic et al. 2023, Genome Biology 24:109, eq. 2).
    """

    suits: ClassVar[str] = (
        "for any model, where the sign does not matter; 1 forward and 1 backward pass; gives "
        "token_relevance, never negative"
    )
    gives_outputs: ClassVar[bool] = True
    site: Site = "word"
    reference: Literal["zero", "mean"] = "zero"

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token, never negative; see `Method`.

        Raises ``InputError`` for a ``reference`` without one-hot letters.
        """
        if self.reference == "mean" and not model.reads_one_hot:
            raise InputError(
                "--reference mean: saliency has no letters to take a mean over in learnt embeddings; "
                "expected a model that reads one-hot letters, or another method"
            )
        found = gradients(model, batch, self.site)
        slopes = found.gradient if self.reference == "zero" else of_letters(model, found.gradient)
        norms = torch.linalg.vector_norm(slopes, dim=-1)
        outputs = found.outputs.double().cpu().numpy()
        rows = zip(
            batch.tokens, batch.targets, found.scores.tolist(), unpadded(batch, norms), outputs, strict=True
        )
        return [
            Relevance(tokens, target, score, values=values, outputs=said)
            for tokens, target, score, values, said in rows
        ]
