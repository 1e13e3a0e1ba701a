"""MEME files of motifs, read and written.

They are parsed here: memelite and Biopython read DNA only, name no line when a file is wrong, and the one
drops an unfinished matrix without a word while the other rounds probabilities to counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from relevome.data.features import DIGITS
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.motifs import Motif
from relevome.data.names import check_name
from relevome.data.sequences import ALPHABETS, Alphabet
from relevome.errors import InputError
from relevome.words import counted

# Rows are written with few digits, and so sum to one only roughly.
_ROW_SUM_TOLERANCE = 0.02


def read_meme(path: PathLike) -> list[Motif]:
    """Motifs of a MEME file (version 4 or 5, minimal or full text), plain or gzip, in file order.

    Rows are normalised to sum to exactly one. Without an ``ALPHABET`` line four columns are DNA
    and twenty protein. Raises InputError, with the line, for what is not MEME.
    """
    preamble, *sections = _sections(path)
    if not any(line.text.startswith("MEME version") for line in preamble):
        raise InputError(f"{path} has no line 'MEME version' before its motifs: expected MEME format")
    if not sections:
        raise InputError(
            f"{path} has no motifs: expected lines 'MOTIF', each with a letter-probability matrix"
        )
    alphabets = [_alphabet(line) for line in preamble if line.text.startswith("ALPHABET")]
    motifs: dict[str, Motif] = {}
    for section in sections:
        motif = _motif(section, alphabets[0] if alphabets else None)
        if motif.id in motifs:
            raise InputError(
                f"{section[0].where}: motif {motif.id!r} was read before: expected every id once"
            )
        motifs[motif.id] = motif
    return list(motifs.values())


def read_databases(paths: Sequence[PathLike]) -> list[Motif]:
    """The motifs of all MEME files. Raises InputError as `read_meme` does, and for one that is in two."""
    found = [motif for path in paths for motif in read_meme(path)]
    twice = next((id for id, count in Counter(motif.id for motif in found).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"motif {twice!r} is in two files of motifs: expected every motif once")
    return found


def meme_text(motifs: Sequence[Motif]) -> str:
    """Motifs of one alphabet in minimal MEME format (version 4), which `read_meme` gives back.

    Raises InputError for none and for different alphabets; blanks in names become ``_``.
    """
    alphabets = {motif.alphabet for motif in motifs}
    if len(alphabets) != 1:
        raise InputError(
            f"{counted(len(motifs), 'motif')} of {len(alphabets)} alphabets: expected some, of one alphabet"
        )
    (alphabet,) = alphabets
    strands = [] if alphabet.complements is None else ["strands: + -", ""]
    lines = ["MEME version 4", "", f"ALPHABET= {alphabet.letters}", "", *strands]
    for motif in motifs:
        lines += [f"MOTIF {_word(motif.id)} {_word(motif.name)}"]
        lines += [f"letter-probability matrix: alength= {len(alphabet.letters)} w= {len(motif)}"]
        lines += [" ".join(f"{p:.6f}" for p in np.round(row, 6)) for row in motif.probabilities]
        lines += [""]
    return "\n".join(lines)


class _Line(NamedTuple):
    where: str
    text: str


def _sections(path: PathLike) -> list[list[_Line]]:
    """Lines of the file: those before the first motif, then those of each motif; of blank ones, the first."""
    sections: list[list[_Line]] = [[]]
    blank = False
    for number, text in numbered_lines(path):
        if blank and not text:
            continue
        blank = not text
        if text.startswith("MOTIF"):
            sections.append([])
        sections[-1].append(_Line(f"{path}, line {number}", text))
    return sections


def _alphabet(line: _Line) -> Alphabet:
    letters = line.text.removeprefix("ALPHABET").lstrip("= ").strip()
    for alphabet in ALPHABETS.values():
        if letters == alphabet.letters:
            return alphabet
    expected = ", ".join(a.letters for a in ALPHABETS.values())
    raise InputError(f"{line.where}: unknown alphabet {letters!r}: expected one of {expected}")


def _motif(section: list[_Line], alphabet: Alphabet | None) -> Motif:
    where, heading = section[0].where, section[0].text.split()[1:3]
    if not heading:
        raise InputError(f"{where}: motif without an id: expected 'MOTIF id name'")
    for name in heading:
        check_name(name, f"{where}: motif")
    starts = [i for i, line in enumerate(section) if line.text.startswith("letter-probability matrix")]
    if len(starts) != 1:
        raise InputError(
            f"{where}: motif {heading[0]!r} has {len(starts)} letter-probability matrices: expected one"
        )
    rows = _matrix(section[starts[0]], section[starts[0] + 1 :])
    if alphabet is None:
        alphabet = next((a for a in ALPHABETS.values() if len(a.letters) == len(rows[0])), None)
    if alphabet is None or len(alphabet.letters) != len(rows[0]):
        expected = "4 or 20" if alphabet is None else str(len(alphabet.letters))
        raise InputError(f"{where}: matrix with {counted(len(rows[0]), 'column')}: expected {expected}")
    return Motif(heading[-1], heading[0], np.array(rows) / np.sum(rows, axis=1, keepdims=True), alphabet)


def _matrix(header: _Line, following: list[_Line]) -> list[list[float]]:
    """The rows of a matrix: as many as its header says by ``w=``, or to the next blank line."""
    stated = re.search(r"\bw=\s*(\d+)", header.text)
    width = int(stated[1][:DIGITS]) if stated else None
    rows: list[list[float]] = []
    for line in following:
        complete = width is not None and len(rows) >= width
        if not line.text.strip() or (complete and not line.text.strip()[0].isdigit()):
            break
        rows.append(_row(line, rows))
    if not rows or (width is not None and len(rows) != width):
        expected = "one or more" if width is None else f"w= {width}"
        raise InputError(f"{header.where}: matrix with {counted(len(rows), 'row')}: expected {expected}")
    return rows


def _row(line: _Line, rows: list[list[float]]) -> list[float]:
    """One row, checked against those before."""
    shown = repr(" ".join(line.text.split())[:60])
    try:
        row = [float(value) for value in line.text.split()]
    except ValueError as error:
        raise InputError(f"{line.where}: {shown} is no row of probabilities: expected numbers") from error
    if rows and len(row) != len(rows[0]):
        raise InputError(
            f"{line.where}: {counted(len(row), 'probability', 'probabilities')}: expected {len(rows[0])} as "
            "in the row before"
        )
    if not (min(row) >= 0 and abs(sum(row) - 1) <= _ROW_SUM_TOLERANCE):
        raise InputError(f"{line.where}: {shown} in a matrix: expected probabilities that sum to 1")
    return row


def _word(name: str) -> str:
    return "_".join(name.split()) or "_"
