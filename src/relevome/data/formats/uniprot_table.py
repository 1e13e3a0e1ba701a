"""UniProt as its website gives it as TSV: a row for every entry, a column for every type of feature."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from relevome.data.features import FeatureItem, Listed, placed, same_type
from relevome.data.formats import Format, formats
from relevome.data.formats.table import ENDINGS, table_rows
from relevome.data.lines import PathLike
from relevome.data.names import check_name
from relevome.errors import InputError
from relevome.words import counted

# https://www.uniprot.org/help/sequence_annotation: the names in flat files, by which cells call features too.
_KEYS = (
    "ACT_SITE", "BINDING", "CARBOHYD", "CA_BIND", "CHAIN", "COILED", "COMPBIAS", "CONFLICT", "CROSSLNK",
    "DISULFID", "DNA_BIND", "DOMAIN", "HELIX", "INIT_MET", "INTRAMEM", "LIPID", "METAL", "MOD_RES", "MOTIF",
    "MUTAGEN", "NON_CONS", "NON_STD", "NON_TER", "NP_BIND", "PEPTIDE", "PROPEP", "REGION", "REPEAT", "SIGNAL",
    "SITE", "STRAND", "TOPO_DOM", "TRANSIT", "TRANSMEM", "TURN", "UNSURE", "VARIANT", "VAR_SEQ", "ZN_FING",
)  # fmt: skip
_TYPES = frozenset(map(same_type, _KEYS))

# ``ACT_SITE 57; /note="Charge relay system"; ACT_SITE 102; ...``: a feature, or what is said of it, up to the
# next semicolon that is not within quotes.
_PART = re.compile(
    r"""\s*(?:
        (?P<kind>[A-Z][A-Z_]+)\s+(?P<place>[^\s;]+)
        | /(?P<name>\w+)=(?:"(?P<quoted>(?:[^"]++|"(?!\s*(?:;|$)))*+)"|(?P<bare>[^;"]*))
    )\s*(?:;|$)""",
    re.VERBOSE,
)
_PLACE = re.compile(r"(?:(?P<isoform>[A-Z0-9]+-[0-9]+):)?(?P<first>[<>?0-9]+)(?:\.\.(?P<last>[<>?0-9]+))?")


class _Columns(NamedTuple):
    """Where a table has what; ``features`` are the columns of types of features."""

    id: int
    features: tuple[int, ...]
    length: int | None
    letters: int | None


class _Written(NamedTuple):
    """A feature as a cell has it."""

    kind: str
    place: str
    said: dict[str, str]


def is_entry_table(path: PathLike) -> bool:
    """Whether a table has the column ``Entry`` and one that is called by a type of feature, and no ends."""
    try:
        _, header = next(table_rows(path))
    except InputError:
        return False
    return _columns(header) is not None


def entry_table_features(path: PathLike, kinds: Collection[str] = ()) -> Iterator[FeatureItem]:
    """Every feature of every row of a table as https://www.uniprot.org downloads it, plain or gzip.

    Cells are as ``BINDING 12..15; /ligand="ATP"; BINDING 90; ...``, in columns that are called by types:
    ``Active site``, ``Signal peptide``, ``Domain [FT]``. The name of a feature is its note, else its ligand.
    A feature with an end that is not known, on another isoform or past the end of its sequence (by the column
    ``Length`` or ``Sequence``, where there is one) is `Unplaced`. Raises InputError for a row without an
    entry, and a cell that is no such list.
    """
    rows = table_rows(path)
    header = next(rows)[1]
    columns = _columns(header)
    if columns is None:
        raise InputError(f"{path} is no table of UniProt: expected the columns Entry and such as Active site")
    for number, row in rows:
        where = f"{path}, line {number}"
        if len(row) != len(header):
            raise InputError(
                f"{where}: {counted(len(row), 'column')}: expected {len(header)} as in the header"
            )
        id, length = row[columns.id].strip(), _length(row, columns, where)
        if not id:
            raise InputError(f"{where}: a row without an entry: expected an accession such as P01308")
        check_name(id, f"{where}: entry")
        yield Listed(id)
        for column in columns.features:
            for one in _features(row[column], f"{where}, column {header[column].strip()!r}"):
                yield _placed(id, length, one, where)


def _columns(header: list[str]) -> _Columns | None:
    """None for what is no such table."""
    names = [name.strip().lower() for name in header]
    types = [same_type(name.removesuffix("[ft]")) for name in names]
    features = tuple(place for place, one in enumerate(types) if one in _TYPES)
    if names.count("entry") != 1 or not features or {"start", "end"} <= set(names):
        return None
    length, letters = (names.index(one) if one in names else None for one in ("length", "sequence"))
    return _Columns(names.index("entry"), features, length, letters)


def _length(row: list[str], columns: _Columns, where: str) -> int | None:
    if columns.letters is not None and row[columns.letters].strip():
        return len("".join(row[columns.letters].split()))
    if columns.length is None:
        return None
    text = row[columns.length].strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"{where}: {text[:40]!r} is no length: expected a whole number of letters")
    return int(text)


def _features(cell: str, where: str) -> Iterator[_Written]:
    """The features of a cell, each with what is said of it."""
    found: list[_Written] = []
    place, cell = 0, cell.strip()
    while place < len(cell):
        part = _PART.match(cell, place)
        kind = part and part["kind"]
        if part is None or (kind not in _KEYS if kind else not found):
            raise InputError(
                f"{where}: {cell[place : place + 60].strip()!r} is no feature of UniProt: expected such as "
                'ACT_SITE 57; /note="..."; ACT_SITE 102'
            )
        if kind:
            found.append(_Written(kind, part["place"], {}))
        else:
            value = part["bare"] if part["quoted"] is None else part["quoted"]
            found[-1].said.setdefault(part["name"], value.replace('""', '"').strip())
        place = part.end()
    yield from found


def _placed(id: str, length: int | None, one: _Written, where: str) -> FeatureItem:
    found = _PLACE.fullmatch(one.place)
    if found is None:
        raise InputError(
            f"{where}: {one.place[:40]!r} is no place of {one.kind}: expected such as 57 or 12..15"
        )
    name = one.said.get("note") or one.said.get("ligand") or ""
    first, last = found["first"], found["last"] or found["first"]
    return placed(id, length, one.kind, name, first, last, found["isoform"], where)


formats.register("uniprot-table")(
    Format("uniprot-table", ENDINGS, looks_like=is_entry_table, sites=entry_table_features)
)
