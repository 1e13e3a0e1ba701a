"""The letters that a head attends to, and the matrix of those beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from relevome.data.motifs import Motif
from relevome.data.sequences import Alphabet

_LEVEL = 0.01  # of the test whether letters of a column differ from the background, over all columns
_LEAST_BITS = 0.05
_FEWEST = 4  # columns that differ, without which there is no consensus


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
