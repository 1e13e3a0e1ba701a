"""A made-up genome whose start sites have motifs at known distances, and the exact truth about them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relevome.data.annotations import Site
from relevome.data.background import Background
from relevome.data.errors import InputError
from relevome.data.grammar import Unit
from relevome.data.lines import PathLike
from relevome.data.motif_files import meme_text
from relevome.data.sequence import DNA, Sequence

CONTIG = "made_up"
_LINE = 80


@dataclass(frozen=True, eq=False)
class Placed:
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
    by chance is left as it is.
    """

    placed: tuple[Placed, ...]
    length: int
    starts: int
    background: Background
    seed: int

    def __post_init__(self) -> None:
        if self.background.alphabet != DNA:
            raise InputError(f"a made-up genome of {self.background.alphabet.name}: expected dna")
        if not self.placed or self.starts < 1 or self.seed < 0:
            raise InputError("expected motifs to plant, at least one start site, and a seed from 0 on")
        if self.length < self.starts * self.room:
            raise InputError(
                f"length {self.length} for {self.starts} start sites: expected at least "
                f"{self.starts * self.room}"
            )

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


def write_genome(folder: PathLike, plan: GenomePlan) -> Genome:
    """Writes a genome into a new folder, what is true of it, and how it was made.

    ``genome.fa``, ``starts.bed``, ``truth.bed`` with every planted motif, ``planted.meme``, ``genome.json``.
    Raises InputError for a folder that is not empty.
    """
    folder = Path(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(f"{folder} is there and not empty: give a new folder, or remove it first")
    folder.mkdir(parents=True, exist_ok=True)
    genome = simulate_genome(plan)
    letters = genome.sequence.letters
    lines = [letters[i : i + _LINE] for i in range(0, len(letters), _LINE)]
    motifs = [motif for placed in plan.placed for motif in placed.unit.motifs]
    content = {
        "genome.fa": "\n".join([f">{CONTIG}", *lines, ""]),
        "starts.bed": _bed(genome.starts),
        "truth.bed": _bed(genome.planted),
        "planted.meme": meme_text(motifs),
        "genome.json": json.dumps(_described(plan), indent=1) + "\n",
    }
    for name, text in content.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return genome


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
        at = _drawn(placed.distances, rng)
        for index, motif in enumerate(placed.unit.motifs):
            if index:
                at += _drawn(placed.unit.spacers[index - 1], rng)
            for offset, letter in enumerate(motif.sample(rng), start=at):
                there = place + offset if strand == "+" else place - offset
                letters[there] = letter if strand == "+" else complements[letter]
            ends = (at, at + len(motif)) if strand == "+" else (1 - at - len(motif), 1 - at)
            yield Site(place + ends[0], place + ends[1], motif.name, strand)
            at += len(motif)


def _drawn(chances: Mapping[int, float], rng: np.random.Generator) -> int:
    return int(rng.choice(list(chances), p=list(chances.values())))


def _bed(sites: tuple[Site, ...]) -> str:
    return "".join(f"{CONTIG}\t{s.start}\t{s.end}\t{s.name}\t0\t{s.strand}\n" for s in sites)


def _described(plan: GenomePlan) -> dict[str, object]:
    placed = [
        {
            "motifs": [motif.name for motif in one.unit.motifs],
            "spacers": [dict(spacer) for spacer in one.unit.spacers],
            "distances": dict(one.distances),
            "share": one.share,
        }
        for one in plan.placed
    ]
    return {"length": plan.length, "starts": plan.starts, "seed": plan.seed, "placed": placed}
