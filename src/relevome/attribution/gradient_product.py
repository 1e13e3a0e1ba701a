"""Embedding times gradient, which gradient x input and AttnLRP share."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from torch import Tensor

from relevome.attribution.embeddings import at_site, gradients, letter_scores, mean_letter, ordinary, unpadded
from relevome.attribution.relevance import Relevance
from relevome.data.errors import InputError
from relevome.models.base import Batch, Model, Site


def gradient_product(
    model: Model,
    batch: Batch,
    site: Site,
    reference: Literal["zero", "mean"],
    rules: AbstractContextManager[Any] | None = None,
) -> list[Relevance]:
    """``(embedding - reference) . gradient`` of every token, under the rules of the backward pass."""
    found = gradients(model, batch, site, rules=rules)
    origin = _reference(model, batch, site, reference, found.embeddings)
    values = unpadded(batch, ((found.embeddings - origin) * found.gradient).sum(-1))
    at_words = model.site(site) is model.word_embedding
    every = letter_scores(model, batch, found.gradient, origin) if at_words else [None] * len(batch)
    rows = zip(batch.tokens, batch.targets, found.scores.tolist(), values, every, strict=True)
    return [
        Relevance(tokens, target, score, values=value, letter_scores=scores)
        for tokens, target, score, value, scores in rows
    ]


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
