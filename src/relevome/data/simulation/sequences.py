"""Sequences with planted motifs, and the exact truth about them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool

from relevome.data.motifs import Motif
from relevome.data.sequences import Sequence
from relevome.data.shuffle import dinucleotide_shuffle_around, shuffle_around
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import Grammar, Unit
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.words import counted

_ATTEMPTS = 100

# Streams of random numbers under one seed: what is drawn for one sequence depends on no other.
_POSITIVE, _NEGATIVE, _DECOY_MOTIFS = range(3)


@dataclass(frozen=True)
class Simulated:
    """A simulated sequence: label 1 with the planted sites, or label 0 without any.

    ``decoys`` look like sites and mean nothing. ``source`` numbers the positives; a negative is a
    shuffle of the positive with the same source.
    """

    sequence: Sequence
    label: int
    sites: tuple[Site, ...]
    decoys: tuple[Site, ...]
    source: int


@dataclass(frozen=True, eq=False)
class SimulationPlan:
    """How sequences are simulated.

    In every positive each unit of the grammar, or those drawn, is planted in ``length`` letters of
    background: anywhere with equal probability, or, if ``position`` is given and the grammar has one unit, so
    that its last motif ends right before letter ``position`` (0-based).

    Every sequence, positive or negative, also has ``decoys`` decoys: of a unit of several motifs
    one motif without its partner, of a single motif one with its positions shuffled. No decoy makes
    up a unit with another decoy or with a site. Background that looks like a motif by chance is
    left as it is.
    """

    grammar: Grammar
    length: int
    background: Background
    seed: int
    decoys: int = 0
    position: int | None = None

    def __post_init__(self) -> None:
        if self.background.alphabet != self.grammar.alphabet:
            raise InputError(
                f"motifs of {self.grammar.alphabet.name} in a background of "
                f"{self.background.alphabet.name}: expected the same alphabet"
            )
        if self.seed < 0 or self.decoys < 0:
            raise InputError(
                f"seed {self.seed} and {counted(self.decoys, 'decoy')}: expected whole numbers from 0 on"
            )
        widest = max((len(motif) for motif in self.decoy_motifs), default=0)
        needed = self.grammar.longest + self.decoys * widest
        if self.length < needed:
            raise InputError(f"length {self.length}: expected {needed} or more for all motifs and decoys")
        _check_position(self)

    @cached_property
    def decoy_motifs(self) -> tuple[Motif, ...]:
        """What decoys are made of; empty without decoys."""
        if not self.decoys:
            return ()
        rng = np.random.default_rng([self.seed, _DECOY_MOTIFS])
        motifs: list[Motif] = []
        for unit in self.grammar.units:
            motifs += unit.motifs if unit.spacers else [motif.shuffled(rng) for motif in unit.motifs]
        return tuple(motifs)


def simulate(plan: SimulationPlan, positives: int, negatives: int) -> Iterator[Simulated]:
    """Positives, each followed by the negatives that are shuffles of it, one at a time.

    Negatives have the same number of every pair of letters as their positive (of every letter, for
    proteins), the same decoys at other places, and no site left in its place. Where there are more
    or fewer negatives than positives they are spread evenly. Raises InputError if there is no room.
    """
    if positives < 1 or negatives < 0:
        raise InputError(
            f"{counted(positives, 'positive')} and {counted(negatives, 'negative')}: expected at least 1 and "
            "0"
        )
    done = 0
    for source in range(positives):
        positive = _positive(plan, source)
        yield positive
        # Negative j is made from the positive floor(j * positives / negatives).
        upto = -(-(source + 1) * negatives // positives)
        for number in range(done, upto):
            yield _negative(plan, positive, number)
        done = upto


def _check_position(plan: SimulationPlan) -> None:
    if plan.position is None:
        return
    if len(plan.grammar.units) != 1:
        raise InputError(
            f"position {plan.position} for {len(plan.grammar.units)} motifs: expected one, or no position"
        )
    if not plan.grammar.units[0].longest <= plan.position <= plan.length:
        raise InputError(
            f"position {plan.position}: expected the end of the last motif, between "
            f"{plan.grammar.units[0].longest} and the length {plan.length}"
        )


def _positive(plan: SimulationPlan, source: int) -> Simulated:
    rng = np.random.default_rng([plan.seed, _POSITIVE, source])
    id = f"positive_{source + 1}"
    for _ in range(_ATTEMPTS):
        letters = list(plan.background.sample(plan.length, rng))
        taken = np.zeros(plan.length, dtype=bool)
        drawn = rng.permutation(len(plan.grammar.units))[: plan.grammar.planted]
        units = [plan.grammar.units[i] for i in drawn]
        planted = [_plant_unit(plan, unit, letters, taken, rng) for unit in units]
        sites = [site for unit_sites in planted for site in unit_sites]
        decoys = [] if not all(planted) else _plant_decoys(plan, letters, taken, sites, rng)
        if all(planted) and len(decoys) == plan.decoys:
            sequence = Sequence(id, "".join(letters), plan.grammar.alphabet)
            return Simulated(sequence, 1, _sorted(sites), _sorted(decoys), source)
    raise InputError(
        f"no room for all motifs and decoys in {counted(plan.length, 'letter')}: give a larger length"
    )


def _plant_unit(
    plan: SimulationPlan,
    unit: Unit,
    letters: list[str],
    taken: Bool[np.ndarray, " length"],
    rng: np.random.Generator,
) -> list[Site]:
    """Sites of the unit, written into ``letters``; none where there was no room."""
    offsets = [0]
    for motif, spacer in zip(unit.motifs, unit.spacers, strict=False):
        gap = int(rng.choice(list(spacer), p=list(spacer.values())))
        offsets.append(offsets[-1] + len(motif) + gap)
    width = offsets[-1] + len(unit.motifs[-1])
    starts = free_starts(taken, width, rng) if plan.position is None else [plan.position - width]
    if not starts:
        return []
    taken[starts[0] : starts[0] + width] = True
    return [
        write_motif(motif, starts[0] + offset, letters, rng)
        for motif, offset in zip(unit.motifs, offsets, strict=True)
    ]


def _plant_decoys(
    plan: SimulationPlan,
    letters: list[str],
    taken: Bool[np.ndarray, " length"],
    sites: list[Site],
    rng: np.random.Generator,
) -> list[Site]:
    """Decoys, written into ``letters``; as many as there was room for."""
    decoys: list[Site] = []
    for _ in range(plan.decoys):
        motif = plan.decoy_motifs[rng.integers(len(plan.decoy_motifs))]
        for start in free_starts(taken, len(motif), rng):
            decoy = Site(start, start + len(motif), motif.name, "+")
            if not any(_make_up_unit(plan.grammar, decoy, other) for other in sites + decoys):
                decoys.append(write_motif(motif, start, letters, rng))
                taken[start : decoy.end] = True
                break
    return decoys


def write_motif(motif: Motif, start: int, letters: list[str], rng: np.random.Generator) -> Site:
    """A site of the motif at ``start``, written into ``letters``."""
    letters[start : start + len(motif)] = motif.sample(rng)
    return Site(start, start + len(motif), motif.name, "+")


def free_starts(taken: Bool[np.ndarray, " length"], width: int, rng: np.random.Generator) -> list[int]:
    """All places with ``width`` free letters, in random order."""
    before = np.concatenate([[0], np.cumsum(taken)])
    return [int(i) for i in rng.permutation(np.flatnonzero(before[width:] == before[: len(before) - width]))]


def _make_up_unit(grammar: Grammar, one: Site, other: Site) -> bool:
    """Whether two sites are neighbours in a unit and stand at a distance that it allows."""
    left, right = sorted((one, other), key=lambda site: site.start)
    return any(
        left.name == motif.name and right.name == following.name and right.start - left.end in spacer
        for unit in grammar.units
        for motif, following, spacer in zip(unit.motifs, unit.motifs[1:], unit.spacers, strict=False)
    )


def _negative(plan: SimulationPlan, positive: Simulated, number: int) -> Simulated:
    rng = np.random.default_rng([plan.seed, _NEGATIVE, number])
    letters = positive.sequence.letters
    around = shuffle_around if plan.grammar.alphabet.complements is None else dinucleotide_shuffle_around
    kept = tuple((decoy.start, decoy.end) for decoy in positive.decoys)
    for _ in range(_ATTEMPTS):
        shuffled, starts = around(letters, kept, rng)
        decoys = [
            Site(start, start + decoy.end - decoy.start, decoy.name, "+")
            for start, decoy in zip(starts, positive.decoys, strict=True)
        ]
        in_place = any(shuffled[s.start : s.end] == letters[s.start : s.end] for s in positive.sites)
        pairs = itertools.combinations(_sorted(decoys), 2)
        if not in_place and not any(a.end > b.start or _make_up_unit(plan.grammar, a, b) for a, b in pairs):
            sequence = Sequence(f"negative_{number + 1}", shuffled, plan.grammar.alphabet)
            return Simulated(sequence, 0, (), _sorted(decoys), positive.source)
    raise InputError(f"{positive.sequence.id} cannot be shuffled without its motifs: give a larger length")


def _sorted(sites: list[Site]) -> tuple[Site, ...]:
    return tuple(sorted(sites, key=lambda site: site.start))
