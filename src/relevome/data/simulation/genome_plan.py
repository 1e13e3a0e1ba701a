"""From what a user names to a made-up genome, and the database that its motifs are to be found in."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from relevome.data.formats.meme import read_meme
from relevome.data.motifs import Motif, pearson, select_motifs
from relevome.data.sequences import DNA
from relevome.data.simulation.background import Background
from relevome.data.simulation.genome import GenomePlan, PlacedUnit
from relevome.data.simulation.grammar import Unit
from relevome.errors import InputError
from relevome.words import counted

LENGTH, STARTS, OTHERS = 250_000, 2_000, 97
DISTANCES = "-54:-47,-34:-27,-14:-7"

# Positions of made-up motifs hold 1.5 bits on average: clear, and no letter is certain.
_CONCENTRATION = 0.12
_PLANTED_WIDTH, _WIDTHS = 8, (8, 12)
# Of motifs with so many positions that correlate as much, on either strand, who finds one finds the other.
_POSITIONS, _ALIKE = 6, 0.8

# Streams of random numbers under one seed.
_PLANTED, _OTHERS = range(2)


def plan_genome(
    *,
    length: int = LENGTH,
    starts: int = STARTS,
    distances: str = DISTANCES,
    share: float = 1.0,
    gc: float = 0.5,
    others: int = OTHERS,
    motifs: Path | None = None,
    motif_names: str | None = None,
    seed: int = 0,
) -> GenomePlan:
    """A genome whose start sites have one factor for each of ``distances``, such as ``-34:-27,5``.

    A range holds the places of a motif's first letter, all as likely. Motifs are made up, or those of a MEME
    file, in its order or that of ``motif_names``. ``others`` are made up too, are like none of these, and
    planted nowhere. Raises ``InputError`` for ranges that may overlap, and where motifs and distances are not
    of one number.
    """
    ranges = _ranges(distances)
    if motif_names is not None and motifs is None:
        raise InputError("--motif-names chooses from the file of --motifs: give both, or leave it out")
    if motifs is None:
        factors = made_up([_PLANTED_WIDTH] * len(ranges), "factor", np.random.default_rng([seed, _PLANTED]))
    else:
        read = read_meme(motifs)
        factors = select_motifs(read, motif_names.split(",")) if motif_names else read
    if len(factors) != len(ranges):
        raise InputError(
            f"{counted(len(factors), 'motif')} and {counted(len(ranges), 'distance')} ({distances}): "
            "expected a distance, or a range such as -34:-27, for every motif"
        )
    _check_apart(factors, ranges)
    placed = tuple(
        PlacedUnit(Unit((motif,)), dict.fromkeys(places, 1 / len(places)), share)
        for motif, places in zip(factors, ranges, strict=True)
    )
    rng = np.random.default_rng([seed, _OTHERS])
    widths = rng.integers(_WIDTHS[0], _WIDTHS[1] + 1, size=others).tolist()
    unplanted = tuple(_unlike(factors, width, f"other{i}", rng) for i, width in enumerate(widths, 1))
    return GenomePlan(placed, length, starts, Background.with_gc(gc), seed, unplanted)


def _unlike(factors: list[Motif], width: int, name: str, rng: np.random.Generator) -> Motif:
    """A made-up motif that is like none of the factors."""
    while True:
        (drawn,) = made_up([width], name, rng)
        if all(likeness(drawn, factor) < _ALIKE for factor in factors):
            return Motif(name, name, drawn.probabilities, DNA)


def likeness(first: Motif, second: Motif) -> float:
    """The largest Pearson's r of any stretch of six positions or more that two motifs may share.

    On either strand; of all positions of a shorter motif.
    """
    a = first.probabilities
    return max(_best_overlap(a, b) for b in (second.probabilities, second.turned))


def _best_overlap(a: np.ndarray, b: np.ndarray) -> float:
    least = min(_POSITIONS, len(a), len(b))
    found = []
    for shift in range(least - len(b), len(a) - least + 1):
        start, end = max(shift, 0), min(shift + len(b), len(a))
        found.append(pearson(a[start:end], b[start - shift : end - shift]))
    return max(found)


def made_up(widths: list[int], name: str, rng: np.random.Generator) -> list[Motif]:
    """Motifs of DNA whose positions mostly keep to one letter."""
    return [
        Motif(f"{name}{number}", f"{name}{number}", rng.dirichlet([_CONCENTRATION] * 4, size=width), DNA)
        for number, width in enumerate(widths, 1)
    ]


def _ranges(text: str) -> list[range]:
    ranges = []
    for part in text.split(","):
        try:
            ends = [int(end) for end in part.split(":")]
            first, last = ends if len(ends) == 2 else (*ends, *ends)
        except ValueError as error:
            raise InputError(
                f"distance {part!r}: expected letters from the start site, such as -30, or a range -34:-27"
            ) from error
        if first > last:
            raise InputError(f"distances {part}: expected the first one to be no larger than the last")
        ranges.append(range(first, last + 1))
    return ranges


def _check_apart(motifs: list[Motif], ranges: list[range]) -> None:
    """What is planted last would else overwrite what was planted before."""
    order = sorted(zip(ranges, motifs, strict=True), key=lambda pair: pair[0][0])
    for (before, first), (after, second) in pairwise(order):
        if before[-1] + len(first) > after[0]:
            raise InputError(
                f"{first.name} may reach letter {before[-1] + len(first) - 1} from a start site, and "
                f"{second.name} may begin at {after[0]}: expected distances at which motifs cannot overlap"
            )
