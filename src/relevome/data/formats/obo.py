"""OBO files of ontologies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from relevome.data.lines import PathLike, numbered_lines
from relevome.data.ontology import Ontology, Term
from relevome.errors import InputError


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
    if len(values.get("id", [])) != 1 or not values["id"][0]:
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
        passed, now = set[str](), id
        while now in obsolete and now not in followed and now not in passed:
            passed.add(now)
            now = obsolete[now] or ""
        end = followed[now] if now in followed else alternative.get(now, now)
        followed |= dict.fromkeys(passed, end if end in terms else None)
    return followed
