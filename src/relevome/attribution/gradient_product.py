"""Embedding times gradient, which gradient x input and AttnLRP share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from relevome.attribution.embeddings import at_site, gradients, letter_scores, mean_letter, ordinary, unpadded
from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.flow import LinearRule
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.ledger import SAME, Ledger
from relevome.models.base import Batch, Model, Site


def gradient_product(
    model: Model, batch: Batch, site: Site, reference: Literal["zero", "mean"], rules: Rules | None = None
) -> list[Relevance]:
    """``(embedding - reference) . gradient`` of every token, under the rules of the backward pass.

    Where these were the gradient of every operation, that is noted.
    """
    found = gradients(model, batch, site, rules=rules)
    origin = _reference(model, batch, site, reference, found.embeddings)
    values = unpadded(batch, ((found.embeddings - origin) * found.gradient).sum(-1))
    at_words = model.site(site) is model.word_embedding
    every = letter_scores(model, batch, found.gradient, origin) if at_words else [None] * len(batch)
    rows = zip(batch.tokens, batch.targets, found.scores.tolist(), values, every, strict=True)
    notes = {SAME: 1} if rules is not None and rules.plain else {}
    return [
        Relevance(tokens, target, score, values=value, letter_scores=scores, notes=notes)
        for tokens, target, score, value, scores in rows
    ]


def with_heads(
    batch: Batch, relevances: list[Relevance], heads: Float[Tensor, "batch layers heads tokens"]
) -> list[Relevance]:
    """The same with the relevance of attention heads from the passes that gave it."""
    rows = zip(relevances, unpadded(batch, heads.movedim(-1, 1)), strict=True)
    return [replace(relevance, heads=row.transpose(1, 2, 0)) for relevance, row in rows]


def audited(
    model: Model,
    batch: Batch,
    site: Site,
    relevances: list[Relevance],
    linear: Mapping[int, LinearRule] | None = None,
) -> list[Relevance]:
    """The same with the ledger of every sequence, each from a pass of its own; ``linear`` as in `Rules`."""
    return [
        replace(relevance, ledger=_ledger(model, Batch((tokens,), (target,)), site, relevance.score, linear))
        for relevance, tokens, target in zip(relevances, batch.tokens, batch.targets, strict=True)
    ]


def _ledger(
    model: Model, alone: Batch, site: Site, score: float, linear: Mapping[int, LinearRule] | None
) -> Ledger:
    rules = AuditedRules(linear=linear or {})
    found = gradients(model, alone, site, rules=rules)
    logit = found.scores.item()
    if abs(logit - score) > 1e-2 * (1 + abs(score)):
        raise InputError(
            f"the logit of {alone.tokens[0].sequence.id!r} is {score:.6g}, but {logit:.6g} under audit: the "
            "model writes through views of its activations, leave --audit out"
        )
    return rules.ledger(logit, (found.embeddings.double() * found.gradient.double()).sum().item())


def _reference(model: Model, batch: Batch, site: Site, name: str, embeddings: Tensor) -> Tensor | float:
    """What embeddings are compared with: nothing, or what the mean letter gives at the same place."""
    if name == "zero":
        return 0.0
    if name != "mean":
        raise InputError(f"unknown reference {name!r}: expected zero or mean")
    with torch.no_grad():
        words = model.word_embedding(model.inputs(batch)["input_ids"])
        averaged = torch.where(ordinary(batch, words), mean_letter(model), words)
        return torch.where(ordinary(batch, embeddings), at_site(model, batch, site, averaged), 0.0)
