"""A made-up genome whose start sites have motifs at known distances, and the exact truth about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, Sequence
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import Unit
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.words import counted

CONTIG = "made_up"


@dataclass(frozen=True, eq=False)
class PlacedUnit:
    """A unit of motifs, how far from a start site it may begin, and in which share of all sites it is there.

    ``distances`` gives the probability of each number of letters from the site to the unit's first letter,
    negative upstream.
    """

    unit: Unit
    distances: Mapping[int, float]
    share: float = 1.0

    def __post_init__(self) -> None:
        if min(self.distances.values(), default=-1) < 0 or not np.isclose(sum(self.distances.values()), 1):
            raise InputError(f"distances {dict(self.distances)}: expected probabilities that sum to 1")
        if not 0 < self.share <= 1:
            raise InputError(f"share {self.share} of sites: expected more than 0 and at most 1")
        if any(motif.alphabet != DNA for motif in self.unit.motifs):
            raise InputError("motifs of a made-up genome: expected dna")

    @property
    def reach(self) -> tuple[int, int]:
        """The first letter that the unit may take, and the one behind its last, from the site."""
        return min(self.distances), max(self.distances) + self.unit.longest


@dataclass(frozen=True, eq=False)
class GenomePlan:
    """A genome of ``length`` letters with ``starts`` start sites, half of them on each strand.

    What is planted at one site never reaches what is planted at another. What looks like a motif elsewhere
    by chance is left as it is. ``others`` are motifs that are not planted, to be told from those that are.
    """

    placed: tuple[PlacedUnit, ...]
    length: int
    starts: int
    background: Background
    seed: int
    others: tuple[Motif, ...] = ()

    def __post_init__(self) -> None:
        if self.background.alphabet != DNA:
            raise InputError(f"a made-up genome of {self.background.alphabet.name}: expected dna")
        if not self.placed or self.starts < 1 or self.seed < 0:
            raise InputError("expected motifs to plant, at least one start site, and a seed from 0 on")
        ids = [motif.id for motif in self.database]
        if len(set(ids)) < len(ids):
            raise InputError("motifs that are planted and others have the same id: expected every id once")
        if self.length < self.starts * self.room:
            raise InputError(
                f"length {self.length} for {counted(self.starts, 'start site')}: expected at least "
                f"{self.starts * self.room}"
            )

    @property
    def motifs(self) -> tuple[Motif, ...]:
        """All that are planted, in their order."""
        return tuple(motif for placed in self.placed for motif in placed.unit.motifs)

    @property
    def database(self) -> tuple[Motif, ...]:
        """Motifs that are planted, and others."""
        return (*self.motifs, *self.others)

    @property
    def half(self) -> int:
        """Letters around a site, on each side, that belong to it alone."""
        return max(1, *(max(-start, end) for start, end in (placed.reach for placed in self.placed)))

    @property
    def room(self) -> int:
        """All letters that belong to a site alone."""
        return 2 * self.half + 1


@dataclass(frozen=True, eq=False)
class Genome:
    """The genome, its start sites (one letter long), and the sites that were planted, in coordinates of +."""

    sequence: Sequence
    starts: tuple[Site, ...]
    planted: tuple[Site, ...]


def simulate_genome(plan: GenomePlan) -> Genome:
    """The genome of a plan; the same plan gives the same one."""
    rng = np.random.default_rng(plan.seed)
    letters = list(plan.background.sample(plan.length, rng))
    starts: list[Site] = []
    planted: list[Site] = []
    for number, place in enumerate(_places(plan, rng)):
        strand = "+-"[number % 2]
        starts.append(Site(place, place + 1, f"start{number + 1}", strand))
        planted += _plant(plan, letters, place, strand, rng)
    order = sorted(planted, key=lambda site: (site.start, site.end))
    return Genome(Sequence(CONTIG, "".join(letters), DNA), tuple(starts), tuple(order))


def _places(plan: GenomePlan, rng: np.random.Generator) -> Iterator[int]:
    """Start sites in ascending order, so far apart that each has its room: all such places are as likely."""
    free = plan.length - plan.starts * plan.room
    before = np.sort(rng.integers(free + 1, size=plan.starts))
    for number, letters in enumerate(before):
        yield int(letters) + number * plan.room + plan.half


def _plant(
    plan: GenomePlan, letters: list[str], place: int, strand: str, rng: np.random.Generator
) -> Iterator[Site]:
    """Writes what one site has, and says where."""
    complements = DNA.complements or {}
    for placed in plan.placed:
        if rng.random() >= placed.share:
            continue
        at = drawn(placed.distances, rng)
        for index, motif in enumerate(placed.unit.motifs):
            if index:
                at += drawn(placed.unit.spacers[index - 1], rng)
            for offset, letter in enumerate(motif.sample(rng), start=at):
                there = place + offset if strand == "+" else place - offset
                letters[there] = letter if strand == "+" else complements[letter]
            ends = (at, at + len(motif)) if strand == "+" else (1 - at - len(motif), 1 - at)
            yield Site(place + ends[0], place + ends[1], motif.name, strand)
            at += len(motif)


def drawn(chances: Mapping[int, float], rng: np.random.Generator) -> int:
    """One of the numbers, by their probabilities."""
    return int(rng.choice(list(chances), p=list(chances.values())))
