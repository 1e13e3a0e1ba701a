"""What a protein does, as names of classes: from its EC numbers at a level, or its GO terms."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from relevome.data.ec_numbers import by_number, classes_at
from relevome.data.ontology import Ontology, propagated
from relevome.errors import InputError

NO_ENZYME, ENZYME = "non-enzyme", "enzyme"


@dataclass(frozen=True)
class LeftOut:
    """Why a protein has no place in a task."""

    reason: str


@runtime_checkable
class FunctionLabels(Protocol):
    """How terms become names of classes; ``counts`` what happened to terms on the way."""

    counts: Counter[str]

    def classes(self, terms: tuple[str, ...]) -> frozenset[str] | LeftOut:
        """All classes of a protein, or why it has none. Raises ``InputError`` for an unknown term."""
        ...

    def in_order(self, names: set[str]) -> tuple[str, ...]:
        """Names as the outputs of a model are ordered."""
        ...

    def above(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """All classes that a class implies, itself among them, and of them those right above it."""
        ...


@dataclass
class EcLabels:
    """Classes of enzymes at a level from 1 to 4; at level 0 whether it is an enzyme at all.

    Where ``several`` classes are no choice, a protein has to have one: another number that is coarser than
    the level and does not agree with it counts as another class.
    """

    level: int
    several: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def classes(self, terms: tuple[str, ...]) -> frozenset[str] | LeftOut:
        """See `FunctionLabels`."""
        if self.level == 0:
            return frozenset([ENZYME if terms else NO_ENZYME])
        if not terms:
            return LeftOut("without an EC number")
        fine, coarse = classes_at(terms, self.level)
        if not fine:
            return LeftOut(f"with no EC number down to level {self.level}")
        if not self.several and len(fine) + len(coarse) > 1:
            return LeftOut(f"of several classes at level {self.level}")
        self.counts["EC numbers coarser than the level, passed over"] += len(coarse)
        return fine

    def in_order(self, names: set[str]) -> tuple[str, ...]:
        """By their numbers; what is an enzyme is last, the positive class."""
        return (NO_ENZYME, ENZYME) if self.level == 0 else tuple(sorted(names, key=by_number))

    def above(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """None: at one level no class is part of another."""
        return frozenset([name]), frozenset()


@dataclass
class GoLabels:
    """GO terms and all terms above them, by is_a and part_of (the true-path rule)."""

    ontology: Ontology
    counts: Counter[str] = field(default_factory=Counter)

    def classes(self, terms: tuple[str, ...]) -> frozenset[str] | LeftOut:
        """See `FunctionLabels`."""
        if not terms:
            return LeftOut("without a GO term")
        now = {self._current(term) for term in terms} - {None}
        if not now:
            return LeftOut("with obsolete GO terms only")
        return propagated(self.ontology, (term for term in now if term is not None))

    def _current(self, term: str) -> str | None:
        now = self.ontology.current(term)
        if now is None:
            self.counts["obsolete GO terms without a replacement, passed over"] += 1
        elif now != term:
            merged = term in self.ontology.alternative
            self.counts[f"{'merged' if merged else 'obsolete'} GO terms, read as what replaced them"] += 1
        return now

    def chosen(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Terms that were asked for by name, in that order, under their present ids."""
        found = [self.ontology.current(term) for term in asked]
        for term, now in zip(asked, found, strict=True):
            if now is None:
                raise InputError(f"--go-terms: {term} is obsolete and nothing replaces it: leave it out")
        return tuple(dict.fromkeys(term for term in found if term is not None))

    def in_order(self, names: set[str]) -> tuple[str, ...]:
        """By their ids, without the roots, which every protein of a branch has."""
        return tuple(sorted(name for name in names if self.ontology.terms[name].parents))

    def above(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """See `FunctionLabels`."""
        return self.ontology.ancestors(name), frozenset(self.ontology.terms[name].parents)
