"""Called sites as BED and GFF3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from relevome.data.features import from_one
from relevome.data.names import bed_line, gff_seqid, gff_text, percent_decoded
from relevome.results.folder import whole_file
from relevome.results.record import reading


class CalledSite(NamedTuple):
    """One letter of a strand, 0-based, the class that it is called, and with which probability."""

    contig: str
    position: int
    sign: str
    label: str
    probability: float

    def bed(self) -> str:
        """Six columns; the score is a thousand times the probability."""
        score = round(1000 * self.probability)
        return bed_line(self.contig, self.position, self.position + 1, self.label, score, self.sign)

    def gff(self, number: int, kind: str) -> str:
        """Nine columns, of which the score is the probability."""
        place = self.position + 1
        score = np.float32(self.probability)  # as text the fewest digits that give it back
        columns = (gff_seqid(self.contig), "relevome", gff_text(kind), place, place, score, self.sign, ".")
        return "\t".join(map(str, columns)) + f"\tID=site{number};Name={gff_text(self.label)}\n"


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
    with reading(path), path.open(encoding="utf-8-sig") as lines:
        for line in lines:
            if not line.startswith("#"):
                contig, _, _, first, last, score, sign, _, attributes = line.rstrip("\n").split("\t")
                label = percent_decoded(attributes.partition(";Name=")[2])
                (position, end), probability = from_one(first, last), float(score)
                if sign not in ("+", "-") or end - position != 1 or not 0 <= probability <= 1:
                    raise ValueError(f"a site from {first} to {last} on {sign!r} of probability {score!r}")
                yield CalledSite(percent_decoded(contig), position, sign, label, probability)
