"""From files of variants and of sequences to the windows that a model reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
from relevome.data.variants.genes import Gene, Genes, read_genes
from relevome.data.variants.letter_blocks import LetterBlocks
from relevome.data.variants.placing import on_genome, on_proteins, proteins_by_id
from relevome.data.variants.saturated import saturated
from relevome.data.variants.variant import BadVariant, Variant, unusable
from relevome.data.variants.windows import VariantWindowing, VariantWindows
from relevome.discovery.variants.schemes import PSEUDO_LIKELIHOOD
from relevome.errors import InputError

# A variant in its windows, one for every gene that it is in if genes were given; or why it has none.
VariantItem: TypeAlias = tuple[VariantWindows, ...] | BadVariant

# A variant with the genes whose strand and ends count; None is none.
_InGenes: TypeAlias = tuple[Variant, list[Gene] | list[None]]


@dataclass(frozen=True)
class VariantSource:
    """Variants that are given.

    Attributes:
        description: The files, with their digests.
        listed: Gives them as their file has them, from the start at every call.
        usable: Gives as many: those that can be used, or why one cannot be, with windows as it is told.
        read: Gives as many, in these windows.
    """

    description: Mapping[str, str]
    listed: Callable[[], Iterator[Variant | BadVariant]]
    usable: Callable[[VariantWindowing], Iterator[Any]]
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
        letters = LetterBlocks(chromosomes)
        known = None if genes is None else read_genes(genes, letters.lengths)
        contigs = [Contig(name, length) for name, length in letters.lengths.items()]
        stretches = read_regions(saturate, contigs) if saturate else []

        def listed() -> Iterator[Variant | BadVariant]:
            if vcf is not None:
                return read_vcf(vcf)
            return saturated(stretches, letters.read, DNA)

        def usable(windowing: VariantWindowing) -> Iterator[_InGenes | BadVariant]:
            for item in on_genome(listed(), letters, genome):
                if isinstance(item, BadVariant):
                    yield item
                else:
                    length = letters.lengths[item.contig]
                    yield _in_genes(item, windowing, length, known, substitutions_only)

        def read(windowing: VariantWindowing) -> Iterator[VariantItem]:
            for item in usable(windowing):
                if isinstance(item, BadVariant):
                    yield item
                    continue
                variant, genes = item
                contig = letters.of(variant.contig), letters.lengths[variant.contig]
                yield tuple(windowing.around(variant, *contig, gene) for gene in genes)

        yield VariantSource(_described(files) | _asked(saturate), listed, usable, read)


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

    def usable(windowing: VariantWindowing) -> Iterator[Variant | BadVariant]:
        return _fitting(on_proteins(listed(), proteins, fasta), windowing, proteins)

    def read(windowing: VariantWindowing) -> Iterator[VariantItem]:
        for item in usable(windowing):
            if isinstance(item, BadVariant):
                yield item
                continue
            letters = proteins[item.contig].letters
            yield (windowing.around(item, lambda a, b, text=letters: text[a:b], len(letters)),)

    files = {"substitutions": table, "fasta": fasta}
    yield VariantSource(_described(files) | _asked(saturate), listed, usable, read)


def checked_count(source: VariantSource, windowing: VariantWindowing, on_bad: str) -> int:
    """How many variants there are. Raises InputError for the first that cannot be used, if that is asked."""
    if on_bad == "skip":
        return sum(1 for _ in source.listed())
    count = 0
    for item in source.usable(windowing):
        count += 1
        if isinstance(item, BadVariant):
            raise InputError(f"{item}; correct it, or leave such variants out with --on-bad skip")
    return count


def _fitting(
    items: Iterator[Variant | BadVariant], windowing: VariantWindowing, proteins: Mapping[str, Sequence]
) -> Iterator[Variant | BadVariant]:
    """Substitutions in proteins, or why one has no windows."""
    for item in items:
        misfit = None if isinstance(item, BadVariant) else windowing.misfit(item, len(proteins[item.contig]))
        yield misfit or item


def _in_genes(
    variant: Variant,
    windowing: VariantWindowing,
    length: int,
    genes: Genes | None,
    substitutions_only: bool,
) -> _InGenes | BadVariant:
    """The genes that a variant is read in, or why it cannot be."""
    if substitutions_only and variant.growth:
        reason = (
            f"{variant} is an insertion or a deletion, of which only --scheme {PSEUDO_LIKELIHOOD} has a score"
        )
        return unusable(variant, "no_substitution", reason)
    within = [None] if genes is None else genes.at(variant)
    if not within:
        return unusable(variant, "outside_genes", f"{variant} is in no gene: expected one that is")
    return windowing.misfit(variant, length) or (variant, within)


def _asked(saturate: Collection[str]) -> dict[str, str]:
    return {"saturate": " ".join(saturate)} if saturate else {}


def _described(files: Mapping[str, str | Path | None]) -> dict[str, str]:
    described = {}
    for kind, path in files.items():
        if path is None:
            continue
        described |= {kind: str(path), f"{kind}_sha256": sha256_of(path)}
    return described
