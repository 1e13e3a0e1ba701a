"""Tables of substitutions in proteins: ``A23T``, ``P01308:A23T``, ``p.Ala23Thr`` of HGVS."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relevome.data.features import DIGITS
from relevome.data.formats.table import table_rows
from relevome.data.lines import PathLike
from relevome.data.names import check_name
from relevome.data.sequences import PROTEIN
from relevome.data.variants.variant import BadVariant, Unusable, Variant
from relevome.errors import InputError
from relevome.words import counted

VARIANT_COLUMNS = ("variant", "mutation", "mutant", "substitution", "hgvs_p", "hgvsp", "hgvs")
PROTEIN_COLUMNS = ("protein", "sequence_id", "accession", "entry")

# IUPAC-IUB JCBN 1984, Eur J Biochem 138:9-37.
_NAMES = "AlaCysAspGluPheGlyHisIleLysLeuMetAsnProGlnArgSerThrValTrpTyr"  # in the order of PROTEIN.letters
RESIDUES = {_NAMES[3 * place : 3 * place + 3]: letter for place, letter in enumerate(PROTEIN.letters)}
_OTHERS = {"Ter": "*", "Sec": "U", "Pyl": "O", "Xaa": "X", "Asx": "B", "Glx": "Z", "Xle": "J"}
_KNOWN = RESIDUES | _OTHERS
_ONE = re.compile(r"([A-Za-z])([0-9]+)([A-Za-z*=])")
_THREE = re.compile(r"p\.\(?([A-Za-z]{3}|[A-Z])([0-9]+)([A-Za-z]{3}|[A-Z]|[*=])\)?")


def read_substitutions(path: PathLike) -> Iterator[Variant | BadVariant]:
    """Every substitution of a CSV or TSV table with a header, one at a time.

    A column of substitutions is called as one of `VARIANT_COLUMNS`; each is written ``A23T``, from 1 on, or
    as HGVS has it, ``p.Ala23Thr`` or ``p.(Ala23Thr)``. The protein stands before it and a colon, as in
    ``P01308:A23T``, or in a column of `PROTEIN_COLUMNS`; a table without either is of one protein, and
    ``contig`` is empty. Anything else than one residue for another comes out as a `BadVariant`. Raises
    InputError for a file that cannot be read, has no such column or two, or no rows.
    """
    rows = table_rows(path)
    _, header = next(rows)
    columns = [name.strip().lower() for name in header]
    at, protein_at = (_only(path, columns, usual) for usual in (VARIANT_COLUMNS, PROTEIN_COLUMNS))
    if at is None:
        listed = ", ".join(repr(name[:40]) for name in header[:20])
        raise InputError(f"{path} has no column of {', '.join(VARIANT_COLUMNS)}: it has {listed}")
    empty = True
    for number, row in rows:
        empty = False
        where = f"{path}, line {number}"
        if len(row) != len(columns):
            said = f"{counted(len(row), 'column')}: expected {len(columns)} as in the header"
            yield BadVariant(" ".join(row)[:80], said, where, "malformed", number)
            continue
        protein = "" if protein_at is None else row[protein_at].strip()
        yield _read(row[at].strip(), protein, where, number)
    if empty:
        raise InputError(f"{path} has a header but no rows: expected one row per substitution")


def _only(path: PathLike, columns: list[str], usual: tuple[str, ...]) -> int | None:
    """Which column has one of the usual names; None if none has. Raises InputError if several have."""
    found = [place for place, name in enumerate(columns) if name in usual]
    if len(found) > 1:
        several = ", ".join(columns[place] for place in found)
        raise InputError(f"{path} has more than one column of {', '.join(usual)}: {several}; expected one")
    return found[0] if found else None


def _read(text: str, protein: str, where: str, line: int) -> Variant | BadVariant:
    before, _, change = text.rpartition(":")

    def bad(kind: Unusable, reason: str) -> BadVariant:
        return BadVariant(text[:80], reason, where, kind, line)

    if before and protein and before != protein:
        return bad("malformed", f"{text[:40]!r} is of {protein!r} by its column: expected the same protein")
    try:
        check_name(before or protein, "protein")
        check_name(text, "substitution")
    except InputError as error:
        return bad("malformed", str(error))
    found = _ONE.fullmatch(change) or _THREE.fullmatch(change)
    ref, alt = ("", "") if found is None else (_residue(found[1]), _residue(found[3]))
    if found is None or not ref or not alt:
        kind: Unusable = "no_substitution" if change.startswith("p.") else "malformed"
        return bad(kind, f"{change[:40]!r} is no substitution: expected such as A23T or p.Ala23Thr")
    if alt == "*" or ref == "*":
        return bad("no_substitution", f"{change!r} is about a stop: expected one residue for another")
    if alt in ("=", ref):
        return bad("no_change", f"{change!r} changes nothing: expected another residue")
    if len(found[2]) > DIGITS or int(found[2]) < 1:
        return bad("malformed", f"{change[:40]!r}: expected a residue counted from 1 on")
    return Variant(before or protein, int(found[2]) - 1, ref, alt, text, 1, line, where)


def _residue(text: str) -> str:
    """One letter; empty for what is no residue."""
    if len(text) == 3:
        return _KNOWN.get(text.capitalize(), "")
    letter = text.upper()
    return letter if letter in PROTEIN or letter in "*=" else ""
