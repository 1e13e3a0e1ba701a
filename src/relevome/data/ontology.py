"""The Gene Ontology, from an OBO file: terms, their ancestors, and terms that are no longer used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from relevome.data.errors import InputError
from relevome.data.lines import PathLike, numbered_lines

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
            _ = self._ancestors
        except CycleError as error:
            ring = " is under ".join(reversed(error.args[1]))
            raise InputError(
                f"the ontology has a cycle, {ring}: expected none, as in go-basic.obo"
            ) from error

    @cached_property
    def _ancestors(self) -> Mapping[str, frozenset[str]]:
        order = TopologicalSorter({id: term.parents for id, term in self.terms.items()}).static_order()
        found: dict[str, frozenset[str]] = {}
        for id in order:
            found[id] = frozenset([id]).union(*(found[parent] for parent in self.terms[id].parents))
        return found

    def ancestors(self, id: str) -> frozenset[str]:
        """A term and all terms above it."""
        return self._ancestors[id]

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


def read_obo(path: PathLike) -> Ontology:
    """An ontology in OBO format, plain or gzip.

    Raises ``InputError`` for a file without terms, a term above that it does not have, or a cycle.
    """
    terms: dict[str, Term] = {}
    alternative: dict[str, str] = {}
    obsolete: dict[str, str | None] = {}
    above: dict[str, tuple[int, list[str]]] = {}
    version = None
    for number, kind, tags in _stanzas(path):
        version = version or next((value for tag, value in tags if tag == "data-version"), None)
        if kind != "[Term]":
            continue
        term, others, replaced = _term(path, number, tags)
        alternative |= dict.fromkeys(others, term.id)
        if replaced is None:
            terms[term.id] = term
            above[term.id] = number, list(term.parents)
        else:
            obsolete[term.id] = replaced[0] if len(replaced) == 1 else None
    if not terms:
        raise InputError(f"{path} has no terms: expected an OBO file, such as go-basic.obo")
    _check_parents(path, above, terms)
    try:
        return Ontology(
            _within_namespaces(terms), alternative, _followed(obsolete, alternative, terms), version
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _stanzas(path: PathLike) -> Iterator[tuple[int, str, list[tuple[str, str]]]]:
    """First line, kind (empty for the header), and the pairs of tag and value of every stanza."""
    kind, first, tags = "", 1, []
    for number, line in numbered_lines(path):
        if line.startswith("["):
            yield first, kind, tags
            kind, first, tags = line.strip(), number, []
        elif ":" in line and not line.startswith("!"):
            tag, _, value = line.partition(":")
            tags.append((tag.strip(), value.split(" ! ")[0].strip()))
    yield first, kind, tags


def _term(
    path: PathLike, number: int, tags: list[tuple[str, str]]
) -> tuple[Term, list[str], list[str] | None]:
    """A term, its alternative ids, and if it is obsolete what replaces it."""
    values: dict[str, list[str]] = {}
    for tag, value in tags:
        values.setdefault(tag, []).append(value)
    if len(values.get("id", [])) != 1:
        raise InputError(f"{path}, line {number}: a term without an id: expected a line 'id: GO:...'")
    related = [value.split() for value in values.get("relationship", [])]
    parents = [value.split()[0] for value in values.get("is_a", []) if value]
    parents += [words[1] for words in related if len(words) > 1 and words[0] == "part_of"]
    one = {tag: values.get(tag, [""])[0] for tag in ("id", "name", "namespace", "is_obsolete")}
    term = Term(one["id"], one["name"], one["namespace"], tuple(dict.fromkeys(parents)))
    replaced = values.get("replaced_by", []) if one["is_obsolete"] == "true" else None
    return term, values.get("alt_id", []), replaced


def _check_parents(
    path: PathLike, above: Mapping[str, tuple[int, list[str]]], terms: Mapping[str, Term]
) -> None:
    for id, (number, parents) in above.items():
        missing = [parent for parent in parents if parent not in terms]
        if missing:
            raise InputError(
                f"{path}, line {number}: {id} is under {missing[0]}, which the file does not have: expected "
                "a whole OBO file"
            )


def _within_namespaces(terms: Mapping[str, Term]) -> dict[str, Term]:
    """Without the parts of a function in a process, which assessments of predictions do not follow."""
    kept = {}
    for id, term in terms.items():
        own = tuple(p for p in term.parents if terms[p].namespace == term.namespace)
        kept[id] = Term(id, term.name, term.namespace, own)
    return kept


def _followed(
    obsolete: Mapping[str, str | None], alternative: Mapping[str, str], terms: Mapping[str, Term]
) -> dict[str, str | None]:
    """What replaces each obsolete term in the end; None if that is obsolete too, or unknown."""
    followed: dict[str, str | None] = {}
    for id in obsolete:
        now, steps = obsolete[id], 0
        while now is not None and now in obsolete and steps < len(obsolete):
            now, steps = obsolete[now], steps + 1
        now = None if now is None else alternative.get(now, now)
        followed[id] = now if now in terms else None
    return followed


def propagated(ontology: Ontology, ids: Iterable[str]) -> frozenset[str]:
    """Terms and all terms above them."""
    return frozenset().union(*(ontology.ancestors(id) for id in ids))
