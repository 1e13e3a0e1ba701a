"""ROC AUC and average precision over any number of positions, of which only labelled ones are held."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


class Ranking:
    """Where labelled positions stand among all others by their scores; exact, ties included.

    Positions come in any number of pieces. What both curves depend on is how many positions score at least
    as much as each labelled one, and how many score more.
    """

    def __init__(self, labelled: Float[np.ndarray, " sites"]) -> None:
        self._scores, self._sites = np.unique(labelled, return_counts=True)
        self._below = np.zeros(len(self._scores) + 1, dtype=np.int64)
        self._up_to = np.zeros(len(self._scores) + 1, dtype=np.int64)

    def add(self, scores: Float[np.ndarray, " positions"]) -> None:
        """Count further positions, labelled ones among them; NaN is no position."""
        scores = scores[~np.isnan(scores)]
        places = len(self._below)
        self._below += np.bincount(np.searchsorted(self._scores, scores, "left"), minlength=places)
        self._up_to += np.bincount(np.searchsorted(self._scores, scores, "right"), minlength=places)

    @property
    def positions(self) -> int:
        """How many positions were counted."""
        return int(self._below.sum())

    @property
    def sites(self) -> int:
        """How many of them are labelled."""
        return int(self._sites.sum())

    def roc_auc(self) -> float | None:
        """The chance that a labelled position scores more than another, ties half; None if all are one."""
        others = self.positions - self.sites
        if not self.sites or not others:
            return None
        at_least, more = self._others()
        won = (others - at_least) + (at_least - more) / 2
        return float((self._sites * won).sum() / (self.sites * others))

    def average_precision(self) -> float | None:
        """Precision at every threshold, weighted by the recall that it adds; None without labels."""
        return float((self._sites * self._precision()).sum() / self.sites) if self.sites else None

    def threshold(self, precision: float) -> float | None:
        """The lowest labelled score at and above which at least that share is labelled, if there is any."""
        enough = np.flatnonzero(self._precision() >= precision)
        return float(self._scores[enough[0]]) if len(enough) else None

    def _precision(self) -> Float[np.ndarray, " scores"]:
        """The share of labelled positions among those that score at least as much as each labelled score."""
        right = _from_above(self._sites)
        return right / (right + self._others()[0])

    def _others(self) -> tuple[Int[np.ndarray, " scores"], Int[np.ndarray, " scores"]]:
        """How many positions that are not labelled score at least as much as each score, and more."""
        right = _from_above(self._sites)
        at_least, more = _from_above(self._up_to)[1:], _from_above(self._below)[1:]
        return at_least - right, more - (right - self._sites)


def _from_above(counts: Int[np.ndarray, " scores"]) -> Int[np.ndarray, " scores"]:
    """Sums of each count and all after it."""
    return counts[::-1].cumsum()[::-1]
