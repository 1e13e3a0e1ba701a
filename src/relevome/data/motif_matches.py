"""Where motifs fit best: places to look at where nobody knows the sites."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from relevome.data.motifs import Motif
from relevome.data.sequences import Sequence
from relevome.data.simulation.grammar import Unit
from relevome.data.sites import Site

# Added to every probability: a base that was never seen at a place costs about 5 bits, not all.
_PSEUDO = 0.01


def best_match(unit: Unit, sequence: Sequence, ends: range | None = None) -> list[Site]:
    """The sites of a unit's motifs where they fit a sequence best; none where it has no room.

    The fit is the sum of log odds of all letters against equally likely ones (Stormo 2000, doi
    10.1093/bioinformatics/16.1.16) and of the log probabilities of the spacers. ``ends`` are the letters
    right before which the last motif may end, all by default. A letter that is none of the alphabet's
    own, such as N, fits nowhere.
    """
    scores = [_scores(motif, sequence) for motif in unit.motifs]
    best, sites = -np.inf, []
    for starts, spaced in _placements(unit, len(sequence), ends):
        fit = spaced + sum(one[start] for one, start in zip(scores, starts, strict=True))
        if fit > best:
            best = fit
            sites = [
                Site(start, start + len(motif), motif.name, "+")
                for motif, start in zip(unit.motifs, starts, strict=True)
            ]
    return sites


def best_match_on_either_strand(motif: Motif, sequence: Sequence) -> list[Site]:
    """The one site where a motif fits a sequence or its reverse complement best; none without room."""
    unit = Unit((motif,))
    turned = sequence.reverse_complement()
    forward, backward = best_match(unit, sequence), best_match(unit, turned)
    if not forward or not backward:
        return []
    here, there = forward[0], backward[0]
    if _scores(motif, sequence)[here.start] >= _scores(motif, turned)[there.start]:
        return forward
    return [Site(len(sequence) - there.end, len(sequence) - there.start, motif.name, "-")]


def log_odds(motif: Motif) -> Float[np.ndarray, "positions letters"]:
    """Bits of every letter against equally likely ones, each a hundredth more likely than it is."""
    letters = len(motif.alphabet.letters)
    return np.log2((motif.probabilities + _PSEUDO) / (1 + _PSEUDO * letters) * letters)


def _scores(motif: Motif, sequence: Sequence) -> Float[np.ndarray, " starts"]:
    """Log odds of the motif at every letter at which it can start."""
    bases = motif.alphabet.letters
    odds = np.column_stack([log_odds(motif), np.full(len(motif), -np.inf)])
    columns = np.array([bases.find(letter) for letter in sequence.letters])
    starts = max(len(sequence) - len(motif) + 1, 0)
    return np.array([odds[np.arange(len(motif)), columns[i : i + len(motif)]].sum() for i in range(starts)])


def _placements(unit: Unit, length: int, ends: range | None) -> Iterator[tuple[list[int], float]]:
    """Starts of all motifs, and the log probability of their spacers."""
    for gaps, spaced in _gaps(unit):
        offsets = np.cumsum([0, *(len(m) + gap for m, gap in zip(unit.motifs, gaps, strict=False))])
        width = int(offsets[-1]) + len(unit.motifs[-1])
        for start in range(length - width + 1):
            if ends is None or start + width in ends:
                yield [start + int(offset) for offset in offsets], spaced


def _gaps(unit: Unit) -> Iterator[tuple[tuple[int, ...], float]]:
    """All choices of spacers that are possible."""
    choices: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
    for spacer in unit.spacers:
        choices = [
            ((*gaps, gap), spaced + float(np.log2(share)))
            for gaps, spaced in choices
            for gap, share in spacer.items()
            if share > 0
        ]
    yield from choices
