"""AttnLRP (Achtibat et al. 2024, arXiv 2402.05602), on any model, without touching it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relevome.attribution import methods
from relevome.attribution.gradient_product import gradient_product
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.relevance import Relevance
from relevome.models.base import Batch, Model, Site


@methods.register("attnlrp")
@dataclass(frozen=True)
class AttnLRP:
    """Embedding times the gradient of a modified backward pass, one rule for every kind of operation."""

    site: Site = "word"
    reference: Literal["zero", "mean"] = "zero"

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token; see `Method`.

        Raises ``UnsupportedOperation`` if the model moves values by an operation that has no rule.
        """
        return gradient_product(model, batch, self.site, self.reference, rules=Rules())
