"""Genes in which variants lie, whose strand and ends a model reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from relevome.data.formats import format_of
from relevome.data.lines import PathLike
from relevome.data.problems import Problem
from relevome.data.variants.placing import contig_named
from relevome.data.variants.variant import Variant
from relevome.data.windows.places import Place, read_places
from relevome.errors import InputError

GENE = "gene"  # the type of features of GFF3 and GTF that are genes


@dataclass(frozen=True)
class Gene:
    """A gene on a genome.

    Attributes:
        name: Its name; empty without one.
        contig: The contig that it is on, as the genome calls it.
        start: Its first letter, 0-based.
        end: Behind its last.
        strand: ``+`` or ``-``.
    """

    name: str
    contig: str
    start: int
    end: int
    strand: str


class Genes:
    """Genes by where they are; a variant is in those that its first letter is in."""

    def __init__(self, genes: Iterable[Gene]) -> None:
        self._of: dict[str, list[Gene]] = {}
        for gene in genes:
            self._of.setdefault(gene.contig, []).append(gene)
        self._spans = {
            contig: np.array([[gene.start, gene.end] for gene in some]).T for contig, some in self._of.items()
        }

    def at(self, variant: Variant) -> list[Gene]:
        """Those of a variant, in their order."""
        if variant.contig not in self._of:
            return []
        starts, ends = self._spans[variant.contig]
        inside = (starts <= variant.start) & (variant.start < ends)
        return [self._of[variant.contig][place] for place in np.flatnonzero(inside)]


def read_genes(path: PathLike, lengths: Mapping[str, int]) -> Genes:
    """The genes of a GFF3 or GTF file, its features of type ``gene``, or all intervals of BED.

    Those on contigs that the genome, whose ``lengths`` are given, does not have are left aside; names of
    contigs are as `contig_named` has them. Raises InputError for a file that cannot be read, a line that is
    none of the format, a gene without a strand, and for no gene on the genome.
    """
    types = (GENE,) if format_of(path, "sites").name == "gff" else ()
    found: list[Gene] = []
    for place in read_places(path, types):
        if isinstance(place, Problem):
            raise InputError(str(place))
        contig = contig_named(place.interval.chrom, lengths)
        if contig is not None:
            found.append(_gene(place, contig))
    if not found:
        raise InputError(f"{path} has no gene on the genome, which has {', '.join([*lengths][:5])}")
    return Genes(found)


def _gene(place: Place, contig: str) -> Gene:
    where = place.interval
    if where.strand == ".":
        raise InputError(f"{place.where}: gene {place.name!r} has no strand: expected + or -")
    return Gene(place.name, contig, where.start, where.end, where.strand)
