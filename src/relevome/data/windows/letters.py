"""Windows of one width on a genome, many at once: their letters, and what these are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from pyfaidx import Fasta

from relevome.data.contigs import Contig
from relevome.data.sequences import DNA, Interval

# Letters that are cut at once.
_PIECE = 1 << 22
_DIGEST_BYTES = 12

_COMPLEMENT = np.arange(256, dtype=np.uint8)
_UNKNOWN = 4  # the code of every letter that is not plain
_CODE = np.full(256, _UNKNOWN, dtype=np.uint8)
for _letter, _other in (DNA.complements or {}).items():
    _COMPLEMENT[ord(_letter)] = ord(_other)
for _number, _letter in enumerate(DNA.letters):
    _CODE[ord(_letter)] = _number
_GC = [DNA.letters.index(letter) for letter in "GC"]


@dataclass(frozen=True, eq=False)
class Cuts:
    """Windows as arrays: the number of the contig, the first letter on its ``+`` strand, and the strand."""

    contig: Int[np.ndarray, " windows"]
    start: Int[np.ndarray, " windows"]
    reverse: Bool[np.ndarray, " windows"]

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: Any) -> Cuts:
        """Those at these places, or where a mask is true."""
        return Cuts(self.contig[which], self.start[which], self.reverse[which])

    def in_order(self) -> Int[np.ndarray, " windows"]:
        """Where the first of them on the genome is, the second, and so on."""
        return np.lexsort((self.reverse, self.start, self.contig))

    def by_contig(self) -> Iterator[tuple[int, Int[np.ndarray, " some"]]]:
        """The number of every contig that has some, and where these are, in the order of the genome."""
        order = self.in_order()
        numbers, firsts = np.unique(self.contig[order], return_index=True)
        lasts = [*firsts[1:], len(order)]
        for number, first, last in zip(numbers, firsts, lasts, strict=False):
            yield int(number), order[first:last]


@dataclass(frozen=True, eq=False)
class Composition:
    """What windows are made of: the share of G and C among plain letters, and of every pair of these."""

    gc: Float[np.ndarray, " windows"]
    pairs: Float[np.ndarray, "windows 16"]

    def take(self, which: Any) -> Composition:
        """Those at these places."""
        return Composition(self.gc[which], self.pairs[which])


class GenomeLetters:
    """Cuts windows of ``width`` letters out of a genome, of which it holds one contig at a time."""

    def __init__(self, chromosomes: Fasta, contigs: Sequence[Contig], width: int) -> None:
        self._chromosomes = chromosomes
        self.contigs = contigs
        self.width = width
        self._held: tuple[int, UInt8[np.ndarray, " letters"]] = (-1, np.zeros(0, dtype=np.uint8))

    def cut(self, cuts: Cuts) -> Iterator[tuple[Int[np.ndarray, " some"], UInt8[np.ndarray, "some width"]]]:
        """Which windows, in the order of the genome, and their letters as ASCII on their own strands."""
        most = max(1, _PIECE // self.width)
        for number, chosen in cuts.by_contig():
            views = np.lib.stride_tricks.sliding_window_view(self._contig(number), self.width)
            for first in range(0, len(chosen), most):
                piece = chosen[first : first + most]
                letters = views[cuts.start[piece]]
                turned = cuts.reverse[piece]
                letters[turned] = _COMPLEMENT[letters[turned, ::-1]]
                yield piece, letters

    def look(self, cuts: Cuts) -> tuple[Int[np.ndarray, " windows"], list[bytes]]:
        """How many letters of each are not plain, and a digest of its letters: see `strandless_digest`."""
        unknown, digests = np.zeros(len(cuts), dtype=np.int64), [b""] * len(cuts)
        for piece, letters in self.cut(cuts):
            unknown[piece] = (_CODE[letters] == _UNKNOWN).sum(axis=1)
            for at, digest in zip(piece, map(strandless_digest, letters), strict=True):
                digests[at] = digest
        return unknown, digests

    def composition(self, cuts: Cuts) -> Composition:
        """What windows are made of."""
        gc, pairs = np.zeros(len(cuts), np.float32), np.zeros((len(cuts), 16), np.float32)
        for piece, letters in self.cut(cuts):
            gc[piece], pairs[piece] = _composition(_CODE[letters])
        return Composition(gc, pairs)

    def interval(self, cuts: Cuts, number: int) -> Interval:
        """Where one of them lies."""
        start = int(cuts.start[number])
        name = self.contigs[int(cuts.contig[number])].name
        return Interval(name, start, start + self.width, "-" if cuts.reverse[number] else "+")

    def _contig(self, number: int) -> UInt8[np.ndarray, " letters"]:
        held, letters = self._held
        if held != number:
            text = str(self._chromosomes[self.contigs[number].name][:]).upper()
            letters = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
            self._held = (number, letters)
        return letters


def reverse_complement(letters: UInt8[np.ndarray, " letters"]) -> UInt8[np.ndarray, " letters"]:
    """The other strand of letters as ASCII."""
    return _COMPLEMENT[letters[::-1]]


def strandless_digest(letters: UInt8[np.ndarray, " letters"]) -> bytes:
    """A digest of letters as ASCII that is also that of their reverse complement, and of no other letters."""
    strands = letters.tobytes(), reverse_complement(letters).tobytes()
    return blake2b(min(strands), digest_size=_DIGEST_BYTES).digest()


def _composition(
    codes: UInt8[np.ndarray, "windows letters"],
) -> tuple[Float[np.ndarray, " windows"], Float[np.ndarray, "windows 16"]]:
    known = np.maximum((codes < _UNKNOWN).sum(axis=1), 1)
    gc = np.isin(codes, _GC).sum(axis=1) / known
    both = (codes[:, :-1] < _UNKNOWN) & (codes[:, 1:] < _UNKNOWN)
    pairs = np.where(both, codes[:, :-1] * np.uint8(4) + codes[:, 1:], np.uint8(255))
    counts = np.stack([(pairs == pair).sum(axis=1) for pair in range(16)], axis=1)
    return gc, counts / np.maximum(both.sum(axis=1), 1)[:, None]
