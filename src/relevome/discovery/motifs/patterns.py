"""Patterns: seqlets of one kind laid on each other, with what they have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import chi2

from relevome.data.motifs import Motif
from relevome.data.sequences import Alphabet
from relevome.discovery.motifs.maps import LetterMaps, complement_codes
from relevome.discovery.motifs.windows import Spots, contributions, letter_counts, letters_around

ALIGNED, MODISCO = "aligned seqlets", "TF-MoDISco"
BITS = 0.2  # of information, that the first and the last place of a pattern have at least
LEVEL = 0.01  # of a pattern, that a place of it has letters like others


@dataclass(frozen=True, eq=False)
class SeqletPattern:
    """What seqlets of one kind have in common.

    Args:
        alphabet: Of its letters.
        sign: 1 of positive relevance, -1 of negative.
        counts: How many of its seqlets have each letter, at each place.
        contributions: Their mean relevance in the column of the letter that they have; of both signs.
        sequence: Of each seqlet, its sequence.
        start: The first letter of the pattern there, 0-based; it may lie off the sequence.
        turned: Whether the pattern lies there on the other strand.
        method: `ALIGNED` or `MODISCO`.
        forms: The patterns that came together in it (`forms.together`); none if it is one by itself.
    """

    alphabet: Alphabet
    sign: int
    counts: Float[np.ndarray, "places alphabet"]
    contributions: Float[np.ndarray, "places alphabet"]
    sequence: Int[np.ndarray, " seqlets"]
    start: Int[np.ndarray, " seqlets"]
    turned: np.ndarray
    method: str = ALIGNED
    forms: tuple[SeqletPattern, ...] = ()

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def seqlets(self) -> int:
        """How many it is made of."""
        return len(self.sequence)

    @property
    def shape(self) -> Float[np.ndarray, "places alphabet"]:
        """The square root of contributions of its sign, brought to length 1, by which patterns are compared.

        By the root no letter decides alone.
        """
        tempered = np.sqrt(np.maximum(self.sign * self.contributions, 0))
        length = float(np.sqrt((tempered**2).sum()))
        return tempered / length if length else tempered

    def motif(self, name: str) -> Motif:
        """Shares of letters, of which each is counted half a time more, shared by the alphabet."""
        size = len(self.alphabet.letters)
        counts = self.counts + 0.5 / size
        return Motif(name, name, counts / counts.sum(1, keepdims=True), self.alphabet)


def pattern_at(
    maps: LetterMaps,
    places: Spots,
    sign: int,
    half: int,
    background: Float[np.ndarray, " alphabet"],
    method: str = ALIGNED,
) -> SeqletPattern | None:
    """The pattern around places, cut to the letters that tell it from the background; None without any.

    It goes from the first to the last place with `BITS` of information (Schneider et al. 1986, J Mol Biol
    188:415-431) whose letters differ from the background, p < 0.01 by the likelihood ratio test, over all
    places of the window (Bonferroni); and on either side over all places, one after the other, whose letters
    differ likewise from those of the window beyond. Boxes of promoters have letters with a tenth of a bit,
    and so has a region with more A and T than others: what is beyond has these, too.
    """
    size = len(maps.alphabet.letters)
    complements = complement_codes(maps.alphabet)
    codes, relevance = letters_around(maps, places, half, complements)
    counts = letter_counts(codes, size)
    mean = contributions(codes, relevance, size).mean(0, dtype=np.float64)
    kept = np.flatnonzero(tells(counts, background))
    if not len(kept):
        return None
    first, last = _ends(counts, int(kept[0]), int(kept[-1]) + 1)
    start = places.centre - maps.bounds[places.sequence] + np.where(places.turned, half - last, first - half)
    return SeqletPattern(
        maps.alphabet,
        sign,
        counts[first:last],
        mean[first:last],
        places.sequence,
        start,
        places.turned,
        method,
    )


def _ends(counts: Float[np.ndarray, "places alphabet"], first: int, last: int) -> tuple[int, int]:
    """Where places end that differ from those beyond ``first`` to ``last``."""
    beyond = counts[:first].sum(0) + counts[last:].sum(0) + 1
    _, differs = _information(counts, beyond / beyond.sum())
    while first > 0 and differs[first - 1]:
        first -= 1
    while last < len(counts) and differs[last]:
        last += 1
    return first, last


def tells(
    counts: Float[np.ndarray, "places alphabet"], background: Float[np.ndarray, " alphabet"]
) -> Bool[np.ndarray, " places"]:
    """Whether each place has letters unlike the background, by information and by a test of it."""
    information, differs = _information(counts, background)
    return (information >= BITS) & differs


def _information(
    counts: Float[np.ndarray, "places alphabet"], background: Float[np.ndarray, " alphabet"]
) -> tuple[Float[np.ndarray, " places"], Bool[np.ndarray, " places"]]:
    """Bits of each place beside a background, and whether the likelihood ratio test tells it from that."""
    n = counts.sum(1)
    shares = counts / np.maximum(n, 1)[:, None]
    bits = np.zeros_like(shares)
    np.log2(shares / background, out=bits, where=shares > 0)
    information = (shares * bits).sum(1)
    p = chi2.sf(2 * np.log(2) * n * information, len(background) - 1) * len(counts)
    return information, p < LEVEL
