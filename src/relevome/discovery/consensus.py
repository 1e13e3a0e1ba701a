"""What a head looks for: the letters that it attends to, against those as far from other sites.

Were attended letters compared with any others, a head that always looks ten letters ahead would seem to look
for whatever all sites have there. So the background is taken at the same distances, from sites whose letters
there the head passes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import chi2

from relevome.data.motifs import Motif, pearson
from relevome.data.sequences import Alphabet
from relevome.discovery.windows import MISSING

FLANK = 15  # letters on both sides of an attended one
SHARE = 0.25  # of all sites, those that a head attends to most

_LEVEL = 0.01  # of the test whether letters of a column differ from the background, over all columns
_LEAST_BITS = 0.05
_FEWEST = 4  # columns that differ, without which there is no consensus
_ROUNDING = 1e-4  # of attention: less is the same


@dataclass(frozen=True, eq=False)
class Attended:
    """Letters that a head attends to more than it does at that distance on average; one of each site."""

    sites: Int[np.ndarray, " attended"]
    letters: Int[np.ndarray, " attended"]

    def __len__(self) -> int:
        return len(self.sites)

    def among(self, kept: Int[np.ndarray, " kept"]) -> Attended:
        """Those of some sites, in ascending order, which are then counted anew."""
        there = np.isin(self.sites, kept)
        return Attended(np.searchsorted(kept, self.sites[there]), self.letters[there])


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


@dataclass(frozen=True, eq=False)
class Consensus:
    """How often letters stand beside attended ones, row ``flank`` being the attended letters themselves.

    ``background`` are their frequencies beside unattended letters at the same distances; ``p`` says whether
    a row of counts could come from it.
    """

    alphabet: Alphabet
    flank: int
    counts: Float[np.ndarray, "rows letters"]
    background: Float[np.ndarray, "rows letters"]
    p: Float[np.ndarray, " rows"]

    @cached_property
    def frequencies(self) -> Float[np.ndarray, "rows letters"]:
        """Of letters beside attended ones, one pseudocount being divided up as in the background."""
        return (self.counts + self.background) / (self.counts.sum(1, keepdims=True) + 1)

    @cached_property
    def information(self) -> Float[np.ndarray, " rows"]:
        """Bits by which each row's letters differ from the background's (Kullback-Leibler)."""
        return (self.frequencies * np.log2(self.frequencies / self.background)).sum(1)

    @cached_property
    def probabilities(self) -> Float[np.ndarray, "rows letters"]:
        """A matrix of what the head prefers, and not of what all sites have there.

        A row is a mixture of frequencies and equally likely letters. The share of the former is that of its
        information which the background does not explain.
        """
        letters = self.frequencies.shape[1]
        whole = (self.frequencies * np.log2(self.frequencies * letters)).sum(1)
        share = np.divide(self.information, whole, out=np.ones_like(whole), where=self.information < whole)
        return share[:, None] * self.frequencies + (1 - share[:, None]) / letters

    @cached_property
    def core(self) -> range:
        """Rows from the first that differs from the background to the last; none if too few differ."""
        differs = np.flatnonzero((self.p < _LEVEL / len(self.p)) & (self.information >= _LEAST_BITS))
        return range(differs[0], differs[-1] + 1) if len(differs) >= _FEWEST else range(0)

    @property
    def offsets(self) -> range:
        """The core in letters from the attended one; that letter alone without a core."""
        start, end = (self.core.start, self.core.stop) if self.core else (self.flank, self.flank + 1)
        return range(start - self.flank, end - self.flank)

    def motif(self, name: str) -> Motif | None:
        """The core as a motif, if there is one."""
        if not self.core:
            return None
        return Motif(name, name, self.probabilities[self.core.start : self.core.stop], self.alphabet)


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
