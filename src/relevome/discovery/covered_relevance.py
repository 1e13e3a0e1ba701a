"""All relevance of a run in one row: averaged where windows overlap, with the letters that were explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from relevome.results.coverage import Layout, Window
from relevome.results.relevant_sites import SiteNull

FORWARD, BACKWARD, UNSTRANDED = 1, 2, 4  # which windows lie over a letter
_BITS = {"+": FORWARD, "-": BACKWARD}


@dataclass(frozen=True, eq=False)
class CoveredRelevance:
    """Covered stretches one after another, with letters of no relevance between them.

    Args:
        values: Mean relevance over the windows that cover a letter, in logits; 0 between stretches.
        stretch: The number of the stretch that a letter is of, -1 between them.
        forward: Codes of the letters as windows read them that are not on ``-``, else 0.
        backward: Codes of the letters as windows on ``-`` read them, else 0.
        strands: Which windows lie over a letter: `FORWARD`, `BACKWARD`, `UNSTRANDED`, added up.
        chroms: The chromosome of each stretch.
        starts: Where each stretch starts on its chromosome, 0-based.
        firsts: Where each stretch starts here.
    """

    values: Float[np.ndarray, " places"]
    stretch: Int[np.ndarray, " places"]
    forward: UInt8[np.ndarray, " places"]
    backward: UInt8[np.ndarray, " places"]
    strands: UInt8[np.ndarray, " places"]
    chroms: tuple[str, ...]
    starts: Int[np.ndarray, " stretches"]
    firsts: Int[np.ndarray, " stretches"]

    @cached_property
    def covered(self) -> Bool[np.ndarray, " places"]:
        """Which places are letters of the run."""
        return self.stretch >= 0

    def on_chromosome(self, place: int) -> tuple[str, int]:
        """Chromosome and 0-based position of a letter."""
        number = int(self.stretch[place])
        return self.chroms[number], int(self.starts[number]) + place - int(self.firsts[number])

    def letters(self, start: int, end: int, backward: bool) -> str:
        """The letters from a place to another as they were explained, in the direction of the strand."""
        first, other = (self.backward, self.forward) if backward else (self.forward, self.backward)
        codes = np.where(first[start:end] > 0, first[start:end], other[start:end])
        text = codes.tobytes().decode("ascii")
        return text[::-1] if backward else text

    def kinds(self, null: SiteNull) -> Int[np.ndarray, " letters"]:
        """Of each covered letter a number; those of one number may be exchanged.

        All letters of a stretch (``order``); those that were read as the same letter (``letters``), on the
        same strands; or those that also had the same letter before them, in the direction of reading
        (``pairs``).
        """
        before = np.concatenate([[0], self.forward[:-1]]), np.concatenate([self.backward[1:], [0]])
        columns = {
            "order": [],
            "letters": [self.forward, self.backward],
            "pairs": [self.forward, self.backward, before[0], before[1]],
        }[null]
        kinds = self.stretch[self.covered].astype(np.int64)
        for column in columns:
            kinds = np.unique(kinds * 256 + column[self.covered], return_inverse=True)[1]
        return kinds


def covered_relevance(layouts: Sequence[Layout], pad: int) -> CoveredRelevance:
    """The relevance of one or more layouts, ``pad`` places between stretches.

    Memory grows with the letters of the run, by about 30 bytes each.
    """
    stretches = [one for layout in layouts for one in _stretches(layout, pad)]
    lengths = np.array([len(one.values) for one in stretches])
    firsts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    numbers = [
        np.where(np.arange(len(one.values)) < len(one.values) - pad, number, -1)
        for number, one in enumerate(stretches)
    ]
    values, forward, backward, strands = (
        np.concatenate([getattr(one, name) for one in stretches])
        for name in ("values", "forward", "backward", "strands")
    )
    starts = np.array([one.start for one in stretches], dtype=np.int64)
    chroms = tuple(one.chrom for one in stretches)
    return CoveredRelevance(
        values, np.concatenate(numbers), forward, backward, strands, chroms, starts, firsts
    )


class _Stretch:
    """Neighbouring letters of a chromosome, all of them covered, and ``pad`` places behind them."""

    def __init__(self, chrom: str, start: int, values: np.ndarray, pad: int) -> None:
        self.chrom, self.start, self.end = chrom, start, start + len(values)
        self.values = np.concatenate([values.astype(np.float64), np.zeros(pad)])
        self.forward, self.backward, self.strands = np.zeros((3, len(self.values)), dtype=np.uint8)

    def add(self, window: Window) -> None:
        """The letters of a window that lies here; of several that differ, the last one's."""
        here = slice(window.start - self.start, window.end - self.start)
        codes = np.frombuffer(window.letters.encode("ascii"), dtype=np.uint8)
        (self.backward if window.strand == "-" else self.forward)[here] = codes
        self.strands[here] |= _BITS.get(window.strand, UNSTRANDED)


def _stretches(layout: Layout, pad: int) -> Iterator[_Stretch]:
    windows = layout.windows(letters=True)
    window = next(windows, None)
    for chrom, start, values in _joined(layout):
        stretch = _Stretch(chrom, start, values, pad)
        while window is not None and window.chrom == chrom and window.start < stretch.end:
            stretch.add(window)
            window = next(windows, None)
        yield stretch


def _joined(layout: Layout) -> Iterator[tuple[str, int, np.ndarray]]:
    """Stretches that are read in pieces, as wholes."""
    chrom, start, pieces, end = "", 0, [], 0
    for piece in layout.track():
        if pieces and (piece.chrom != chrom or piece.start != end):
            yield chrom, start, np.concatenate(pieces)
            pieces = []
        if not pieces:
            chrom, start = piece.chrom, piece.start
        pieces.append(piece.values)
        end = piece.start + len(piece.values)
    if pieces:
        yield chrom, start, np.concatenate(pieces)
