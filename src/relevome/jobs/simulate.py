"""Made-up sequences, or a made-up genome, with planted motifs and the exact truth about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relevome.data.simulation.genome_files import write_genome
from relevome.data.simulation.genome_plan import plan_genome
from relevome.data.simulation.logic import STATES
from relevome.data.simulation.logic_files import write_logic
from relevome.data.simulation.logic_plan import plan_logic
from relevome.data.simulation.logic_sequences import LogicPlan
from relevome.data.simulation.sequence_files import part_limits, write_simulation
from relevome.data.simulation.sequence_plan import plan_simulation
from relevome.errors import InputError
from relevome.results.folder import ResultFolder
from relevome.words import counted

_NEW = "give a new folder, or remove it first"
_SIMULATION = ResultFolder(
    ("simulation.json",),
    ("*.csv", "*.fasta", "*.truth.bed", "*.decoys.bed", "*.effects.tsv"),
    again=_NEW,
)
_GENOME = ResultFolder(
    ("genome.json",),
    (
        "genome.fa", "starts.bed", "truth.bed", "planted.meme", "held_out.bed", "windows.bed",
        "database.meme", "known.bed",
    ),
    again=_NEW,
)  # fmt: skip

# What is usual of sequences; a genome has none of these.
_SEQUENCES = {"positives": 1000, "negatives": 1000, "decoys": 0, "split": "0.8,0.1,0.1"}


def simulate(
    out: str | Path,
    grammar: str = "promoter",
    *,
    alphabet: str | None = None,
    motifs: Path | None = None,
    motif_names: str | None = None,
    positives: int | None = None,
    negatives: int | None = None,
    planted: int | None = None,
    length: int | None = None,
    position: int | None = None,
    spacing: str | None = None,
    gc: float = 0.5,
    decoys: int | None = None,
    split: str | None = None,
    starts: int | None = None,
    distances: str | None = None,
    share: float | None = None,
    others: int | None = None,
    seed: int = 0,
) -> str:
    """Make sequences, or a genome, with planted motifs, and the exact truth about them, in a new folder.

    Args:
        out: The folder, which must be new or empty.
        grammar: What is planted: ``promoter`` (-35 and -10 boxes with a spacer), ``sites`` (motifs anywhere),
            ``meme`` (motifs of a file, in their order), or ``genome`` (a genome with start sites); or, with
            sites in negatives too, ``and``, ``or``, ``not``, ``spacing`` or ``strength``, which say what the
            sites come to together.
        alphabet: ``dna`` or ``protein``, of the motifs of a grammar with logic; None: ``dna``, or that of
            ``motifs``.
        motifs: MEME file with motifs to plant.
        motif_names: Which of them, separated by commas; None: all.
        positives: Sequences with the motifs; None: 1000. Not of a genome, as the next ones.
        negatives: Shuffles of sequences, without motifs; of a grammar with logic sequences with the value 0.
            None: 1000.
        planted: Units of every positive, drawn at random; None: all, of ``sites`` one. Of ``strength`` the
            most sites of a sequence; None: 3.
        length: Letters of every sequence (None: 100), or of the genome (None: 250,000).
        position: Letter where the last motif has just ended; None: anywhere.
        spacing: Of ``spacing``, the least and the most letters between its motifs; None: ``8:12``.
        gc: Share of G and C in the background, between 0 and 1.
        decoys: Motif-like pieces without meaning in every sequence; None: 0.
        split: Shares of train, validation and test, separated by commas; None: ``0.8,0.1,0.1``.
        starts: Start sites of the genome; None: 2000. Of a genome only, as the next ones.
        distances: From a start site to the first letter of every motif, a number or a range each; None:
            ``-54:-47,-34:-27,-14:-7``.
        share: Share of start sites that have a motif, each by itself; None: 1.
        others: Motifs of the database that are not planted; None: 97.
        seed: Seed of everything that is drawn at random.

    Returns:
        What was made, in words.

    Raises:
        InputError: For options that belong to another grammar, motifs that do not fit, and a folder that is
            not empty.
    """
    shared = {"length": length, "motifs": motifs, "motif_names": motif_names, "gc": gc, "seed": seed}
    of_genome = {"starts": starts, "distances": distances, "share": share, "others": others}
    of_sequences = {"positives": positives, "negatives": negatives, "decoys": decoys, "split": split}
    of_both, of_logic = {"planted": planted, "position": position}, {"alphabet": alphabet, "spacing": spacing}
    if grammar == "genome":
        _refuse(of_logic, f"grammars with logic ({', '.join(STATES)}), not to genome")
        _refuse(of_sequences | of_both, "sequences, not to --grammar genome")
        return _genome(Path(out), _given(shared | of_genome))
    _refuse(of_genome, f"--grammar genome, not to {grammar}")
    made = _SEQUENCES | _given(of_sequences)
    if grammar in STATES:
        _refuse({"position": position}, "promoter, sites and meme, whose motifs may all end at one letter")
        return _sequences(Path(out), grammar, _given(shared | of_logic | {"planted": planted}), made)
    _refuse(of_logic, f"grammars with logic ({', '.join(STATES)}), not to {grammar}")
    return _sequences(Path(out), grammar, _given(shared | of_both), made)


def _genome(out: Path, options: Mapping[str, Any]) -> str:
    plan = plan_genome(**options)
    with _GENOME.writing(out, overwrite=False):
        write_genome(out, plan)
    return (
        f"{counted(plan.length, 'letter')} with {plan.starts:,} start sites and "
        f"{counted(len(plan.motifs), 'motif')}"
    )


def _sequences(out: Path, grammar: str, planned: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    options = {"length": 100, "decoys": made["decoys"]} | dict(planned)
    plan = plan_logic(grammar, **options) if grammar in STATES else plan_simulation(grammar, **options)
    shares = _numbers(made["split"])
    if len(shares) != 3:
        raise InputError(f"--split {made['split']}: expected three shares, such as 0.8,0.1,0.1")
    positives, negatives = made["positives"], made["negatives"]
    three = (shares[0], shares[1], shares[2])
    part_limits(three, positives)
    with _SIMULATION.writing(out, overwrite=False):
        if isinstance(plan, LogicPlan):
            write_logic(out, plan, positives, negatives, three)
        else:
            write_simulation(out, plan, positives, negatives, three)
    return f"{positives:,} positives and {negatives:,} negatives of {counted(plan.length, 'letter')}"


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _refuse(options: Mapping[str, Any], home: str) -> None:
    for name in _given(options):
        raise InputError(f"--{name.replace('_', '-')} belongs to {home}: leave it out")


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{text!r}: expected numbers separated by commas") from error
