"""From what a user names to a grammar with logic."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from relevome.data.formats.meme import read_meme
from relevome.data.motifs import Motif, select_motifs
from relevome.data.sequences import DNA, PROTEIN, named_alphabet
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import consensus
from relevome.data.simulation.logic import LogicGrammar
from relevome.data.simulation.logic_sequences import LogicPlan
from relevome.errors import InputError

SPACING, MOST = "8:12", 3

# Patterns of PROSITE, residues of one place as likely: PS00017, ATP/GTP-binding site motif A (P-loop), and
# PS00039, DEAD-box subfamily ATP-dependent helicases signature.
_ANY = "ACDEFGHIKLMNPQRSTVWY"
_PATTERNS = {
    "P-loop": ("AG", _ANY, _ANY, _ANY, _ANY, "G", "K", "ST"),
    "DEAD-box": ("LIVMF", "LIVMF", "D", "E", "A", "D", "RKEN", _ANY, "LIVMFYGSTN"),
}


def plan_logic(
    grammar: str,
    *,
    length: int,
    seed: int,
    alphabet: str | None = None,
    motifs: Path | None = None,
    motif_names: str | None = None,
    spacing: str | None = None,
    gc: float = 0.5,
    decoys: int = 0,
    planted: int | None = None,
) -> LogicPlan:
    """The plan for ``grammar``: ``and``, ``or``, ``not``, ``spacing`` or ``strength``.

    Motifs are those of a MEME file, or of ``alphabet``: of DNA (None) the boxes of DnaA and PhoB, of proteins
    P-loop and DEAD-box. ``spacing``, such as ``8:12``, belongs to the grammar of that name, and ``planted``,
    the most sites of one sequence, to ``strength``. Proteins have a background of equally likely residues.
    Raises InputError for what belongs to another grammar or is none of this.
    """
    if spacing is not None and grammar != "spacing":
        raise InputError(f"--spacing belongs to --grammar spacing, not to {grammar}: leave it out")
    if planted is not None and grammar != "strength":
        raise InputError(f"--planted does not belong to --grammar {grammar}: leave it out")
    chosen = tuple(_motifs(alphabet, motifs, motif_names))
    logic = LogicGrammar(grammar, chosen, _range(spacing or SPACING), MOST if planted is None else planted)
    known = logic.alphabet
    if known.complements is None and gc != 0.5:
        raise InputError("--gc is about nucleotides, not proteins: leave it out")
    background = Background.independent(known) if known.complements is None else Background.with_gc(gc, known)
    return LogicPlan(logic, length, background, seed, decoys)


def _motifs(alphabet: str | None, file: Path | None, names: str | None) -> list[Motif]:
    if file is None:
        if names is not None:
            raise InputError("--motif-names chooses from the file of --motifs: give both, or leave it out")
        return _built_in(alphabet or DNA.name)
    if alphabet is not None:
        raise InputError("--alphabet and --motifs: the motifs of the file say what alphabet it is; give one")
    read = read_meme(file)
    return select_motifs(read, names.split(",")) if names else read


def _built_in(alphabet: str) -> list[Motif]:
    if alphabet == DNA.name:
        return [consensus("DnaA", "TTATCCACA"), consensus("PhoB", "CTGTCATAAAT")]
    if alphabet != PROTEIN.name:
        raise InputError(f"--alphabet {alphabet}: expected {DNA.name} or {PROTEIN.name}, or give --motifs")
    letters = named_alphabet(alphabet).letters
    found = []
    for name, places in _PATTERNS.items():
        rows = np.array([[letter in place for letter in letters] for place in places], dtype=float)
        found.append(Motif(name, name, rows / rows.sum(axis=1, keepdims=True), PROTEIN))
    return found


def _range(text: str) -> range:
    try:
        first, last = (int(end) for end in text.split(":"))
    except ValueError as error:
        raise InputError(
            f"--spacing {text}: expected the least and the most letters, such as 8:12"
        ) from error
    return range(first, last + 1)
