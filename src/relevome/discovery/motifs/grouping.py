"""From seqlets to patterns: groups of like ones, to which all others come, until nothing new is found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from relevome.discovery.motifs.alignment import BestFits, align
from relevome.discovery.motifs.clustering import chance_similarity, clusters
from relevome.discovery.motifs.maps import LetterMaps, complement_codes
from relevome.discovery.motifs.patterns import SeqletPattern, pattern_at
from relevome.discovery.motifs.seqlets import Seqlets
from relevome.discovery.motifs.windows import Spots, contributions, letters_around, moved

Mean = Float[np.ndarray, "places alphabet"]


@dataclass(frozen=True)
class GroupingSettings:
    """How seqlets are grouped.

    Args:
        half: Letters of a window before and behind the middle of a seqlet. Default: 15.
        reach: Letters by which windows are shifted against each other, at most. Default: 10.
        fewest: Seqlets that a pattern has at least. Default: 20.
        seeds: Seqlets, drawn at random, that are grouped at a time; all others come to their groups.
            Default: 3000.
        same: Cosine of the means of two groups from which they are one. Default: 0.85.
        both_strands: Whether patterns of nucleic acids may lie on either strand. Default: yes.
    """

    half: int = 15
    reach: int = 10
    fewest: int = 20
    seeds: int = 3000
    same: float = 0.85
    both_strands: bool = True


class Grouped(NamedTuple):
    """Patterns of one sign, those of most seqlets first, and what became of all seqlets.

    Attributes:
        patterns: Of at least the fewest seqlets.
        seqlets: How many there were.
        alone: How many are in no pattern. Halves of one site, which both lie in its pattern, are one there.
        small: How many groups had fewer seqlets than a pattern needs.
        plain: How many groups have no place that tells it from the background.
        pattern: Of every seqlet of the sign, in their order, the number of its pattern from 0; -1 for none.
        usual: How many patterns were set aside since they are not more frequent than in the nulls.
    """

    patterns: list[SeqletPattern]
    seqlets: int
    alone: int
    small: int
    plain: int
    pattern: Int[np.ndarray, " seqlets"]
    usual: int = 0


_ROUNDS = 4  # of grouping what no pattern has taken
_REFINED = 3  # times


def group(
    maps: LetterMaps, seqlets: Seqlets, sign: int, settings: GroupingSettings, rng: np.random.Generator
) -> Grouped:
    """Patterns of the seqlets of one sign.

    Some seqlets, drawn at random, are grouped by how alike windows around them are (`clusters`); how alike,
    seqlets with the same letters in another order say (`chance_similarity`). All seqlets come to the group
    whose mean they are most like, if they are more so than those in other orders; means are taken anew,
    and groups with like means become one. What is left is grouped again. Windows have the square root of
    relevance of the sign, so that no letter decides alone.

    Args:
        maps: That seqlets were found in.
        seqlets: Of any sign.
        sign: 1 or -1.
        settings: How they are grouped.
        rng: What is drawn.
    """
    chosen = np.flatnonzero(seqlets.sign == sign)
    middle = (seqlets.start[chosen] + seqlets.end[chosen] + 1) // 2
    sequence = seqlets.sequence[chosen]
    places = Spots(maps.bounds[sequence] + middle, sequence, np.zeros(len(chosen), dtype=bool))
    grouping = _Grouping(maps, places, sign, settings, rng)
    means: list[Mean] = []
    joined, small = grouping.none(), 0
    for _ in range(_ROUNDS):
        fresh, small = grouping.seeds(np.flatnonzero(joined.group < 0))
        if not fresh:
            break
        means, joined = grouping.refined([*means, *fresh])
    return _finished(grouping, len(means), joined, small)


class _Joined(NamedTuple):
    """The group of every seqlet, -1 for none, and where it lies in that."""

    group: Int[np.ndarray, " seqlets"]
    places: Spots


@dataclass(frozen=True, eq=False)
class _Grouping:
    """Windows around all seqlets of a sign, and what is done with them."""

    maps: LetterMaps
    places: Spots
    sign: int
    settings: GroupingSettings
    rng: np.random.Generator

    @cached_property
    def windows(self) -> Float[np.ndarray, "seqlets places alphabet"]:
        """Around the middle of every seqlet."""
        return self.around(self.places)

    @property
    def strands(self) -> Int[np.ndarray, " alphabet"] | None:
        """Complements of letters where both strands count."""
        return complement_codes(self.maps.alphabet) if self.settings.both_strands else None

    def around(self, places: Spots) -> Float[np.ndarray, "seqlets places alphabet"]:
        """Windows with the square root of relevance of the sign."""
        codes, relevance = letters_around(
            self.maps, places, self.settings.half, complement_codes(self.maps.alphabet)
        )
        tempered = np.sqrt(np.maximum(self.sign * relevance, 0))
        return contributions(codes, tempered, len(self.maps.alphabet.letters))

    def none(self) -> _Joined:
        """Nothing is in any group."""
        return _Joined(np.full(len(self.windows), -1), self.places)

    def seeds(self, free: Int[np.ndarray, " free"]) -> tuple[list[Mean], int]:
        """Means of new groups among seqlets that are in none, and how many groups were too small."""
        if len(free) < self.settings.fewest:
            return [], 0
        drawn = np.sort(self.rng.permutation(free)[: self.settings.seeds])
        windows = self.windows[drawn]
        least = chance_similarity(windows, self.settings.reach, self.strands, self.rng)
        alike = align(windows, windows, self.settings.reach, self.strands)
        groups = clusters(alike.similarity, least)
        needed = max(2, round(self.settings.fewest * len(drawn) / len(free)))
        large = [one for one in groups if len(one) >= needed]
        return [self._around_medoid(drawn, one, alike) for one in large], len(groups) - len(large)

    def _around_medoid(self, drawn: np.ndarray, members: np.ndarray, alike: BestFits) -> Mean:
        """The mean of members, each where it lies best on the one that is most like all."""
        medoid = members[alike.similarity[np.ix_(members, members)].sum(1).argmax()]
        places = _part(self.places, drawn[members])
        return self._mean(moved(places, alike.shift[medoid, members], alike.turned[medoid, members]))

    def _mean(self, places: Spots) -> Mean:
        windows = self.around(places)
        lengths = np.sqrt(np.einsum("ijk,ijk->i", windows, windows))
        return _centred((windows / np.maximum(lengths, 1e-12)[:, None, None]).mean(0))

    def refined(self, means: list[Mean]) -> tuple[list[Mean], _Joined]:
        """Means of all seqlets that come to them, without those that are like another or get too few."""
        joined = self.none()
        for _ in range(_REFINED):
            means = _distinct(means, self.settings.same, self.settings.reach, self.strands)
            joined = self._join(means)
            sizes = np.bincount(joined.group[joined.group >= 0], minlength=len(means))
            means = [
                self._mean(_part(joined.places, np.flatnonzero(joined.group == one)))
                for one in np.argsort(-sizes, kind="stable")
                if sizes[one] >= self.settings.fewest
            ]
            if not means:
                return [], self.none()
        return means, self._join(means)

    def _join(self, means: list[Mean]) -> _Joined:
        stacked = np.stack(means)
        alike = align(stacked, self.windows, self.settings.reach, self.strands)
        least = self._by_chance(stacked)
        best = alike.similarity.argmax(0)
        every = np.arange(len(best))
        near = alike.similarity[best, every] >= least[best]
        places = moved(self.places, alike.shift[best, every], alike.turned[best, every])
        return _Joined(np.where(near, best, -1), places)

    def _by_chance(self, means: Float[np.ndarray, "groups places alphabet"]) -> Float[np.ndarray, " groups"]:
        """How alike each mean is to seqlets with their letters in another order."""
        return np.array(
            [
                chance_similarity(self.windows, self.settings.reach, self.strands, self.rng, one[None])
                for one in means
            ]
        )


def _finished(grouping: _Grouping, count: int, joined: _Joined, small: int) -> Grouped:
    settings, maps = grouping.settings, grouping.maps
    found: list[tuple[SeqletPattern, int]] = []
    plain = 0
    for one in range(count):
        members = _once(joined.places, np.flatnonzero(joined.group == one))
        if len(members) < settings.fewest:
            small += 1
            continue
        places = _part(joined.places, members)
        pattern = pattern_at(maps, places, grouping.sign, settings.half, maps.frequencies)
        if pattern is None:
            plain += 1
            continue
        found.append((pattern, one))
    found.sort(key=lambda pair: -pair[0].seqlets)
    pattern_of = np.full(len(joined.group), -1)
    for number, (_, one) in enumerate(found):
        pattern_of[joined.group == one] = number
    alone = int((pattern_of < 0).sum())
    return Grouped([pattern for pattern, _ in found], len(pattern_of), alone, small, plain, pattern_of)


def _once(places: Spots, members: Int[np.ndarray, " members"]) -> Int[np.ndarray, " some"]:
    """The first member of each place: halves of one site may both be seqlets."""
    _, first = np.unique(places.centre[members], return_index=True)
    return members[np.sort(first)]


def _part(places: Spots, chosen: Int[np.ndarray, " chosen"]) -> Spots:
    return Spots(places.centre[chosen], places.sequence[chosen], places.turned[chosen])


def _centred(mean: Mean) -> Mean:
    """Moved so that its middle, by squares, is that of the window."""
    weights = (mean**2).sum(1)
    if not weights.sum():
        return mean
    wanted = round(len(mean) / 2 - float((weights * (np.arange(len(mean)) + 0.5)).sum() / weights.sum()))
    result = np.zeros_like(mean)
    here = slice(max(wanted, 0), len(mean) + min(wanted, 0))
    there = slice(max(-wanted, 0), len(mean) - max(wanted, 0))
    result[here] = mean[there]
    return result


def _distinct(
    means: list[Mean], same: float, reach: int, complements: Int[np.ndarray, " alphabet"] | None
) -> list[Mean]:
    """Without those that are like an earlier one."""
    stacked = np.stack(means)
    alike = align(stacked, stacked, reach, complements).similarity
    kept: list[int] = []
    for one in range(len(means)):
        if not kept or alike[one, kept].max() < same:
            kept.append(one)
    return [means[one] for one in kept]
