"""Whether a head sits on known sites, more often than their distance from a start explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool
from scipy.stats import hypergeom

from relevome.data.sequences import Interval
from relevome.data.sites import Site, sites_on
from relevome.discovery.signed_rank import false_discovery_rates
from relevome.discovery.windows import Windows
from relevome.results.attention_heads.consensus import Attended
from relevome.results.attention_heads.heads import Enrichment

FEWEST = 5  # sites of a factor on all windows; with fewer nothing can be found

# Per factor, the windows and letters (start, end) of its sites.
FactorPlaces = dict[str, list[tuple[int, int, int]]]


def placed_by_factor(windows: Windows, known: Mapping[str, list[Site]]) -> FactorPlaces:
    """Known sites in letters of the windows, by the name of their factor."""
    placed: FactorPlaces = {}
    for row, sequence in enumerate(windows.sequences):
        for site in sites_on(sequence, known):
            placed.setdefault(site.name, []).append((row, site.start, site.end))
    return dict(sorted(placed.items()))


def without_overlap(intervals: Sequence[Interval | None]) -> Bool[np.ndarray, " windows"]:
    """True for windows that share no letter with an earlier one that is true; all without an interval are.

    A site on two overlapping windows would be counted as two.
    """
    kept = np.zeros(len(intervals), dtype=bool)
    ends: dict[str, int] = {}
    known = [(one.chrom, one.start, one.end, i) for i, one in enumerate(intervals) if one is not None]
    for chrom, start, end, index in sorted(known):
        if start >= ends.get(chrom, 0):
            kept[index] = True
            ends[chrom] = end
    kept[[i for i, one in enumerate(intervals) if one is None]] = True
    return kept


def on_factor(
    places: Sequence[tuple[int, int, int]], shape: tuple[int, int], offsets: range
) -> Bool[np.ndarray, "sites letters"]:
    """Whether the letters ``offsets`` from each letter touch a site of a factor."""
    touched = np.zeros(shape, dtype=bool)
    for row, start, end in places:
        touched[row, max(start - offsets[-1], 0) : max(end - offsets[0], 0)] = True
    return touched


def over_chance(hits: Bool[np.ndarray, "sites letters"], chosen: Attended) -> tuple[int, float, float]:
    """How many chosen letters are hits, how many would be by chance, and p of so many or more.

    By chance as many sites are drawn at every distance from all sites, each as likely: a sum of
    hypergeometric numbers, whose distribution is computed in full.
    """
    found = int(hits[chosen.sites, chosen.letters].sum())
    distribution, expected = np.ones(1), 0.0
    for letter, drawn in zip(*np.unique(chosen.letters, return_counts=True), strict=True):
        there = int(hits[:, letter].sum())
        if there:
            chances = hypergeom.pmf(np.arange(min(there, drawn) + 1), len(hits), there, drawn)
            distribution = np.convolve(distribution, chances)
            expected += drawn * there / len(hits)
    return found, float(expected), float(min(1.0, distribution[found:].sum()))


def enrichments(
    chosen: Sequence[Attended], offsets: Sequence[range], placed: FactorPlaces, shape: tuple[int, int]
) -> list[list[Enrichment]]:
    """For every head every factor, the least expected first; corrected over all of them.

    A head's attended stretches are the letters ``offsets`` from those that it chose; ``shape`` is (windows,
    letters).
    """
    counts = [
        [over_chance(on_factor(places, shape, around), some) for places in placed.values()]
        for some, around in zip(chosen, offsets, strict=True)
    ]
    if not placed or not counts:
        return [[] for _ in chosen]
    p = np.array([[one[2] for one in row] for row in counts])
    q = false_discovery_rates(p)
    return [
        sorted(
            (
                Enrichment(factor, len(some), found, expected, chance, float(level))
                for factor, (found, expected, chance), level in zip(placed, row, levels, strict=True)
            ),
            key=lambda one: one.p,
        )
        for some, row, levels in zip(chosen, counts, q, strict=True)
    ]
