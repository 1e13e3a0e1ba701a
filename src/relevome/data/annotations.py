"""Known sites, and masks of the letters they cover."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from relevome.data.bed import bed_lines
from relevome.data.errors import InputError
from relevome.data.gff import gff_lines
from relevome.data.lines import PathLike
from relevome.data.problems import Problem
from relevome.data.sequence import Sequence


@dataclass(frozen=True)
class Site:
    """A named stretch of letters: 0-based, half-open; strand ``+``, ``-`` or ``.`` (unknown)."""

    start: int
    end: int
    name: str
    strand: str = "."


def read_sites(path: PathLike, kinds: Collection[str] = ()) -> dict[str, list[Site]]:
    """Sites of a BED or GFF3 file by its first column, a sequence id or a chromosome, in file order.

    A file is GFF3 if its name ends in ``.gff`` or ``.gff3``, compressed or not. Of GFF3, ``kinds`` chooses
    types of features, all without it. A site without a name is called by its type, or ``site``. Raises
    InputError for a line that is neither, and for types that the file does not have or BED cannot have.
    """
    sites: dict[str, list[Site]] = {}
    for chrom, site in _gff_sites(path, kinds) if _is_gff(path) else _bed_sites(path, kinds):
        sites.setdefault(chrom, []).append(site)
    return sites


def _is_gff(path: PathLike) -> bool:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes if suffix.lower() not in (".gz", ".bgz")]
    return bool(suffixes) and suffixes[-1] in (".gff", ".gff3")


def _bed_sites(path: PathLike, kinds: Collection[str]) -> Iterator[tuple[str, Site]]:
    if kinds:
        raise InputError(f"{path} is read as BED, which has no types of features such as {min(kinds)!r}")
    for line in bed_lines(path):
        if isinstance(line, Problem):
            raise InputError(str(line))
        interval = line.interval
        yield interval.chrom, Site(interval.start, interval.end, line.name or "site", interval.strand)


def _gff_sites(path: PathLike, kinds: Collection[str]) -> Iterator[tuple[str, Site]]:
    seen = set()
    for line in gff_lines(path):
        if isinstance(line, Problem):
            raise InputError(str(line))
        seen.add(line.kind)
        if not kinds or line.kind in kinds:
            interval = line.interval
            yield interval.chrom, Site(interval.start, interval.end, line.name or line.kind, interval.strand)
    if missing := sorted(set(kinds) - seen):
        known = ", ".join(sorted(seen)) or "a file with features"
        raise InputError(f"{path} has no feature of type {missing[0]!r}: expected {known}")


def mask(sequence: Sequence, sites: Mapping[str, list[Site]]) -> Bool[np.ndarray, " letters"]:
    """Which letters of a sequence are covered by a site on either strand.

    Sites listed under the chromosome of the sequence's interval are in coordinates of the
    chromosome, and what lies outside the interval is cut off; sites listed under the sequence's id
    are in letters of the sequence. Letter 0 of an interval on ``-`` is the base at its end. Raises
    InputError for a site off the end of its sequence, and where both id and chromosome have sites.
    """
    covered = np.zeros(len(sequence), dtype=bool)
    for site in sites_on(sequence, sites):
        covered[site.start : site.end] = True
    return covered


def unplaced_sites(
    sites: Mapping[str, list[Site]], sequences: Iterable[Sequence], where: str
) -> list[Problem]:
    """One problem for each id or chromosome in ``sites`` that no sequence has, with its number of sites.

    ``where`` names the source of the sites in the problems.
    """
    unknown = dict(sites)
    for sequence in sequences:
        unknown.pop(sequence.id, None)
        if sequence.interval is not None:
            unknown.pop(sequence.interval.chrom, None)
    reason = "{} sites on {!r}, which is no sequence that was read: expected its id or its chromosome"
    return [Problem(id, reason.format(len(placed), id), where) for id, placed in unknown.items()]


def sites_on(sequence: Sequence, sites: Mapping[str, list[Site]]) -> list[Site]:
    """The sites of one sequence in its own letters and on its own strand; see `mask`."""
    interval = sequence.interval
    if interval is None or interval.chrom not in sites:
        return [_checked(site, sequence) for site in sites.get(sequence.id, [])]
    if sequence.id in sites and sequence.id != interval.chrom:
        raise InputError(
            f"sites on both {sequence.id!r} and its chromosome {interval.chrom!r}: expected one of the two"
        )
    inside = []
    for site in sites[interval.chrom]:
        start = max(site.start, interval.start) - interval.start
        end = min(site.end, interval.end) - interval.start
        if start < end:
            inside.append(replace(site, start=start, end=end))
    return [_turned(site, len(sequence)) for site in inside] if interval.strand == "-" else inside


def _turned(site: Site, length: int) -> Site:
    """A site as the other strand of ``length`` letters has it."""
    strand = {"+": "-", "-": "+"}.get(site.strand, site.strand)
    return replace(site, start=length - site.end, end=length - site.start, strand=strand)


def _checked(site: Site, sequence: Sequence) -> Site:
    if site.end > len(sequence):
        raise InputError(
            f"site {site.name!r} {site.start}-{site.end} is off the end of sequence {sequence.id!r}, "
            f"which has {len(sequence)} letters"
        )
    return site
