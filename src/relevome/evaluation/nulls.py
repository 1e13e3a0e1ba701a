"""What a map is worth that knows nothing of its sequence: nulls of metrics of places.

A model may look at one place of every sequence, or at one letter wherever it stands, and its explanations
then lie on sites that happen to be there. Two kinds of null say so.

*Means* over the explanations of all other sequences, of each place (where all sequences have one length), of
each letter, and of each letter behind another; where known sites have effects, of each motif, as a scanner
would have it: what could be had without this explanation. Each explanation is divided by its mean size first,
so that none counts for more than others. Means have less noise than an explanation, so that a method which
knows nothing more lies below them.

*Exchanges*, which have the noise of an explanation: the maps of other sequences on the sites of this one
(places), or the map itself with its values in random order among equal letters, or pairs. Of a method that
knows nothing more each is as likely as what was seen, so that tests against them are exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.linalg import lsqr

from relevome.evaluation.required import Required, sums

LEAST = 3  # sequences: fewer have no mean over others

PLACE, LETTER, PAIR, MOTIF = "position", "letter", "letter pairs", "motif"
OTHER_MAPS, SAME_LETTERS, SAME_PAIRS = "other maps", "same letters", "same pairs"
PEERS = 300  # sequences whose maps and sites are exchanged, at most

Values = Float[np.ndarray, " letters"]


@dataclass
class _Sums:
    """Of each key the sum of relevance and how often there is one."""

    sums: dict[str, float]
    counts: dict[str, int]

    @classmethod
    def of(cls, keys: Iterable[str], values: Values) -> _Sums:
        """Of one sequence."""
        found = cls({}, {})
        for key, value in zip(keys, values.tolist(), strict=True):
            found.sums[key] = found.sums.get(key, 0.0) + value
            found.counts[key] = found.counts.get(key, 0) + 1
        return found

    def add(self, other: _Sums) -> None:
        """The sequence of ``other`` too."""
        for key, value in other.sums.items():
            self.sums[key] = self.sums.get(key, 0.0) + value
            self.counts[key] = self.counts.get(key, 0) + other.counts[key]

    def means_without(self, own: _Sums) -> dict[str, float]:
        """The mean of each key over the other sequences; those without any have none."""
        found = {}
        for key in own.sums:
            count = self.counts[key] - own.counts[key]
            if count:
                found[key] = (self.sums[key] - own.sums[key]) / count
        return found


class OtherSequences:
    """Means over the explanations of other sequences, from all of them.

    Args:
        explained: Letters, and relevance of each, of every sequence.
    """

    def __init__(self, explained: Iterable[tuple[str, Values]] = ()) -> None:
        self._by_letter, self._by_pair = _Sums({}, {}), _Sums({}, {})
        self._by_place: np.ndarray | None = None
        self._lengths: set[int] = set()
        self._count = 0
        for letters, relevance in explained:
            self.add(letters, relevance)

    def add(self, letters: str, relevance: Values) -> None:
        """One more sequence."""
        values = scaled(relevance)
        self._by_letter.add(_Sums.of(list(letters), values))
        self._by_pair.add(_Sums.of(_pairs(letters), values))
        self._lengths.add(len(values))
        if len(self._lengths) == 1:
            self._by_place = values if self._by_place is None else self._by_place + values
        self._count += 1

    def maps(self, letters: str, relevance: Values) -> dict[str, Values]:
        """For one of the sequences what each null says of its letters; those that do not apply are not there.

        Letters that no other sequence has say nothing, and a pair that none has what its letter says.
        """
        if self._count < LEAST:
            return {}
        own, found = scaled(relevance), {}
        if len(self._lengths) == 1 and self._by_place is not None:
            found[PLACE] = (self._by_place - own) / (self._count - 1)
        of_letter = self._by_letter.means_without(_Sums.of(list(letters), own))
        of_pair = self._by_pair.means_without(_Sums.of(_pairs(letters), own))
        found[LETTER] = np.array([of_letter.get(letter, 0.0) for letter in letters])
        found[PAIR] = np.array([of_pair.get(pair, of_letter.get(pair[-1], 0.0)) for pair in _pairs(letters)])
        return found


class OtherSites:
    """Means over the sites of other sequences, of each motif, from all of them.

    Args:
        explained: Sites, and relevance, of every sequence that has sites.
    """

    def __init__(self, explained: Iterable[tuple[Required, Values]]) -> None:
        self._by_motif, self._count = _Sums({}, {}), 0
        for sites, relevance in explained:
            self._by_motif.add(_of_motifs(sites, relevance))
            self._count += 1

    def maps(self, sites: Required, relevance: Values) -> dict[str, Values]:
        """For one of the sequences what the motifs of its sites are worth in the others, and nothing beside.

        A motif that no other sequence has says nothing.
        """
        if self._count < LEAST:
            return {}
        means = self._by_motif.means_without(_of_motifs(sites, relevance))
        found = np.zeros(len(relevance))
        for site in sites:
            found[site.start : site.end] += means.get(site.name, 0.0) / (site.end - site.start)
        return {MOTIF: found}


def _of_motifs(sites: Required, relevance: Values) -> _Sums:
    return _Sums.of((site.name for site in sites), sums(scaled(relevance), sites))


@dataclass(frozen=True)
class Peer:
    """The relevance of one sequence, and which of its letters lie inside known sites."""

    sequence_id: str
    relevance: Values
    mask: Bool[np.ndarray, " letters"]


class Peers:
    """Sequences of one length that have known sites, to exchange their maps.

    Args:
        seed: Which `PEERS` of more are kept, and which of them meet a sequence.
    """

    def __init__(self, seed: int = 0) -> None:
        self._kept: list[Peer] = []
        self._count = 0
        self._lengths: set[int] = set()
        self._rng = np.random.default_rng([seed, PEERS])

    def add(self, peer: Peer) -> None:
        """One more, kept at the probability that all have (Vitter 1985, ACM TOMS 11:37-57, algorithm R)."""
        self._lengths.add(len(peer.mask))
        self._count += 1
        if len(self._kept) < PEERS:
            self._kept.append(peer)
            return
        place = int(self._rng.integers(self._count))
        if place < PEERS:
            self._kept[place] = peer

    def draw(self, sequence_id: str, draws: int) -> list[Peer]:
        """Some others than this sequence, at random; none where maps cannot be exchanged."""
        others = [peer for peer in self._kept if peer.sequence_id != sequence_id]
        if len(self._lengths) != 1 or len(others) < LEAST - 1:
            return []
        drawn = self._rng.choice(len(others), min(draws, len(others)), replace=False)
        return [others[i] for i in drawn]


class MapExchange:
    """A metric of the maps of some sequences on the sites of others: an account over a run."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._seen: list[tuple[int, int, float]] = []

    def add(self, sites_of: str, map_of: str, value: float) -> None:
        """What the map of one sequence comes to on the sites of another."""
        self._seen.append((self._number(sites_of), self._number(map_of), value))

    def expected(self) -> dict[str, float]:
        """Of each sequence what its map comes to on its sites if the two have nothing to do with each other.

        Sites may be easy to hit, and maps may hit well anywhere: the sum of an effect of either, by least
        squares from all pairs seen, as of two factors without interaction (Fisher 1935, The Design of
        Experiments, ch. 6).
        """
        if not self._seen:
            return {}
        sites, maps, values = map(np.array, zip(*self._seen, strict=True))
        n, pairs = len(self._numbers), np.arange(len(values))
        mean = values.mean()
        columns = np.concatenate([sites, maps + n])
        design = coo_array(
            (np.ones(2 * len(pairs)), (np.tile(pairs, 2), columns)), (len(pairs), 2 * n)
        ).tocsr()
        effects = lsqr(design, values - mean, atol=1e-10, btol=1e-10)[0]
        return {name: float(mean + effects[i] + effects[n + i]) for name, i in self._numbers.items()}

    def _number(self, sequence_id: str) -> int:
        return self._numbers.setdefault(sequence_id, len(self._numbers))


