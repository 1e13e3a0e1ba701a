"""What is planted: motifs, alone or in a fixed order with spacers between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, Alphabet
from relevome.errors import InputError
from relevome.words import counted

# Bases of 112 promoters of Escherichia coli at -35 and -10, rows in the order ACGT: Hawley & McClure
# (1983), Nucleic Acids Res. 11:2237, as tabulated with the Staden package (PROKPROMS.WTS).
_MINUS_35 = ((2, 6, 2, 72, 26, 50), (7, 6, 11, 18, 60, 8), (11, 6, 88, 3, 11, 17), (92, 94, 11, 19, 15, 37))
_MINUS_10 = (
    (2, 106, 29, 66, 57, 1),
    (10, 2, 16, 14, 22, 3),
    (11, 1, 18, 17, 14, 0),
    (89, 3, 49, 15, 19, 108),
)

# 92% of 263 promoters have 16 to 18 letters, most often 17: Harley & Reynolds (1987), Nucleic Acids
# Res. 15:2343. How the 92% and the rest are divided up is not in what we could read, and is ours.
_SPACER = MappingProxyType({15: 0.04, 16: 0.23, 17: 0.46, 18: 0.23, 19: 0.04})

# Consensus sequences of Escherichia coli: halves of CRP's site, AATGTGA and TCACATT six apart (Ebright et al.
# 1989, Nucleic Acids Res 17:10295), the box of DnaA (Schaper & Messer 1995, J Biol Chem 270:17622), a unit of
# PhoB's (Makino et al. 1988, J Mol Biol 203:85). That letters keep to them in _KEPT of all sites, and that
# the distance varies by one, is ours.
_KEPT = 0.98
_CRP_SPACER = MappingProxyType({5: 0.25, 6: 0.5, 7: 0.25})


@dataclass(frozen=True, eq=False)
class Unit:
    """Motifs planted together in this order.

    ``spacers[i]`` gives the probability of each number of letters between motif i and motif i + 1.
    Motifs of one unit have different names.
    """

    motifs: tuple[Motif, ...]
    spacers: tuple[Mapping[int, float], ...] = ()

    def __post_init__(self) -> None:
        names = [motif.name for motif in self.motifs]
        if not names or len(set(names)) < len(names) or len(self.spacers) != len(names) - 1:
            raise InputError(
                f"unit of {names} with {counted(len(self.spacers), 'spacer')}: expected one less than motifs"
            )
        for spacer in self.spacers:
            if min([*spacer, *spacer.values()], default=-1) < 0 or not np.isclose(sum(spacer.values()), 1):
                raise InputError(
                    f"spacer {dict(spacer)}: expected lengths from 0 on with probabilities that sum to 1"
                )

    @property
    def longest(self) -> int:
        """Letters that the unit takes at most."""
        return sum(map(len, self.motifs)) + sum(max(spacer) for spacer in self.spacers)


@dataclass(frozen=True, eq=False)
class Grammar:
    """What makes a positive: units in any order, none twice and none inside another.

    A positive has every unit, or ``planted`` of them, drawn at random: with fewer than all, a model cannot
    do with the easiest one.
    """

    name: str
    units: tuple[Unit, ...]
    planted: int | None = None

    def __post_init__(self) -> None:
        if self.planted is not None and not 1 <= self.planted <= len(self.units):
            raise InputError(
                f"{counted(self.planted, 'unit')} of grammar {self.name!r} in every positive: expected 1 to "
                f"{len(self.units)}"
            )
        if len({motif.alphabet for unit in self.units for motif in unit.motifs}) != 1:
            raise InputError(f"grammar {self.name!r}: expected one motif or more, all of one alphabet")

    @property
    def alphabet(self) -> Alphabet:
        """The alphabet of all motifs."""
        return self.units[0].motifs[0].alphabet

    @property
    def longest(self) -> int:
        """Letters that the units of one positive take at most."""
        return sum(sorted((unit.longest for unit in self.units), reverse=True)[: self.planted])


def promoter_grammar() -> Grammar:
    """Bacterial promoters of sigma 70: ``-35``, a spacer of 15 to 19 letters, most often 17, and ``-10``.

    Base frequencies from Hawley & McClure (1983), doi 10.1093/nar/11.8.2237, spacers after Harley &
    Reynolds (1987), doi 10.1093/nar/15.5.2343, who find that three in four promoters start 6 to 8
    letters after the end of ``-10``.
    """
    minus_35, minus_10 = (
        Motif(name, name, np.array(counts, dtype=float).T / np.sum(counts, axis=0)[:, None], DNA)
        for name, counts in (("-35", _MINUS_35), ("-10", _MINUS_10))
    )
    return Grammar("promoter", (Unit((minus_35, minus_10), (_SPACER,)),))


def sites_grammar(planted: int | None = 1) -> Grammar:
    """Clear binding sites of three factors, one of them in halves with a spacer; one in every positive.

    ``CRP-left``, 5 to 7 letters, ``CRP-right``; ``DnaA``; ``PhoB``. Since every letter matters and no site
    can stand in for another, a model that has learnt the task uses just about what was planted.
    """
    halves = (consensus("CRP-left", "AATGTGA"), consensus("CRP-right", "TCACATT"))
    boxes = (consensus("DnaA", "TTATCCACA"), consensus("PhoB", "CTGTCATAAAT"))
    return Grammar("sites", (Unit(halves, (_CRP_SPACER,)), *(Unit((box,)) for box in boxes)), planted)


def consensus(name: str, letters: str) -> Motif:
    """A motif that keeps to its consensus with _KEPT at every letter, else takes any other base."""
    others = (1 - _KEPT) / (len(DNA.letters) - 1)
    rows = [[_KEPT if base == letter else others for base in DNA.letters] for letter in letters]
    return Motif(name, name, np.array(rows), DNA)


def motif_grammar(motifs: Iterable[Motif], planted: int | None = None) -> Grammar:
    """Each motif once, or ``planted`` of them, in any order and at any distance."""
    return Grammar("meme", tuple(Unit((motif,)) for motif in motifs), planted)
