"""Sequences, the intervals they come from, and the alphabets they are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from relevome.data.names import check_name
from relevome.errors import InputError
from relevome.words import counted


@dataclass(frozen=True)
class Alphabet:
    """The letters of one kind of biological sequence.

    ``letters`` are the unambiguous ones in the order in which per-letter scores are stored;
    ``ambiguous`` maps each IUPAC code to the letters it stands for (IUPAC-IUB 1984 for nucleic
    acids, IUPAC-IUBMB JCBN 1983 for proteins); ``unknown`` is the code for any letter.
    """

    name: str
    letters: str
    ambiguous: Mapping[str, str]
    unknown: str
    complements: Mapping[str, str] | None = None

    def __contains__(self, letter: str) -> bool:
        return letter in self.letters or letter in self.ambiguous

    def __hash__(self) -> int:
        return hash(self.name)

    @cached_property
    def all_letters(self) -> str:
        """Unambiguous letters, then IUPAC codes."""
        return self.letters + "".join(self.ambiguous)


def _nucleic(name: str, fourth: str) -> Alphabet:
    codes = {"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"}
    codes |= {"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT"}
    pairs = dict(zip("ACGTRYSWKMBDHVN", "TGCAYRSWMKVHDBN", strict=True))
    return Alphabet(
        name=name,
        letters="ACG" + fourth,
        ambiguous=MappingProxyType({c: m.replace("T", fourth) for c, m in codes.items()}),
        unknown="N",
        complements=MappingProxyType(
            {a.replace("T", fourth): b.replace("T", fourth) for a, b in pairs.items()}
        ),
    )


_RESIDUES = "ACDEFGHIKLMNPQRSTVWY"

DNA = _nucleic("dna", "T")
RNA = _nucleic("rna", "U")
PROTEIN = Alphabet(
    name="protein",
    letters=_RESIDUES,
    # U (selenocysteine) and O (pyrrolysine) are residues in their own right, but rare enough that
    # models seldom know them; as codes of one letter they are read, marked and never invented.
    ambiguous=MappingProxyType({"B": "DN", "Z": "EQ", "J": "IL", "U": "U", "O": "O", "X": _RESIDUES}),
    unknown="X",
)
ALPHABETS: Mapping[str, Alphabet] = MappingProxyType({a.name: a for a in (DNA, RNA, PROTEIN)})


def named_alphabet(name: str) -> Alphabet:
    """The alphabet called ``dna``, ``rna`` or ``protein``. Raises InputError for another name."""
    if name not in ALPHABETS:
        raise InputError(f"unknown alphabet {name!r}: expected one of {', '.join(ALPHABETS)}")
    return ALPHABETS[name]


@dataclass(frozen=True)
class Interval:
    """A stretch of a chromosome: 0-based, half-open; strand ``+``, ``-`` or ``.`` (unknown)."""

    chrom: str
    start: int
    end: int
    strand: str = "."

    def __post_init__(self) -> None:
        check_name(self.chrom, "chromosome")
        if not 0 <= self.start < self.end:
            raise InputError(
                f"interval {self.chrom}:{self.start}-{self.end} is empty or negative: "
                "expected 0 <= start < end (0-based, half-open)"
            )
        if self.strand not in ("+", "-", "."):
            raise InputError(
                f"strand of {self.chrom}:{self.start}-{self.end} is {self.strand!r}: expected +, - or ."
            )

    def __len__(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        return f"{self.chrom}:{self.start}-{self.end}({self.strand})"

    def window(self, start: int, end: int) -> Interval:
        """The part from letter ``start`` to ``end`` as read on this interval's own strand."""
        if self.strand == "-":
            return replace(self, start=self.end - end, end=self.end - start)
        return replace(self, start=self.start + start, end=self.start + end)


@dataclass(frozen=True)
class Sequence:
    """One sequence: upper-case letters of its alphabet, and where on a genome it lies, if known.

    Letters on the ``-`` strand of an interval are already reverse-complemented: ``letters[0]`` is
    the base at ``interval.end - 1``.

    Args:
        id: Its name in runs and tables; any text.
        letters: Upper-case letters of the alphabet, IUPAC codes included, one or more.
        alphabet: `DNA`, `RNA` or `PROTEIN` of `relevome.data.sequences`, or `named_alphabet("dna")`.
        interval: Where it lies, 0-based and half-open, as long as ``letters``. Default: nowhere.

    Raises:
        InputError: For no letters, for one that the alphabet lacks, and for an interval of another length.
    """

    id: str
    letters: str
    alphabet: Alphabet = field(repr=False)
    interval: Interval | None = None

    def __post_init__(self) -> None:
        check_name(self.id, "sequence")
        if not self.id.strip():
            raise InputError("sequence without an id: expected a name")
        if not self.letters:
            raise InputError(f"sequence {self.id!r} is empty: expected at least one letter")
        if strange := self.letters.strip(self.alphabet.all_letters):
            letter = min(set(strange).difference(self.alphabet.all_letters))
            position = self.letters.index(letter)
            raise InputError(
                f"sequence {self.id!r} has {letter!r} at position {position + 1}, which is no "
                f"{self.alphabet.name} letter: expected one of {self.alphabet.all_letters}"
            )
        if self.interval is not None and len(self.interval) != len(self.letters):
            raise InputError(
                f"sequence {self.id!r} has {counted(len(self.letters), 'letter')} but its interval "
                f"{self.interval} has {len(self.interval)}"
            )

    def __len__(self) -> int:
        return len(self.letters)

    def __repr__(self) -> str:
        letters = self.letters if len(self) <= 24 else self.letters[:21] + "..."
        place = f", {self.interval}" if self.interval else ""
        return (
            f"Sequence({self.id!r}{place}: {letters}, {counted(len(self), 'letter')} of {self.alphabet.name})"
        )

    @property
    def ambiguous_positions(self) -> tuple[int, ...]:
        """0-based positions of IUPAC codes."""
        codes = self.alphabet.ambiguous
        if not self.letters.strip(self.alphabet.letters):
            return ()
        return tuple(i for i, c in enumerate(self.letters) if c in codes)

    def reverse_complement(self) -> Sequence:
        """The other strand, read 5' to 3'; its interval, if any, with the strand turned."""
        table = self.alphabet.complements
        if table is None:
            raise InputError(
                f"sequence {self.id!r} is a {self.alphabet.name}: only nucleic acids have two strands"
            )
        interval = self.interval
        if interval is not None:
            interval = replace(interval, strand={"+": "-", "-": "+", ".": "."}[interval.strand])
        letters = "".join(table[c] for c in reversed(self.letters))
        return replace(self, letters=letters, interval=interval)

    def window(self, start: int, end: int) -> Sequence:
        """Letters ``start`` to ``end`` as a sequence of their own, named ``id:start-end``.

        A sequence without an interval becomes its own coordinate system: its id is the chromosome.
        """
        if not 0 <= start < end <= len(self):
            raise InputError(
                f"window {start}-{end} is outside sequence {self.id!r} of {counted(len(self), 'letter')}"
            )
        whole = self.interval or Interval(self.id, 0, len(self), "+")
        return replace(
            self,
            id=f"{self.id}:{start}-{end}",
            letters=self.letters[start:end],
            interval=whole.window(start, end),
        )
