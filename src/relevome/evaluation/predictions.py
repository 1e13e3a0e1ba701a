"""What a model answers about very many inputs: the explained logit, its probability, the predicted output."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from relevome.errors import InputError
from relevome.evaluation.scoring import Asked, input_key, of_one_kind, pooled
from relevome.models.base import Batch, Model
from relevome.models.predictions import logits_of, outputs_of
from relevome.models.questions import at_targets


def answers(model: Model, asked: Iterable[Asked]) -> Float[np.ndarray, "asked 3"]:
    """The explained logit of every input, the probability of its target, and what is predicted.

    The probability is that of the softmax over outputs; of the logistic function of the logit for multi-label
    and for a difference of two outputs, where it is the first's among the two. Predicted is the index of the
    largest output; for multi-label whether the target is. Of a number and of a log-likelihood, both are 0.
    Equal inputs are computed once in a million tokens. Raises InputError for a logit that is not finite.
    """
    with model.frozen(), torch.inference_mode():
        parts = [_pool(model, pool) for pool in pooled(asked)]
    return np.concatenate([np.zeros((0, 3)), *parts])


def _pool(model: Model, pool: list[Asked]) -> Float[np.ndarray, "pool 3"]:
    keys = [input_key(model, *one) for one in pool]
    different = dict(zip(keys, pool, strict=True))
    found: dict[bytes, np.ndarray] = {}
    for some in of_one_kind(model, different):
        tokens, targets = zip(*(different[key] for key in some), strict=True)
        found.update(zip(some, _answers(model, Batch(tokens, targets)), strict=True))
    answered = np.stack([found[key] for key in keys])
    if not np.isfinite(answered).all():
        name = pool[int(np.flatnonzero(~np.isfinite(answered).all(1))[0])][0].sequence.id
        raise InputError(
            f"an output for sequence {name!r}, with letters changed, is infinite or not a number: the model "
            "overflowed; use a wider --dtype"
        )
    return answered


def _answers(model: Model, batch: Batch) -> Float[np.ndarray, "batch 3"]:
    logits = logits_of(model, batch)
    score = model.select(logits, batch).double()
    logits = at_targets(logits, batch, model.kind)
    return torch.stack([score, *_predicted(model, batch, score, logits.double())], 1).cpu().numpy()


def _predicted(
    model: Model, batch: Batch, score: Float[Tensor, "batch"], logits: Float[Tensor, "batch outputs"]
) -> tuple[Tensor, Tensor]:
    """The probability of the target, and what is predicted."""
    kind = outputs_of(model, batch.targets[0])
    if kind == "a number":
        return torch.zeros_like(score), torch.zeros_like(score)
    index = torch.tensor([target.index for target in batch.targets], device=logits.device)
    own = logits.gather(1, index[:, None])[:, 0]
    if kind == "any of several":
        return score.sigmoid(), (own > 0).double()
    largest = logits.argmax(1).double()
    if batch.targets[0].contrast is not None:
        return score.sigmoid(), largest
    return (own - logits.logsumexp(1)).exp(), largest
