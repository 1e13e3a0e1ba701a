"""Grammars with logic: what the sites of a sequence come to together, and what each is worth there."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from relevome.data.motifs import Motif
from relevome.data.sequences import Alphabet
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.words import counted

Value: TypeAlias = Callable[[Sequence[Site]], float]

SITE, WEAK, DECOY = "site", "weak site", "decoy"  # kinds of sites, as files have them
WEIGHTS = MappingProxyType({SITE: 1.0, WEAK: 0.5})  # of the sites of ``strength``

_MOST = 8  # sites of one sequence: effects are sums over all 2^8 subsets
_CHANGED = 2  # positions of a motif that a weak site does not keep


@dataclass(frozen=True)
class LogicState:
    """What sequences of one class may have: the sites of some motifs (their indices).

    ``share`` is that of its class, and ``shift`` where the distance of `spacing` lies: 0 in the range, -1
    below it, 1 above.
    """

    name: str
    positive: bool
    share: float
    motifs: tuple[int, ...] = ()
    shift: int = 0


def _two(first: float, second: float, both: float, neither: float, positive: str) -> tuple[LogicState, ...]:
    """States of two motifs by their shares; which ones are ``positive``, separated by commas."""
    every: dict[str, tuple[float, tuple[int, ...]]] = {
        "both": (both, (0, 1)),
        "first alone": (first, (0,)),
        "second alone": (second, (1,)),
        "neither": (neither, ()),
    }
    return tuple(
        LogicState(name, name in positive.split(","), share, motifs)
        for name, (share, motifs) in every.items()
    )


STATES: MappingProxyType[str, tuple[LogicState, ...]] = MappingProxyType(
    {
        "and": _two(0.4, 0.4, 1.0, 0.2, "both"),
        "or": _two(0.4, 0.4, 0.2, 1.0, "both,first alone,second alone"),
        "not": _two(1.0, 0.25, 0.5, 0.25, "first alone"),
        "spacing": (
            LogicState("in range", True, 1.0, (0, 1)),
            LogicState("closer", False, 0.5, (0, 1), -1),
            LogicState("farther", False, 0.5, (0, 1), 1),
        ),
        "strength": (LogicState("some", True, 1.0), LogicState("none", False, 1.0)),
    }
)


@dataclass(frozen=True, eq=False)
class LogicGrammar:
    """Motifs, and what those of their sites that are in a sequence come to (`value`).

    ``and``, ``or``, ``not`` and ``spacing`` have two motifs and the values 0 and 1: both; either or both; the
    first without the second, which represses; the second so many letters behind the first as ``spacing``
    holds. ``strength`` has the sum of the weights of its sites, up to ``most`` in a sequence: 1 each, and
    0.5 for a weak one, which does not keep to two of the clearest positions of its motif.

    Raises InputError for another name, motifs of another number, of two alphabets or of one name, and a range
    or number that cannot be.
    """

    name: str
    motifs: tuple[Motif, ...]
    spacing: range = range(8, 13)
    most: int = 3

    def __post_init__(self) -> None:
        if self.name not in STATES:
            raise InputError(f"unknown logic {self.name!r}: expected one of {', '.join(STATES)}")
        if len(self.motifs) != 2 and (self.name != "strength" or not self.motifs):
            wanted = "one or more" if self.name == "strength" else "two"
            raise InputError(
                f"{counted(len(self.motifs), 'motif')} for --grammar {self.name}: expected {wanted}; choose "
                "with --motif-names"
            )
        if len({motif.alphabet for motif in self.motifs}) != 1:
            raise InputError(f"motifs of --grammar {self.name}: expected all of one alphabet")
        if len({motif.name for motif in self.motifs}) < len(self.motifs):
            raise InputError(f"motifs of --grammar {self.name} have the same name: expected every name once")
        if not self.spacing or self.spacing.step != 1 or self.spacing.start < 0:
            raise InputError(
                f"spacing {self.spacing.start}:{self.spacing.stop - 1}: expected distances from 0 on, the "
                "smaller one first"
            )
        if not 1 <= self.most <= _MOST:
            raise InputError(f"{counted(self.most, 'site')} of one sequence: expected 1 to {_MOST}")

    @property
    def alphabet(self) -> Alphabet:
        """The alphabet of all motifs."""
        return self.motifs[0].alphabet

    @property
    def states(self) -> tuple[LogicState, ...]:
        """What sequences may have; where no distance lies below the range, none is closer."""
        found = STATES[self.name]
        if self.name != "spacing" or self.spacing.start > 0:
            return found
        return tuple(replace(one, share=1.0) for one in found if one.shift >= 0)

    def gaps(self, state: LogicState) -> range:
        """Letters between two sites of `spacing`: those of the range, or as many next to it on one side."""
        inside = self.spacing
        if state.shift < 0:
            return range(max(0, inside.start - len(inside)), inside.start)
        return range(inside.stop, inside.stop + len(inside)) if state.shift else inside

    @property
    def longest(self) -> int:
        """Letters that the sites of one sequence take at most."""
        if self.name == "strength":
            return self.most * max(map(len, self.motifs))
        gap = self.spacing.stop + len(self.spacing) - 1 if self.name == "spacing" else 0
        return sum(map(len, self.motifs)) + gap

    def value(self, sites: Sequence[Site]) -> float:
        """What these sites come to, and no others; decoys come to nothing."""
        real = [site for site in sites if site.kind != DECOY]
        if self.name == "strength":
            return float(sum(WEIGHTS[site.kind] for site in real))
        first, second = ([site for site in real if site.name == motif.name] for motif in self.motifs)
        if self.name == "and":
            return float(bool(first and second))
        if self.name == "or":
            return float(bool(first or second))
        if self.name == "not":
            return float(bool(first and not second))
        return float(any(b.start - a.end in self.spacing for a in first for b in second))

    def with_effects(self, sites: Sequence[Site]) -> tuple[Site, ...]:
        """The sites of a sequence, each with the effect that it has there (`shapley`); a decoy has none."""
        real = [site for site in sites if site.kind != DECOY]
        effects = iter(shapley(self.value, real))
        return tuple(replace(site, effect=0.0 if site.kind == DECOY else next(effects)) for site in sites)


def shapley(value: Value, sites: Sequence[Site]) -> list[float]:
    """What each site adds to the value, over all orders in which sites may come to be there.

    With N the other sites, of which S are there before it, and n sites in all, the sum over all S of
    |S|! (n - |S| - 1)! / n! (value(S with it) - value(S)): Shapley (1953), A value for n-person games,
    Contributions to the Theory of Games II, 307-317. All of them sum to value(all) - value(none).
    """
    n = len(sites)
    found = [0.0] * n
    for place in range(n):
        others = [i for i in range(n) if i != place]
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for before in combinations(others, size):
                found[place] += weight * (value(_of(sites, (*before, place))) - value(_of(sites, before)))
    return [round(effect, 12) + 0.0 for effect in found]  # sums of thirds and the like end in 1e-17


def leaving_out(value: Value, sites: Sequence[Site]) -> list[float]:
    """What the value loses without each site, all others being there."""
    every = value(sites)
    return [every - value([*sites[:place], *sites[place + 1 :]]) for place in range(len(sites))]


def weakened(motif: Motif, rng: np.random.Generator) -> Motif:
    """The motif with any other letter at two of its clearest positions, drawn among those that are as clear.

    A letter there is any that the motif has less often than if all were as likely.
    """
    p = motif.probabilities
    order = rng.permutation(len(p))
    clear = order[np.argsort(-np.round(motif.information_content()[order], 6), kind="stable")][:_CHANGED]
    rows = p.copy()
    for place in clear:
        rare = p[place] < 1 / p.shape[1]
        if not rare.any():
            raise InputError(f"motif {motif.id!r} has no clear positions: no site of it can be weak")
        rows[place] = rare / rare.sum()
    return replace(motif, probabilities=rows)


def _of(sites: Sequence[Site], places: Collection[int]) -> list[Site]:
    return [sites[place] for place in sorted(places)]
