"""Whether a pattern is more frequent than in sequences where there is nothing to find."""

from __future__ import annotations

from collections.abc import Sequence as Many

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import nbinom

from relevome.discovery.motifs.hits import places_beside
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.patterns import SeqletPattern
from relevome.discovery.motifs.seqlets import NullMaps
from relevome.discovery.motifs.target_decoy import at_least
from relevome.discovery.signed_rank import false_discovery_rates

LEAST = 2.0  # times as frequent as in a null


def more_frequent(
    maps: LetterMaps, patterns: Many[SeqletPattern], nulls: Many[NullMaps], fdr: float, both_strands: bool
) -> Bool[np.ndarray, " patterns"]:
    """Whether each pattern has more places than every null, twice as many for each letter at least.

    A pattern of ``k`` seqlets is looked for in the maps and in each null by the score of `hits`. Where its
    k-th best place is reached, ``m`` places of the null are as good. Were a place as likely anywhere, ``m``
    would have a negative binomial distribution, of the null places before the k-th of the maps, with the
    share of all letters that are those of the maps as chance of success; p is that of ``m`` or fewer. It is
    the largest of all nulls, and q of all patterns (Benjamini, Hochberg 1995) is at most the rate.

    A motif may well be in shuffles, by chance and as strong: then none of its places alone exceeds them, but
    their number does.

    Args:
        maps: What is looked at.
        patterns: Of any sign and width.
        nulls: Each by itself.
        fdr: The rate of patterns that are no more frequent than in a null.
        both_strands: Whether patterns of nucleic acids are looked for on either strand.
    """
    if not patterns:
        return np.zeros(0, dtype=bool)
    both = both_strands and maps.alphabet.complements is not None
    p, ratio = np.zeros(len(patterns)), np.full(len(patterns), np.inf)
    for sign in (1, -1):
        ours = [number for number, one in enumerate(patterns) if one.sign == sign]
        if ours:
            p[ours], ratio[ours] = _of_sign(maps, [patterns[one] for one in ours], nulls, both)
    return (false_discovery_rates(p) <= fdr) & (ratio >= LEAST)


def _of_sign(
    maps: LetterMaps, patterns: Many[SeqletPattern], nulls: Many[NullMaps], both: bool
) -> tuple[Float[np.ndarray, " patterns"], Float[np.ndarray, " patterns"]]:
    """The largest p of all nulls, and the least of how many times as frequent each pattern is."""
    found, beside = places_beside(maps, patterns, nulls, both)
    p, ratio = np.zeros(len(patterns)), np.full(len(patterns), np.inf)
    for null, decoys in zip(nulls, beside, strict=True):
        letters = len(maps.codes), len(null.maps.codes)
        for number, one in enumerate(patterns):
            best = np.sort(found.score[found.pattern == number])[::-1][: one.seqlets]
            if not len(best):
                p[number], ratio[number] = 1.0, 0.0
                continue
            as_good = float(at_least(decoys.score[decoys.pattern == number], best[-1:])[0])
            chance = float(nbinom.cdf(as_good, len(best), letters[0] / sum(letters)))
            p[number] = max(p[number], chance)
            times = np.inf if not as_good else len(best) * letters[1] / (as_good * letters[0])
            ratio[number] = min(ratio[number], times)
    return p, ratio
