"""Motifs written as a MEME file, which every program for motifs reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relevome.data.errors import InputError
from relevome.data.motifs import Motif


def meme_text(motifs: Sequence[Motif]) -> str:
    """Motifs of one alphabet in minimal MEME format (version 4), which `read_meme` gives back.

    Raises InputError for none and for different alphabets; blanks in names become ``_``.
    """
    alphabets = {motif.alphabet for motif in motifs}
    if len(alphabets) != 1:
        raise InputError(
            f"{len(motifs)} motifs of {len(alphabets)} alphabets: expected some, of one alphabet"
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


def _word(name: str) -> str:
    return "_".join(name.split()) or "_"
