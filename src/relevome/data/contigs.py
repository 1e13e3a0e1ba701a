"""Contigs of a genome, read piece by piece in the direction of either strand."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from pyfaidx import Fasta

from relevome.data.features import DIGITS
from relevome.data.formats.bed import bed_lines
from relevome.data.lines import PathLike
from relevome.data.names import check_name, known_as
from relevome.data.problems import Problem
from relevome.data.sequences import Alphabet, Interval
from relevome.errors import InputError
from relevome.words import counted

# So many unknown letters in a row are a gap: the least that NCBI's assemblies count as one.
GAP = 10
# Letters looked at at once while a genome is checked.
_CHECKED = 1 << 20


@dataclass(frozen=True)
class Contig:
    """A sequence of a genome: its name, how many letters it has, and whether its ends meet."""

    name: str
    length: int
    circular: bool = False


@dataclass(frozen=True, eq=False)
class ContigStrand:
    """One strand of a contig of nucleic acids, read in its own direction."""

    chromosomes: Fasta
    contig: Contig
    sign: str
    alphabet: Alphabet

    @property
    def ends(self) -> tuple[int, int] | None:
        """Where it begins and ends, or None for a circle."""
        return None if self.contig.circular else (0, self.contig.length)

    def read(self, start: int, end: int) -> str:
        """Upper-case letters; past an end come those of the other end of a circle, else none."""
        length = self.contig.length
        if self.sign == "+":
            return self._plus(start, end)
        return self._plus(length - end, length - start)[::-1].translate(self._complement)

    def in_gap(self, start: int, end: int) -> Bool[np.ndarray, " letters"]:
        """Which letters from ``start`` to ``end`` are among `GAP` unknown ones in a row, or more."""
        before = self.read(start - GAP + 1, start)
        letters = before + self.read(start, end + GAP - 1)
        unknown = np.frombuffer(letters.encode("ascii"), dtype=np.uint8) == ord(self.alphabet.unknown)
        # letters that are unknown with all of the GAP - 1 after them, and those that one of these reaches
        begins = np.convolve(unknown, np.ones(GAP), "full")[GAP - 1 :] == GAP
        return np.convolve(begins, np.ones(GAP), "full")[len(before) : len(before) + end - start] > 0

    def _plus(self, start: int, end: int) -> str:
        name, length = self.contig.name, self.contig.length
        if not self.contig.circular:
            start, end = max(start, 0), min(end, length)
        parts = []
        while start < end:
            at = start % length
            size = min(length - at, end - start)
            parts.append(str(self.chromosomes[name][at : at + size]))
            start += size
        return "".join(parts).upper()

    @cached_property
    def _complement(self) -> dict[int, str]:
        if self.alphabet.complements is None:
            raise InputError(f"a genome cannot be read as {self.alphabet.name}: expected nucleic acids")
        return str.maketrans(dict(self.alphabet.complements))


def read_contigs(
    chromosomes: Fasta, genome: PathLike, alphabet: Alphabet, circular: bool | Collection[str] = False
) -> list[Contig]:
    """All contigs in the order of the file, every letter checked; ``circular`` are all or those named.

    Raises InputError for a genome without contigs, a contig without letters, a letter that the alphabet does
    not have, and a circular contig that is not there.
    """
    if alphabet.complements is None:
        raise InputError(f"a genome cannot be read as {alphabet.name}: expected a model of nucleic acids")
    names = list(chromosomes.keys())
    if not names:
        raise InputError(f"{genome} has no sequences: expected FASTA, a line '>id' before each sequence")
    wanted = (set(names) if circular else set()) if isinstance(circular, bool) else set(circular)
    for name in sorted(wanted - set(names)):
        raise InputError(f"no contig {name!r} in {genome} to be circular: expected {_some(names)}")
    for name in names:
        check_name(name, f"contig of {genome},")
    contigs = [Contig(name, len(chromosomes[name]), name in wanted) for name in names]
    for contig in contigs:
        _check(ContigStrand(chromosomes, contig, "+", alphabet), genome)
    return contigs


def read_regions(texts: Collection[str], contigs: Collection[Contig]) -> list[Interval]:
    """Regions as ``contig``, ``contig:FIRST-LAST`` counted from 1, or BED files; joined where they overlap.

    Without any, all contigs. In the order of the contigs, and then of their starts. Raises InputError for a
    region that is not on the genome.
    """
    lengths = {contig.name: contig.length for contig in contigs}
    found = [region for text in texts for region in _regions(text, lengths)]
    if not texts:
        found = [Interval(name, 0, length) for name, length in lengths.items()]
    order = {name: number for number, name in enumerate(lengths)}
    joined: list[Interval] = []
    for region in sorted(found, key=lambda r: (order[r.chrom], r.start)):
        if joined and joined[-1].chrom == region.chrom and region.start <= joined[-1].end:
            last = joined.pop()
            region = Interval(last.chrom, last.start, max(last.end, region.end))
        joined.append(region)
    return joined


def _check(strand: ContigStrand, genome: PathLike) -> None:
    contig, known = strand.contig, set(strand.alphabet.all_letters)
    if not contig.length:
        raise InputError(f"contig {contig.name!r} of {genome} has no letters: leave it out of the file")
    spans = [(at, min(at + _CHECKED, contig.length)) for at in range(0, contig.length, _CHECKED)]
    for start, end in [*spans, (contig.length - 1, contig.length)]:
        letters = strand.read(start, end)
        # an index tells where letters are by the length of the first line
        if len(letters) != end - start or ">" in letters:
            raise InputError(
                f"lines of contig {contig.name!r} of {genome} are longer after the first: expected lines of "
                "one length, of which only the last may be shorter"
            )
        for letter in sorted(set(letters) - known):
            raise InputError(
                f"contig {contig.name!r} of {genome} has {letter!r} at position "
                f"{start + letters.index(letter) + 1}, which is no {strand.alphabet.name} letter: expected "
                f"one of {strand.alphabet.all_letters}"
            )


def _regions(text: str, lengths: dict[str, int]) -> Iterator[Interval]:
    if text in lengths:
        yield Interval(text, 0, lengths[text])
        return
    name, _, span = text.rpartition(":")
    if name in lengths:
        yield _spelt(text, name, span, lengths[name])
        return
    if not Path(text).is_file():
        raise InputError(
            f"region {text!r} is neither contig:first-last nor a BED file: the genome has contigs "
            f"{_some(list(lengths))}"
        )
    lines = list(bed_lines(text))
    if not lines:
        raise InputError(f"{text} has no regions: expected a BED line for each")
    for line in lines:
        if isinstance(line, Problem):
            raise InputError(str(line))
        region = replace(line.interval, chrom=known_as(line.interval.chrom, lengths))
        if region.end > lengths.get(region.chrom, 0):
            found = (
                f"which has {counted(lengths[region.chrom], 'letter')}"
                if region.chrom in lengths
                else "which is not there"
            )
            raise InputError(f"{line.where}: {region} is not on contig {region.chrom!r}, {found}")
        yield Interval(region.chrom, region.start, region.end)


def _spelt(text: str, name: str, span: str, length: int) -> Interval:
    first, _, last = span.replace(",", "").partition("-")
    known = all(end.isdecimal() and len(end) <= DIGITS for end in (first, last))
    if not (known and 1 <= int(first) <= int(last) <= length):
        raise InputError(
            f"region {text!r}: expected {name}:first-last, counted from 1, on a contig of "
            f"{counted(length, 'letter')}"
        )
    return Interval(name, int(first) - 1, int(last))


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
