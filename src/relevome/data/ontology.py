"""The Gene Ontology: terms, their ancestors, and terms that are no longer used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from relevome.errors import InputError

GO_ID = re.compile(r"GO:\d{7}")


@dataclass(frozen=True)
class Term:
    """One term: ``parents`` by is_a and part_of, those of its own namespace only."""

    id: str
    name: str
    namespace: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Ontology:
    """Terms by id, ``alternative`` ids of merged terms, and ``obsolete`` ids with what replaces each, if any.

    Raises ``InputError`` if the terms have a cycle.
    """

    terms: Mapping[str, Term] = field(repr=False)
    alternative: Mapping[str, str] = field(repr=False)
    obsolete: Mapping[str, str | None] = field(repr=False)
    version: str | None = None

    def __post_init__(self) -> None:
        try:
            TopologicalSorter({id: term.parents for id, term in self.terms.items()}).prepare()
        except CycleError as error:
            ring = " is under ".join(reversed(error.args[1]))
            raise InputError(
                f"the ontology has a cycle, {ring}: expected none, as in go-basic.obo"
            ) from error

    def ancestors(self, id: str) -> frozenset[str]:
        """A term and all terms above it."""
        if id not in self._asked:
            found, waiting = {id}, [id]
            while waiting:
                above = [parent for parent in self.terms[waiting.pop()].parents if parent not in found]
                found.update(above)
                waiting += above
            self._asked[id] = frozenset(found)
        return self._asked[id]

    @cached_property
    def _asked(self) -> dict[str, frozenset[str]]:
        """Terms above those that were asked for: above all terms of a chain they would fill the memory."""
        return {}

    def current(self, id: str) -> str | None:
        """The term that an id stands for now; None for an obsolete one without a single replacement.

        Raises ``InputError`` for an id that the ontology does not have.
        """
        now = self.alternative.get(id, id)
        if now in self.obsolete:
            return self.obsolete[now]
        if now not in self.terms:
            released = f" ({self.version})" if self.version else ""
            raise InputError(
                f"term {id} is not in the ontology{released}: expected an OBO file as new as the annotation"
            )
        return now


def propagated(ontology: Ontology, ids: Iterable[str]) -> frozenset[str]:
    """Terms and all terms above them."""
    return frozenset().union(*(ontology.ancestors(id) for id in ids))
