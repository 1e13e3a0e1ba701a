"""Embedding times gradient, which gradient x input and AttnLRP share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from relevome.attribution.baselines import baseline_words, draws
from relevome.attribution.embeddings import at_site, gradients, letter_scores, ordinary, unpadded
from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.ledger import SAME, Ledger
from relevome.models.base import Batch, Model, Site


def gradient_product(
    model: Model, batch: Batch, site: Site, reference: str, rules: Rules | None = None, *, seed: int = 0
) -> list[Relevance]:
    """``(embedding - reference) . gradient`` of every token, under the rules of the backward pass.

    The reference is ``zero``, which is nothing; ``mean``, the mean letter; or ``shuffle:N``, what stands at
    the same place in a shuffled sequence, the mean over N draws: those of integrated gradients against that
    baseline, from the same ``seed``. At the block it is what that gives for either. Of one-hot letters x,
    ``mean`` is the corrected gradient of Majdandzic et al. 2023 (Genome Biology 24:109, eq. 2), times x:
    (x - 1/L) . g = x . (g - mean(g)), for L letters.

    Where these were the gradient of every operation, that is noted.
    """
    found = gradients(model, batch, site, rules=rules)
    origin = _reference(model, batch, site, reference, found.embeddings, seed)
    values = unpadded(batch, ((found.embeddings - origin) * found.gradient).sum(-1))
    at_words = model.site(site) is model.word_embedding
    every = letter_scores(model, batch, found.gradient, origin) if at_words else [None] * len(batch)
    outputs = found.outputs.double().cpu().numpy()
    rows = zip(batch.tokens, batch.targets, found.scores.tolist(), values, every, outputs, strict=True)
    notes = {SAME: 1} if rules is not None and rules.plain else {}
    return [
        Relevance(tokens, target, score, values=value, letter_scores=scores, notes=notes, outputs=said)
        for tokens, target, score, value, scores, said in rows
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
    rules: Callable[[], AuditedRules],
) -> list[Relevance]:
    """The same with the ledger of every sequence, each from a pass under rules of its own."""
    return [
        replace(relevance, ledger=_ledger(model, Batch((tokens,), (target,)), site, relevance.score, rules()))
        for relevance, tokens, target in zip(relevances, batch.tokens, batch.targets, strict=True)
    ]


def _ledger(model: Model, alone: Batch, site: Site, score: float, rules: AuditedRules) -> Ledger:
    found = gradients(model, alone, site, rules=rules)
    logit = found.scores.item()
    if abs(logit - score) > 1e-2 * (1 + abs(score)):
        raise InputError(
            f"the logit of {alone.tokens[0].sequence.id!r} is {score:.6g}, but {logit:.6g} under audit: the "
            "model writes through views of its activations, leave --audit out"
        )
    return rules.ledger(logit, (found.embeddings.double() * found.gradient.double()).sum().item())


def _reference(
    model: Model, batch: Batch, site: Site, name: str, embeddings: Tensor, seed: int
) -> Tensor | float:
    """What embeddings are compared with, the mean over draws; special tokens always with nothing."""
    if name == "zero":
        return 0.0
    total = torch.zeros_like(embeddings)
    with torch.no_grad():
        words = model.word_embedding(model.inputs(batch)["input_ids"])
        for draw in range(draws(name)):
            others = baseline_words(model, batch, words, name, [seed, draw])
            total += at_site(model, batch, site, others)
        return torch.where(ordinary(batch, embeddings), total / draws(name), 0.0)
