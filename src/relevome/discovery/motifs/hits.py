"""Hits: every place whose relevance has the shape of a pattern."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.patterns import SeqletPattern
from relevome.discovery.motifs.scan import RelevanceScale, Scored, bars, windows_above, without_overlap
from relevome.discovery.motifs.seqlets import FDR, NullMaps
from relevome.discovery.motifs.target_decoy import at_least, decoy_rates

CAP = 0.99  # quantile of relevance of one sign
TOP = 0.002  # of windows of a null, those that are compared


@dataclass(frozen=True, eq=False)
class Hits:
    """Places of patterns: by pattern, the best first.

    Args:
        pattern: Number of the pattern, from 0.
        sequence: Number of the sequence, from 0.
        start: First letter of the pattern there, 0-based.
        end: Behind its last letter.
        turned: Whether the pattern lies on the other strand.
        score: What the pattern explains of the relevance there (`scores`).
        p: Of windows of a null, and this one, the share with a place as good; the largest of all nulls.
        q: False discovery rate among the places of this pattern; the largest of all nulls.
        fdr: The rate up to which hits are given.
    """

    pattern: Int[np.ndarray, " hits"]
    sequence: Int[np.ndarray, " hits"]
    start: Int[np.ndarray, " hits"]
    end: Int[np.ndarray, " hits"]
    turned: Bool[np.ndarray, " hits"]
    score: Float[np.ndarray, " hits"]
    p: Float[np.ndarray, " hits"]
    q: Float[np.ndarray, " hits"]
    fdr: float

    def __len__(self) -> int:
        return len(self.start)


def hits(
    maps: LetterMaps,
    patterns: Many[SeqletPattern],
    nulls: Many[NullMaps],
    fdr: float = FDR,
    both_strands: bool = True,
) -> Hits:
    """Places of patterns that more than one null does not explain.

    The score of a window is what a pattern explains of the square root of relevance there (`scores`), of the
    `CAP` quantile of all letters at most, the measure by which matching pursuit chooses (Mallat, Zhang 1993,
    IEEE Trans Signal Process 41:3397-3415): without the root one strong letter would be a hit. Fi-NeMo fits
    such products of all patterns at once, without a null (https://github.com/austintwang/finemo_gpu). Of
    places of one sign that share a letter the best is kept, whichever pattern it is of. The same is done in
    each null, whose places say how many are false (`decoy_rates`), for each pattern by itself.

    Args:
        maps: What is looked at.
        patterns: Of any sign and width.
        nulls: Each by itself; a hit has to exceed all.
        fdr: The rate up to which hits are given. Default: 0.05.
        both_strands: Whether patterns of nucleic acids are looked for on either strand. Default: yes.
    """
    both = both_strands and maps.alphabet.complements is not None
    signs = [one.sign for one in patterns]
    parts = [_of_sign(maps, patterns, np.flatnonzero(np.equal(signs, one)), nulls, both) for one in (1, -1)]
    place, pattern, turned, score, p, q = (
        np.concatenate([part[column] for part in parts]) for column in range(6)
    )
    kept = np.flatnonzero(q <= fdr)
    kept = kept[np.lexsort((place[kept], -score[kept], pattern[kept]))]
    place, pattern = place[kept], pattern[kept]
    sequence = np.searchsorted(maps.bounds, place, side="right") - 1
    start = place - maps.bounds[sequence]
    end = start + np.array([len(one) for one in patterns], dtype=np.int64)[pattern]
    return Hits(pattern, sequence, start, end, turned[kept], score[kept], p[kept], q[kept], fdr)


def _of_sign(
    maps: LetterMaps, patterns: Many[SeqletPattern], ours: np.ndarray, nulls: Many[NullMaps], both: bool
) -> tuple[np.ndarray, ...]:
    """Place, pattern, strand, score, p and q of what is found of the patterns ``ours``."""
    if not len(ours):
        none = np.zeros(0, dtype=np.int64)
        return none, none, none.astype(bool), np.zeros(0), np.zeros(0), np.zeros(0)
    some = [patterns[one] for one in ours]
    found, beside = places_beside(maps, some, nulls, both)
    p, q = np.zeros(len(found.place)), np.zeros(len(found.place))
    for null, decoys in zip(nulls, beside, strict=True):
        windows = len(null.maps.codes) * (1 + both)
        share = len(maps.codes) / len(null.maps.codes)
        for one in range(len(some)):
            here, there = found.pattern == one, decoys.score[decoys.pattern == one]
            p[here] = np.maximum(p[here], (1 + at_least(there, found.score[here])) / (1 + windows))
            q[here] = np.maximum(q[here], decoy_rates(found.score[here], there, share))
    return found.place, ours[found.pattern], found.turned, found.score, p, q


def places_beside(
    maps: LetterMaps, patterns: Many[SeqletPattern], nulls: Many[NullMaps], both: bool
) -> tuple[Scored, list[Scored]]:
    """The best places of patterns of one sign in the maps, and those in each null above the same bar.

    The bar is the highest of the scores that a share `TOP` of windows of each null reaches.
    """
    caps = _caps(maps)
    scales = [_scale(caps, null) for null in nulls]
    bar = np.max(
        [bars(null.maps, patterns, scale, TOP, both) for null, scale in zip(nulls, scales, strict=True)], 0
    )
    found = _places(maps, patterns, RelevanceScale(caps), bar, both)
    return found, [
        _places(null.maps, patterns, scale, bar, both) for null, scale in zip(nulls, scales, strict=True)
    ]


def _places(
    maps: LetterMaps,
    patterns: Many[SeqletPattern],
    scale: RelevanceScale,
    bar: Float[np.ndarray, " patterns"],
    both: bool,
) -> Scored:
    widths = np.array([len(one) for one in patterns], dtype=np.int64)
    return without_overlap(windows_above(maps, patterns, scale, bar, both), widths, len(maps.codes))


def _caps(maps: LetterMaps) -> tuple[float, float]:
    """The largest relevance of either sign that counts; all of it where hardly any letter has any."""
    values = [np.maximum(sign * maps.relevance, 0) for sign in (1, -1)]
    high, low = (float(np.quantile(one, CAP)) or float(one.max()) for one in values)
    return high, low


def _scale(caps: tuple[float, float], null: NullMaps) -> RelevanceScale:
    """As of the maps, or, of a null with a scale of its own, with its own cap brought to that of the maps."""
    if not null.own_scale:
        return RelevanceScale(caps)
    high, low = (cap / own if own > 0 else 1.0 for cap, own in zip(caps, _caps(null.maps), strict=True))
    return RelevanceScale(caps, (high, low))
