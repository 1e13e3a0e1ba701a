"""Whether pairs are structure: how many of the strongest touch, of maps and of every attention head."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from relevome.attribution.attention_weights import each_attention
from relevome.data.sequences import Sequence
from relevome.discovery.head_attention import over_letters
from relevome.discovery.pairs.jacobian import product_corrected
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.results.head_name import HeadName
from relevome.results.pairs.contacts import APART, TOP
from relevome.words import counted

Square = Float[np.ndarray, "letters letters"]
Touching = Bool[np.ndarray, "letters letters"]


def contact_matrix(sequence: Sequence, contacts: Collection[tuple[int, int]]) -> Touching:
    """Which letters touch, both ways round. Raises InputError for a letter that the sequence has not."""
    size = len(sequence)
    found = np.zeros((size, size), dtype=bool)
    for i, j in contacts:
        if not 0 <= i < j < size:
            raise InputError(
                f"a contact of letters {i} and {j} is not on sequence {sequence.id!r} of "
                f"{counted(size, 'letter')}: expected letters counted from 0"
            )
        found[i, j] = found[j, i] = True
    return found


def precisions(strength: Square, touching: Touching) -> Float[np.ndarray, "apart top"]:
    """The share of the strongest pairs that touch, by the least distance and by how many are looked at.

    Pairs are at least 6, 12 and 24 letters apart; of L letters the L, L/2 and L/5 strongest count, one at
    least, and all where there are fewer. NaN without any pair so far apart. Of equal ones those that come
    first count. It is the measure of contact prediction (Monastyrskyy et al. 2016, Proteins 84:131-144).
    """
    size = len(strength)
    found = np.full((len(APART), len(TOP)), np.nan)
    for row, apart in enumerate(APART):
        i, j = np.triu_indices(size, apart)
        values = np.fmax(strength[i, j], strength[j, i])
        order = np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable")
        for column, part in enumerate(TOP.values()):
            best = order[: max(size // part, 1)]
            if len(best):
                found[row, column] = touching[i[best], j[best]].mean()
    return found


def nearest_precisions(touching: Touching) -> Float[np.ndarray, "apart top"]:
    """What `precisions` would be of the pairs that are nearest along the sequence, of which more touch.

    Of pairs with the same distance, where not all are among the strongest, it is the mean over which are.
    NaN without any pair so far apart.
    """
    size = len(touching)
    found = np.full((len(APART), len(TOP)), np.nan)
    counts = np.array([size - apart for apart in range(size)])
    touch = np.array([np.diagonal(touching, apart).sum() for apart in range(size)])
    for row, apart in enumerate(APART):
        before = np.concatenate([[0], np.cumsum(counts[apart:])])  # pairs that are nearer, of each distance
        for column, part in enumerate(TOP.values()):
            most = min(max(size // part, 1), before[-1])
            taken = np.clip(most - before[:-1], 0, counts[apart:])
            if most:
                found[row, column] = (taken / counts[apart:] * touch[apart:]).sum() / most
    return found


def densities(touching: Touching) -> Float[np.ndarray, " apart"]:
    """The share of all pairs that touch, by the least distance: what chance would have. NaN without pairs."""
    shares = [touching[np.triu_indices(len(touching), apart)] for apart in APART]
    return np.array([share.mean() if len(share) else np.nan for share in shares])


def head_maps(model: Model, sequence: Sequence) -> dict[HeadName, Square]:
    """The attention of every head from letter to letter, made symmetrical and corrected.

    Both ways are added, special tokens left out, and the product of sums of row and column over that of all
    taken away, as Rao et al. 2021 (ICLR, Transformer protein language models are unsupervised structure
    learners) do. Raises InputError for a model without attention over its tokens.
    """
    tokens = model.tokenize(sequence)
    letters, found = over_letters(tokens), {}
    asked = Target(0, "", len(sequence) - 1 if model.kind.by_letter else None)  # of which nothing is kept

    def tell(layer: int, weights: Tensor) -> None:
        for head, one in enumerate(weights[0].double().cpu().numpy()):
            both = letters.T @ one @ letters
            both = both + both.T
            np.fill_diagonal(both, 0.0)
            found[HeadName(layer, head)] = product_corrected(both)

    with torch.no_grad():
        each_attention(model, Batch((tokens,), (asked,)), tell)
    return found
