"""Where a head looks: attention by distance from the site."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, eq=False)
class Profile:
    """Mean attention of one head at every distance, at sites and in control windows.

    What both have in common is the position's own; their difference is what sites add to it.
    """

    distances: Int[np.ndarray, " letters"]
    sites: Float[np.ndarray, " letters"]
    controls: Float[np.ndarray, " letters"]
    by_distance: float

    @property
    def peak(self) -> int:
        """The distance that gets most attention at sites."""
        return int(self.distances[np.argmax(self.sites)])

    @property
    def gain(self) -> int | None:
        """The distance at which sites get most more attention than control windows; None without any more."""
        more = self.sites - self.controls
        best = int(np.argmax(more))
        return int(self.distances[best]) if more[best] > 1e-6 else None

    @property
    def half(self) -> tuple[int, int]:
        """First and last distance of the shortest stretch with half of the attention at sites.

        Of contributions, of those that raise the logit.
        """
        start, end = shortest_stretch(np.maximum(self.sites, 0), 0.5)
        return int(self.distances[start]), int(self.distances[end - 1])


def profile(
    distances: Int[np.ndarray, " letters"],
    sites: Float[np.ndarray, "sites letters"],
    controls: Float[np.ndarray, "controls letters"],
) -> Profile:
    """The profile of one head from its attention in every window."""
    return Profile(distances, sites.mean(0), controls.mean(0), explained_by_distance(sites))


def explained_by_distance(weights: Float[np.ndarray, "sites letters"]) -> float:
    """The share of attention's variance that distance alone explains (eta squared).

    1 for a head that looks alike at every site; NaN for one that looks alike everywhere.
    """
    wide = weights.astype(np.float64)
    total = ((wide - wide.mean()) ** 2).sum()
    if total <= 1e-12 * (wide**2).sum():
        return float("nan")
    return float(len(wide) * ((wide.mean(0) - wide.mean()) ** 2).sum() / total)


def shortest_stretch(values: Float[np.ndarray, " letters"], share: float) -> tuple[int, int]:
    """Start and end (half-open) of the shortest stretch that holds a share of the sum of all values.

    Everything, if they are all 0.
    """
    before = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    wanted = share * before[-1] * (1 - 1e-12)
    ends = np.searchsorted(before, before + wanted, side="left")
    starts = np.flatnonzero(ends < len(before))
    if not len(starts) or before[-1] == 0:
        return 0, len(values)
    best = starts[np.argmin(ends[starts] - starts)]
    return int(best), max(int(ends[best]), int(best) + 1)
