"""BED: intervals, one line each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from relevome.data.features import DIGITS, Feature, FeatureItem
from relevome.data.formats import Format, formats
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.problems import Problem
from relevome.data.sequences import Interval
from relevome.errors import InputError


@dataclass(frozen=True)
class BedLine:
    """One interval of a BED file; ``name`` is empty where the file gives none (or ``.``)."""

    interval: Interval
    name: str
    where: str


def bed_lines(path: PathLike) -> Iterator[BedLine | Problem]:
    """Intervals of a BED file with three columns or more, plain, gzip or bgzip, one at a time.

    Columns are chromosome, start, end (0-based, half-open), name, score, strand, separated by tabs,
    or by blanks in lines without a tab; score and further columns (blocks included) are not read. Of
    five columns the last may be the strand.
    Lines that start with ``#``, ``track`` or ``browser`` are no intervals.
    """
    for number, line in numbered_lines(path):
        if not line.strip() or line.startswith("#") or line.split()[0] in ("track", "browser"):
            continue
        yield _parse(line, f"{path}, line {number}")


def _parse(line: str, where: str) -> BedLine | Problem:
    fields = [f.strip() for f in (line.split("\t") if "\t" in line else line.split())]
    label = " ".join(fields[:4])[:80]
    if len(fields) < 3:
        return Problem(label, f"{len(fields)} columns: expected BED, chromosome, start and end", where)
    chrom, start, end = fields[:3]
    for value in (start, end):
        if not (value.isascii() and value.isdigit() and len(value) <= DIGITS):
            return Problem(
                label, f"{value[:40]!r} is no BED coordinate: expected a whole number from 0 on", where
            )
    # files of five columns have the strand in the place of the score
    strand = fields[5] if len(fields) > 5 else fields[4] if fields[4:5] in (["+"], ["-"]) else "."
    try:
        interval = Interval(chrom, int(start), int(end), strand)
    except InputError as error:
        return Problem(label, str(error), where)
    name = fields[3] if len(fields) > 3 else ""
    return BedLine(interval, "" if name == "." else name, where)


def bed_features(path: PathLike, kinds: Collection[str]) -> Iterator[FeatureItem]:
    """Every interval as a feature, whose type is its name, or ``site`` where it has none.

    Raises InputError for a line that is no BED.
    """
    for line in bed_lines(path):
        if isinstance(line, Problem):
            raise InputError(str(line))
        place = line.interval
        yield Feature(place.chrom, line.name or "site", place.start, place.end, line.name, place.strand)


formats.register("bed")(Format("bed", (".bed",), sites=bed_features))
