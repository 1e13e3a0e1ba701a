"""Places on a genome that files of intervals, peaks and sites are about, one line each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from relevome.data.features import Feature, same_type
from relevome.data.formats import Format, ending_of, format_of
from relevome.data.formats.bed import BedLine, bed_lines
from relevome.data.formats.gff import GffLine, gff_lines
from relevome.data.formats.table import ENDINGS as TABLE_ENDINGS
from relevome.data.formats.table import table_rows
from relevome.data.lines import PathLike
from relevome.data.names import known_as
from relevome.data.positions import POSITION_COLUMNS, Position, PositionChoice, read_positions
from relevome.data.problems import Problem
from relevome.data.sequences import Interval
from relevome.errors import InputError

_NAMED = 20  # types that an error lists


@dataclass(frozen=True)
class Place:
    """What a line is about: where that lies, its name (empty without one) and its type.

    ``summit`` is that of a peak, in letters from the start of its interval whatever the strand, if it has
    one.
    """

    interval: Interval
    name: str
    kind: str
    where: str
    summit: int | None = None


def read_places(path: PathLike, types: Collection[str] = ()) -> Iterator[Place | Problem]:
    """Places of a file with coordinates of a genome, in its order, one at a time.

    BED, narrowPeak, GFF3, a table of features or any other format of sites; which it is, `format_of` says.
    ``types`` chooses types of features, of BED names, whatever their case; all without it, but a GFF3 file
    with features of several types needs a choice. What is no line of the format is a problem. Raises
    InputError for a file that cannot be read or is empty, and behind its last line for types that it does
    not have.
    """
    format = format_of(path, "sites")
    wanted, seen = {same_type(kind) for kind in types}, {}
    empty = True
    for item in _items(format, path, types):
        empty = False
        if isinstance(item, Place):
            seen.setdefault(same_type(item.kind), item.kind)
        if isinstance(item, Problem) or not wanted or same_type(item.kind) in wanted:
            yield item
    if empty:
        raise InputError(f"{path} has no intervals: expected BED lines, chromosome, start and end")
    _check_types(path, types, seen, format.name == "gff")


def _check_types(path: PathLike, types: Collection[str], seen: Mapping[str, str], choose: bool) -> None:
    """Raises InputError for types that are not ``seen``, and for none where they are several."""
    listed = ", ".join(sorted(seen.values())[:_NAMED])
    for kind in sorted(types):
        if same_type(kind) not in seen:
            raise InputError(f"{path} has no feature of type {kind!r}: expected {listed}")
    if choose and not types and len(seen) > 1:
        raise InputError(f"{path} has features of several types: expected a choice (--type), of {listed}")


def chosen_places(
    path: PathLike, contigs: Mapping[str, int], choice: PositionChoice, labelled: bool
) -> Iterator[Place | Problem]:
    """What lines of a file are about; of tables of positions, places of one letter (see `read_positions`).

    With ``labelled`` that letter counts which annotators learn: features of GFF3, those in several lines as
    one, are places of one letter, too. All else is as `read_places` has it.
    """
    if choice.column or choice.where or is_position_table(path):
        yield from map(_letter, read_positions(path, contigs, choice))
    elif labelled and format_of(path, "sites").name == "gff":
        kinds = sorted({line.kind for line in gff_lines(path) if isinstance(line, GffLine)})
        seen = {same_type(kind): kind for kind in kinds}
        _check_types(path, choice.features, seen, choose=True)
        chosen = {same_type(kind) for kind in choice.features or seen}
        spelt = tuple(kind for kind in kinds if same_type(kind) in chosen)
        yield from map(_letter, read_positions(path, contigs, replace(choice, features=spelt)))
    else:
        yield from read_places(path, choice.features)


def is_position_table(path: PathLike) -> bool:
    """Whether a file is a table with a column of positions, and no columns ``start`` and ``end``."""
    if format_of(path, "sites").name != "bed" or ending_of(path) not in TABLE_ENDINGS:
        return False
    try:
        _, header = next(table_rows(path))
    except InputError:
        return False
    names = {name.strip().lower() for name in header}
    return any(name in POSITION_COLUMNS or name.startswith("position_") for name in names)


def _letter(item: Position | Problem) -> Place | Problem:
    if isinstance(item, Problem):
        return item
    letter = Interval(item.contig, item.index, item.index + 1, item.strand)
    return Place(letter, item.kind, item.kind, item.where)


def _items(format: Format, path: PathLike, types: Collection[str]) -> Iterator[Place | Problem]:
    lines = {"bed": bed_lines, "gff": gff_lines}.get(format.name)
    if lines is None:
        for item in format.read_sites(path, types):
            if isinstance(item, Feature):
                place = Interval(item.id, item.start, item.end, item.strand)
                yield Place(place, item.name, item.kind, str(path))
            elif isinstance(item, Problem):
                yield item
        return
    for line in lines(path):
        if isinstance(line, BedLine):
            yield Place(line.interval, line.name, line.name or "site", line.where, line.summit)
        elif isinstance(line, GffLine):
            yield Place(line.interval, line.name, line.kind, line.where)
        else:
            yield line


def on_genome(place: Place, lengths: Mapping[str, int]) -> Place:
    """The place with its chromosome as the genome calls it."""
    name = known_as(place.interval.chrom, lengths)
    if name == place.interval.chrom:
        return place
    return replace(place, interval=replace(place.interval, chrom=name))
