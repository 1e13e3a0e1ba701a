"""AttnLRP (Achtibat et al. 2024, arXiv 2402.05602), on any model, without touching it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from relevome.attribution import methods
from relevome.attribution.baselines import check_reference
from relevome.attribution.gradient_product import audited, gradient_product, with_heads
from relevome.attribution.lrp.attention_rules import PUBLISHED, AttentionRule, apart, rules_as_text
from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Site


@methods.register("attnlrp")
@dataclass(frozen=True)
class AttnLRP:
    """Embedding times the gradient of a modified backward pass, one rule for every kind of operation.

    ``reference`` is what embeddings are compared with, see `gradient_product`; ``rules`` is the rule for
    attention, ``attention=NAME`` or ``{"attention": NAME}``, of `relevome list attention-rules`. ``heads``
    keeps the relevance of every attention head from the same pass; ``audit`` adds the ledger of every
    sequence, from another.
    """

    suits: ClassVar[str] = (
        "for transformers (on a plain CNN it is gradient x input); 1 forward and 1 backward pass; gives "
        "token_relevance, with --heads head_relevance"
    )
    gives_outputs: ClassVar[bool] = True
    site: Site = "word"
    reference: str = "zero"
    rules: str | Mapping[str, str] = PUBLISHED
    heads: bool = False
    audit: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_reference(self.reference)
        object.__setattr__(self, "rules", rules_as_text(self.rules))
        self._attention()

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token; see `Method`.

        Raises ``UnsupportedOperation`` if the model moves values by an operation that has no rule.
        """
        recorder, attention = HeadRecorder() if self.heads else None, self._attention()
        rules = Rules(heads=recorder, attention=attention)
        found = gradient_product(model, batch, self.site, self.reference, rules, seed=self.seed)
        if recorder:
            found = with_heads(batch, found, recorder.relevance(len(batch), batch.width))
        if not self.audit:
            return found
        return audited(model, batch, self.site, found, partial(AuditedRules, attention=attention))

    def _attention(self) -> AttentionRule:
        attention, others = apart(rules_as_text(self.rules))
        if others:
            raise InputError(
                f"--rules {others}: attnlrp has a choice for attention alone, such as attention=cp; rules "
                "for layers are those of --method lrp"
            )
        return attention
