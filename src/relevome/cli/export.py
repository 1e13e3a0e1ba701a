"""`relevome export`."""

from __future__ import annotations

from typing import Annotated

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Output, named_options
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo


def export(
    run: Annotated[
        str,
        typer.Argument(
            help="Folder of `relevome explain`, or of `relevome variants --saturate`.", parser=ResultName
        ),
    ],
    to: Annotated[str, typer.Option(help="One of `relevome list exporters`.")],
    output: Output,
    target: Annotated[str | None, typer.Option(help="One target of the run; all otherwise.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="Option of the exporter, as name=value.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace files that are there.")] = False,
) -> None:
    """Write a run in a format that other programs read.

    Example: relevome export run --to bigwig -o relevance.bw
    """
    with importing():
        from relevome.jobs.export import export as write

    with shown("rows") as seen:
        seen.say("writing")
        report = write(run, to, output, target, overwrite=overwrite, **named_options(option))
    echo(f"{', '.join(map(str, report.files))}: {report.written:,} {report.unit}")
    for reason, count in report.skipped.items():
        echo(f"  left out {count:,}: {reason}")
    for what, count in report.notes.items():
        echo(f"  {count:,}: {what}")
