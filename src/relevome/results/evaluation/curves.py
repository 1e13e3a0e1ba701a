"""Curves of faithfulness: of one sequence, and their means over many."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from relevome.results.estimate import Estimate


@dataclass(frozen=True, eq=False)
class FaithfulnessCurves:
    """The score of one sequence as ``shares`` of it are taken away; means over the draws of a replacement.

    ``random`` has the curves of random orders: those of the odd rows are the reverse of the rows before.
    Of ``others``, tokens none of whose letters was taken away, ``changed`` were tokenised otherwise, counted
    over all changed sequences.
    """

    shares: Float[np.ndarray, "shares"]
    morf: Float[np.ndarray, "shares"]
    lerf: Float[np.ndarray, "shares"]
    random: Float[np.ndarray, "orders shares"]
    others: int = 0
    changed: int = 0

    @property
    def share_changed(self) -> float:
        """The share of other tokens that changed."""
        return self.changed / max(self.others, 1)

    def of_random_orders(self) -> list[FaithfulnessCurves]:
        """The same for every random order, as if that were the order of relevance."""
        reverse = self.random.reshape(-1, 2, len(self.shares))[:, ::-1].reshape(self.random.shape)
        return [replace(self, morf=a, lerf=b) for a, b in zip(self.random, reverse, strict=True)]


@dataclass(frozen=True)
class MeanCurves:
    """The mean score of ``sequences`` as ``shares`` of them are taken away, with its 95% interval.

    ``random`` is the mean over the random orders of each.
    """

    sequences: int
    shares: tuple[float, ...]
    morf: tuple[Estimate, ...]
    lerf: tuple[Estimate, ...]
    random: tuple[Estimate, ...]
