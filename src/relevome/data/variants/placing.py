"""Whether variants lie where they say: on a sequence that is there, with the letters that are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from relevome.data.lines import PathLike
from relevome.data.sequences import DNA, Sequence
from relevome.data.sites import meant_by
from relevome.data.variants.letter_blocks import LetterBlocks
from relevome.data.variants.variant import BadVariant, Variant, unusable
from relevome.errors import InputError
from relevome.words import counted

# "reduced to a concrete base by using the one that is first alphabetically": VCF 4.5, section 1.6.1, REF.
_CONCRETE = str.maketrans({code: min(letters) for code, letters in DNA.ambiguous.items() if code != "N"})
_SHOWN = 20  # letters of an allele, and names, that a reason shows
_MITOCHONDRION = {"M", "MT"}


def on_genome(
    items: Iterable[Variant | BadVariant], letters: LetterBlocks, genome: PathLike
) -> Iterator[Variant | BadVariant]:
    """Variants under the names that a genome has for their contigs, if their reference is what is there.

    Args:
        items: Variants, and what is none, which stays as it is.
        letters: The genome.
        genome: Its file, for people.

    A code of two or three letters in the genome is the first of them, as VCF has it.
    """
    lengths = letters.lengths
    named: dict[str, str | None] = {}
    for item in items:
        if isinstance(item, BadVariant):
            yield item
            continue
        if item.contig not in named:
            named[item.contig] = contig_named(item.contig, lengths)
        contig = named[item.contig]
        if contig is None:
            known = _some(list(lengths))
            reason = f"no contig {item.contig!r}: expected a name in {genome}, which has {known}"
            yield unusable(item, "unknown_sequence", reason)
            continue
        there = letters.read(contig, item.start, item.end).translate(_CONCRETE)
        here = item if contig == item.contig else replace(item, contig=contig)
        yield _checked(here, lengths[contig], there, str(genome))


def on_proteins(
    items: Iterable[Variant | BadVariant], proteins: Mapping[str, Sequence], file: PathLike
) -> Iterator[Variant | BadVariant]:
    """The same of proteins by their ids; an accession means the id that has it, as ``sp|P01308|INS_HUMAN``.

    A variant without a protein is of the only one.
    """
    meant: dict[str, str | None] = {}
    for item in items:
        if isinstance(item, BadVariant):
            yield item
            continue
        if item.contig not in meant:
            meant[item.contig] = _protein(item.contig, proteins)
        id = meant[item.contig]
        if id is None:
            named = f"no protein {item.contig!r}" if item.contig else "no protein is named"
            reason = f"{named}: expected one in {file}, which has {_some(list(proteins))}"
            yield unusable(item, "unknown_sequence", reason)
            continue
        there = proteins[id].letters[item.start : item.end]
        yield _checked(replace(item, contig=id), len(proteins[id]), there, str(file))


def contig_named(name: str, names: Collection[str]) -> str | None:
    """The one of ``names`` that a contig has there; None if it has none, or if that cannot be told.

    It is the name as it stands; else with ``chr`` taken off, or put before it; ``M`` and ``MT`` are the same.
    """
    if name in names:
        return name
    bare = name[3:] if name[:3].lower() == "chr" else name
    same = _MITOCHONDRION if bare in _MITOCHONDRION else {bare}
    found = [one for one in names if (one[3:] if one[:3].lower() == "chr" else one) in same]
    return found[0] if len(found) == 1 else None


def proteins_by_id(sequences: Iterable[Sequence], file: PathLike) -> dict[str, Sequence]:
    """Sequences by id. Raises InputError for none."""
    found = {one.id: one for one in sequences}
    if not found:
        raise InputError(f"{file} has no proteins that can be used: expected FASTA")
    return found


def _protein(name: str, proteins: Mapping[str, Sequence]) -> str | None:
    found = meant_by(name, proteins) if name else list(proteins)
    return found[0] if len(found) == 1 else None


def _checked(variant: Variant, length: int, there: str, file: str) -> Variant | BadVariant:
    if variant.end > length:
        reason = (
            f"{variant} ends at {variant.end}, and {variant.contig} of {file} has {counted(length, 'letter')}"
        )
        return unusable(variant, "past_the_end", reason)
    if there != variant.ref:
        reason = (
            f"{variant} has {_short(variant.ref)} for the reference, and {file} has {_short(there)} there: "
            "expected the sequence on which the variants were called (another build?)"
        )
        return unusable(variant, "reference_mismatch", reason)
    if variant.ref == variant.alt:
        return unusable(variant, "no_change", f"{variant} changes nothing: expected another alternative")
    return variant


def _short(letters: str) -> str:
    return letters if len(letters) <= _SHOWN else f"{letters[:_SHOWN]}... of {len(letters):,}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(name[:40] for name in names[:5]) + more
