"""Whether a head knows more than places: what the maps of other proteins come to on the sites of each.

A head that always looks at the same residues, whatever the protein, has much relevance on sites that always
are there, as signal peptides are. Its map of one protein is as good as that of another. So proteins of like
length exchange their maps, residue 1 on residue 1: the sum of the statistics of all on their own maps stands
beside that of every assignment of the maps of a group to its proteins, without drawing any.

All maps of a group are cut to the letters that all its proteins have, and so are the sites: what is exchanged
must be alike. The test is exact in its moments for any map that depends on places alone, however noisy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import gammaln

from relevome.discovery.nulls import ROUNDING, four_moments_test
from relevome.discovery.placements import METRICS, Collected, Numbers, Units, in_parts, units_of
from relevome.placement import on_masks
from relevome.progress import Progress, nobody
from relevome.results.relevance_heads.nulls import Aligned
from relevome.results.run.reader import Run, rows_of

FEWEST, MOST = 3, 12  # proteins of a group: two maps exchange one way only; many share few letters
_FEW = 30  # proteins with fewer of which four moments make p-values that are too small (measured)

Mask: TypeAlias = Bool[np.ndarray, " letters"]
Clusters: TypeAlias = Mapping[str, str | int]
Sums: TypeAlias = Float[np.ndarray, "metrics units"]


class Moments(NamedTuple):
    """The sum of statistics on own maps less its mean over all assignments, and its null's cumulants.

    ``proteins`` counts those that are assigned, ``orders`` is the natural logarithm of the number of
    assignments. All of them add up over groups, and are 0 for one whose assignments all come to the same.
    """

    total: Sums
    variance: Sums
    third: Sums
    fourth: Sums
    proteins: Sums
    orders: Sums


@dataclass(frozen=True, eq=False)
class OtherMaps:
    """One type of sites beside the maps of other proteins.

    ``over`` is each protein's statistic on its own map less the mean on the maps of the others in its group;
    NaN where there is none. ``moments`` are added up over groups, which are independent.
    """

    over: Numbers
    moments: Moments
    aligned: Aligned

    def p(self, metric: int) -> Float[np.ndarray, " units"]:
        """One-sided p-value of every unit: do own maps lie on the sites more than maps of others?

        By the first four moments; no less than one assignment in all, and 1 where none differs.
        """
        total, variance, third, fourth, proteins, orders = (part[metric] for part in self.moments)
        varied = variance > 0
        scale = np.sqrt(np.where(varied, variance, 1))
        few = proteins < _FEW
        p = four_moments_test(total / scale, third / scale**3, fourth / scale**4, few)
        return np.where(varied, np.maximum(p, np.exp(-orders)), 1.0)


@dataclass
class _Group:
    """Proteins that exchange maps, and what each map comes to on the sites of each."""

    ids: tuple[str, ...]
    masks: Bool[np.ndarray, "proteins letters"]
    maps: dict[str, tuple[Float[np.ndarray, "metrics sited units"], Bool[np.ndarray, " units"], float]] = (
        field(default_factory=dict)
    )

    @property
    def sited(self) -> Bool[np.ndarray, " proteins"]:
        """Those with a site in the letters of the group, and letters beside it."""
        inside = self.masks.sum(1)
        return (inside > 0) & (inside < self.masks.shape[1])

    def add(self, id: str, relevance: Units) -> None:
        cut = relevance[:, : self.masks.shape[1]]
        masks = self.masks[self.sited]
        values = np.concatenate(in_parts(cut, lambda units: on_masks(units, masks)), axis=2)
        self.maps[id] = (values, cut.min(1) < cut.max(1), float(np.finfo(cut.dtype).eps))

    def exchanged(self) -> tuple[Numbers, Moments]:
        columns = [self.maps[id] for id in self.ids]
        values = np.zeros((len(METRICS), len(self.ids), len(self.ids), columns[0][1].shape[0]))
        values[:, self.sited] = np.stack([column[0] for column in columns], axis=2)
        known = np.stack([column[1] for column in columns])
        over, moments = assignments(values, known, max(column[2] for column in columns))
        over[~self.sited] = np.nan
        return over, moments


class MapExchanges:
    """Puts the map of every protein on the sites of its group, one map after the other.

    Args:
        masks: The letters inside sites of each protein that takes part, by its id.
        clusters: The cluster of proteins that have one: of each cluster one protein takes part, since maps
            of relatives are no other maps. A protein without a cluster is one of its own.
        seed: Which of a cluster takes part, and which of one length meet.
    """

    def __init__(self, masks: Mapping[str, Mask], clusters: Clusters | None = None, seed: int = 0) -> None:
        groups = _groups(masks, clusters, np.random.default_rng(seed))
        self._groups: dict[str, _Group] = {id: group for group in groups for id in group.ids}
        self._done: list[tuple[Numbers, Moments]] = []
        self._aligned = _aligned(masks, groups)

    def add(self, id: str, relevance: Units) -> None:
        """The relevance of a protein; nothing of one that takes no part."""
        group = self._groups.get(id)
        if group is None:
            return
        group.add(id, relevance)
        if len(group.maps) == len(group.ids):
            self._done.append(group.exchanged())
            group.maps.clear()

    def done(self) -> OtherMaps:
        """After all proteins: every group together."""
        over = np.concatenate([over for over, _ in self._done])
        moments = Moments(*np.sum([each for _, each in self._done], axis=0))
        return OtherMaps(over, moments, self._aligned)


def exchange_maps(
    run: Run,
    collected: Collected,
    groups: Mapping[str, Collection[str]],
    clusters: Clusters | None = None,
    target: str | None = None,
    *,
    seed: int = 0,
    progress: Progress = nobody,
) -> dict[tuple[str, str], OtherMaps]:
    """Exchange the maps of a run for every type of sites within every class.

    Args:
        run: With the relevance of heads, as for `collect`.
        collected: What `collect` found in it, with masks.
        groups: Ids of the proteins of each class.
        clusters: As for `MapExchanges`.
        target: As for `collect`.
        seed: As for `MapExchanges`.
        progress: Told of every row, and of how many.

    Returns:
        By class and type, those of fewer than two proteins left out.
    """
    exchanges = {
        (group, kind): MapExchanges(chosen, clusters, seed)
        for group, ids in groups.items()
        for kind, masks in collected.masks.items()
        if len(chosen := {id: mask for id, mask in masks.items() if id in ids}) > 1
    }
    for row in rows_of(run, target):
        progress(1, len(run))
        units = units_of(row, run)
        for one in exchanges.values():
            one.add(row.sequence_id, units)
    return {name: one.done() for name, one in exchanges.items()}


def assignments(
    values: Float[np.ndarray, "metrics proteins maps units"],
    known: Bool[np.ndarray, "maps units"],
    precision: float = float(np.finfo(np.float64).eps),
) -> tuple[Float[np.ndarray, "proteins metrics units"], Moments]:
    """How a sum over proteins, each on its own map, stands among all assignments of maps to proteins.

    With d the values s of n proteins on n maps less the means of their row and of their column plus the mean
    of all, the sum of s over an assignment has the mean n times that of all values, the variance
    sum d^2 / (n - 1) (Hoeffding 1951, Annals of Mathematical Statistics 22:558-566, theorem 2), and, by the
    same expansion, the third moment n sum d^3 / ((n - 1) (n - 2)) and the fourth of `_fourth`.

    Args:
        values: The statistic of each protein on each map; the diagonal is that on its own.
        known: Maps that vary, of each unit: the others, and their proteins, are no part of it.
        precision: Of the values; a deviation that rounding could make is none.

    Returns:
        Every protein's value on its own map less the mean on others, NaN without any; and the moments.
    """
    both = known[:, None] & known[None]
    values = np.where(both, values, 0).astype(np.float64)
    n = np.maximum(known.sum(0), 1)
    rows, columns = values.sum(2, keepdims=True) / n, values.sum(1, keepdims=True) / n
    centred = np.where(both, values - rows - columns + rows.sum(1, keepdims=True) / n, 0)
    own = np.einsum("mppu->pmu", values)
    others = (own - rows[:, :, 0].swapaxes(0, 1)) * (n / np.maximum(n - 1, 1))
    over = np.where(known[:, None] & (n > 1), others, np.nan)
    variance = (centred**2).sum((1, 2)) / np.maximum(n - 1, 1)
    third = (centred**3).sum((1, 2)) * (n / np.maximum((n - 1) * (n - 2), 1)) * (n > 2)
    fourth = _fourth(centred, n) - 3 * variance**2
    numbers = (np.broadcast_to(part, variance.shape) for part in (known.sum(0), gammaln(n + 1)))
    rounding = ROUNDING * precision * np.abs(values).sum((1, 2)) / n
    moments = (np.einsum("mppu->mu", centred), variance, third, fourth, *numbers)
    return over, Moments(*(np.where(np.sqrt(variance) > rounding, part, 0) for part in moments))


def _fourth(
    d: Float[np.ndarray, "metrics proteins maps units"], n: Int[np.ndarray, " units"]
) -> Float[np.ndarray, "metrics units"]:
    """The fourth moment of the sum of centred values over an assignment.

    Over four proteins that are one, two (3 + 1, 2 + 2), three or four different ones, with sums over the maps
    of the others done: rows and columns of d add up to 0.
    """
    squares = d**2
    fourths, all_squares = (squares**2).sum((1, 2)), squares.sum((1, 2)) ** 2
    by_one = (squares.sum(2) ** 2).sum(1) + (squares.sum(1) ** 2).sum(1)  # in rows, and in columns
    rows = np.moveaxis(d, 3, 1)
    alike = ((rows @ rows.swapaxes(2, 3)) ** 2).sum((2, 3))
    two = n * (n - 1)
    three, four = two * (n - 2), two * (n - 2) * (n - 3)
    of_three = all_squares - 2 * by_one + 4 * fourths
    of_four = 3 * of_three + 6 * (alike - 2 * by_one + 4 * fourths)
    return (
        fourths / n
        + (4 * fourths + 3 * (all_squares - by_one + fourths)) / np.maximum(two, 1)
        + 6 * of_three / np.maximum(three, 1) * (three > 0)
        + of_four / np.maximum(four, 1) * (four > 0)
    )


def family(id: str, clusters: Clusters | None) -> object:
    """What proteins of one cluster have in common; one without a cluster has what no cluster can have."""
    return (clusters[id],) if clusters and id in clusters else id


def _groups(masks: Mapping[str, Mask], clusters: Clusters | None, rng: np.random.Generator) -> list[_Group]:
    """One protein of each cluster, sorted by length and cut into groups where most is kept of their sites."""
    ids = list(masks)
    chosen = {family(id, clusters): id for id in (ids[i] for i in rng.permutation(len(ids)))}
    ordered = sorted(chosen.values(), key=lambda id: len(masks[id]))
    found = []
    for ends in _cuts([masks[id] for id in ordered]):
        some = tuple(ordered[ends])
        letters = len(masks[some[0]])
        found.append(_Group(some, np.stack([masks[id][:letters] for id in some])))
    return found


def _cuts(masks: Sequence[Mask]) -> list[slice]:
    """Neighbours by length that make a group, so that most is known of all.

    A group of k knows as much of an effect as k - 1 proteins beside a known mean, less what its sites lose
    where they are cut to the letters of the shortest.
    """
    running = [np.concatenate([[0], np.cumsum(mask)]) for mask in masks]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(masks) + 1):
        choices = [(-np.inf, 0)]
        sizes = [end] if end == len(masks) < FEWEST else range(FEWEST, min(MOST, end) + 1)
        for size in sizes:
            start = end - size
            letters = len(masks[start])
            kept = [_kept(some, letters) for some in running[start:end]]
            choices.append((best[start][0] + (size - 1) * sum(kept) / size, start))
        best.append(max(choices))
    cuts, end = [], len(masks)
    while end:
        cuts.append(slice(best[end][1], end))
        end = best[end][1]
    return cuts[::-1]


def _kept(running: np.ndarray, letters: int) -> float:
    """The share of a protein's letters inside that are among its first ones; none if all of these are."""
    inside = running[letters]
    return 0.0 if inside == letters else float(inside / running[-1])


def _aligned(masks: Mapping[str, Mask], groups: Sequence[_Group]) -> Aligned:
    shared = [group.masks.shape[1] for group in groups]
    every = sum(int(masks[id].sum()) for group in groups for id in group.ids)
    return Aligned(
        sum(int(group.sited.sum()) for group in groups), sum(int((~group.sited).sum()) for group in groups),
        len(groups), min(shared), max(shared), sum(int(group.masks.sum()) for group in groups) / every,
    )  # fmt: skip
