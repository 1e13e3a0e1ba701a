"""``python -m benchmarks [NAME ...] [--quick] [--json FILE]``: run benchmarks, print and keep it."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from inspect import signature
from pathlib import Path

from rich.console import Console
from rich.table import Table
from transformers.utils import logging

import benchmarks
from benchmarks import Row, Unavailable
from benchmarks._hardware import hardware
from benchmarks._records import append, circumstances

NAMES = [
    module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")
]
RECORDS = Path("build", "benchmarks.jsonl")


def main() -> None:
    """Run the benchmarks that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; without any, all"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions and less data: a first look")
    parser.add_argument("--seed", type=int, help="what is drawn at random, where a benchmark draws")
    parser.add_argument("--inputs", type=int, help="how many inputs damaged_inputs reads")
    parser.add_argument(
        "--keep", type=Path, help="folder for inputs of damaged_inputs at which a reader failed"
    )
    parser.add_argument("--figure", type=Path, help="picture that scaling draws; build/scaling.png")
    parser.add_argument(
        "--json", type=Path, default=RECORDS, metavar="FILE",
        help=f"file to which every row is added as a line of JSON, with date and machine; {RECORDS}",
    )  # fmt: skip
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}: expected one of {', '.join(NAMES)}")
    console, machine = Console(), hardware()
    console.print(f"{machine}", soft_wrap=True, highlight=False)
    for name in given.names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        console.print(f"\n{name}\n\n{module.__doc__}", soft_wrap=True, highlight=False, markup=False)
        known = {one.name: one.default for one in signature(module.measure).parameters.values()}
        asked = known | {
            one: value for one, value in vars(given).items() if one in known and value is not None
        }
        about = circumstances(machine, given.quick, asked.get("seed"))
        try:
            rows = module.measure(**asked)
        except Unavailable as reason:
            console.print(f"not run: {reason}")
        else:
            append(given.json, name, rows, about)
            console.print(table(rows))


def table(rows: list[Row]) -> Table:
    """What was found beside its target."""
    result = Table("what", "found", "target")
    for row in rows:
        found = row.value if isinstance(row.value, str) else f"{row.value:.3f}"
        result.add_row(row.name, found, row.target)
    return result


if __name__ == "__main__":
    logging.disable_progress_bar()
    main()
