"""What every head looks at where a prediction at a site is read, or what it brings from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from relevome.attribution.attention_weights import Query, contributions, each_attention, query_shares
from relevome.discovery.windows import Windows
from relevome.models.base import Batch, Model
from relevome.models.tokens import Tokens
from relevome.progress import Progress, nobody
from relevome.results.attention_heads.settings import Weighing
from relevome.results.head_name import HeadName


@dataclass(frozen=True, eq=False)
class HeadWeights:
    """What every letter of every window weighs with each head.

    What special tokens get is left out, so that a row of attention adds up to 1 or less.
    """

    names: tuple[HeadName, ...]
    weights: Float[np.ndarray, "sites heads letters"]


def look(
    model: Model,
    windows: Windows,
    query: Query = "read",
    weigh: Weighing = "attention",
    progress: Progress = nobody,
) -> HeadWeights:
    """Run a model over windows and keep what letters weigh with all heads, single precision.

    By ``attention``: ``query`` says which tokens look, see `query_shares`; no other rows are kept. By
    ``contribution`` all tokens look, each as the logit depends on it, see `contributions`. Raises
    ``InputError`` for a model without attention over its tokens, and where the logit depends on none of the
    last layer's. ``progress`` is told how many windows were just done, and of how many.
    """
    names = _heads(model, windows.part(np.arange(1)))
    layers = names[-1].layer + 1
    weights = np.zeros((len(windows), len(names), windows.length), dtype=np.float32)
    # for gradients the weights of all layers are held
    for rows, batch in windows.batches(model, share=1.0 if weigh == "attention" else 0.5 / layers):
        if weigh == "attention":
            by_token = _from_the_query(model, batch, query_shares(model, batch, query, layers))
        else:
            by_token = torch.cat(contributions(model, batch), 1).float().cpu().numpy()
        for row, seen, tokens in zip(rows, by_token, batch.tokens, strict=True):
            weights[row] = seen[:, : len(tokens)] @ over_letters(tokens)
        progress(len(rows), len(windows))
    return HeadWeights(names, weights)


def _heads(model: Model, windows: Windows) -> tuple[HeadName, ...]:
    """All heads of a model, by what they do on one window."""
    names: list[HeadName] = []

    def count(layer: int, weights: Tensor) -> None:
        names.extend(HeadName(layer, head) for head in range(weights.shape[1]))

    for _, batch in windows.batches(model):
        each_attention(model, batch, count)
    return tuple(names)


def _from_the_query(
    model: Model, batch: Batch, shares: Float[Tensor, "batch tokens"]
) -> Float[np.ndarray, "batch heads tokens"]:
    """Attention of the tokens that look, by their ``shares``, all layers one after the other."""
    found: list[Tensor] = []

    def keep(_layer: int, weights: Tensor) -> None:
        found.append(torch.einsum("bq,bhqk->bhk", shares.to(weights.dtype), weights))

    each_attention(model, batch, keep)
    return torch.cat(found, 1).float().cpu().numpy()


def over_letters(tokens: Tokens) -> Float[np.ndarray, "tokens letters"]:
    """What share of each token belongs to each letter: equal shares, 0 for special tokens."""
    shares = np.zeros((len(tokens), len(tokens.sequence)))
    for row, start, end in zip(shares, tokens.starts, tokens.ends, strict=True):
        row[start:end] = 1 / max(end - start, 1)
    return shares
