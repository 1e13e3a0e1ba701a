"""Called sites as BED and GFF3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from relevome.data.features import from_one
from relevome.results.folder import whole_file
from relevome.results.record import reading

# What GFF3 lets stand in the first column and in attributes; all else is percent-encoded.
_SEQID, _ATTRIBUTE = ".:^*$@!+_?|-", " .:^*$@!+_?|()/[]-"


class CalledSite(NamedTuple):
    """One letter of a strand, 0-based, the class that it is called, and with which probability."""

    contig: str
    position: int
    sign: str
    label: str
    probability: float

    def bed(self) -> str:
        """Six columns; the score is a thousand times the probability."""
        name = "_".join(self.label.split())
        score = round(1000 * self.probability)
        return f"{self.contig}\t{self.position}\t{self.position + 1}\t{name}\t{score}\t{self.sign}\n"

    def gff(self, number: int, kind: str) -> str:
        """Nine columns, of which the score is the probability."""
        place = self.position + 1
        attributes = f"ID=site{number};Name={quote(self.label, safe=_ATTRIBUTE)}"
        return (
            f"{quote(self.contig, safe=_SEQID)}\trelevome\t{kind}\t{place}\t{place}\t{self.probability:.6g}\t"
            f"{self.sign}\t.\t{attributes}\n"
        )


def write_sites(folder: Path, sites: Iterable[CalledSite], kind: str) -> int:
    """``sites.bed`` and ``sites.gff3``, both with the same sites; gives how many."""
    count = 0
    with ExitStack() as stack:
        paths = [stack.enter_context(whole_file(folder / f"sites.{end}")) for end in ("bed", "gff3")]
        bed, gff = (stack.enter_context(path.open("w", encoding="utf-8")) for path in paths)
        gff.write("##gff-version 3\n")
        for count, site in enumerate(sites, start=1):
            bed.write(site.bed())
            gff.write(site.gff(count, kind))
    return count


def read_called(folder: Path) -> Iterator[CalledSite]:
    """The sites of ``sites.gff3``, as `write_sites` wrote them. Raises InputError for a damaged file."""
    path = folder / "sites.gff3"
    with reading(path), path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                contig, _, _, first, last, score, sign, _, attributes = line.rstrip("\n").split("\t")
                label = unquote(attributes.partition(";Name=")[2])
                (position, end), probability = from_one(first, last), float(score)
                if sign not in ("+", "-") or end - position != 1 or not 0 <= probability <= 1:
                    raise ValueError(f"a site from {first} to {last} on {sign!r} of probability {score!r}")
                yield CalledSite(unquote(contig), position, sign, label, probability)
