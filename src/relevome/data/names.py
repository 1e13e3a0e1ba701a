"""Names are data: which text may be one, and how each format writes it so that it is nothing else there.

The names are those of sequences, chromosomes, sites, types and outputs. They may be any text without
characters that steer a terminal, end a line or turn the direction of writing. Whoever writes a table, BED,
bedGraph, GFF3 or FASTA writes them through here, whatever they are.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from relevome.errors import InputError

# Control characters (C0, DEL, C1), line and paragraph separators, what turns the direction of text
# (https://www.unicode.org/reports/tr9), halves of characters, which no file can hold, and the byte-order
# mark, which readers take off.
_STEERING = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff"
_UNFIT = re.compile(f"[{_STEERING}]")
_SHOWN = 60  # letters of a name that an error shows

# What spreadsheets take for the beginning of a formula, full-width ones included, unless it is all there is.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"['\s]*[=+\-@\uff1d\uff0b\uff0d\uff20](?!\Z)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

_BED_ESCAPED = re.compile(r'[\s"]|%(?=[0-9A-Fa-f]{2})')
# Lines of BED that begin so are none; some programs do not look whether the word ends there.
_BED_HEADS = ("#", "track", "browser")

# What GFF3 lets stand in the first column and in the others; all else is percent-encoded.
_GFF_SEQID, _GFF_OTHER = ".:^*$@!+_?|-", " .:^*$@!+_?|()/[]-"


def check_name(name: str, what: str) -> None:
    """Raises InputError for text that cannot be the name of anything; ``what`` says of what it is."""
    if name.isascii() and name.isprintable():  # most are, and that is told in a fraction of the time
        return
    found = _UNFIT.search(name)
    if found:
        raise InputError(
            f"{what} {name[:_SHOWN]!r} has {found[0]!r} in its name: expected none of the characters that "
            "steer terminals, end lines or turn the direction of text"
        )


def visible(text: str) -> str:
    r"""Text on one line that steers nothing: unfit characters as Python escapes them, such as ``\x1b``."""
    if text.isascii() and text.isprintable():
        return text
    return _UNFIT.sub(lambda found: repr(found[0])[1:-1], text)


def first_word(text: str) -> str:
    """Text up to the first blank; a control character that ends it stays on it, so that it is refused."""
    if not text[:1].strip():
        return ""
    word = text.split(maxsplit=1)[0]
    end = text[len(word) : len(word) + 1]
    return word + end if end != "\t" and _UNFIT.match(end) else word


def table_line(values: Iterable[Any], delimiter: str = "\t") -> str:
    """A line of a CSV or TSV table; None is an empty field, and text is as `table_text` has it."""
    return delimiter.join(_field(value, delimiter) for value in values) + "\n"


def table_lines(columns: Iterable[Iterable[Any]], delimiter: str = "\t") -> Iterator[str]:
    """The lines of columns, each as `table_line` has it, in less time than one by one."""
    fields = ([_field(value, delimiter) for value in values] for values in columns)
    return (delimiter.join(row) + "\n" for row in zip(*fields, strict=True))


def _field(value: Any, delimiter: str) -> str:
    if isinstance(value, str):
        return value if value.isalnum() else table_text(value, delimiter)  # a word is itself
    return "" if value is None else str(value)


@lru_cache(maxsize=1024)  # columns of a table say the same few words again and again
def table_text(text: str, delimiter: str = "\t") -> str:
    """Text as a field of a table: quoted where it has to be, and ``'`` before what would be a formula.

    Spreadsheets run formulas; `from_table` takes the ``'`` off again. A number, and a sign alone, are none.
    """
    text = visible(text)
    if _is_formula(text):
        text = f"'{text}"
    if delimiter in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def from_table(field: str) -> str:
    """The text that was written as a field of a table, quotes aside."""
    return field[1:] if field[:1] == "'" and _is_formula(field[1:]) else field


def _is_formula(text: str) -> bool:
    return _FORMULA.match(text) is not None and not _NUMBER.fullmatch(text.strip())


def bed_line(
    chrom: str, start: int, end: int, name: str | None = None, score: int = 0, strand: str = "."
) -> str:
    """A line of BED, of three columns or, with a name, of six."""
    place = f"{bed_chrom(chrom)}\t{start}\t{end}"
    return f"{place}\n" if name is None else f"{place}\t{bed_name(name)}\t{score}\t{strand}\n"


def bed_name(name: str) -> str:
    """A name as a field of BED or bedGraph: what would end the field is percent-encoded, as in GFF3.

    `percent_decoded` gives back any name.
    """
    written = _BED_ESCAPED.sub(lambda found: quote(found[0], safe=""), visible(name))
    return {".": "%2E", "": "."}.get(written, written)  # a dot means that there is no name


def bed_chrom(name: str) -> str:
    """The same as the first field, so that its line is neither a comment nor about a track."""
    written = bed_name(name)
    return f"%{ord(written[0]):02X}{written[1:]}" if written.startswith(_BED_HEADS) else written


def gff_seqid(name: str) -> str:
    """A name as the first column of GFF3."""
    return quote(visible(name), safe=_GFF_SEQID)


def gff_text(text: str) -> str:
    """Text as a type of GFF3, or as the value of an attribute."""
    return quote(visible(text), safe=_GFF_OTHER)


def percent_decoded(text: str) -> str:
    """A name as it was before it was percent-encoded."""
    return unquote(text)


def known_as(name: str, names: Container[str]) -> str:
    """The one of ``names`` that a BED file means: its word as it stands, else percent-decoded."""
    decoded = percent_decoded(name)
    return decoded if name not in names and decoded in names else name


def fasta_record(id: str, letters: str) -> str:
    """A record of FASTA, letters on one line. Raises InputError for an id that would end at a blank."""
    if not id or len(id.split()) != 1 or id != id.strip():
        raise InputError(
            f"id {id[:_SHOWN]!r} cannot be written as FASTA, where it would end at a blank: give the "
            "sequence an id without any"
        )
    return f">{visible(id)}\n{letters}\n"
