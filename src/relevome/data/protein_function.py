"""Proteins and what they do: EC numbers or GO terms, from UniProt entries or a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from relevome.data.ec_numbers import read_ec
from relevome.data.formats.table import ID_COLUMNS, LABEL_COLUMNS, read_table, table_rows
from relevome.data.formats.uniprot import entries, is_uniprot
from relevome.data.lines import PathLike
from relevome.data.ontology import GO_ID
from relevome.data.problems import Intake, Problem, Stops
from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError

Kind = Literal["ec", "go"]

# Columns by their usual names, best first; those with blanks are UniProt's own.
_COLUMNS = {
    "ec": ("ec", "ec_number", "ec_numbers", "ec number", *LABEL_COLUMNS),
    "go": ("go", "go_terms", "go_ids", "gene ontology ids", "gene ontology (go)", *LABEL_COLUMNS),
    "id": ID_COLUMNS,
}
_PREFIX = re.compile(r"\bEC[ :](?=\d)", re.IGNORECASE)
_IN_NAMES = re.compile(r"\bEC=([^\s;{]+)")


@dataclass(frozen=True)
class Annotated:
    """A protein, and its EC numbers or GO terms as written, each once."""

    sequence: Sequence
    terms: tuple[str, ...]


def read_functions(
    path: PathLike,
    kind: Kind,
    labels_column: str | None = None,
    id_column: str | None = None,
    stops: Stops | None = None,
) -> Iterator[Annotated | Problem]:
    """Proteins of a UniProt file (XML or flat text, by its content) or a CSV or TSV table, lazily.

    Terms of a table are in one column, with ``;``, ``,`` or blanks between them; GO terms may have names
    beside them. Raises ``InputError`` as ``entries`` and ``read_table`` do, and for columns that are named
    for entries.
    """
    if not is_uniprot(path):
        yield from _from_table(path, kind, labels_column, id_column, stops)
        return
    if labels_column is not None or id_column is not None:
        raise InputError(f"{path} holds UniProt entries, which have no columns: leave their names out")
    intake = Intake(PROTEIN, stops)
    for entry in entries(path):
        if isinstance(entry, Problem):
            yield entry
            continue
        sequence = intake.take(entry.id or "", str(entry.seq), f"{path}, entry {entry.id}")
        terms = _ec_of(entry) if kind == "ec" else _go_of(entry)
        yield _annotated(sequence, terms, kind, f"{path}, entry {entry.id}")


def _ec_of(entry: Any) -> list[str]:
    """Those of XML, where they are references, and those of flat text, where they stand among the names."""
    references = [x.removeprefix("EC:") for x in entry.dbxrefs if x.startswith("EC:")]
    named = [x for key, values in entry.annotations.items() if key.endswith("_ecNumber") for x in values]
    return [*references, *named, *_IN_NAMES.findall(entry.description)]


def _go_of(entry: Any) -> list[str]:
    return [x.removeprefix("GO:") for x in entry.dbxrefs if x.startswith("GO:")]


def _from_table(
    path: PathLike, kind: Kind, labels_column: str | None, id_column: str | None, stops: Stops | None
) -> Iterator[Annotated | Problem]:
    header = [name.strip() for name in next(table_rows(path))[1]]
    labels = labels_column or _usual(header, kind)
    if labels is None:
        listed = ", ".join(map(repr, header[:20]))
        raise InputError(
            f"{path} has no column of {kind.upper()} labels: expected one of {', '.join(_COLUMNS[kind])}, or "
            f"give its name (--labels-column); it has {listed}"
        )
    for row in read_table(path, PROTEIN, None, labels, id_column or _usual(header, "id"), stops):
        if isinstance(row, Problem):
            yield row
        else:
            where = f"{path}, sequence {row.sequence.id!r}"
            yield _annotated(row.sequence, _split(row.label or "", kind), kind, where)


def _usual(header: list[str], what: str) -> str | None:
    """The column with the best of the usual names, whatever its case."""
    found = [name for usual in _COLUMNS[what] for name in header if name.lower() == usual]
    return found[0] if found else None


def _split(text: str, kind: Kind) -> list[str]:
    if kind == "ec":
        return [part for part in re.split(r"[;,\s]+", _PREFIX.sub(" ", text)) if part]
    ids = GO_ID.findall(text)
    return ids if len(ids) == text.count("GO:") and (ids or not text.strip()) else [text.strip()]


def _annotated(sequence: Sequence | Problem, terms: list[str], kind: Kind, where: str) -> Annotated | Problem:
    if isinstance(sequence, Problem):
        return sequence
    try:
        for term in terms:
            if kind == "ec":
                read_ec(term)
            elif not GO_ID.fullmatch(term):
                raise InputError(f"{term[:40]!r} is no GO term: expected such as GO:0003824")
    except InputError as error:
        return Problem(sequence.id, str(error), where)
    return Annotated(sequence, tuple(dict.fromkeys(terms)))
