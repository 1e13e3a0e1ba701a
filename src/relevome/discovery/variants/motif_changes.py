"""Motifs that come or go with a variant: the best places of either allele that lie over a changed letter.

The score of a place is the sum of log odds of its letters (`log_odds`), and its p the share of random words,
of equally likely letters, with such a score, which is counted in full by adding one place of the motif after
another (Staden 1989, Comput Appl Biosci 5:89-96), scores being rounded to `STEP` bits. Beside it stands the
p of `relevome motifs`, with the places of the window elsewhere as the null: (1 + as good ones) / (1 + all).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.lib.stride_tricks import sliding_window_view

from relevome.data.motif_matches import log_odds
from relevome.data.motifs import Motif
from relevome.data.sequences import Alphabet
from relevome.discovery.variants.why import RelevanceChange
from relevome.errors import InputError
from relevome.results.variants.why import MotifChange

STEP = 1 / 256  # bits
_IMPOSSIBLE = -(1 << 40)  # of a letter that is none of the alphabet's own


@dataclass(frozen=True, eq=False)
class ScannedMotif:
    """A motif as letters are scored by it, on either strand where there are two."""

    motif: Motif

    def __len__(self) -> int:
        return len(self.motif)

    @cached_property
    def strands(self) -> list[Int[np.ndarray, "positions letters"]]:
        """Scores in steps, of every position and letter, and of one that is unknown."""
        odds = log_odds(self.motif)
        both = [odds]
        if (complements := self.motif.alphabet.complements) is not None:
            letters = self.motif.alphabet.letters
            both.append(odds[::-1, [letters.index(complements[letter]) for letter in letters]])
        return [
            np.column_stack([
                np.rint(one / STEP).astype(np.int64), np.full(len(odds), _IMPOSSIBLE, dtype=np.int64)
            ])
            for one in both
        ]  # fmt: skip

    @cached_property
    def _tail(self) -> tuple[int, Float[np.ndarray, " scores"]]:
        """The lowest score, and from there on of every score the share of words that reach it."""
        steps = self.strands[0][:, :-1]
        chance, lowest = np.ones(1), 0
        for row in steps:
            least, most = int(row.min()), int(row.max())
            after = np.zeros(len(chance) + most - least)
            for step in row.tolist():
                after[step - least : step - least + len(chance)] += chance / len(row)
            chance, lowest = after, lowest + least
        return lowest, np.minimum(np.cumsum(chance[::-1])[::-1], 1.0)

    def p(self, score: int) -> float:
        """The share of words of equally likely letters with at least a score."""
        lowest, tail = self._tail
        return 1.0 if score < lowest else float(tail[score - lowest])

    def scores(self, codes: Int[np.ndarray, " letters"]) -> Int[np.ndarray, "strands starts"]:
        """The score in steps at every letter at which it can start; below 0 by far with unknown letters."""
        if len(codes) < len(self):
            return np.zeros((len(self.strands), 0), dtype=np.int64)
        words = sliding_window_view(codes, len(self))
        return np.stack([one[np.arange(len(self)), words].sum(1) for one in self.strands])


class _Place(NamedTuple):
    """The best place of a motif in an allele: its first letter there, the strand, and the score in steps."""

    start: int
    strand: int
    score: int


class _Best(NamedTuple):
    """A motif with its best places over the change, p-values of these, and how many places there are."""

    motif: ScannedMotif
    places: tuple[_Place | None, _Place | None]
    p: tuple[float, float]
    looked_at: int


@dataclass(frozen=True, eq=False)
class MotifLibrary:
    """Motifs that are looked for.

    Args:
        motifs: The motifs, of the letters of the model.
        level: The largest p of a motif that is there. Default: 0.001.
    """

    motifs: tuple[ScannedMotif, ...]
    level: float = 1e-3

    def changes(
        self, found: RelevanceChange, alphabet: Alphabet
    ) -> tuple[int, MotifChange | None, MotifChange | None]:
        """How many places were looked at, and the motifs that came and that went, if any.

        That which came has a p of at most ``level`` with the alternative, and of all such the largest fall of
        p; that which went the same the other way round. Scores of a motif are those of its best place that
        holds a changed letter, or of the allele that has none both letters beside where they are missing.
        """
        columns = found.columns
        own, first = (columns.reference.own, columns.alternative.own), columns.changed.start
        texts = [letters.replace("-", "") for letters in (columns.ref_letters, columns.alt_letters)]
        codes = [_codes(text, alphabet) for text in texts]
        every = [_best(one, codes, own, first) for one in self.motifs]
        changes: list[MotifChange | None] = []
        for gone, there in ((0, 1), (1, 0)):
            some = [one for one in every if one.p[there] <= self.level and one.p[there] < one.p[gone]]
            best = min(some, key=lambda one: (one.p[there] / one.p[gone], one.p[there]), default=None)
            changes.append(None if best is None else _change(best, there, found, codes[0]))
        return sum(one.looked_at for one in every), changes[0], changes[1]


def motif_library(motifs: Sequence[Motif], alphabet: Alphabet, level: float = 1e-3) -> MotifLibrary:
    """Motifs for a model of an alphabet. Raises InputError for those of other letters, and another level."""
    if not 0 < level <= 1:
        raise InputError(f"--motif-p {level:g}: expected a share above 0, at most 1")
    size, both = len(alphabet.letters), alphabet.complements is not None
    for one in motifs:
        if len(one.alphabet.letters) != size or (one.alphabet.complements is not None) != both:
            raise InputError(
                f"motif {one.id!r} is {one.alphabet.name}, and the model reads {alphabet.name}: expected "
                "motifs of its letters"
            )
    return MotifLibrary(tuple(map(ScannedMotif, motifs)), level)


def _best(
    motif: ScannedMotif, codes: Sequence[Int[np.ndarray, " letters"]], own: tuple[int, int], first: int
) -> _Best:
    """The best places of a motif over what differs, which begins at ``first`` and is ``own`` letters long."""
    places: list[_Place | None] = []
    count = 0
    for text, letters in zip(codes, own, strict=True):
        starts = _over(len(motif), first, letters, len(text))
        scores = motif.scores(text[starts.start : starts.stop + len(motif) - 1] if starts else text[:0])
        count += scores.size
        place = None
        if scores.size and scores.max() > _IMPOSSIBLE // 2:
            strand, at = divmod(int(scores.argmax()), scores.shape[1])
            place = _Place(starts.start + at, strand, int(scores.max()))
        places.append(place)
    p = [1.0 if place is None else motif.p(place.score) for place in places]
    return _Best(motif, (places[0], places[1]), (p[0], p[1]), count)


def _codes(text: str, alphabet: Alphabet) -> Int[np.ndarray, " letters"]:
    """The numbers of letters, of others the number behind them."""
    table = np.full(128, len(alphabet.letters))
    for number, letter in enumerate(alphabet.letters):
        table[ord(letter)] = number
    return table[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]


def _over(width: int, first: int, own: int, size: int) -> range:
    """Starts of all places that hold one of ``own`` letters; of none both letters beside where they were."""
    start = first - width + 1
    stop = first + own if own else first
    return range(max(start, 0), max(min(stop, size - width + 1), max(start, 0)))


def _change(
    best: _Best, there: int, found: RelevanceChange, reference: Int[np.ndarray, " letters"]
) -> MotifChange | None:
    place, motif = best.places[there], best.motif
    if place is None:
        return None
    first, last = _columns(place.start, len(motif), found, there)
    elsewhere = _elsewhere(motif, reference, found.columns.reference.own, found.columns.changed.start)
    as_good = int((elsewhere >= place.score).sum())
    scores = [None if one is None else one.score * STEP for one in best.places]
    return MotifChange(
        motif.motif.name or motif.motif.id,
        "+-"[place.strand],
        first,
        last + 1,
        scores[0],
        scores[1],
        best.p[0],
        best.p[1],
        (1 + as_good) / (1 + len(elsewhere)),
        float(np.nansum(found.difference[first : last + 1])),
    )


def _columns(start: int, width: int, found: RelevanceChange, there: int) -> tuple[int, int]:
    """The first and last column of a place of an allele's letters, gaps aside."""
    letters = (found.columns.ref_letters, found.columns.alt_letters)[there]
    has = np.flatnonzero([letter != "-" for letter in letters])
    return int(has[start]), int(has[start + width - 1])


def _elsewhere(
    motif: ScannedMotif, codes: Int[np.ndarray, " letters"], own: int, first: int
) -> Int[np.ndarray, " places"]:
    """Scores of all places of the reference that hold no changed letter, and no unknown one."""
    scores = motif.scores(codes)
    starts = _over(len(motif), first, own, len(codes))
    kept = np.ones(scores.shape[1], dtype=bool)
    kept[starts.start : starts.stop] = False
    return scores[:, kept][scores[:, kept] > _IMPOSSIBLE // 2]
