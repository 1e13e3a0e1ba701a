"""Known sites, and masks of the letters they cover."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool

from relevome.data.features import Feature, FeatureItem, Listed, Unplaced, same_type
from relevome.data.formats import format_of
from relevome.data.lines import PathLike
from relevome.data.names import bed_chrom, visible
from relevome.data.problems import Problem
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.words import counted

# https://www.uniprot.org/help/accession_numbers
_ACCESSION = re.compile("[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2}")


@dataclass(frozen=True)
class Site:
    """A named stretch of letters: 0-based, half-open; strand ``+``, ``-`` or ``.`` (unknown).

    ``kind`` is the type that its file gives it beside its name, ``effect`` what it adds to the output of its
    sequence, below 0 what it takes away, where the file says that; neither makes another site of it.
    """

    start: int
    end: int
    name: str
    strand: str = "."
    kind: str = field(default="", compare=False)
    effect: float | None = field(default=None, compare=False)

    @property
    def type(self) -> str:
        """One spelling of its type, see `same_type`; its name where its file has no types."""
        return same_type(self.kind) if self.kind and not self._is_named_by_type else self.name

    @property
    def label(self) -> str:
        """Type and name, such as ``disulfide bond: Interchain``; the name alone where that is the type."""
        return self.name if self.type == self.name else f"{self.type}: {self.name}"

    @property
    def _is_named_by_type(self) -> bool:
        return same_type(self.kind) == same_type(self.name)


_NAMED = 20  # types that an error lists


def read_sites(
    path: PathLike, kinds: Collection[str] = (), left_out: list[Problem] | None = None
) -> dict[str, list[Site]]:
    """Sites of a file by sequence id or chromosome, in file order: BED or features of another format.

    Which it is, `format_of` says: GFF3 if the name ends in ``.gff`` or ``.gff3``; 3-line labels if it has
    ``.3line`` in it; a table if it is called ``.csv``, ``.tsv`` or ``.tab`` and has columns ``start`` and
    ``end``; UniProt XML or flat text if the file begins like one; BED otherwise. ``kinds`` chooses types of
    features, all without it; types are the same whatever their case and ``_``, ``-`` or blanks. A sequence
    without sites in a format that lists sequences has none. A site without a name is called by its type, or
    ``site``.

    Features of which nobody knows the letters are appended to ``left_out``, or refused where there is no such
    list. Raises InputError for a line that is none of the format's, and for types that the file does not have
    or its format cannot have.
    """
    sites: dict[str, list[Site]] = {}
    wanted, seen = {same_type(kind) for kind in kinds}, set()
    format = format_of(path, "sites")
    exact = format.exact_types
    for item in format.read_sites(path, kinds):
        if isinstance(item, Listed):
            sites.setdefault(item.id, [])
            continue
        if isinstance(item, Feature | Unplaced):
            seen.add(item.kind)
            if wanted and not exact and same_type(item.kind) not in wanted:
                continue
        if isinstance(item, Problem):
            _leave_out(item, left_out)
        else:
            name, kind = visible(item.name or item.kind), visible(item.kind)
            named = (Site(*span, name, item.strand, kind, item.effect) for span in item.spans)
            sites.setdefault(item.id, []).extend(named)
    _check_kinds(path, kinds, seen, exact)
    return sites


def _leave_out(problem: Problem, left_out: list[Problem] | None) -> None:
    if left_out is None:
        raise InputError(
            f"{problem.where}, {problem.id}: {problem.reason}: expected a list of what to leave out"
        )
    left_out.append(problem)


def _check_kinds(path: PathLike, kinds: Collection[str], seen: set[str], exact: bool) -> None:
    known = seen if exact else {same_type(kind) for kind in seen}
    missing = [kind for kind in sorted(kinds) if (kind if exact else same_type(kind)) not in known]
    if missing:
        more = f" and {len(seen) - _NAMED} more" if len(seen) > _NAMED else ""
        names = ", ".join(sorted(seen)[:_NAMED]) + more or "a file with features"
        raise InputError(f"{path} has no feature of type {missing[0]!r}: expected {names}")


def features_of(path: PathLike, kinds: Collection[str] = ()) -> Iterator[FeatureItem]:
    """What the reader of a file's format (see `format_of`) finds in it, of all types.

    Only 3-line labels give those of ``kinds`` alone.
    """
    return format_of(path, "sites").read_sites(path, kinds)


def listed_as(id: str, sites: Collection[str]) -> str | None:
    """The name under which sites of a sequence are listed: its id, or the UniProt accession in it.

    The id may be as BED has to write it (`bed_chrom`). An accession counts where ``|`` sets it apart, as in
    ``sp|P02724|GLPA_HUMAN``. None where none of these is listed.
    """
    for name in (id, bed_chrom(id)):
        if name in sites:
            return name
    parts = [part for part in id.split("|") if part in sites and _ACCESSION.fullmatch(part)]
    return parts[0] if parts else None


def meant_by(asked: str, ids: Iterable[str]) -> list[str]:
    """Those of the ids that a user means: the very one, or those with the accession that is asked for.

    As sites are found (`listed_as`): ``P01308`` means ``sp|P01308|INS_HUMAN``, and the other way round.
    """
    known = list(ids)
    if asked in known:
        return [asked]
    found = [id for id in known if listed_as(id, (asked,)) is not None]
    listed = None if found else listed_as(asked, set(known))
    return found if listed is None else [listed]


def mask(sequence: Sequence, sites: Mapping[str, list[Site]]) -> Bool[np.ndarray, " letters"]:
    """Which letters of a sequence are covered by a site on either strand.

    Sites listed under the chromosome of the sequence's interval are in coordinates of the
    chromosome, and what lies outside the interval is cut off; sites listed under the sequence's id (see
    `listed_as`) are in letters of the sequence. Letter 0 of an interval on ``-`` is the base at its end.
    Raises InputError for a site off the end of its sequence, and where both id and chromosome have sites.
    """
    covered = np.zeros(len(sequence), dtype=bool)
    for site in sites_on(sequence, sites):
        covered[site.start : site.end] = True
    return covered


def unplaced_sites(
    sites: Mapping[str, list[Site]], sequences: Iterable[Sequence], where: str
) -> list[Problem]:
    """One problem for each id or chromosome with ``sites`` that no sequence has, with its number of sites.

    ``where`` names the source of the sites in the problems.
    """
    unknown: dict[str | None, list[Site]] = {id: placed for id, placed in sites.items() if placed}
    for sequence in sequences:
        unknown.pop(listed_as(sequence.id, sites), None)
        if sequence.interval is not None:
            unknown.pop(listed_as(sequence.interval.chrom, sites), None)
    reason = "{} on {!r}, which is no sequence that was read: expected its id or its chromosome"
    return [
        Problem(str(id), reason.format(counted(len(placed), "site"), id), where)
        for id, placed in unknown.items()
    ]


def sites_on(sequence: Sequence, sites: Mapping[str, list[Site]], *, whole: bool = False) -> list[Site]:
    """The sites of one sequence in its own letters and on its own strand; see `mask`.

    With ``whole``, a site that leaves the interval keeps its ends, before letter 0 or past the last one.
    """
    interval, own = sequence.interval, listed_as(sequence.id, sites)
    chrom = None if interval is None else listed_as(interval.chrom, sites)
    if interval is None or chrom is None:
        return [] if own is None else [_checked(site, sequence) for site in sites[own]]
    if own not in (None, chrom):
        raise InputError(
            f"sites on both {sequence.id!r} and its chromosome {interval.chrom!r}: expected one of the two"
        )
    inside = []
    for site in sites[chrom]:
        first, last = site.start - interval.start, site.end - interval.start
        start, end = max(first, 0), min(last, len(interval))
        if start < end:
            ends = {"start": first, "end": last} if whole else {"start": start, "end": end}
            inside.append(replace(site, **ends))
    return [_turned(site, len(sequence)) for site in inside] if interval.strand == "-" else inside


def _turned(site: Site, length: int) -> Site:
    """A site as the other strand of ``length`` letters has it."""
    strand = {"+": "-", "-": "+"}.get(site.strand, site.strand)
    return replace(site, start=length - site.end, end=length - site.start, strand=strand)


def _checked(site: Site, sequence: Sequence) -> Site:
    if site.end > len(sequence):
        raise InputError(
            f"site {site.name!r} {site.start}-{site.end} is off the end of sequence {sequence.id!r}, "
            f"which has {counted(len(sequence), 'letter')} (places count from 0, ends excluded): expected "
            "sites of this very sequence; correct the site, or take it out"
        )
    return site
