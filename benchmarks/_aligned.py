"""Explanations around sites of known biology that lie one upon the other, and what they are worth by chance.

For each site a measure says how far the letters that are known to matter stand out. The same measure of what
knows nothing of the site itself is its null: the mean relevance of every place at sites of other groups, that
of every letter, and that of every letter at its place. So a method that only has a habit does as well as its
null, and one that shows what a model saw in this sequence does better. Before means are taken, relevance is
divided by its mean size at the site. Sites of one group, such as a gene, count as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from benchmarks import Row
from relevome.data.sequences import DNA
from relevome.evaluation.statistics import auroc, bootstrap_interval
from relevome.results.estimate import Estimate

NULLS = ("place", "letter", "letter at its place")

# One number for every site; nan where the question cannot be asked of it.
Measure = Callable[["Aligned"], Float[np.ndarray, " sites"]]


@dataclass(frozen=True, eq=False)
class Aligned:
    """Relevance around sites, which are place ``before`` of their windows; ``groups`` has a name for each.

    ``kinds`` are all the letters that there are.
    """

    relevance: Float[np.ndarray, "sites places"]
    letters: tuple[str, ...]
    groups: tuple[str, ...]
    before: int
    kinds: str = DNA.letters

    @property
    def places(self) -> np.ndarray:
        """The places of a window beside the site, which is 0."""
        return np.arange(self.relevance.shape[1]) - self.before

    @property
    def scaled(self) -> Float[np.ndarray, "sites places"]:
        """Relevance over its mean size at the site; of a site that has none, 0."""
        size = np.abs(self.relevance).mean(1, keepdims=True)
        return self.relevance / np.where(size > 0, size, 1)

    def among(self, kinds: str) -> Bool[np.ndarray, "sites places"]:
        """Where a letter is one of these."""
        return np.isin(np.array([list(text) for text in self.letters]), list(kinds))

    def nulls(self) -> dict[str, Aligned]:
        """The same windows with what relevance is on the average at sites of other groups."""
        there = np.stack([self.among(letter) for letter in self.kinds], -1)
        total = _of_others(np.where(there, self.scaled[..., None], 0), self.groups)
        count = _of_others(there.astype(float), self.groups)
        found = {
            "place": np.broadcast_to(_mean(total.sum(-1), count.sum(-1))[..., None], there.shape),
            "letter": np.broadcast_to(_mean(total.sum(1), count.sum(1))[:, None], there.shape),
        }
        # what no other site has at a place is worth what the place is
        found["letter at its place"] = np.where(count > 0, _mean(total, count), found["place"])
        return {
            name: replace(self, relevance=np.where(there, values, 0).sum(-1))
            for name, values in found.items()
        }


def _of_others(values: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """For every site the sum over sites of other groups than its own."""
    _, group = np.unique(groups, return_inverse=True)
    own = np.zeros((group.max() + 1, *values.shape[1:]))
    np.add.at(own, group, values)
    return values.sum(0) - own[group]


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return total / np.maximum(count, 1)


def highest(sites: Aligned) -> int:
    """Where the mean of all sites is highest, each divided by its mean size; a place beside the site."""
    return int(sites.places[sites.scaled.mean(0).argmax()])


def share_on(sites: Aligned, known: Bool[np.ndarray, "sites places"]) -> Float[np.ndarray, " sites"]:
    """The share of absolute relevance on the known letters of each site; nan where there is none at all."""
    size = np.abs(sites.relevance)
    total = size.sum(1)
    return np.where(total > 0, (size * known).sum(1) / np.where(total > 0, total, 1), np.nan)


def aurocs(
    sites: Aligned, known: Bool[np.ndarray, "sites places"], asked: Bool[np.ndarray, "sites places"]
) -> Float[np.ndarray, " sites"]:
    """AUROC of the known letters among those asked, at each site; nan where either kind is lacking."""
    return np.array(
        [
            auroc(values[these], positive[these]) if 0 < positive[these].sum() < these.sum() else np.nan
            for values, positive, these in zip(sites.relevance, known & asked, asked, strict=True)
        ],
        dtype=float,
    )


def by_group(
    values: Float[np.ndarray, " sites"],
    groups: Sequence[str],
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Estimate:
    """The mean over groups of the mean of each, and its interval; sites that are nan are left out."""
    there = ~np.isnan(values)
    names, group = np.unique(np.array(groups)[there], return_inverse=True)
    means = np.bincount(group, values[there], len(names)) / np.bincount(group, minlength=len(names))
    return bootstrap_interval(means, seed=0, bounds=bounds)


def told(estimate: Estimate) -> str:
    """Mean and interval."""
    return f"{estimate.mean:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def rows(
    method: str,
    sites: Aligned,
    untrained: Aligned | None,
    measures: Mapping[str, tuple[Measure, str]],
    bounds: tuple[float, float] | None = (0.0, 1.0),
    nulls: Sequence[str] = NULLS,
) -> Iterator[Row]:
    """Every measure, by name, of the method; beside chance, some nulls, and weights in random order.

    A measure that compares sites with each other cannot be asked of means at a place: each leaves out the own
    group, so that what is high in one is low in the mean of the others.
    """
    every = sites.nulls()
    against = {name: every[name] for name in nulls}
    if untrained is not None:
        against["weights in random order"] = untrained
    for name, (measure, chance) in measures.items():
        values = measure(sites)
        asked = int((~np.isnan(values)).sum())
        beside = [
            f"{null} {told(by_group(measure(other), other.groups, bounds))}"
            for null, other in against.items()
        ]
        yield Row(
            f"{method}: {name} ({asked} sites)",
            told(by_group(values, sites.groups, bounds)),
            "; ".join([f"above {chance}", *beside]),
        )
