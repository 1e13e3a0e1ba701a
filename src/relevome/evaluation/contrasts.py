"""Sites of a whole run: how relevance of one motif differs between sequences that ask other things of it.

A site's contrast is its relevance over what as many letters beside all sites have in the mean, so that a
sequence whose relevance is larger everywhere says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from relevome.evaluation.required import Relevance, Required, beside, sums

_NOTHING = 1e-12  # of the largest sum: spreads below it are rounding

OWN = "own"
UNLIKE = "without a site whose motif must have another effect in another sequence"


@dataclass(frozen=True, eq=False)
class SiteContrasts:
    """Names, required effects and contrasts of the sites of one sequence.

    ``scale`` is the largest size of what contrasts are the differences of.
    """

    names: tuple[str, ...]
    effects: Float[np.ndarray, " sites"]
    values: Float[np.ndarray, " sites"]
    scale: float

    @classmethod
    def of(cls, relevance: Relevance, sites: Required) -> SiteContrasts:
        """What relevance says of the sites of a sequence."""
        outside = float(relevance[beside(len(relevance), sites)].mean())
        widths = np.array([site.end - site.start for site in sites], dtype=np.float64)
        effects = np.array([site.effect for site in sites], dtype=np.float64)
        names = tuple(site.name for site in sites)
        totals, around = sums(relevance, sites), widths * outside
        return cls(names, effects, totals - around, float(np.abs([totals, around]).max(initial=0)))


@dataclass(frozen=True)
class WithinMotifs:
    """Means by motif, over all sequences, and how far effects and contrasts spread around these.

    ``means`` holds the mean effect and the mean contrast of every motif that must have two different effects
    or more; ``size`` is the root of the product of both sums of squares, and ``sequences`` how many sequences
    have such a motif.
    """

    means: Mapping[str, tuple[float, float]]
    size: float
    sequences: int

    @classmethod
    def of(cls, rows: Sequence[SiteContrasts]) -> WithinMotifs:
        """Of all sequences of a run."""
        names = np.array([name for row in rows for name in row.names])
        effects = np.concatenate([np.zeros(0), *(row.effects for row in rows)])
        values = np.concatenate([np.zeros(0), *(row.values for row in rows)])
        means: dict[str, tuple[float, float]] = {}
        squares = np.zeros(2)
        for name in np.unique(names):
            one, other = effects[names == name], values[names == name]
            if np.ptp(one) > 0:
                means[str(name)] = float(one.mean()), float(other.mean())
                squares += ((one - one.mean()) ** 2).sum(), ((other - other.mean()) ** 2).sum()
        count = sum(1 for row in rows if means.keys() & set(row.names))
        nothing = len(values) * (_NOTHING * max((row.scale for row in rows), default=0.0)) ** 2
        size = float(np.sqrt(squares.prod())) if squares[1] > nothing else 0.0
        return cls(means, size, count)

    def applies(self, row: SiteContrasts) -> bool:
        """Whether a sequence has a motif that must have another effect elsewhere."""
        return bool(self.means.keys() & set(row.names))


Compute: TypeAlias = Callable[[SiteContrasts, WithinMotifs], float]
Placed: TypeAlias = tuple[Required | str, Relevance]


class ContrastsOfRun:
    """Contrasts of every sequence by every kind of map: the method's own, and its nulls.

    Each kind is set beside its own means, as if it were a run by itself. ``left_out`` counts sequences
    without known sites by the reason.
    """

    def __init__(self) -> None:
        self._maps: dict[str, dict[int, dict[str, SiteContrasts]]] = {}
        self.left_out: Counter[str] = Counter()

    def add(self, id: str, maps: Mapping[str, Sequence[Placed]]) -> None:
        """The maps of one sequence by their kinds, `OWN` among them, such as all its random orders.

        Each comes with its sites, or the reason why it has none.
        """
        (sites, _), *_ = maps[OWN]
        if isinstance(sites, str):
            self.left_out[sites] += 1
            return
        for kind, some in maps.items():
            for number, (sites, relevance) in enumerate(some):
                if not isinstance(sites, str):
                    rows = self._maps.setdefault(kind, {}).setdefault(number, {})
                    rows[id] = SiteContrasts.of(relevance, sites)

    def values(self, kind: str, compute: Compute) -> dict[str, float]:
        """By the ids of sequences, the mean over their maps of one kind; none where it does not apply."""
        found: dict[str, list[float]] = {}
        for rows in self._maps.get(kind, {}).values():
            within = WithinMotifs.of(list(rows.values()))
            for id, row in rows.items():
                if within.applies(row):
                    found.setdefault(id, []).append(compute(row, within))
        return {id: float(np.mean(values)) for id, values in found.items()}

    def unlike(self) -> int:
        """How many sequences have sites, but none whose motif must have another effect elsewhere."""
        rows = list(self._maps.get(OWN, {}).get(0, {}).values())
        within = WithinMotifs.of(rows)
        return sum(1 for row in rows if not within.applies(row))
