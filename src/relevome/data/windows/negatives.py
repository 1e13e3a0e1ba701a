"""Places of a genome that are no sites, drawn at random."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from relevome.data.sequences import Interval
from relevome.data.windows.division import without
from relevome.data.windows.letters import Cuts, GenomeLetters

# Draws at most, for each window that is wanted: a genome of unknown letters is not searched for ever.
_MOST_DRAWS = 100


@dataclass(frozen=True, eq=False)
class FreePlaces:
    """Stretches of the genome: contig, and where windows of one width begin that lie in them as a whole."""

    contig: Int[np.ndarray, " stretches"]
    start: Int[np.ndarray, " stretches"]
    count: Int[np.ndarray, " stretches"]

    @classmethod
    def of(
        cls, stretches: Iterable[Interval], avoided: Collection[Interval], letters: GenomeLetters
    ) -> FreePlaces:
        """Places of windows of ``letters`` in stretches of its genome that overlap nothing avoided."""
        numbers = {contig.name: number for number, contig in enumerate(letters.contigs)}
        left = [one for one in without(stretches, avoided) if len(one) >= letters.width]
        rows = [(numbers[one.chrom], one.start, len(one) - letters.width + 1) for one in left]
        contig, start, count = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        return cls(contig, start, count)

    def draw(self, count: int, either_strand: bool, rng: np.random.Generator) -> Cuts:
        """So many different places in random order, or all if there are fewer; on ``+`` or either strand."""
        ends = np.cumsum(self.count)
        total = int(ends[-1]) if len(ends) else 0
        offsets = rng.choice(total, min(count, total), replace=False) if total else np.zeros(0, np.int64)
        at = np.searchsorted(ends, offsets, "right")
        start = self.start[at] + offsets - (ends[at] - self.count[at])
        turned = rng.random(len(offsets)) < 0.5 if either_strand else np.zeros(len(offsets), dtype=bool)
        return Cuts(self.contig[at], start, turned)


def draw_windows(
    free: FreePlaces,
    wanted: int,
    letters: GenomeLetters,
    taken: Collection[bytes],
    most_unknown: int,
    either_strand: bool,
    rng: np.random.Generator,
) -> tuple[Cuts, list[bytes]]:
    """Windows at free places in random order, at most ``wanted``, and digests of their letters.

    Fewer come where the genome has no more.

    Each has at most ``most_unknown`` letters that are not plain, and letters that on both strands are those
    of no other, nor among ``taken``, which are digests (see `strandless_digest`).
    """
    size = wanted + wanted // 4 + 100
    while True:
        cuts = free.draw(size, either_strand, rng)
        unknown, digests = letters.look(cuts)
        seen, good = set(taken), []
        for number, digest in enumerate(digests):
            if unknown[number] <= most_unknown and digest not in seen:
                seen.add(digest)
                good.append(number)
        if len(good) >= wanted or len(cuts) < size or size > _MOST_DRAWS * wanted:
            del good[wanted:]
            return cuts.take(np.array(good, dtype=np.int64)), [digests[number] for number in good]
        size *= 4
