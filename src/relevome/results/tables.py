"""Tables of results, as tab-separated text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from relevome.results.folder import whole_file


def write_tsv(path: Path, header: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table; None is an empty field, and numbers are written so that they come back the same."""
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
