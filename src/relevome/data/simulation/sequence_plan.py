"""From what a user names to what is simulated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from relevome.data.formats.meme import read_meme
from relevome.data.motifs import select_motifs
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import Grammar, motif_grammar, promoter_grammar, sites_grammar
from relevome.data.simulation.logic import STATES
from relevome.data.simulation.sequences import SimulationPlan
from relevome.errors import InputError


def plan_simulation(
    grammar: str,
    *,
    length: int,
    seed: int,
    motifs: Path | None = None,
    motif_names: str | None = None,
    position: int | None = None,
    gc: float = 0.5,
    decoys: int = 0,
    planted: int | None = None,
) -> SimulationPlan:
    """The plan for ``grammar``: ``promoter``, ``sites``, or ``meme``, which plants ``motifs`` of a MEME file.

    ``motif_names`` chooses some of them, separated by commas. ``planted`` is how many of the grammar's units
    every positive has; by default one of the ``sites``, and all of the others. Proteins have a background
    of equally likely residues. Raises ``InputError`` for another grammar, and for motifs without ``meme``.
    """
    chosen = _grammar(grammar, motifs, motif_names, planted)
    alphabet = chosen.alphabet
    background = (
        Background.independent(alphabet) if alphabet.complements is None else Background.with_gc(gc, alphabet)
    )
    return SimulationPlan(chosen, length, background, seed, decoys, position)


def _grammar(name: str, motifs: Path | None, motif_names: str | None, planted: int | None) -> Grammar:
    if name not in ("promoter", "sites", "meme"):
        logic = ", ".join(STATES)
        raise InputError(f"unknown grammar {name!r}: expected promoter, sites, meme, genome, {logic}")
    if (name == "meme") != (motifs is not None) or (motif_names is not None and motifs is None):
        raise InputError(
            "--grammar meme plants the motifs of --motifs FILE, and no other grammar does: give both or none"
        )
    if name == "promoter":
        return promoter_grammar() if planted is None else replace(promoter_grammar(), planted=planted)
    if motifs is None:
        return sites_grammar(1 if planted is None else planted)
    read = read_meme(motifs)
    return motif_grammar(select_motifs(read, motif_names.split(",")) if motif_names else read, planted)
