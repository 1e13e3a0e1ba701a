"""`relevome export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.options import Output, named_options


def export(
    run: Annotated[Path, typer.Argument(help="Folder of `relevome explain`.")],
    to: Annotated[str, typer.Option(help="One of `relevome list exporters`.")],
    output: Output,
    target: Annotated[str | None, typer.Option(help="One target of the run; all otherwise.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="Option of the exporter, as name=value.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace files that are there.")] = False,
) -> None:
    """Write a run in a format that other programs read.

    Example: relevome export run --to bigwig -o relevance.bw
    """
    from relevome.options import configured
    from relevome.results.export import exporters
    from relevome.results.run.reader import Run

    exporter = configured(exporters[to], f"exporter {to}", named_options(option))
    report = exporter.export(Run(run), output, target, overwrite)
    typer.echo(f"{', '.join(map(str, report.files))}: {report.written:,} {report.unit}")
    for reason, count in report.skipped.items():
        typer.echo(f"  left out {count:,}: {reason}")
