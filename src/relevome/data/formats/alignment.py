"""Aligned FASTA: sequences of one length, with gaps."""

from __future__ import annotations

from relevome.data.formats.fasta import fasta_records
from relevome.data.lines import PathLike
from relevome.data.names import check_name, first_word
from relevome.errors import InputError
from relevome.words import counted

GAPS = "-."


def read_alignment(path: PathLike) -> dict[str, str]:
    """Rows of an alignment by the id of their sequence, the header up to its first blank, in upper case.

    A gap is ``-`` or ``.``, as in A2M; small letters, insertions there, are letters like any other. Raises
    InputError for a file that is no FASTA or has no sequences, for an id twice, a row without letters, and
    rows of several lengths.
    """
    rows: dict[str, str] = {}
    columns = 0
    for number, header, letters in fasta_records(path):
        id, where = first_word(header), f"{path}, line {number}"
        check_name(id, "sequence")
        if not id or id in rows:
            raise InputError(f"{where}: id {id!r}: expected one, and every id once")
        if not letters.strip(GAPS):
            raise InputError(f"{where}: {id!r} has no letters: expected some in every row of an alignment")
        columns = columns or len(letters)
        if len(letters) != columns:
            raise InputError(
                f"{where}: {id!r} has {counted(len(letters), 'column')} and the first row {columns}: "
                "expected aligned FASTA, with gaps, all rows of one length"
            )
        rows[id] = letters.upper()
    if not rows:
        raise InputError(f"{path} has no sequences: expected aligned FASTA, a line '>id' before each row")
    return rows