def orders_among_equals(
    letters: str, relevance: Values, rng: np.random.Generator, draws: int
) -> dict[str, list[Values]]:
    """The map with its values in random order among equal letters, and among equal pairs of letters."""
    found = {}
    for name, keys in ((SAME_LETTERS, list(letters)), (SAME_PAIRS, _pairs(letters))):
        kinds = np.unique(keys, return_inverse=True)[1]
        found[name] = [_within(kinds, relevance, rng) for _ in range(draws)]
    return found


def _within(kinds: Int[np.ndarray, " letters"], values: Values, rng: np.random.Generator) -> Values:
    """Values in random order among letters of one kind."""
    order = np.lexsort((rng.random(len(kinds)), kinds))
    moved = np.empty_like(values)
    moved[np.argsort(kinds, kind="stable")] = values[order]
    return moved


def unaligned(lengths: Iterable[int]) -> list[str]:
    """Why there is no null of positions; nothing if all sequences have one length."""
    known = set(lengths)
    if len(known) < 2:
        return []
    return [
        f"no null of positions: sequences have {len(known)} lengths, from {min(known):,} to {max(known):,} "
        "letters, where one is expected, cut around a site (--width, --anchor)"
    ]


def scaled(relevance: Values) -> Values:
    """Relevance over its mean size; nothing of what is 0 everywhere."""
    values = relevance.astype(np.float64)
    size = float(np.abs(values).mean()) if len(values) else 0.0
    return values / size if size > 0 else values


def _pairs(letters: str) -> list[str]:
    """Every letter with the one before it; the first by itself."""
    return [letters[:1], *(letters[i - 1 : i + 1] for i in range(1, len(letters)))][: len(letters)]
