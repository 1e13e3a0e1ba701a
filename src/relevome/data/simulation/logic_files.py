"""A folder with sequences of a grammar with logic, and what is asked of every site in it."""

from __future__ import annotations

import json
from bisect import bisect_right
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from relevome.data.lines import PathLike
from relevome.data.motifs import Motif
from relevome.data.names import bed_line, fasta_record, table_line
from relevome.data.simulation.folders import new_folder, write_last
from relevome.data.simulation.logic import DECOY
from relevome.data.simulation.logic_sequences import LogicPlan, LogicSequence, simulate_logic
from relevome.data.simulation.sequence_files import SPLITS, part_limits

EFFECTS = ("id", "type", "start", "end", "name", "strand", "required_effect", "leaving_out", "state")


def write_logic(
    folder: PathLike,
    plan: LogicPlan,
    positives: int,
    negatives: int,
    split: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> None:
    """Simulates and writes train, validation and test data; the same arguments give the same bytes.

    For each part ``test.csv``, ``test.fasta`` and ``test.decoys.bed`` as `write_simulation` has them;
    ``test.truth.bed`` with the sites of a positive effect; and ``test.effects.tsv`` with every site and
    decoy, letters counted from 1: its effect in its sequence (`shapley`), what is lost without it, and what
    the sequence has. ``simulation.json`` comes last. Raises InputError for a folder that is not empty.
    """
    limits = part_limits(split, positives)
    made = new_folder(folder)
    with ExitStack() as stack:
        parts = {
            number: _LogicPart(made, name, stack) for number, name in enumerate(SPLITS) if split[number] > 0
        }
        for simulated in simulate_logic(plan, positives, negatives):
            parts[bisect_right(limits, simulated.source)].write(simulated)
    record = {"positives": positives, "negatives": negatives, "split": dict(zip(SPLITS, split, strict=True))}
    text = json.dumps(_described(plan) | record, indent=1, sort_keys=True)
    write_last(made / "simulation.json", text + "\n")


class _LogicPart:
    """The files of train, validation or test."""

    def __init__(self, folder: Path, name: str, stack: ExitStack) -> None:
        def opened(ending: str) -> TextIO:
            return stack.enter_context(
                (folder / f"{name}.{ending}").open("w", encoding="utf-8", newline="\n")
            )

        self._fasta = opened("fasta")
        self._truth = opened("truth.bed")
        self._decoys = opened("decoys.bed")
        self._table = opened("csv")
        self._effects = opened("effects.tsv")
        self._table.write(table_line(("id", "sequence", "label"), ","))
        self._effects.write(table_line(EFFECTS))

    def write(self, one: LogicSequence) -> None:
        sequence = one.sequence
        self._table.write(table_line((sequence.id, sequence.letters, one.label), ","))
        self._fasta.write(fasta_record(sequence.id, sequence.letters))
        for site, lost in zip(one.sites, one.leaving_out, strict=True):
            line = bed_line(sequence.id, site.start, site.end, site.name, 0, site.strand)
            if site.kind == DECOY:
                self._decoys.write(line)
            elif (site.effect or 0) > 0:
                self._truth.write(line)
            place = (site.kind, site.start + 1, site.end, site.name, site.strand)
            self._effects.write(table_line((sequence.id, *place, site.effect, lost, one.state)))


def _described(plan: LogicPlan) -> dict[str, Any]:
    grammar, background = plan.grammar, plan.background
    return {
        "alphabet": grammar.alphabet.name,
        "background": {"first": background.first.tolist(), "transitions": background.transitions.tolist()},
        "decoys": plan.decoys,
        "grammar": grammar.name,
        "length": plan.length,
        "motifs": _matrices(grammar.motifs),
        "weak_motifs": _matrices(plan.weak_motifs),
        "planted": grammar.most if grammar.name == "strength" else None,
        "seed": plan.seed,
        "spacing": [grammar.spacing.start, grammar.spacing.stop - 1] if grammar.name == "spacing" else None,
        "states": [
            {"name": state.name, "label": int(state.positive), "share": state.share}
            for state in grammar.states
            if state.share > 0
        ],
    }


def _matrices(motifs: tuple[Motif, ...]) -> list[dict[str, Any]]:
    return [
        {"id": motif.id, "name": motif.name, "probabilities": motif.probabilities.tolist()}
        for motif in motifs
    ]
