"""Whether places of patterns lie on known sites, more often than where they lie in sequences explains."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from scipy.stats import binom

from relevome.data.sequences import Sequence
from relevome.data.sites import Site, sites_on
from relevome.discovery.enrichment import FEWEST, FactorPlaces, on_factor, over_chance, without_overlap
from relevome.discovery.motifs.hits import Hits
from relevome.discovery.signed_rank import false_discovery_rates
from relevome.results.attention_heads.consensus import Attended
from relevome.results.motifs.motifs import MotifOnSites

POSITION, MOVED = "position", "moved"


@dataclass(frozen=True, eq=False)
class SitesPlaced:
    """Known sites in letters of those sequences that share no letter with another.

    Args:
        kept: The numbers of these sequences.
        lengths: Of each of them.
        places: Per name of sites their sequences, by their number among those kept, and first and last
            letters (`FactorPlaces`); only names with `FEWEST` sites or more.
        rare: How many names have fewer.
    """

    kept: Int[np.ndarray, " kept"]
    lengths: Int[np.ndarray, " kept"]
    places: FactorPlaces
    rare: int


def place_sites(sequences: Many[Sequence], known: Mapping[str, list[Site]]) -> SitesPlaced:
    """Known sites on sequences, by their type, or by their name where their file has no types.

    A site on two sequences of the genome that overlap would count twice, so of these only the first does
    (`without_overlap`).
    """
    kept = np.flatnonzero(without_overlap([one.interval for one in sequences]))
    placed: FactorPlaces = {}
    for row, number in enumerate(kept.tolist()):
        for site in sites_on(sequences[number], known):
            placed.setdefault(site.type, []).append((row, site.start, site.end))
    enough = {name: some for name, some in sorted(placed.items()) if len(some) >= FEWEST}
    lengths = np.array([len(sequences[number]) for number in kept.tolist()], dtype=np.int64)
    return SitesPlaced(kept, lengths, enough, len(placed) - len(enough))


def on_known_sites(hits: Hits, names: Many[str], placed: SitesPlaced) -> list[MotifOnSites]:
    """For every pattern with places, and every name of sites, how many places touch such a site.

    Where all sequences have one length the null is the position: at every letter as many places are drawn
    from all sequences, each as likely (`over_chance`), so that what is cut around a site, whose letters all
    lie at the same distance, gains nothing by that. Else every place is put anywhere in its own sequence, and
    the number of those on a site is a sum of independent draws, a Poisson binomial. ``q`` is p; `adjusted`
    makes it a rate.

    Args:
        hits: Places of all patterns.
        names: Of the patterns.
        placed: Known sites.
    """
    aligned = len(np.unique(placed.lengths)) == 1
    row_of = {number: row for row, number in enumerate(placed.kept.tolist())}
    found: list[MotifOnSites] = []
    for pattern, name in enumerate(names):
        here = (hits.pattern == pattern) & np.isin(hits.sequence, placed.kept)
        if not here.any():
            continue
        rows = np.array([row_of[number] for number in hits.sequence[here].tolist()])
        start, width = hits.start[here], int((hits.end - hits.start)[here][0])
        for sites, places in placed.places.items():
            if aligned:
                shape = (len(placed.kept), int(placed.lengths[0]))
                touched = on_factor(places, shape, range(width))
                on_sites, expected, p = over_chance(touched, Attended(rows, start))
            else:
                on_sites, expected, p = _moved(places, placed.lengths, rows, start, width)
            touches = _touched_sites(places, rows, start, width)
            found.append(
                MotifOnSites(
                    name, sites, len(rows), on_sites, expected, POSITION if aligned else MOVED, p, p,
                    len(places), touches,
                )
            )  # fmt: skip
    return found


def adjusted(found: Many[MotifOnSites]) -> list[MotifOnSites]:
    """By p, with q by Benjamini and Hochberg (1995) over all."""
    if not found:
        return []
    q = false_discovery_rates(np.array([one.p for one in found]))
    rows = [one._replace(q=float(rate)) for one, rate in zip(found, q, strict=True)]
    return sorted(rows, key=lambda one: (one.p, one.motif, one.sites))


def _moved(
    places: Many[tuple[int, int, int]],
    lengths: Int[np.ndarray, " kept"],
    rows: Int[np.ndarray, " hits"],
    start: Int[np.ndarray, " hits"],
    width: int,
) -> tuple[int, float, float]:
    """How many places touch a site, how many would anywhere in their sequences, and p of so many or more."""
    touched: dict[int, Bool[np.ndarray, " starts"]] = {
        row: np.zeros(int(lengths[row]) - width + 1, dtype=bool) for row in np.unique(rows).tolist()
    }
    for row, first, last in places:
        if row in touched:
            touched[row][max(first - width + 1, 0) : last] = True
    chances = np.array([touched[row].mean() for row in rows.tolist()])
    on_sites = sum(bool(touched[row][at]) for row, at in zip(rows.tolist(), start.tolist(), strict=True))
    return on_sites, float(chances.sum()), _as_many(on_sites, chances)


def _as_many(on_sites: int, chances: np.ndarray) -> float:
    """The probability of so many successes or more, of draws with these chances; computed in full."""
    distribution = np.ones(1)
    for chance, draws in zip(*np.unique(chances[chances > 0], return_counts=True), strict=True):
        distribution = np.convolve(distribution, binom.pmf(np.arange(draws + 1), draws, chance))
    return float(min(1.0, distribution[on_sites:].sum()))


def _touched_sites(
    places: Many[tuple[int, int, int]],
    rows: Int[np.ndarray, " hits"],
    start: Int[np.ndarray, " hits"],
    width: int,
) -> int:
    by_row: dict[int, list[int]] = {}
    for row, at in zip(rows.tolist(), start.tolist(), strict=True):
        by_row.setdefault(row, []).append(at)
    return sum(any(first - width < at < last for at in by_row.get(row, ())) for row, first, last in places)
