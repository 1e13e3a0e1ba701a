"""Whether every reader ends in a result or in one line, whatever bytes it is given.

Valid files of every kind that is read (tests/damage: the registered formats, genomes, tables, motifs,
ontologies, folders of results, models and trainings) are damaged in one to three ways each, drawn from a
seed, the reader and the number of the input: bits, bytes, lines, fields, numbers, encodings, line ends,
nesting, gzip, values of JSON, arrays and columns. Then come files with 10 MB of something. A process reads
them under a watch of 10 s of processor time for one input, with 2 GiB of memory to add. What is accepted is
compared with an independent reader where there is one: Biopython, pandas, memelite, minidom, NumPy,
transformers, or the specification word by word.

``python -m benchmarks damaged_inputs --inputs 1000000 --seed 0 --keep FOLDER`` is a whole campaign; inputs
that failed are then in FOLDER. Without numbers it is 20,000 inputs, with ``--quick`` 2,000.

Target: no traceback, no process that ends, no hang, no message of more than one line, no difference.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import Row
from tests.damage.campaign import ACCEPTED, REFUSED, large_inputs
from tests.damage.readers import readers
from tests.damage.watched import Tally, keep_faults, watch


def measure(
    quick: bool = False, inputs: int | None = None, seed: int = 0, keep: Path | None = None
) -> list[Row]:
    """What came of damaged inputs, reader by reader, and of all together."""
    shares = sum(reader.share for reader in readers().values())
    total = inputs or (2_000 if quick else 20_000)
    rows, every = [], Tally()
    for name, reader in readers().items():
        count = max(1, round(total * reader.share / shares))
        tally = watch(name, seed, range(count))
        tally.add_all(watch(name, seed, large_inputs(reader)[:: 10 if quick else 1]))
        if keep is not None:
            keep_faults(reader, seed, tally.faults, keep)
        rows.append(_row(name, tally))
        every.add_all(tally)
    return [*rows, _row("all readers", every)]


def _row(name: str, tally: Tally) -> Row:
    counts = tally.counts
    failed = {said: count for said, count in counts.items() if said not in (ACCEPTED, REFUSED)}
    said = ", ".join(f"{count:,} {what}" for what, count in failed.items()) or "none failed"
    found = (
        f"{sum(counts.values()):,} inputs: {counts[ACCEPTED]:,} accepted, {counts[REFUSED]:,} refused, "
        f"{said}; slowest {tally.slowest:.2f} s, {tally.memory:.0f} MiB"
    )
    return Row(name, found, "none failed")
