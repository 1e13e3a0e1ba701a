"""AttnLRP (Achtibat et al. 2024, arXiv 2402.05602), on any model, without touching it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from relevome.attribution import methods
from relevome.attribution.gradient_product import audited, gradient_product, with_heads
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.attribution.relevance import Relevance
from relevome.models.base import Batch, Model, Site


@methods.register("attnlrp")
@dataclass(frozen=True)
class AttnLRP:
    """Embedding times the gradient of a modified backward pass, one rule for every kind of operation.

    ``heads`` keeps the relevance of every attention head from the same pass; ``audit`` adds the ledger of
    every sequence, from another.
    """

    suits: ClassVar[str] = (
        "for transformers (on a plain CNN it is gradient x input); 1 forward and 1 backward pass; gives "
        "token_relevance, with --heads head_relevance"
    )
    site: Site = "word"
    reference: Literal["zero", "mean"] = "zero"
    heads: bool = False
    audit: bool = False

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token; see `Method`.

        Raises ``UnsupportedOperation`` if the model moves values by an operation that has no rule.
        """
        recorder = HeadRecorder() if self.heads else None
        found = gradient_product(model, batch, self.site, self.reference, Rules(heads=recorder))
        if recorder:
            found = with_heads(batch, found, recorder.relevance(len(batch), batch.width))
        return audited(model, batch, self.site, found) if self.audit else found
