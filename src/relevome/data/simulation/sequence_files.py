"""A folder with simulated sequences, ready for training, and the truth about them."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from relevome.data.lines import PathLike
from relevome.data.names import bed_line, fasta_record, table_line
from relevome.data.simulation.folders import new_folder, write_last
from relevome.data.simulation.sequences import Simulated, SimulationPlan, simulate
from relevome.data.sites import Site
from relevome.errors import InputError

SPLITS = ("train", "validation", "test")


def write_simulation(
    folder: PathLike,
    plan: SimulationPlan,
    positives: int,
    negatives: int,
    split: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> None:
    """Simulates and writes train, validation and test data; the same arguments give the same bytes.

    For each part: ``test.csv`` (id, sequence, label), ``test.fasta``, ``test.truth.bed`` and
    ``test.decoys.bed`` (chromosome = id, 0-based, name = motif). ``split`` are the shares of the
    three; positives and negatives are divided alike, and a negative stays with the positive it is a
    shuffle of. A part with share 0 is not written. ``simulation.json`` with all parameters comes
    last: a folder without it is not finished. Raises InputError for a folder that is not empty.
    """
    limits = part_limits(split, positives)
    made = new_folder(folder)
    with ExitStack() as stack:
        parts = {number: _Part(made, name, stack) for number, name in enumerate(SPLITS) if split[number] > 0}
        for simulated in simulate(plan, positives, negatives):
            parts[bisect_right(limits, simulated.source)].write(simulated)
    record = {"positives": positives, "negatives": negatives, "split": dict(zip(SPLITS, split, strict=True))}
    text = json.dumps(_described(plan) | record, indent=1, sort_keys=True)
    write_last(made / "simulation.json", text + "\n")


def part_limits(split: tuple[float, float, float], positives: int) -> list[int]:
    """How many positives there are up to the end of each part but the last.

    Raises InputError for shares that are none, or leave a part without any.
    """
    if min(split) < 0 or not np.isclose(sum(split), 1):
        raise InputError(f"split {split}: expected three shares that are not negative and sum to 1")
    ends = [round(share * positives) for share in accumulate(split)]
    sizes = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    for name, share, size in zip(SPLITS, split, sizes, strict=True):
        if (share > 0) != (size > 0):
            raise InputError(
                f"split {split} of {positives} positives gives {size} to {name}: expected 1 or more"
            )
    return ends[:-1]


class _Part:
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
        self._table.write(table_line(("id", "sequence", "label"), ","))

    def write(self, simulated: Simulated) -> None:
        sequence = simulated.sequence
        self._table.write(table_line((sequence.id, sequence.letters, simulated.label), ","))
        self._fasta.write(fasta_record(sequence.id, sequence.letters))
        self._truth.writelines(_bed(sequence.id, simulated.sites))
        self._decoys.writelines(_bed(sequence.id, simulated.decoys))


def _bed(id: str, sites: Iterable[Site]) -> list[str]:
    return [bed_line(id, s.start, s.end, s.name, 0, s.strand) for s in sites]


def _described(plan: SimulationPlan) -> dict[str, Any]:
    background = plan.background
    units = [
        {
            "motifs": [
                {"id": m.id, "name": m.name, "probabilities": m.probabilities.tolist()} for m in unit.motifs
            ],
            "spacers": [{str(gap): share for gap, share in spacer.items()} for spacer in unit.spacers],
        }
        for unit in plan.grammar.units
    ]
    return {
        "alphabet": plan.grammar.alphabet.name,
        "background": {"first": background.first.tolist(), "transitions": background.transitions.tolist()},
        "decoys": plan.decoys,
        "grammar": plan.grammar.name,
        "length": plan.length,
        "planted": plan.grammar.planted,
        "position": plan.position,
        "seed": plan.seed,
        "units": units,
    }
