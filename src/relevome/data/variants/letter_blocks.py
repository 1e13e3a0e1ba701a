"""Letters of a genome near each other, read block by block."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

_BLOCK = 1 << 16  # letters that are read at a time


class LetterBlocks:
    """Letters of a genome, upper case; the last block that was read is kept, since variants are in order.

    Args:
        chromosomes: The genome, as `relevome.data.genomes.open_genome` gives it.
    """

    def __init__(self, chromosomes: Any) -> None:
        self._chromosomes = chromosomes
        self.lengths: dict[str, int] = {name: len(chromosomes[name]) for name in list(chromosomes.keys())}
        self._contig, self._start, self._end, self._block = "", 0, 0, ""

    def read(self, contig: str, start: int, end: int) -> str:
        """Letters of a contig, from a place to a place, as far as there are any."""
        if contig != self._contig or start < self._start or end > self._end:
            self._contig, self._start = contig, max(start - _BLOCK // 2, 0)
            self._block = str(self._chromosomes[contig][self._start : end + _BLOCK]).upper()
            self._end = self._start + len(self._block)
        return self._block[start - self._start : end - self._start]

    def of(self, contig: str) -> Callable[[int, int], str]:
        """What reads a contig."""
        return partial(self.read, contig)
