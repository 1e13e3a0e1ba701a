"""How much of relevance lies inside known sites: every statistic is a sum over the letters inside.

What a letter adds depends on relevance and on how many letters are inside, not on which. So the same weights
serve every other mask of as many letters: those of a null model, by the thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float

Rows: TypeAlias = Float[np.ndarray, "rows letters"]


def point_biserial(relevance: Rows, inside: int) -> Rows:
    """What each letter adds to the correlation with being inside; nothing where all are alike.

    With z the relevance less its mean, r is the sum of z inside over sqrt(sum z^2 K (N - K) / N), for K of N
    letters inside (Tate 1954, Annals of Mathematical Statistics 25:603-607).
    """
    letters = relevance.shape[1]
    alike = relevance.min(1, keepdims=True) == relevance.max(1, keepdims=True)
    values = scaled(relevance)
    values -= values.mean(1, keepdims=True)
    spread = np.einsum("ij,ij->i", values, values)[:, None] * (inside * (letters - inside) / letters)
    values *= np.where(alike, 0, 1 / np.sqrt(np.where(alike, 1, spread)))
    return values


def mass_accuracy(relevance: Rows, inside: int) -> Rows:
    """Each letter's share of the positive relevance; equal shares where none is positive.

    Arras et al. 2022, Information Fusion 81:14-40, doi 10.1016/j.inffus.2021.11.008.
    """
    positive = np.maximum(scaled(relevance), 0)
    mass = positive.sum(1, keepdims=True)
    positive /= np.where(mass > 0, mass, 1)
    positive[mass[:, 0] <= 0] = 1 / relevance.shape[1]
    return positive


def rank_accuracy(relevance: Rows, inside: int) -> Rows:
    """1 / K for each of the K most relevant letters; those that tie for the last places share them.

    Arras et al. 2022, as for `mass_accuracy`.
    """
    last = np.partition(relevance, -inside, axis=1)[:, -inside, None]
    above, tied = relevance > last, relevance == last
    left = (inside - above.sum(1, keepdims=True)) / tied.sum(1, keepdims=True)
    weights = above / relevance.dtype.type(inside)
    weights += tied * (left / inside).astype(relevance.dtype)
    return weights


def on_masks(
    relevance: Rows, masks: Bool[np.ndarray, "masks letters"]
) -> Float[np.ndarray, "metrics masks rows"]:
    """Every one of `STATISTICS`, in its order, of all rows on several masks at once.

    Masks may have different numbers of letters inside, no fewer than one and no more than all but one. The
    weights of r for K letters are those for one times sqrt((N - 1) / (K (N - K))), and those of shares are
    the same for any K; ranks are sorted once.
    """
    rows, letters = relevance.shape
    inside = masks.sum(1)
    factors = np.sqrt((letters - 1) / (inside * (letters - inside)))
    found = np.empty((len(STATISTICS), len(masks), rows), dtype=relevance.dtype)
    found[0] = factors[:, None] * (masks.astype(relevance.dtype) @ point_biserial(relevance, 1).T)
    found[2] = masks.astype(relevance.dtype) @ mass_accuracy(relevance, 1).T
    ordered, by_letter = np.sort(relevance, axis=1), np.ascontiguousarray(relevance.T)
    for row, mask, count in zip(found[1], masks, inside.tolist(), strict=True):
        last = ordered[:, letters - count]
        row[:] = np.count_nonzero(by_letter[mask] >= last, axis=0) / count
        tied = ordered[:, letters - count - 1] == last  # with a letter that is not among the first
        if tied.any():
            row[tied] = rank_accuracy(relevance[tied], count)[:, mask].sum(1)
    return found


STATISTICS: Mapping[str, Callable[[Rows, int], Rows]] = {
    "point-biserial": point_biserial,
    "rank-accuracy": rank_accuracy,
    "mass-accuracy": mass_accuracy,
}


def scaled(relevance: Float[np.ndarray, "*rows letters"]) -> Float[np.ndarray, "*rows letters"]:
    """In units of the largest magnitude of each row, so that no sum or square overflows or vanishes."""
    largest = np.maximum(relevance.max(-1, keepdims=True), -relevance.min(-1, keepdims=True))
    return relevance / np.where(largest > 0, largest, 1)
