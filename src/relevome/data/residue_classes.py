"""Letters of one kind, such as hydrophobic residues, as sites of any sequence."""

from __future__ import annotations

import re

from relevome.data.annotations import Site
from relevome.data.errors import InputError
from relevome.data.sequence import PROTEIN, Sequence

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
