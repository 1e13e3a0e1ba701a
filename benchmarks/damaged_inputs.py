"""Whether every reader ends in a result or in one line, whatever bytes it is given.

Valid files of every kind that is read (tests/damage: the registered formats, genomes, tables, motifs,
ontologies, folders of results, models and trainings) are damaged in one to three ways each, drawn from a seed,
the reader and the number of the input: bits, bytes, lines, fields, numbers, encodings, line ends, nesting, gzip,
values of JSON, arrays and columns. A process reads them under a watch of 10 s for one input, with 2 GiB of memory
to add. What is accepted is compared with an independent reader where there is one (Biopython, pandas, memelite,
minidom, NumPy, transformers), for genomes with the letters of the file itself.

``python -m benchmarks damaged_inputs --inputs 1000000 --seed 0 --keep FOLDER`` is a whole campaign; inputs that
failed are then in FOLDER. Without numbers it is 20,000 inputs, with ``--quick`` 2,000.

Target: no traceback, no process that ends, no hang, no message of more than one line, no difference.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks import Row
from tests.damage.campaign import ACCEPTED, REFUSED
from tests.damage.readers import readers
from tests.damage.watched import Tally, keep, watch


def measure(
    quick: bool = False, inputs: int | None = None, seed: int = 0, kept: Path | None = None,
    only: str = "", minutes: float = 1e9,
) -> list[Row]:  # fmt: skip
    """What came of damaged inputs, reader by reader, and of all together."""
    chosen = {name: reader for name, reader in readers().items() if only in name}
    shares = sum(reader.share for reader in chosen.values())
    total = inputs or (2_000 if quick else 20_000)
    rows, every = [], Tally()
    until = time.monotonic() + 60 * minutes
    for name, reader in chosen.items():
        count = max(1, round(total * reader.share / shares))
        tally = watch(name, seed, range(count), until)
        if kept is not None:
            keep(reader, seed, tally.faults, kept)
        rows.append(_row(name, tally))
        print(rows[-1], flush=True)
        every.counts.update(tally.counts)
        every.slowest, every.memory = max(every.slowest, tally.slowest), max(every.memory, tally.memory)
    return [*rows, _row("all readers", every)]


def _row(name: str, tally: Tally) -> Row:
    counts = tally.counts
    failed = {said: count for said, count in counts.items() if said not in (ACCEPTED, REFUSED)}
    said = ", ".join(f"{count:,} {what}" for what, count in failed.items()) or "none failed"
    found = (
        f"{sum(counts.values()):,} inputs: {counts[ACCEPTED]:,} accepted, {counts[REFUSED]:,} refused, {said}; "
        f"slowest {tally.slowest:.2f} s, {tally.memory:.0f} MiB"
    )
    return Row(name, found, "none failed")
