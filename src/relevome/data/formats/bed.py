"""BED, and narrowPeak, which is BED with a summit: intervals, one line each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from relevome.data.features import DIGITS, Feature, FeatureItem
from relevome.data.formats import Format, ending_of, formats
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.names import check_name
from relevome.data.problems import Problem
from relevome.data.sequences import Interval
from relevome.errors import InputError
from relevome.words import counted

# ENCODE's peaks are BED with further columns; both have the suffix .bed, too.
ENDINGS = (".bed", ".narrowpeak", ".broadpeak")

_PEAK_COLUMNS = 10
_HEADER = re.compile(r"(track|browser)(\s|$)")
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
_SUMMIT = re.compile(r"-1|\d{1,18}", re.ASCII)


@dataclass(frozen=True)
class BedLine:
    """One interval of a BED file; ``name`` is empty where the file gives none (or ``.``).

    ``summit`` is what the tenth of ten columns says, narrowPeak's summit: letters from the start, whatever
    the strand; None where there is none.
    """

    interval: Interval
    name: str
    where: str
    summit: int | None = None


def bed_lines(path: PathLike) -> Iterator[BedLine | Problem]:
    """Intervals of a BED file with three columns or more, plain, gzip or bgzip, one at a time.

    Columns are chromosome, start, end (0-based, half-open), name, score, strand, separated by tabs,
    or by blanks in lines without a tab; of further columns (blocks included) only the summit of narrowPeak
    is read. Of five columns the last may be the strand.
    Lines that start with ``#``, ``track`` or ``browser`` are no intervals.
    """
    for number, fields in _rows(path):
        yield _parse(fields, f"{path}, line {number}")


def is_narrow_peak(path: PathLike) -> bool:
    """Whether a file is ENCODE's narrowPeak: by its name, or by the ten columns of its first interval.

    ENCODE calls many of its narrowPeak files ``.bed.gz``. BED itself never has ten columns.
    """
    if ending_of(path) == ".narrowpeak":
        return True
    fields = next((fields for _, fields in _rows(path)), [])
    return (
        len(fields) == _PEAK_COLUMNS
        and all(_NUMBER.fullmatch(field) for field in fields[6:9])
        and bool(_SUMMIT.fullmatch(fields[-1]))
    )


def _rows(path: PathLike) -> Iterator[tuple[int, list[str]]]:
    """Line number and columns of every interval."""
    for number, line in numbered_lines(path):
        if not line.strip() or line.startswith("#") or _HEADER.match(line):
            continue
        yield number, [f.strip() for f in (line.split("\t") if "\t" in line else line.split())]


def _parse(fields: list[str], where: str) -> BedLine | Problem:
    label = " ".join(fields[:4])[:80]
    if len(fields) < 3:
        return Problem(
            label, f"{counted(len(fields), 'column')}: expected BED, chromosome, start and end", where
        )
    chrom, start, end = fields[:3]
    for value in (start, end):
        if not (value.isascii() and value.isdigit() and len(value) <= DIGITS):
            return Problem(
                label, f"{value[:40]!r} is no BED coordinate: expected a whole number from 0 on", where
            )
    # files of five columns have the strand in the place of the score
    strand = fields[5] if len(fields) > 5 else fields[4] if fields[4:5] in (["+"], ["-"]) else "."
    name = fields[3] if len(fields) > 3 else ""
    try:
        check_name(name, "interval")
        interval = Interval(chrom, int(start), int(end), strand)
    except InputError as error:
        return Problem(label, str(error), where)
    return BedLine(interval, "" if name == "." else name, where, _summit(fields))


def _summit(fields: list[str]) -> int | None:
    if len(fields) != _PEAK_COLUMNS or not _SUMMIT.fullmatch(fields[-1]) or fields[-1] == "-1":
        return None
    return int(fields[-1])


def bed_features(path: PathLike, kinds: Collection[str]) -> Iterator[FeatureItem]:
    """Every interval as a feature, whose type is its name, or ``site`` where it has none.

    Raises InputError for a line that is no BED.
    """
    for line in bed_lines(path):
        if isinstance(line, Problem):
            raise InputError(str(line))
        place = line.interval
        yield Feature(place.chrom, line.name or "site", place.start, place.end, line.name, place.strand)


formats.register("bed")(Format("bed", ENDINGS, sites=bed_features))
