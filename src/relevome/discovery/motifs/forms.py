"""Forms of one motif: patterns that one matrix can describe are one pattern."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import chi2

from relevome.discovery.motifs.alignment import align
from relevome.discovery.motifs.maps import LetterMaps, complement_codes
from relevome.discovery.motifs.patterns import LEVEL, SeqletPattern, pattern_at
from relevome.discovery.motifs.windows import Spots, letter_counts, letters_around, moved

SHARED = 0.5  # cosine of shapes, from which two patterns are more alike than unlike
LINKED = 1.5  # places that go together: below, that is nearer to one than to two


class PatternsTogether(NamedTuple):
    """Patterns without forms of others among them, and of each pattern before, which it is now."""

    patterns: list[SeqletPattern]
    now: Int[np.ndarray, " before"]


class PatternComparison(NamedTuple):
    """Two patterns where they lie best on each other.

    Attributes:
        similarity: The cosine of their shapes.
        linked: How many places go together where they differ (`linked_places`).
        moved: Spots of the second pattern, moved to lie as those of the first.
    """

    similarity: float
    linked: float
    moved: Spots

    @property
    def forms(self) -> bool:
        """Whether both are forms of one motif."""
        return self.similarity >= SHARED and self.linked < LINKED


def together(
    maps: LetterMaps, patterns: Many[SeqletPattern], half: int, both_strands: bool
) -> PatternsTogether:
    """Patterns of one sign, of which no two are forms of one motif.

    Groups of like seqlets split a motif by its strongest letters: of one with six letters there are seqlets
    that lack the first, and others that lack the second, and these are less like each other than chance
    allows. A motif is a matrix, whose places are independent of each other: so they are among the seqlets of
    two groups of one motif. Where a seqlet has the letters of one of two motifs, it has them at all places
    where both differ.

    The pattern of most seqlets comes first, with its forms: all that have, laid on it where they fit best, a
    cosine of `shape` of `SHARED` or more, and less than `LINKED` places that go together
    (`linked_places`). Then comes the next that is no form yet, so that none is a form by way of others.
    Seqlets of forms are pooled, and the matrices of all are taken anew.

    Args:
        maps: That patterns were found in.
        patterns: Of one sign.
        half: Letters before and behind the middle of a pattern that are looked at.
        both_strands: Whether patterns of nucleic acids may lie on either strand.
    """
    complements = complement_codes(maps.alphabet) if both_strands else None
    now = np.full(len(patterns), -1)
    made: list[SeqletPattern] = []
    for one in np.argsort([-pattern.seqlets for pattern in patterns], kind="stable").tolist():
        if now[one] >= 0:
            continue
        now[one] = len(made)
        like = {
            other: compare(maps, patterns[one], patterns[other], half, complements)
            for other in np.flatnonzero(now < 0).tolist()
        }
        forms = {other: found.moved for other, found in like.items() if found.forms}
        now[list(forms)] = len(made)
        made.append(_pooled(maps, patterns, one, forms, half))
    order = np.argsort([-pattern.seqlets for pattern in made], kind="stable")
    return PatternsTogether([made[one] for one in order], np.argsort(order)[now])


def compare(
    maps: LetterMaps,
    one: SeqletPattern,
    other: SeqletPattern,
    half: int,
    complements: Int[np.ndarray, " alphabet"] | None,
) -> PatternComparison:
    """Lay ``other`` on ``one`` where their shapes fit best, and say how they differ there."""
    shapes = [_in_window(pattern.shape, half) for pattern in (one, other)]
    best = align(shapes[0][None], shapes[1][None], 2 * half - 1, complements)
    shift, turned = best.shift[0], best.turned[0]
    there = moved(_spots(maps, other), shift, turned)
    inside = _extent(one, half) | _moved_extent(other, half, int(shift[0]), bool(turned[0]))
    ours, others = (_codes(maps, spots, half)[:, inside] for spots in (_spots(maps, one), there))
    linked = linked_places(ours, others, len(maps.alphabet.letters))
    return PatternComparison(float(best.similarity[0, 0]), linked, there)


def linked_places(
    ours: Int[np.ndarray, "seqlets places"], others: Int[np.ndarray, "more places"], letters: int
) -> float:
    """How many places go together, in effect, where two groups of seqlets differ; 1 if they do nowhere.

    Each place of a seqlet has the log odds of its letter, the logarithm of its share in one group over that
    in the other, each with half a letter more. Given are the variance of the sum of log odds over the sum
    of their variances, among seqlets of both groups with each group as a half: 1 where places are
    independent, as in one matrix, n where n places that differ as much go together in every seqlet. Only
    places count that differ, p < 0.01 by the likelihood ratio test of both counts, over all places
    (Bonferroni), since those of few seqlets differ by chance.

    Args:
        ours: Letters of one group by their numbers, below 0 for none.
        others: Letters of the other group at the same places.
        letters: How many letters there are.
    """
    n, m = letter_counts(ours, letters), letter_counts(others, letters)
    ratio = 2 * (_log_likelihood(n) + _log_likelihood(m) - _log_likelihood(n + m))
    free = np.maximum(((n + m) > 0).sum(1) - 1, 1)
    differ = np.flatnonzero(chi2.sf(ratio, free) * len(n) < LEVEL)
    if not len(differ):
        return 1.0
    p, q = ((one + 0.5 / letters) / (one.sum(1, keepdims=True) + 0.5) for one in (n, m))
    odds = np.log(p / q)[differ]
    codes = np.concatenate([ours, others])[:, differ]
    values = np.where(codes >= 0, odds[np.arange(len(differ)), codes], 0)
    weights = np.repeat([0.5 / len(ours), 0.5 / len(others)], [len(ours), len(others)])
    return _variance(values.sum(1), weights) / sum(_variance(column, weights) for column in values.T)


def _variance(values: Float[np.ndarray, " seqlets"], weights: Float[np.ndarray, " seqlets"]) -> float:
    return float(weights @ (values - weights @ values) ** 2)


def _log_likelihood(counts: Float[np.ndarray, "places alphabet"]) -> Float[np.ndarray, " places"]:
    """Of the counts of each place, by their own shares."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    logs = np.zeros_like(shares)
    np.log(shares, out=logs, where=shares > 0)
    return (counts * logs).sum(1)


