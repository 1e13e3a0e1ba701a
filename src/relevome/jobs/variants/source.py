"""From files of variants and of sequences to the windows that a model reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from relevome.data.contigs import Contig, read_regions
from relevome.data.formats.fasta import read_fasta
from relevome.data.formats.substitutions import read_substitutions
from relevome.data.formats.vcf import read_vcf
from relevome.data.genomes import open_genome
from relevome.data.inputs import sha256_of
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.data.variants.genes import Genes, read_genes
from relevome.data.variants.placing import on_genome, on_proteins, proteins_by_id
from relevome.data.variants.saturated import saturated
from relevome.data.variants.variant import BadVariant, Variant, unusable
from relevome.data.variants.windows import VariantWindowing, VariantWindows
from relevome.errors import InputError

# A variant in its windows, one for every gene that it is in if genes were given; or why it has none.
VariantItem: TypeAlias = tuple[VariantWindows, ...] | BadVariant

_BLOCK = 1 << 16  # letters of a genome that are read at a time


@dataclass(frozen=True)
class VariantSource:
    """Variants that are given.

    Attributes:
        description: The files, with their digests.
        listed: Gives them as their file has them, from the start at every call.
        read: Gives as many, in windows that are cut as it is told.
    """

    description: Mapping[str, str]
    listed: Callable[[], Iterator[Variant | BadVariant]]
    read: Callable[[VariantWindowing], Iterator[VariantItem]]


@contextmanager
def genome_variants(
    vcf: str | Path | None,
    genome: str | Path,
    genes: str | Path | None,
    substitutions_only: bool,
    saturate: Collection[str] = (),
) -> Iterator[VariantSource]:
    """Variants of VCF, or all substitutions of stretches, in windows of a genome, which stays open meanwhile.

    Raises InputError for a file that cannot be read, and a stretch that is not on the genome.
    """
    files = {"vcf": vcf, "genome": genome, "genes": genes}
    with open_genome(genome) as chromosomes:
        lengths = {name: len(chromosomes[name]) for name in list(chromosomes.keys())}
        known = None if genes is None else read_genes(genes, lengths)
        letters = _Letters(chromosomes)
        contigs = [Contig(name, length) for name, length in lengths.items()]
        stretches = read_regions(saturate, contigs) if saturate else []

        def listed() -> Iterator[Variant | BadVariant]:
            if vcf is not None:
                return read_vcf(vcf)
            return saturated(stretches, lambda contig, *ends: letters.of(contig)(*ends), DNA)

        def read(windowing: VariantWindowing) -> Iterator[VariantItem]:
            for item in on_genome(listed(), chromosomes, genome):
                if isinstance(item, BadVariant):
                    yield item
                else:
                    yield _windows(item, windowing, letters, lengths[item.contig], known, substitutions_only)

        yield VariantSource(_described(files) | _asked(saturate), listed, read)


@contextmanager
def protein_variants(
    table: str | Path | None, fasta: str | Path, saturate: Collection[str] = ()
) -> Iterator[VariantSource]:
    """Substitutions of a table, or all of stretches, in the proteins of a FASTA file, all held in memory.

    Raises InputError for a file that cannot be read, a protein that cannot be used, and a stretch that is on
    none.
    """

    def whole() -> Iterator[Sequence]:
        for item in read_fasta(fasta, PROTEIN):
            if isinstance(item, Problem):
                raise InputError(str(item))
            yield item

    proteins = proteins_by_id(whole(), fasta)
    lengths = [Contig(id, len(one)) for id, one in proteins.items()]
    stretches = read_regions(saturate, lengths) if saturate else []

    def listed() -> Iterator[Variant | BadVariant]:
        if table is not None:
            return read_substitutions(table)
        return saturated(stretches, lambda id, start, end: proteins[id].letters[start:end], PROTEIN)

    def read(windowing: VariantWindowing) -> Iterator[VariantItem]:
        for item in on_proteins(listed(), proteins, fasta):
            if isinstance(item, BadVariant):
                yield item
                continue
            letters = proteins[item.contig].letters
            windows = windowing.around(item, lambda a, b, text=letters: text[a:b], len(letters))
            yield windows if isinstance(windows, BadVariant) else (windows,)

    files = {"substitutions": table, "fasta": fasta}
    yield VariantSource(_described(files) | _asked(saturate), listed, read)


def checked_count(source: VariantSource, windowing: VariantWindowing, on_bad: str) -> int:
    """How many variants there are. Raises InputError for the first that cannot be used, if that is asked."""
    if on_bad == "skip":
        return sum(1 for _ in source.listed())
    count = 0
    for item in source.read(windowing):
        count += 1
        if isinstance(item, BadVariant):
            raise InputError(f"{item}; correct it, or leave such variants out with --on-bad skip")
    return count


def _windows(
    variant: Variant,
    windowing: VariantWindowing,
    letters: _Letters,
    length: int,
    genes: Genes | None,
    substitutions_only: bool,
) -> VariantItem:
    if substitutions_only and variant.growth:
        reason = f"{variant} is an insertion or a deletion, of which a masked language model has no score"
        return unusable(variant, "no_substitution", reason)
    within = [None] if genes is None else genes.at(variant)
    if not within:
        return unusable(variant, "outside_genes", f"{variant} is in no gene: expected one that is")
    read = letters.of(variant.contig)
    found: list[VariantWindows] = []
    for gene in within:
        one = windowing.around(variant, read, length, gene)
        if isinstance(one, BadVariant):
            return one
        found.append(one)
    return tuple(found)


@dataclass
class _Letters:
    """Letters of a genome, upper case; the last block that was read is kept, since variants are in order."""

    chromosomes: Any
    _contig: str = ""
    _start: int = 0
    _block: str = field(default="", repr=False)

    def of(self, contig: str) -> Callable[[int, int], str]:
        """Those of a contig, from a place to a place."""
        return lambda start, end: self._read(contig, start, end)

    def _read(self, contig: str, start: int, end: int) -> str:
        if contig != self._contig or start < self._start or end > self._start + len(self._block):
            self._contig, self._start = contig, max(start - _BLOCK // 2, 0)
            self._block = str(self.chromosomes[contig][self._start : end + _BLOCK]).upper()
        return self._block[start - self._start : end - self._start]


def _asked(saturate: Collection[str]) -> dict[str, str]:
    return {"saturate": " ".join(saturate)} if saturate else {}


def _described(files: Mapping[str, str | Path | None]) -> dict[str, str]:
    described = {}
    for kind, path in files.items():
        if path is None:
            continue
        described |= {kind: str(path), f"{kind}_sha256": sha256_of(path)}
    return described
