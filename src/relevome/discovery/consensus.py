"""What a head looks for: the letters that it attends to, against those as far from other sites.

Were attended letters compared with any others, a head that always looks ten letters ahead would seem to look
for whatever all sites have there. So the background is taken at the same distances, from sites whose letters
there the head passes over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import chi2

from relevome.data.motifs import Motif, pearson
from relevome.data.sequences import Alphabet
from relevome.discovery.windows import MISSING
from relevome.results.attention_heads.consensus import Attended, Consensus
from relevome.results.attention_heads.settings import FLANK, SHARE

_ROUNDING = 1e-4  # of attention: less is the same


def attended(weights: Float[np.ndarray, "sites letters"], share: float = SHARE) -> Attended:
    """The most attended letter of each of the ``share`` of sites where attention exceeds its mean most.

    The mean is that over all sites at the same distance, or 0 where it is below: what a letter brings to a
    logit may be negative, and one that lowers it less than others do does not raise it. A site at which no
    letter exceeds the mean is left out.
    """
    mean = np.maximum(weights.mean(0), 0)
    excess = weights - mean
    best = excess.argmax(1)
    rows = np.arange(len(weights))
    most = excess[rows, best]
    count = max(1, round(share * len(weights)))
    first = np.argsort(-most, kind="stable")[:count]
    sites = np.sort(first[most[first] > _ROUNDING * mean[best[first]]])
    return Attended(sites, best[sites])


def unattended(weights: Float[np.ndarray, "sites letters"]) -> Bool[np.ndarray, "sites letters"]:
    """At every distance, the half of all sites whose letter there gets least attention.

    Of what letters bring to a logit all that do not raise it, which may be more than half: were it the lowest
    half, a head would seem to look for whatever is unlike the letters that lower the logit.
    """
    return weights <= np.maximum(np.median(weights, axis=0), 0)


def consensus(
    codes: Int[np.ndarray, "sites letters"],
    chosen: Attended,
    passed_over: Bool[np.ndarray, "sites letters"],
    alphabet: Alphabet,
    flank: int = FLANK,
) -> Consensus:
    """The letters beside those that were chosen, and beside ``passed_over`` ones at the same distances.

    ``codes`` are letters by their number, -1 where there is none; so are those off the windows.
    """
    letters = len(alphabet.letters)
    padded = np.pad(codes, ((0, 0), (flank, flank)), constant_values=MISSING)
    counts = _counts(padded, chosen.sites, chosen.letters, flank, letters)
    background, effective = np.zeros_like(counts), 0.0
    for letter, times in zip(*np.unique(chosen.letters, return_counts=True), strict=True):
        others = np.flatnonzero(passed_over[:, letter])
        found = _counts(padded, others, np.full(len(others), letter), flank, letters)
        background += times * found / np.maximum(found.sum(1, keepdims=True), 1)
        effective += times**2 / max(len(others), 1)
    whole = background.sum(1, keepdims=True)
    background = np.divide(background, whole, out=np.full_like(background, 1 / letters), where=whole > 0)
    size = len(chosen) ** 2 / effective if effective else 0.0
    p = _differ(counts, size * background)
    # what no background letter was seen of would have infinite odds
    background = (size * background + 1 / letters) / (size + 1)
    return Consensus(alphabet, flank, counts, background, p)


def _counts(
    padded: Int[np.ndarray, "sites wide"], sites: np.ndarray, letters: np.ndarray, flank: int, alphabet: int
) -> Float[np.ndarray, "rows alphabet"]:
    """How often each letter stands at each place, from ``flank`` before the given letters on."""
    stretch = padded[sites[:, None], letters[:, None] + np.arange(2 * flank + 1)]
    return np.stack([(stretch == letter).sum(0) for letter in range(alphabet)], axis=1).astype(float)


def _differ(
    counts: Float[np.ndarray, "rows letters"], others: Float[np.ndarray, "rows letters"]
) -> Float[np.ndarray, " rows"]:
    """Pearson's chi-squared test of two rows of counts, for every row; 1 where nothing can be compared."""
    both = np.stack([counts, others])
    whole = both.sum((0, 2), keepdims=True)
    expected = both.sum(0) * both.sum(2, keepdims=True) / np.where(whole > 0, whole, 1)
    terms = np.divide((both - expected) ** 2, expected, out=np.zeros_like(both), where=expected > 0)
    kinds = (both.sum(0) > 0).sum(1)
    return np.where(kinds > 1, chi2.sf(terms.sum((0, 2)), np.maximum(kinds - 1, 1)), 1.0)


@dataclass(frozen=True)
class Alignment:
    """Where a consensus is most like a motif.

    The motif's first letter on the strand of the windows, or its last if ``strand`` is ``-``, stands
    ``offset`` letters from the attended one. ``r`` is Pearson's.
    """

    r: float
    offset: int
    strand: str


def align(consensus: Consensus, motif: Motif) -> Alignment:
    """The stretch of a consensus that is most like a motif, on either strand."""
    wanted = {"+": motif.probabilities}
    if motif.alphabet.complements is not None:
        wanted["-"] = motif.turned
    found = consensus.probabilities
    fits = [
        Alignment(
            pearson(found[start : start + len(motif)], one),
            start - consensus.flank,
            strand,
        )
        for strand, one in wanted.items()
        for start in range(len(found) - len(motif) + 1)
    ]
    return max(fits, key=lambda fit: fit.r)
