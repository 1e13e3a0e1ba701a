"""Sites of a whole run: what relevance says of each, beside what it must say of all.

A site's contrast is its relevance over what as many letters beside all sites have in the mean, so that a
sequence whose relevance is larger everywhere says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float

from relevome.evaluation.given import Given
from relevome.evaluation.required import Relevance, Required, beside, sums

_NOTHING = 1e-12  # of the largest sum: what is smaller is rounding

# Kinds of maps of a sequence, beside those that know a place, letters or motifs alone.
OWN, RANDOM_ORDER, SHUFFLED, RANDOM_WEIGHTS = "own", "random order", "shuffled sequences", "random weights"

UNLIKE = "without a site whose motif must have another effect in another sequence"
NO_EFFECT = "in a run without a site that has an effect"


class CrossSums(NamedTuple):
    """Over sites: effect times contrast, squared effects, squared contrasts."""

    products: float
    effects: float
    values: float


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

    def crossed(self, means: Mapping[str, tuple[float, float]] | None = None) -> CrossSums:
        """Of its sites, as they are; with ``means`` of those of their motifs, less the means of each."""
        rows = zip(self.names, self.effects.tolist(), self.values.tolist(), strict=True)
        pairs = [
            (effect - means[name][0], value - means[name][1]) if means else (effect, value)
            for name, effect, value in rows
            if means is None or name in means
        ]
        return CrossSums(
            sum(e * v for e, v in pairs), sum(e * e for e, _ in pairs), sum(v * v for _, v in pairs)
        )


@dataclass(frozen=True)
class SitesOfRun:
    """What all sequences with sites come to.

    ``means`` holds the mean effect and the mean contrast of every motif that must have two different effects
    or more; ``whole`` sums over all sites, ``within`` over those of such motifs, less these means. Sums of
    squared contrasts that are rounding are 0. ``sequences`` counts those with sites, ``unlike`` those with
    such a motif.
    """

    means: Mapping[str, tuple[float, float]]
    whole: CrossSums
    within: CrossSums
    sequences: int
    unlike: int

    @classmethod
    def of(cls, rows: Sequence[SiteContrasts]) -> SitesOfRun:
        """Of all sequences of a run."""
        names = np.array([name for row in rows for name in row.names])
        effects = np.concatenate([np.zeros(0), *(row.effects for row in rows)])
        values = np.concatenate([np.zeros(0), *(row.values for row in rows)])
        means: dict[str, tuple[float, float]] = {}
        for name in np.unique(names):
            one, other = effects[names == name], values[names == name]
            if np.ptp(one) > 0:
                means[str(name)] = float(one.mean()), float(other.mean())
        nothing = len(values) * (_NOTHING * max((row.scale for row in rows), default=0.0)) ** 2
        whole, within = (_total([row.crossed(some) for row in rows], nothing) for some in (None, means))
        return cls(means, whole, within, len(rows), sum(1 for row in rows if means.keys() & set(row.names)))


def _total(rows: Sequence[CrossSums], nothing: float) -> CrossSums:
    products, effects, values = (float(sum(row[i] for row in rows)) for i in range(3))
    return CrossSums(products, effects, values if values > nothing else 0.0)


Compute: TypeAlias = Callable[[SiteContrasts, SitesOfRun], float]
Placed: TypeAlias = tuple[Required | str, Relevance]


def placed(
    found: Given,
    orders: Sequence[Relevance],
    shuffled: Sequence[Given],
    random: Sequence[Given],
    knowing: Mapping[str, Relevance],
) -> dict[str, list[Placed]]:
    """Sites and relevance of one sequence by every kind of map.

    ``found`` is of the method's own, ``orders`` are its random orders, ``shuffled`` and ``random`` of
    shuffled sequences and random weights, ``knowing`` maps that know less, by their names.
    """
    turned = {RANDOM_ORDER: list(orders)} | {name: [values] for name, values in knowing.items()}
    maps = {kind: [(found["sites"], values) for values in some] for kind, some in turned.items()}
    given = {OWN: [found], SHUFFLED: shuffled, RANDOM_WEIGHTS: random}
    return maps | {k: [(one["sites"], one["relevance"]) for one in some] for k, some in given.items()}


class ContrastsOfRun:
    """Contrasts of every sequence by every kind of map: the method's own, and its nulls.

    Each kind is set beside its own sums, as if it were a run by itself. ``left_out`` counts sequences
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

    def values(self, kind: str, compute: Compute, by_motif: bool) -> dict[str, float]:
        """By the ids of sequences, the mean over their maps of one kind; none where it does not apply.

        ``by_motif`` needs a site whose motif must have another effect elsewhere, else any site must have one.
        """
        found: dict[str, list[float]] = {}
        for rows in self._maps.get(kind, {}).values():
            every = SitesOfRun.of(list(rows.values()))
            for id, row in rows.items():
                if every.means.keys() & set(row.names) if by_motif else every.whole.effects > 0:
                    found.setdefault(id, []).append(compute(row, every))
        return {id: float(np.mean(values)) for id, values in found.items()}

    def without(self, by_motif: bool) -> Counter[str]:
        """How many sequences of the method's own maps have no value, by the reason."""
        every = SitesOfRun.of(list(self._maps.get(OWN, {}).get(0, {}).values()))
        unlike = every.sequences - every.unlike
        no_effect = 0 if every.whole.effects > 0 else every.sequences
        counts = Counter({UNLIKE: unlike} if by_motif else {NO_EFFECT: no_effect})
        return self.left_out + counts
