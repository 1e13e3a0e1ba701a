"""A genome with labelled positions in the parts of study B: to learn from, to choose by, to report on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from pyfaidx import Fasta

from relevome.data.contigs import Contig, ContigStrand, read_contigs
from relevome.data.genomes import open_genome
from relevome.data.positions import PositionChoice, read_positions
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, Interval
from relevome.errors import InputError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
# Shares of every contig that are reported on, at its beginning, and that choose, at its end.
_TEST_SHARE, _VALIDATION_SHARE = 0.2, 0.1


@dataclass(frozen=True)
class LabelledGenome:
    """A genome and the positions of it to be told from all others.

    ``ends`` are the letter at which the test region of every contig ends and the one at which its validation
    begins; without it shares of each contig.
    """

    genome: Path
    labels: Path
    choice: PositionChoice = field(default_factory=PositionChoice)
    circular: bool = False
    ends: tuple[int, int] | None = None


class LabelledPosition(NamedTuple):
    """A letter of a strand, counted from 0 along ``+``, and whether it is labelled."""

    contig: str
    letter: int
    strand: str
    real: bool

    def window(self, before: int, after: int) -> Interval:
        """So many letters before it and behind it as read on its strand."""
        left, right = (before, after) if self.strand == "+" else (after, before)
        return Interval(self.contig, self.letter - left, self.letter + right + 1, self.strand)


@dataclass(frozen=True, eq=False)
class Parts:
    """The contigs of a genome, and where each part of them lies."""

    contigs: Sequence[Contig]
    chromosomes: Fasta
    ends: tuple[int, int] | None

    def bounds(self, contig: Contig) -> tuple[int, int]:
        """Where the test region of a contig ends, and where its validation begins."""
        if self.ends is not None:
            return min(self.ends[0], contig.length), min(self.ends[1], contig.length)
        return round(_TEST_SHARE * contig.length), round((1 - _VALIDATION_SHARE) * contig.length)

    def regions(self, part: str) -> Iterator[Interval]:
        """The regions of a part, those without letters left out."""
        for contig in self.contigs:
            first, last = self.bounds(contig)
            start, end = {TEST: (0, first), TRAIN: (first, last), VALIDATION: (last, contig.length)}[part]
            if start < end:
                yield Interval(contig.name, start, end)

    def within(self, part: str, one: LabelledPosition, before: int, after: int) -> bool:
        """Whether all of the window around a letter lies in a part."""
        left, right = (before, after) if one.strand == "+" else (after, before)
        return any(
            r.chrom == one.contig and r.start <= one.letter - left and one.letter + right < r.end
            for r in self.regions(part)
        )

    def letters(self, one: LabelledPosition, before: int, after: int) -> str:
        """The window around a letter, in the direction of its strand."""
        contig = next(contig for contig in self.contigs if contig.name == one.contig)
        at = one.letter if one.strand == "+" else contig.length - 1 - one.letter
        return ContigStrand(self.chromosomes, contig, one.strand, DNA).read(at - before, at + after + 1)

    def drawn(
        self, part: str, count: int, reach: tuple[int, int], but: set[tuple[str, int, str]],
        rng: np.random.Generator,
    ) -> list[LabelledPosition]:  # fmt: skip
        """So many letters of a part whose windows lie in it, each as likely, but those named."""
        regions = [r for r in self.regions(part) if len(r) > sum(reach)]
        if not regions:
            raise InputError(f"no part to {part} on has room for windows of {sum(reach) + 1} letters")
        sizes = np.array([len(region) - sum(reach) for region in regions], dtype=float)
        found: dict[tuple[str, int, str], None] = {}
        for _ in range(100 * count):
            if len(found) == count:
                break
            region = regions[rng.choice(len(regions), p=sizes / sizes.sum())]
            strand = "+-"[rng.integers(2)]
            low, high = reach if strand == "+" else reach[::-1]
            key = (region.chrom, int(rng.integers(region.start + low, region.end - high)), strand)
            if key not in but:
                found[key] = None
        return [LabelledPosition(*key, False) for key in found]

    def background(self) -> Float[np.ndarray, " letters"]:
        """Frequencies of letters over both strands."""
        counts = np.zeros(4)
        for contig in self.contigs:
            text = str(self.chromosomes[contig.name][:]).upper()
            counts += [text.count(letter) for letter in "ACGT"]
        both = counts + counts[::-1]
        return both / both.sum()


@contextmanager
def parts_of(labelled: LabelledGenome) -> Iterator[Parts]:
    """The genome, open while in the block."""
    with ExitStack() as stack:
        chromosomes = stack.enter_context(open_genome(labelled.genome))
        contigs = read_contigs(chromosomes, labelled.genome, DNA, labelled.circular)
        yield Parts(contigs, chromosomes, labelled.ends)


def labelled_positions(labelled: LabelledGenome, parts: Parts) -> list[LabelledPosition]:
    """All labelled positions, each once. Raises InputError for the first that cannot be read."""
    lengths = {contig.name: contig.length for contig in parts.contigs}
    found: dict[Any, None] = {}
    for position in read_positions(labelled.labels, lengths, labelled.choice):
        if isinstance(position, Problem):
            raise InputError(str(position))
        found[LabelledPosition(position.contig, position.index, position.strand, True)] = None
    return list(found)
