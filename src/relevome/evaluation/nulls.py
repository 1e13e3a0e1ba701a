"""What a map is worth that knows nothing of its sequence: a method's own means over the other sequences.

A model may look at one place of every sequence, or at one letter wherever it stands, and its explanations
then lie on sites that happen to be there. So beside every explanation stand the mean over the explanations of
all *other* sequences, of each place (where all sequences have one length), of each letter, and of each letter
behind another. Where known sites have effects, so does the mean of each motif, as a motif scanner would have
it. Each explanation is divided by its mean size first, so that none counts for more than others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from relevome.evaluation.required import Required, sums

LEAST = 3  # sequences: fewer have no mean over others

PLACE, LETTER, PAIR, MOTIF = "position", "letter", "letter pairs", "motif"

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

    def __init__(self, explained: Iterable[tuple[str, Values]]) -> None:
        self._by_letter, self._by_pair = _Sums({}, {}), _Sums({}, {})
        self._by_place: np.ndarray | None = None
        self._lengths: set[int] = set()
        self._count = 0
        for letters, relevance in explained:
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
