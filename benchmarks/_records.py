"""What benchmarks found, as lines of JSON: one object for each row, which says all of the circumstances.

Rows have numbers, since a table indents those that say more of a row above.
"""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import Row
from benchmarks._hardware import Hardware

_LIBRARIES = ("relevome", "torch", "numpy")


def circumstances(machine: Hardware, quick: bool, seed: int | None) -> dict[str, Any]:
    """When and with what it is measured. ``seed`` None: the benchmark's own."""
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "quick": quick,
        "seed": seed,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "machine": {"system": platform.platform(), "processor": platform.machine(), **asdict(machine)},
    }


def append(path: Path, benchmark: str, rows: Iterable[Row], about: Mapping[str, Any]) -> None:
    """Put rows at the end of a file, which is made where there is none; what is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            found = {
                "row": number,
                "name": row.name.strip(),
                "value": _value(row.value),
                "target": row.target or None,
            }
            line = json.dumps({"benchmark": benchmark, **found, **about}, allow_nan=False, ensure_ascii=False)
            file.write(f"{line}\n")


def _value(value: float | str) -> float | str | None:
    """A number where it is one, also where it was written for a table; null where there is none."""
    try:
        number = float(value.replace(",", "") if isinstance(value, str) else value)
    except ValueError:
        return value
    return number if math.isfinite(number) else None
