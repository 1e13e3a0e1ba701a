"""Known sites by the words of a user: a file, a pattern, a class of letters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from relevome.data.formats.prosite import read_patterns
from relevome.data.inputs import sha256_of
from relevome.data.patterns import Pattern
from relevome.data.problems import Problem
from relevome.data.sequences import PROTEIN, Sequence
from relevome.data.sites import Site, read_sites
from relevome.errors import InputError

PATTERN, PROSITE, LETTERS = "pattern:", "prosite:", "residues:"

# Hydrophobic: hydropathy above 0 (Kyte, Doolittle 1982, J Mol Biol 157:105-132). The others are those of
# Taylor 1986, J Theor Biol 119:205-218, with histidine basic but not positive: at pH 7 few of it are charged.
CLASSES = {
    "hydrophobic": "ACFILMV",
    "aliphatic": "ILV",
    "aromatic": "FHWY",
    "positive": "KR",
    "basic": "HKR",
    "negative": "DE",
    "charged": "DEKR",
    "polar": "CDEHKNQRSTWY",
    "small": "ACDGNPSTV",
    "tiny": "ACGS",
}


def known_sites(
    source: str | Path,
    sequences: Iterable[Sequence],
    kinds: Collection[str] = (),
    left_out: list[Problem] | None = None,
) -> dict[str, list[Site]]:
    """Sites by sequence id from a file (see `read_sites`), or what sequences match.

    ``pattern:[AC]-x-V`` is a pattern of PROSITE; ``prosite:FILE`` all patterns of a file, or those whose
    accessions are ``kinds``; ``residues:hydrophobic`` a class of letters, ``residues:DE`` these letters. Of
    sequences with one id, all are matched. Raises InputError as the readers do.
    """
    find = _finder(str(source), kinds)
    if find is None:
        return read_sites(source, kinds, left_out)
    return {sequence.id: find(sequence) for sequence in sequences}


def source_digest(source: str | Path) -> str:
    """A sha256 that says which sites a source gives: that of its file, or of its words."""
    file = named_file(source)
    return hashlib.sha256(str(source).encode()).hexdigest() if file is None else sha256_of(file)


def named_file(source: str | Path) -> Path | None:
    """The file that a source reads, if it does."""
    text = str(source)
    return None if text.startswith((PATTERN, LETTERS)) else Path(text.removeprefix(PROSITE))


def _finder(source: str, kinds: Collection[str]) -> Callable[[Sequence], list[Site]] | None:
    """What finds the sites of a sequence by its letters; None for a file of sites."""
    if source.startswith(PROSITE):
        patterns = list(read_patterns(source.removeprefix(PROSITE)))
        known = {pattern.name for pattern in patterns}
        if missing := sorted(set(kinds) - known):
            raise InputError(
                f"{source} has no pattern {missing[0]!r}: expected accessions such as {min(known)}"
            )
        chosen = [pattern for pattern in patterns if not kinds or pattern.name in kinds]
        return lambda sequence: [site for pattern in chosen for site in pattern.sites(sequence)]
    if not source.startswith((PATTERN, LETTERS)):
        return None
    if kinds:
        raise InputError(f"{source} has no types of features such as {min(kinds)!r}: leave it out")
    if source.startswith(LETTERS):
        return lambda sequence: class_sites(source.removeprefix(LETTERS), sequence)
    text = source.removeprefix(PATTERN)
    return lambda sequence: Pattern(text, "", sequence.alphabet).sites(sequence)


def class_sites(wanted: str, sequence: Sequence) -> list[Site]:
    """Stretches of letters of one class, named by it, or of the letters that are given.

    A code for several letters belongs to it where each of them does. Raises InputError for a class that is
    not known.
    """
    letters = _letters(wanted, sequence)
    codes = sequence.alphabet.ambiguous
    letters |= {code for code, several in codes.items() if letters.issuperset(several)}
    runs = re.finditer(f"[{''.join(sorted(letters))}]+", sequence.letters)
    return [Site(run.start(), run.end(), wanted) for run in runs]


def _letters(wanted: str, sequence: Sequence) -> set[str]:
    if sequence.alphabet == PROTEIN and wanted.lower() in CLASSES:
        return set(CLASSES[wanted.lower()])
    given = set(wanted.upper())
    if not given or not given.issubset(sequence.alphabet.all_letters):
        known = f"{', '.join(CLASSES)}, or " if sequence.alphabet == PROTEIN else ""
        raise InputError(
            f"unknown class of letters {wanted!r}: expected {known}{sequence.alphabet.name} letters such as "
            f"{sequence.alphabet.letters[:2]}"
        )
    return given
