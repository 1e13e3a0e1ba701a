"""Labelled positions of a genome: start sites, translation starts, modified bases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass, replace

from relevome.data.features import DIGITS, STRANDS
from relevome.data.formats import ending_of, format_by_ending
from relevome.data.formats.bed import ENDINGS as BED_ENDINGS
from relevome.data.formats.bed import bed_lines
from relevome.data.formats.gff import GffLine, gff_lines
from relevome.data.formats.table import table_rows
from relevome.data.lines import PathLike
from relevome.data.names import known_as
from relevome.data.problems import Problem
from relevome.data.sequences import Interval
from relevome.errors import InputError
from relevome.words import counted

CONTIG_COLUMNS = ("contig", "chrom", "chromosome", "seqid")
POSITION_COLUMNS = ("position", "pos")


@dataclass(frozen=True)
class Position:
    """One labelled letter: ``index`` counts from 0 along the ``+`` strand; ``strand`` is ``+`` or ``-``.

    ``kind`` is the type of a GFF3 feature or the name of a BED interval, else empty.
    """

    contig: str
    index: int
    strand: str
    kind: str
    where: str


@dataclass(frozen=True)
class PositionChoice:
    """Which positions of a file are meant; what is left out is chosen by the file.

    ``features`` are types of a GFF3 file. Of a table, ``column`` has the positions, and only those rows count
    that fulfil all of ``where``: ``COLUMN=TEXT`` is that text, ``COLUMN~TEXT`` contains it.
    """

    features: tuple[str, ...] = ()
    column: str | None = None
    where: tuple[str, ...] = ()


def read_positions(
    path: PathLike, contigs: Mapping[str, int], choice: PositionChoice | None = None
) -> Iterator[Position | Problem]:
    """Labelled positions of a genome, whose ``contigs`` and lengths are given, in the order of the file.

    The end of the file's name tells its format. ``.bed``, ``.narrowPeak``, ``.broadPeak``: the first letter
    of every interval, on its own strand. ``.gff``, ``.gff3``: the first letter of every feature of the chosen
    types, on its own strand; of a feature in several parts, that of the outermost. ``.tsv``, ``.csv``: a
    table with a header, positions counted from 1, strands ``+`` and ``-``, ``forward`` and ``reverse``, or
    ``1`` and ``-1``, and a column ``contig``, ``chrom``, ``chromosome`` or ``seqid`` unless the genome has
    one contig only; positions are read from ``position``, ``pos`` or ``position_CONTIG``. All may be
    compressed.

    No strand, an unknown contig, and a position off the end are problems. Raises InputError for a file that
    cannot be read, and for a choice that it does not have.
    """
    choice = choice or PositionChoice()
    read = _reader(path)
    if choice.features and read is not _from_gff:
        raise InputError(f"{path} is no GFF3, so it has no features {choice.features[0]!r}: leave them out")
    if (choice.column or choice.where) and read is not _from_table:
        option = choice.column or choice.where[0]
        raise InputError(f"{path} is no table, so it has no columns for {option!r}: leave that out")
    for item in read(path, contigs, choice):
        yield item if isinstance(item, Problem) else _placed(item, contigs)


_Reader = Callable[[PathLike, Mapping[str, int], PositionChoice], Iterator[Position | Problem]]


def _reader(path: PathLike) -> _Reader:
    found = format_by_ending(path, _READERS)
    if found is None or ending_of(path) not in _ENDINGS:
        listed = ", ".join(_ENDINGS)
        raise InputError(f"cannot tell how to read positions from {path}: expected a name in {listed}")
    return _READERS[found.name]


def _placed(position: Position, contigs: Mapping[str, int]) -> Position | Problem:
    """The position if it is on the genome, else what is wrong."""
    position = replace(position, contig=known_as(position.contig, contigs))
    label = f"{position.contig}:{position.index + 1}({position.strand})"
    length = contigs.get(position.contig)
    if length is None:
        known = ", ".join([*contigs][:5]) + (f" and {len(contigs) - 5} more" if len(contigs) > 5 else "")
        reason = f"no contig {position.contig!r} in the genome: expected {known}"
    elif not 0 <= position.index < length:
        reason = f"position {position.index + 1} is off its contig, which has {counted(length, 'letter')}"
    elif position.strand not in ("+", "-"):
        reason = f"position {position.index + 1} has no strand: expected + or -"
    else:
        return position
    return Problem(label, reason, position.where)


def _first_letter(interval: Interval) -> int:
    return interval.end - 1 if interval.strand == "-" else interval.start


def _from_bed(
    path: PathLike, contigs: Mapping[str, int], choice: PositionChoice
) -> Iterator[Position | Problem]:
    for line in bed_lines(path):
        if isinstance(line, Problem):
            yield line
        else:
            where = line.interval
            yield Position(where.chrom, _first_letter(where), where.strand, line.name, line.where)


def _from_gff(
    path: PathLike, contigs: Mapping[str, int], choice: PositionChoice
) -> Iterator[Position | Problem]:
    parts: dict[object, GffLine] = {}
    kinds: set[str] = set()
    for number, line in enumerate(gff_lines(path)):
        if isinstance(line, Problem):
            yield line
            continue
        kinds.add(line.kind)
        if line.kind in choice.features:
            feature = (line.kind, line.id, line.interval.chrom) if line.id else number
            parts[feature] = _outermost(parts.get(feature, line), line)
    _check_features(path, choice.features, kinds)
    for line in parts.values():
        where = line.interval
        yield Position(where.chrom, _first_letter(where), where.strand, line.kind, line.where)


def _outermost(one: GffLine, other: GffLine) -> GffLine:
    ends = [one, other]
    if one.interval.strand == "-":
        return max(ends, key=lambda line: line.interval.end)
    return min(ends, key=lambda line: line.interval.start)


def _check_features(path: PathLike, asked: Collection[str], known: Collection[str]) -> None:
    listed = ", ".join(sorted(known)) or "a file with features"
    if not asked:
        raise InputError(f"{path} has features of several types: expected a choice (--feature), of {listed}")
    for kind in sorted(set(asked) - set(known)):
        raise InputError(f"{path} has no feature of type {kind!r}: expected {listed}")


def _from_table(
    path: PathLike, contigs: Mapping[str, int], choice: PositionChoice
) -> Iterator[Position | Problem]:
    rows = table_rows(path)
    columns = [name.strip() for name in next(rows)[1]]
    read = _Columns(path, columns, contigs, choice)
    count = wanted = 0
    for number, fields in rows:
        where = f"{path}, line {number}"
        count += 1
        if len(fields) != len(columns):
            reason = f"{counted(len(fields), 'column')}: expected {len(columns)} as in the header"
            yield Problem(" ".join(fields)[:80], reason, where)
        elif read.wanted(fields):
            wanted += 1
            yield read.position(fields, where)
    if count and not wanted and choice.where:
        raise InputError(
            f"none of {counted(count, 'row')} of {path} has {' and '.join(choice.where)}: expected some that "
            "fulfil it"
        )


class _Columns:
    """Where a table has what."""

    def __init__(
        self, path: PathLike, columns: List[str], contigs: Mapping[str, int], choice: PositionChoice
    ) -> None:
        self._path, self._columns = path, columns
        usual = (*POSITION_COLUMNS, *(f"position_{contig}".lower() for contig in contigs))
        at = self._at((choice.column,)) if choice.column else self._at(usual)
        self._position, self._strand = at, self._at(("strand",))
        several = len(contigs) > 1
        self._contig = self._at(CONTIG_COLUMNS, needed=several)
        self._only = next(iter(contigs), "")
        self._conditions = [self._condition(text) for text in choice.where]

    def _at(self, names: tuple[str, ...], needed: bool = True) -> int:
        """The column that has one of the names, whatever their case; -1 if there is none."""
        lower = [name.lower() for name in names]
        found = [index for index, name in enumerate(self._columns) if name.lower() in lower]
        if len(found) == 1 or not (found or needed):
            return found[0] if found else -1
        which = "more than one" if found else "no"
        listed = ", ".join(self._columns[:20])
        raise InputError(f"{self._path} has {which} column {' or '.join(names[:5])}: it has {listed}")

    def _condition(self, text: str) -> tuple[int, str, bool]:
        """Column, text, and whether all of the field must be that text."""
        ends = [text.index(sign) for sign in "=~" if sign in text]
        if not ends:
            raise InputError(f"cannot read the condition {text!r}: expected COLUMN=TEXT or COLUMN~TEXT")
        column, sign, wanted = text[: min(ends)], text[min(ends)], text[min(ends) + 1 :]
        return self._at((column.strip(),)), wanted.strip(), sign == "="

    def wanted(self, fields: List[str]) -> bool:
        """Whether a row fulfils all conditions."""
        pairs = ((fields[at].strip(), text, whole) for at, text, whole in self._conditions)
        return all(field == text if whole else text in field for field, text, whole in pairs)

    def position(self, fields: List[str], where: str) -> Position | Problem:
        """What a row says."""
        # spreadsheets write whole numbers as 38.0
        number, decimals, zeros = fields[self._position].strip().partition(".")
        whole = number.isascii() and number.isdigit() and len(number) <= DIGITS
        if not whole or (decimals and zeros.strip("0")):
            reason = f"{fields[self._position][:40]!r} is no position: expected a whole number from 1 on"
            return Problem(" ".join(fields)[:80], reason, where)
        contig = self._only if self._contig < 0 else fields[self._contig].strip()
        strand = STRANDS.get(fields[self._strand].strip().lower(), ".")
        return Position(contig, int(number) - 1, strand, "", where)


_READERS: dict[str, _Reader] = {"bed": _from_bed, "gff": _from_gff, "table": _from_table}
# Of their formats' endings those that positions have; a table of sites or sequences may be called .tab too.
_ENDINGS = (*BED_ENDINGS, ".gff", ".gff3", ".tsv", ".csv")
