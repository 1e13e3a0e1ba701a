"""VCF: the variants of a genome, one line for each place (VCF 4.5, samtools.github.io/hts-specs)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relevome.data.features import DIGITS
from relevome.data.lines import PathLike, numbered_lines, open_bytes
from relevome.data.names import check_name
from relevome.data.variants.variant import BadVariant, Unusable, Variant
from relevome.errors import InputError
from relevome.words import counted

COLUMNS = 5  # those that say what a variant is

_LETTERS = re.compile(r"[ACGTN]+", re.IGNORECASE)
_NO_SEQUENCE: tuple[tuple[re.Pattern[str], Unusable, str], ...] = (
    (re.compile(r"<.*>"), "symbolic", "is symbolic and has no letters"),
    (re.compile(r"\*"), "spanning_deletion", "says that another line deletes the place, and has no letters"),
    (re.compile(r"\.?"), "no_alternative", "is no alternative: the place does not vary"),
    (re.compile(r".*[\[\]].*|\..+|.+\."), "breakend", "is a breakend, which joins distant places"),
)


def read_vcf(path: PathLike) -> Iterator[Variant | BadVariant]:
    """Every alternative of a VCF file, plain, gzip or bgzip, one at a time; lower case is read as upper.

    What has no letters (``<DEL>``, ``*``, ``.``, a breakend) and what is no line of VCF comes out as a
    `BadVariant` in its place. Genotypes and all else beyond the fifth column are not read. Raises InputError
    for a file that cannot be read, is BCF, or has no lines of variants.
    """
    _check_text(path)
    empty = True
    for number, line in vcf_lines(path):
        empty = False
        yield from _alternatives(line.split("\t", COLUMNS), f"{path}, line {number}", number)
    if empty:
        raise InputError(f"{path} has no variants: expected VCF, lines of CHROM, POS, ID, REF and ALT")


def vcf_lines(path: PathLike) -> Iterator[tuple[int, str]]:
    """The lines of variants, with their numbers."""
    return ((number, line) for number, line in numbered_lines(path) if line.strip() and line[0] != "#")


def vcf_header(path: PathLike) -> Iterator[str]:
    """The lines before those of variants, which begin with ``#``; none of a file without a header."""
    for _, line in numbered_lines(path):
        if line.strip() and line[0] != "#":
            return
        if line.strip():
            yield line


def _check_text(path: PathLike) -> None:
    with open_bytes(path) as content:
        if content.read(3) == b"BCF":
            raise InputError(f"{path} is BCF: expected VCF, as bcftools view -O z writes it")


def _alternatives(fields: list[str], where: str, line: int) -> Iterator[Variant | BadVariant]:
    if reason := malformed(fields):
        yield BadVariant(" ".join(fields[:COLUMNS])[:80], reason, where, "malformed", line)
        return
    contig, position, id, ref, alternatives = fields[:COLUMNS]
    place = f"{contig}:{position}"
    for number, alt in enumerate(alternatives.split(","), start=1):
        kind, why = _without_letters(alt)
        if kind is not None:
            name = f"{place}:{ref}>{alt}" if id == "." else id
            yield BadVariant(name, f"alternative {alt!r} {why}", where, kind, line, number)
            continue
        named = "" if id == "." else id
        yield Variant(contig, int(position) - 1, ref.upper(), alt.upper(), named, number, line, where)


def malformed(fields: list[str]) -> str:
    """Why a line is none of VCF; empty if it is one."""
    if len(fields) < COLUMNS:
        return (
            f"{counted(len(fields), 'column')}: expected those of VCF, separated by tabs, CHROM, POS, ID, "
            "REF, ALT"
        )
    contig, position, id, ref, _ = fields[:COLUMNS]
    if not (position.isascii() and position.isdigit() and len(position) <= DIGITS and int(position) > 0):
        return f"POS {position[:40]!r}: expected a whole number from 1 on"
    if not _LETTERS.fullmatch(ref):
        return f"REF {ref[:40]!r}: expected letters of A, C, G, T and N"
    try:
        check_name(contig, "CHROM")
        check_name(id, "ID")
    except InputError as error:
        return str(error)
    return "" if contig.strip() else "CHROM is empty: expected the name of a contig"


def _without_letters(alt: str) -> tuple[Unusable | None, str]:
    """Why an alternative has no letters that could be put in; None if it has."""
    if _LETTERS.fullmatch(alt):
        return None, ""
    for pattern, kind, why in _NO_SEQUENCE:
        if pattern.fullmatch(alt):
            return kind, why
    return "other_letters", "has other letters than A, C, G, T and N"
