"""Sequences of a grammar with logic, whose negatives have sites, too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool

from relevome.data.motifs import Motif
from relevome.data.sequences import Sequence
from relevome.data.simulation.background import Background
from relevome.data.simulation.logic import (
    DECOY,
    SITE,
    WEAK,
    LogicGrammar,
    LogicState,
    leaving_out,
    weakened,
)
from relevome.data.simulation.sequences import free_starts, write_motif
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.words import counted

_ATTEMPTS = 100

# Streams of random numbers under one seed: what is drawn for one sequence depends on no other.
_POSITIVE, _NEGATIVE, _MOTIFS = range(3)


@dataclass(frozen=True)
class LogicSequence:
    """A sequence with what its grammar says of it.

    ``label`` is the value of the grammar: 0 or 1, of ``strength`` a number with decimals. ``sites`` are all
    that was planted, decoys among them, each with its effect; ``leaving_out`` what the label loses without
    each. ``source`` numbers the positives; a negative has the number of the positive that it goes with into
    train, validation or test.
    """

    sequence: Sequence
    label: int | float
    state: str
    sites: tuple[Site, ...]
    leaving_out: tuple[float, ...]
    source: int


@dataclass(frozen=True, eq=False)
class LogicPlan:
    """How sequences of a grammar with logic are simulated.

    Sites lie anywhere in ``length`` letters of background, in any order; of ``spacing`` the second behind the
    first. Every sequence also has ``decoys`` decoys, motifs with their positions shuffled. Background that
    looks like a motif by chance is left as it is. Raises InputError for what has no room.
    """

    grammar: LogicGrammar
    length: int
    background: Background
    seed: int
    decoys: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0 or self.decoys < 0:
            raise InputError(
                f"seed {self.seed} and {counted(self.decoys, 'decoy')}: expected whole numbers from 0 on"
            )
        needed = self.grammar.longest + self.decoys * max(map(len, self.grammar.motifs))
        if self.length < needed:
            raise InputError(f"length {self.length}: expected {needed} or more for all motifs and decoys")

    @cached_property
    def decoy_motifs(self) -> tuple[Motif, ...]:
        """What decoys are made of; empty without decoys."""
        rng = np.random.default_rng([self.seed, _MOTIFS, 0])
        return tuple(motif.shuffled(rng) for motif in self.grammar.motifs) if self.decoys else ()

    @cached_property
    def weak_motifs(self) -> tuple[Motif, ...]:
        """What weak sites are made of; empty of all grammars but ``strength``."""
        rng = np.random.default_rng([self.seed, _MOTIFS, 1])
        found = self.grammar.motifs if self.grammar.name == "strength" else ()
        return tuple(weakened(motif, rng) for motif in found)


def simulate_logic(plan: LogicPlan, positives: int, negatives: int) -> Iterator[LogicSequence]:
    """Positives, each followed by its share of the negatives, one at a time.

    Raises InputError for fewer than one positive, and where there is no room for what is planted.
    """
    if positives < 1 or negatives < 0:
        raise InputError(
            f"{counted(positives, 'positive')} and {counted(negatives, 'negative')}: expected at least 1 and "
            "0"
        )
    done = 0
    for source in range(positives):
        yield _simulated(plan, True, source, source)
        upto = -(-(source + 1) * negatives // positives)
        for number in range(done, upto):
            yield _simulated(plan, False, number, source)
        done = upto


def _simulated(plan: LogicPlan, positive: bool, number: int, source: int) -> LogicSequence:
    grammar = plan.grammar
    rng = np.random.default_rng([plan.seed, _POSITIVE if positive else _NEGATIVE, number])
    among = [state for state in grammar.states if state.positive == positive]
    shares = np.array([state.share for state in among])
    state = among[int(rng.choice(len(among), p=shares / shares.sum()))]
    for _ in range(_ATTEMPTS):
        letters = list(plan.background.sample(plan.length, rng))
        sites = _planted(plan, state, letters, rng)
        if sites is None:
            continue
        found = grammar.with_effects(sorted(sites, key=lambda site: site.start))
        id = f"{'positive' if positive else 'negative'}_{number + 1}"
        sequence = Sequence(id, "".join(letters), grammar.alphabet)
        lost = tuple(leaving_out(grammar.value, found))
        value = grammar.value(found)
        label = value if grammar.name == "strength" else int(value)
        return LogicSequence(sequence, label, state.name, found, lost, source)
    raise InputError(
        f"no room for all motifs and decoys in {counted(plan.length, 'letter')}: give a larger length"
    )


def _planted(
    plan: LogicPlan, state: LogicState, letters: list[str], rng: np.random.Generator
) -> list[Site] | None:
    """Sites and decoys, written into ``letters``; None where there was no room for all."""
    blocks = _blocks(plan, state, rng)
    decoys = [plan.decoy_motifs[i] for i in rng.integers(len(plan.grammar.motifs), size=plan.decoys)]
    blocks += [([motif], [0], DECOY) for motif in decoys]
    taken = np.zeros(len(letters), dtype=bool)
    sites: list[Site] = []
    for motifs, offsets, kind in blocks:
        start = _take(taken, offsets[-1] + len(motifs[-1]), rng)
        if start is None:
            return None
        for motif, offset in zip(motifs, offsets, strict=True):
            sites.append(replace(write_motif(motif, start + offset, letters, rng), kind=kind))
    return sites


def _blocks(
    plan: LogicPlan, state: LogicState, rng: np.random.Generator
) -> list[tuple[list[Motif], list[int], str]]:
    """What is planted in one piece: motifs, where each begins in it, and what kind of sites they are."""
    grammar = plan.grammar
    if grammar.name == "strength":
        count = int(rng.integers(1, grammar.most + 1)) if state.positive else 0
        drawn = rng.integers(len(grammar.motifs), size=count)
        weak = rng.random(count) < 0.5
        return [
            ([(plan.weak_motifs if is_weak else grammar.motifs)[i]], [0], WEAK if is_weak else SITE)
            for i, is_weak in zip(drawn, weak, strict=True)
        ]
    chosen = [grammar.motifs[i] for i in state.motifs]
    if grammar.name == "spacing":
        gap = int(rng.choice(list(grammar.gaps(state))))
        return [(chosen, [0, len(chosen[0]) + gap], SITE)]
    return [([motif], [0], SITE) for motif in chosen]


def _take(taken: Bool[np.ndarray, " length"], width: int, rng: np.random.Generator) -> int | None:
    """Where ``width`` free letters begin, which are then taken; None where there are none."""
    start = next(iter(free_starts(taken, width, rng)), None)
    if start is not None:
        taken[start : start + width] = True
    return start
