"""What other programs read: one format, one file.

An exporter is a frozen dataclass whose fields are its options, registered under its public name, with one
function ``export(run, out) -> ExportReport``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from relevome.registry import Registry
from relevome.results.run.reader import Run


@dataclass(frozen=True)
class ExportReport:
    """What an export made: its files, how many of what they hold, and what was left out by reason.

    ``notes`` count what is in the files but wants to be known of, by what it is.
    """

    files: tuple[Path, ...]
    written: int
    unit: str
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        lines = [f"ExportReport: {self.written:,} {self.unit} in {', '.join(map(str, self.files))}"]
        lines += [f"  left out {n:,}: {why}" for why, n in self.skipped.items()]
        return "\n".join([*lines, *(f"  {n:,}: {what}" for what, n in self.notes.items())])


class Exporter(Protocol):
    """What every exporter offers: options as fields, and a run in its format.

    ``target`` chooses one target, else all are written; ``overwrite`` allows existing files to be replaced.
    """

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """Write a run to ``out``; each file appears as a whole or not at all.

        Raises InputError for a run without what the format needs, and for files that cannot be written.
        """
        ...


exporters: Registry[type[Exporter]] = Registry("exporter", "relevome.results.export")

__all__ = ["ExportReport", "Exporter", "exporters"]
