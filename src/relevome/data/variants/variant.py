"""A variant: letters of a sequence, and others in their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from relevome.data.names import check_name
from relevome.data.problems import Problem

VariantKind: TypeAlias = Literal["SNV", "MNV", "insertion", "deletion", "complex"]

# Why a variant cannot be used, as it is counted.
Unusable: TypeAlias = Literal[
    "malformed", "symbolic", "spanning_deletion", "no_alternative", "breakend", "other_letters", "no_change",
    "unknown_sequence", "past_the_end", "reference_mismatch", "does_not_fit", "no_substitution",
    "outside_genes", "not_scored",
]  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One alternative at a place of a sequence.

    Attributes:
        contig: The sequence: a contig of a genome, or a protein.
        start: Its first letter there, 0-based.
        ref: The letters that are there, upper case, one or more.
        alt: Those in their place, upper case, one or more.
        id: Its name in the file; empty without one.
        number: Which of the alternatives of its line it is, from 1 on. Default: 1.
        line: The line of its file. Default: 0, none.
        where: File and line, for people.
    """

    contig: str
    start: int
    ref: str
    alt: str
    id: str = ""
    number: int = 1
    line: int = 0
    where: str = ""

    def __post_init__(self) -> None:
        check_name(self.contig, "sequence")
        check_name(self.id, "variant")
        if self.start < 0 or not self.ref or not self.alt:
            raise ValueError(f"variant {self}: expected a place from 0 on, and letters")

    def __str__(self) -> str:
        return f"{self.contig}:{self.start + 1}:{self.ref}>{self.alt}"

    @property
    def end(self) -> int:
        """Behind its last letter."""
        return self.start + len(self.ref)

    @property
    def name(self) -> str:
        """Its id, or else what it is, counted from 1."""
        return self.id or str(self)

    @property
    def growth(self) -> int:
        """How many letters longer the alternative is; negative for a deletion."""
        return len(self.alt) - len(self.ref)

    @property
    def kind(self) -> VariantKind:
        """What it is once the letters that both alleles share at their ends are taken off."""
        _, ref, alt = trimmed(self.ref, self.alt)
        if not ref:
            return "insertion"
        if not alt:
            return "deletion"
        if len(ref) != len(alt):
            return "complex"
        return "SNV" if len(ref) == 1 else "MNV"


class Core(NamedTuple):
    """What differs between two alleles.

    Attributes:
        shared: Letters before it that both alleles have.
        ref: Letters of the reference that differ.
        alt: Those in their place.
    """

    shared: int
    ref: str
    alt: str


def trimmed(ref: str, alt: str, least: int = 0) -> Core:
    """Two alleles without the letters that they share: those at their ends, then those before.

    Args:
        ref: Letters of the reference.
        alt: Letters in their place.
        least: How many letters of both stay at least while ends are taken off, and of ``ref`` while those
            before are, so that with 1 an inserted letter has one that it belongs to. Default: 0.
    """
    end = 0
    while min(len(ref), len(alt)) - end > least and ref[-1 - end] == alt[-1 - end]:
        end += 1
    ref, alt = ref[: len(ref) - end], alt[: len(alt) - end]
    start = 0
    while len(ref) - start > least and len(alt) > start and ref[start] == alt[start]:
        start += 1
    return Core(start, ref[start:], alt[start:])


@dataclass(frozen=True)
class BadVariant(Problem):
    """A variant that cannot be used: why, as it is counted, and of which line and alternative it is."""

    kind: Unusable = "malformed"
    line: int = 0
    number: int = 1


def unusable(variant: Variant, kind: Unusable, reason: str) -> BadVariant:
    """A variant for which a reason has been found."""
    return BadVariant(variant.name, reason, variant.where, kind, variant.line, variant.number)