def _spots(maps: LetterMaps, pattern: SeqletPattern) -> Spots:
    """The middle of a pattern at each of its seqlets."""
    middle = len(pattern) // 2
    first = maps.bounds[pattern.sequence] + pattern.start
    centre = first + np.where(pattern.turned, len(pattern) - middle, middle)
    return Spots(centre, pattern.sequence, pattern.turned)


def _in_window(shape: Float[np.ndarray, "places alphabet"], half: int) -> Float[np.ndarray, "wide alphabet"]:
    """Its middle in that of a window."""
    before = half - len(shape) // 2
    return np.pad(shape, ((before, 2 * half - before - len(shape)), (0, 0)))


def _extent(pattern: SeqletPattern, half: int) -> Bool[np.ndarray, " wide"]:
    """Where a pattern lies in a window around its middle."""
    first = half - len(pattern) // 2
    places = np.arange(2 * half)
    return (places >= first) & (places < first + len(pattern))


def _moved_extent(pattern: SeqletPattern, half: int, shift: int, turned: bool) -> Bool[np.ndarray, " wide"]:
    own = _extent(pattern, half)
    lies = np.flatnonzero(own[::-1] if turned else own) + shift
    result = np.zeros_like(own)
    result[lies[(lies >= 0) & (lies < len(own))]] = True
    return result


def _codes(maps: LetterMaps, spots: Spots, half: int) -> Int[np.ndarray, "seqlets wide"]:
    return letters_around(maps, spots, half, complement_codes(maps.alphabet))[0]


def _pooled(
    maps: LetterMaps, patterns: Many[SeqletPattern], one: int, forms: Mapping[int, Spots], half: int
) -> SeqletPattern:
    """The pattern ``one`` with the seqlets of its forms, each place once."""
    ours = patterns[one]
    if not forms:
        return ours
    spots = [_spots(maps, ours), *forms.values()]
    centre = np.concatenate([some.centre for some in spots])
    first = np.sort(np.unique(centre, return_index=True)[1])
    pooled = Spots(
        centre[first],
        np.concatenate([some.sequence for some in spots])[first],
        np.concatenate([some.turned for some in spots])[first],
    )
    made = pattern_at(maps, pooled, ours.sign, half, maps.frequencies, ours.method)
    return ours if made is None else replace(made, forms=(ours, *(patterns[other] for other in forms)))
