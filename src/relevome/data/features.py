"""Features of sequences as files name and place them: one spelling of their types, one way to count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from relevome.data.problems import Problem
from relevome.words import counted

# The names of UniProt: in XML, in flat files, and in GFF3 where that is another one again.
_NAMES = {
    "active site": ("act site",),
    "alternative sequence": ("splice variant", "var seq"),
    "binding site": ("binding",),
    "calcium binding": ("calcium binding region", "ca bind"),
    "coiled coil": ("coiled coil region", "coiled"),
    "compositional bias": ("compositionally biased region", "compbias"),
    "cross link": ("crosslnk",),
    "disulfide bond": ("disulfid", "disulfide"),
    "dna binding": ("dna binding region", "dna bind"),
    "glycosylation": ("glycosylation site", "carbohyd"),
    "initiator methionine": ("init met",),
    "intramembrane": ("intramembrane region", "intramem"),
    "lipidation": ("lipid moiety binding region", "lipid"),
    "metal binding": ("metal ion binding site", "metal"),
    "modified residue": ("mod res",),
    "motif": ("short sequence motif",),
    "mutagenesis": ("mutagenesis site", "mutagen"),
    "natural variant": ("sequence variant", "variant"),
    "non adjacent residues": ("non consecutive residues", "non cons"),
    "non standard residue": ("non standard amino acid", "non std"),
    "non terminal residue": ("non ter",),
    "nucleotide binding": ("nucleotide phosphate binding region", "np bind"),
    "propeptide": ("propep",),
    "region": ("region of interest",),
    "sequence conflict": ("conflict",),
    "sequence uncertainty": ("unsure residue", "unsure"),
    "signal": ("signal peptide",),
    "strand": ("beta strand",),
    "topological domain": ("topo dom",),
    "transit peptide": ("transit",),
    "transmembrane": ("transmembrane region", "transmem"),
    "zinc finger": ("zinc finger region", "zn fing"),
}
_SAME = {other: name for name, others in _NAMES.items() for other in others}

# Two residues that are bound to each other, with nothing between them.
_PAIRS = ("cross link", "disulfide bond")

# How tables spell strands.
STRANDS = {"+": "+", "-": "-", "forward": "+", "reverse": "-", "1": "+", "-1": "-", "+1": "+"}

_NUMBER = "0*[1-9][0-9]*"
DIGITS = 18  # of a place on the longest sequence that there could be
_UNSURE = r"[<>?~][0-9]*|[0-9]+[?]"


@lru_cache(maxsize=1000)
def same_type(kind: str) -> str:
    """One spelling of a type of feature: ``ACT_SITE``, ``Active site`` and ``active-site`` are the same."""
    plain = " ".join(re.split(r"[\s_-]+", kind.strip().lower()))
    return _SAME.get(plain, plain)


@dataclass(frozen=True)
class Feature:
    """A named stretch of the sequence ``id``, 0-based and half-open, and its type as its file writes it.

    ``effect`` is what it adds to the output of its sequence, where its file says that.
    """

    id: str
    kind: str
    start: int
    end: int
    name: str
    strand: str = "."
    effect: float | None = None

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The letters that belong to it: of a disulfide bond or cross-link its two ends, else all."""
        if same_type(self.kind) in _PAIRS and self.end - self.start > 1:
            return [(self.start, self.start + 1), (self.end - 1, self.end)]
        return [(self.start, self.end)]


@dataclass(frozen=True)
class Unplaced(Problem):
    """A feature of which nobody knows which letters it has."""

    kind: str = ""


@dataclass(frozen=True)
class Listed:
    """A sequence that a file is about, whether or not it has features."""

    id: str


FeatureItem: TypeAlias = Feature | Listed | Problem


def known_part(first: str, last: str, length: int | None = None) -> tuple[str, str]:
    """A place as files write it, without what lies beyond the ends of a fragment.

    ``<1`` begins before the first letter, ``>N`` of a sequence of N letters ends behind the last: the letters
    up to there are known to belong to it. Other ends stay as they are.
    """
    return "1" if first == "<1" else first, str(length) if last == f">{length}" else last


def is_unsure(first: str, last: str) -> bool:
    """Whether a place as files write it, ``<5``, ``?`` or ``9?``, leaves an end open."""
    return any(re.fullmatch(_UNSURE, text) for text in (first, last))


def from_one(first: str, last: str, called: str = "letter of a sequence") -> tuple[int, int]:
    """Letters counted from 1 with the last included, as text, to 0-based and half-open.

    Whatever counts letters from 1 is read through here, so that it is done once. Raises ValueError, in words
    for users, for what is no such stretch; ``called`` says what the numbers are called there.
    """
    for text in (first, last):
        if not re.fullmatch(_NUMBER, text) or len(text) > DIGITS:
            raise ValueError(f"{text[:40]!r} is no {called}: expected a whole number from 1 on")
    if int(last) < int(first):
        raise ValueError(f"end {last} is before start {first}: expected start <= end, both counted")
    return int(first) - 1, int(last)


def placed(
    id: str, length: int | None, kind: str, name: str, first: str, last: str, isoform: str | None, where: str
) -> Feature | Unplaced:
    """A feature of a UniProt entry of ``length`` letters, None where that is not known.

    Its ends are as flat files write them. One on another isoform, past the end, or with an end that is not
    known is `Unplaced`.
    """
    if isoform:
        return Unplaced(id, f"{kind} on another isoform, {isoform}", where, kind)
    first, last = known_part(first, last, length)
    if is_unsure(first, last):
        return Unplaced(id, f"{kind} at {first} to {last}, an end that is not known", where, kind)
    try:
        start, end = from_one(first, last)
    except ValueError as error:
        return Unplaced(id, f"{kind}: {error}", where, kind)
    if length is not None and end > length:
        return Unplaced(
            id, f"{kind} at {first} to {last}, past the end of {counted(length, 'letter')}", where, kind
        )
    return Feature(id, kind, start, end, name)
