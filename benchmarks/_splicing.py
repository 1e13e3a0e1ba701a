"""Splice sites of genes as their records have them, and which of them a model of splicing has not seen."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from benchmarks import Unavailable, data
from relevome.data.formats.fasta import read_fasta
from relevome.data.sequences import DNA
from relevome.data.sequences import Sequence as Letters
from relevome.models.published.spliceai import CONTEXT

KINDS = ("donor", "acceptor")
# Records of chromosomes 1, 3 and 9.
UNSEEN = (
    "DPYD_slice_of_NC_000001.10", "MARK1_slice_of_NC_000001.10", "APTX_slice_of_NC_000009.11",
    "NG_007485.1", "NG_008939.1", "NG_009497.1", "NG_009930.1",
)  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A splice site; ``index`` is the exon's letter beside it, from 0 along ``strand`` of the record."""

    kind: str
    record: str
    strand: str
    index: int
    gene: str

    @property
    def unseen(self) -> bool:
        """Whether its chromosome was held out of training."""
        return self.record in UNSEEN


@dataclass(frozen=True)
class Region:
    """From the first letter of a gene's transcripts to behind the last, along ``strand`` of the record."""

    record: str
    strand: str
    start: int
    end: int
    gene: str
    introns: int


Strands = Mapping[tuple[str, str], str]


def read_strands() -> Strands:
    """The letters of every record, by its name and a strand."""
    found = {}
    for one in read_fasta(data("splice", "genes.fa.gz"), DNA):
        if not isinstance(one, Letters):
            raise Unavailable(f"splice/genes.fa.gz is not as it was: {one}")
        found[one.id, "+"], found[one.id, "-"] = one.letters, one.reverse_complement().letters
    return found


def read_sites(strands: Strands) -> list[Site]:
    """Every site of any transcript once, in the order of the file."""
    found: dict[tuple[str, str, str, int], Site] = {}
    for row in _table("introns.tsv"):
        for kind in KINDS:
            letter = int(row[f"{kind}_exon_base"]) - 1
            index = _along(strands, row["record"], row["strand"], letter)
            site = Site(kind, row["record"], row["strand"], index, row["gene"])
            found.setdefault((kind, site.record, site.strand, index), site)
    return list(found.values())


def read_regions(strands: Strands) -> list[Region]:
    """One for each gene that has introns, in the record that has most of them; none within another."""
    ends: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in _table("transcripts.tsv"):
        for column in ("exon_starts", "exon_ends"):
            letters = [int(one) - 1 for one in row[column].split(",")]
            gene = (row["record"], row["strand"], row["gene"])
            ends[gene] += [_along(strands, row["record"], row["strand"], letter) for letter in letters]
    introns: dict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)
    for row in _table("introns.tsv"):
        gene = (row["record"], row["strand"], row["gene"])
        introns[gene].add((row["donor_exon_base"], row["acceptor_exon_base"]))
    every = [
        Region(record, strand, min(ends[gene]), max(ends[gene]) + 1, gene[2], len(pairs))
        for gene, pairs in introns.items()
        for record, strand, _ in [gene]
    ]
    most: dict[str, Region] = {}
    for region in sorted(every, key=lambda one: -one.introns):
        most.setdefault(region.gene, region)
    return [one for one in most.values() if not any(_within(one, other) for other in every)]


def _within(one: Region, other: Region) -> bool:
    same = (one.record, one.strand) == (other.record, other.strand) and one.gene != other.gene
    return same and other.start <= one.start and one.end <= other.end


def _table(name: str) -> Iterator[dict[str, str]]:
    with data("splice", name).open(newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


def _along(strands: Strands, record: str, strand: str, index: int) -> int:
    """A place of the record, counted along the strand."""
    return index if strand == "+" else len(strands[record, strand]) - 1 - index


def there(region: Region, sites: Sequence[Site], kind: str) -> Bool[np.ndarray, " letters"]:
    """Which letters of a region are sites."""
    found = np.zeros(region.end - region.start, dtype=bool)
    for site in sites:
        here = (site.kind, site.record, site.strand) == (kind, region.record, region.strand)
        if here and region.start <= site.index < region.end:
            found[site.index - region.start] = True
    return found


def fits(site: Site, strands: Strands) -> bool:
    """Whether there are letters of the record all around."""
    return CONTEXT <= site.index < len(strands[site.record, site.strand]) - CONTEXT


def chosen(sites: Sequence[Site], count: int) -> list[Site]:
    """Sites new to the model and others in turns, from one gene after another, drawn with seed 0."""
    drawn = [sites[i] for i in np.random.default_rng(0).permutation(len(sites))]
    new, others = (_in_turns([site for site in drawn if site.unseen is kind]) for kind in (True, False))
    return [site for pair in zip(new, others, strict=False) for site in pair][:count]


def _in_turns(sites: Sequence[Site]) -> list[Site]:
    """The first of every gene, then the second of every gene, and so on."""
    turn: dict[str, int] = defaultdict(int)
    ordered = []
    for place, site in enumerate(sites):
        ordered.append((turn[site.gene], place, site))
        turn[site.gene] += 1
    return [site for _, _, site in sorted(ordered, key=lambda one: one[:2])]
