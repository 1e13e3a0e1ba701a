"""Seqlets: stretches that have more relevance than chance gives, of one sign each."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.segments import Segments, segments
from relevome.discovery.motifs.target_decoy import at_least, decoy_rates
from relevome.errors import InputError

BAR = 2.0  # of -ln of the share of letters with more relevance: 1 letter in 7 has
DROP = 6.0
SHORTEST = 3  # letters
FDR = 0.05
_REFERENCE = 1_000_000  # letters that others are ranked among, at most
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


Gains = Float[np.ndarray, " letters"]


@dataclass(frozen=True, eq=False)
class NullMaps:
    """Relevance where there is nothing to find, and what it was made from.

    ``own_scale``: letters are ranked among their own, as of a model with random weights, whose relevance may
    be of any size; else among those of the maps that are looked at, as of shuffled sequences.
    """

    name: str
    maps: LetterMaps
    own_scale: bool = False


@dataclass(frozen=True, eq=False)
class Seqlets:
    """Stretches of relevance that exceed chance, best first.

    Args:
        sequence: Number of the sequence.
        start: First letter in it, 0-based.
        end: Behind the last letter.
        sign: 1 of positive relevance, -1 of negative.
        score: The sum over its letters of -ln of the share of letters with more relevance, those with as
            much counted half, less `BAR`.
        p: The share of candidates of the null, and itself, that score as high; the largest of all nulls.
        q: False discovery rate; the largest of all nulls.
        candidates: Of each sign, positive first, how many stretches there were to choose from.
        nulls: Names of all nulls.
        least: The smallest q by each null alone, 1 where there is no candidate.
        fdr: The rate up to which seqlets are given.
    """

    sequence: Int[np.ndarray, " seqlets"]
    start: Int[np.ndarray, " seqlets"]
    end: Int[np.ndarray, " seqlets"]
    sign: Int[np.ndarray, " seqlets"]
    score: Float[np.ndarray, " seqlets"]
    p: Float[np.ndarray, " seqlets"]
    q: Float[np.ndarray, " seqlets"]
    candidates: tuple[int, int]
    nulls: tuple[str, ...]
    least: tuple[float, ...]
    fdr: float

    def __len__(self) -> int:
        return len(self.start)


def seqlets(maps: LetterMaps, nulls: Many[NullMaps], fdr: float = FDR) -> Seqlets:
    """Stretches of relevance of one sign that more than one null does not explain.

    The score of a letter is -ln of the share of all letters with more relevance of the sign, those with as
    much counted half, less a bar, so that one letter of any size makes no seqlet and none depends on the
    scale of relevance. A letter of the other sign costs the bar, and what it would gain in a stretch of that
    sign. Stretches are those of `segments`, of three letters or more. Stretches of the same kind in each null
    say how many are false (`decoy_rates`); each sign by itself. Width is in the score, which has one bar to
    pay for every letter, so candidates of all widths are compared.

    Args:
        maps: What is looked at.
        nulls: Each by itself; a seqlet has to exceed all.
        fdr: The rate up to which they are given, above 0 and at most 1.

    Raises:
        InputError: For no null, for one of another alphabet, and for a rate that is none.
    """
    _check(maps, nulls, fdr)
    gains = _all_gains(maps, nulls)
    found = [_one_sign(maps, nulls, sign, gains) for sign in (1, -1)]
    place, end, score = (np.concatenate([one.candidates[i] for one in found]) for i in range(3))
    p, q = np.concatenate([one.p for one in found]), np.concatenate([one.q for one in found])
    count = len(found[0].p), len(found[1].p)
    sign = np.repeat([1, -1], count)
    kept = np.flatnonzero(q <= fdr)
    kept = kept[np.lexsort((place[kept], -score[kept]))]
    sequence = np.searchsorted(maps.bounds, place[kept], side="right") - 1
    first = maps.bounds[sequence]
    return Seqlets(
        sequence,
        place[kept] - first,
        end[kept] - first,
        sign[kept],
        score[kept],
        p[kept],
        q[kept],
        count,
        tuple(null.name for null in nulls),
        tuple(np.minimum(found[0].least, found[1].least).tolist()),
        fdr,
    )


def _check(maps: LetterMaps, nulls: Many[NullMaps], fdr: float) -> None:
    if not nulls:
        raise InputError("no null was given: expected shuffles, random weights, or the maps in another order")
    for null in nulls:
        if null.maps.alphabet != maps.alphabet:
            raise InputError(
                f"null {null.name!r} is {null.maps.alphabet.name}: expected {maps.alphabet.name}"
            )
    if not 0 < fdr <= 1:
        raise InputError(f"false discovery rate {fdr}: expected more than 0 and at most 1")


class _Judged(NamedTuple):
    """Candidates of one sign, with what the nulls say of each, and the smallest q by each null."""

    candidates: Segments
    p: Float[np.ndarray, " candidates"]
    q: Float[np.ndarray, " candidates"]
    least: tuple[float, ...]


def _one_sign(maps: LetterMaps, nulls: Many[NullMaps], sign: int, gains: Many[Gains]) -> _Judged:
    """``gains`` are those of letters of the maps, then of each null."""
    candidates = _candidates(maps, gains[0], sign)
    p, q, least = np.zeros(len(candidates.score)), np.zeros(len(candidates.score)), []
    for null, gain in zip(nulls, gains[1:], strict=True):
        decoys = _candidates(null.maps, gain, sign).score
        rates = decoy_rates(candidates.score, decoys, len(maps.codes) / len(null.maps.codes))
        p = np.maximum(p, (1 + at_least(decoys, candidates.score)) / (1 + len(decoys)))
        q = np.maximum(q, rates)
        least.append(float(rates.min(initial=1.0)))
    return _Judged(candidates, p, q, tuple(least))


def _all_gains(maps: LetterMaps, nulls: Many[NullMaps]) -> list[Gains]:
    references = [_reference(maps, sign) for sign in (1, -1)]
    found = [_gains(maps, references)]
    for null in nulls:
        own = [_reference(null.maps, sign) for sign in (1, -1)]
        found.append(_gains(null.maps, own if null.own_scale else references))
    return found


def _reference(maps: LetterMaps, sign: int) -> Float[np.ndarray, " sample"]:
    """Sorted relevance of letters, of some from all over where there are many."""
    step = -(-len(maps.relevance) // _REFERENCE)
    return np.sort(sign * maps.relevance[::step])


def _gains(maps: LetterMaps, references: Many[Float[np.ndarray, " sample"]]) -> Gains:
    """-ln of the share of the reference with more relevance of the letter's sign, less the bar.

    Half of those with as much count as more (mid-ranks), so that of equal letters none is taken for the
    largest and none for the least.
    """
    gains = np.full(len(maps.relevance), -BAR)
    for sign, reference in zip((1, -1), references, strict=True):
        some = np.flatnonzero(sign * maps.relevance > 0)
        least, most = (np.searchsorted(reference, sign * maps.relevance[some], side) for side in _SIDES)
        larger = len(reference) - (least + most) / 2
        gains[some] -= np.log((larger + 1) / (len(reference) + 1))
    return gains


def _candidates(maps: LetterMaps, gains: Gains, sign: int) -> Segments:
    """Stretches in which a letter of the other sign costs the bar, and what it would gain there."""
    scores = np.where(sign * maps.relevance > 0, gains, -BAR - np.maximum(gains, 0))
    found = segments(scores, maps.bounds, DROP)
    wide = found.end - found.start >= SHORTEST
    return Segments(found.start[wide], found.end[wide], found.score[wide])
