"""`relevome show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.options import Output


def show(
    run: Annotated[Path, typer.Argument(help="Folder of `relevome explain`.")],
    output: Output,
    id: Annotated[str, typer.Option("--id", help="Which sequence.")],
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites as BED, by sequence id or on the genome.")
    ] = None,
) -> None:
    """Draw the relevance of a sequence as a logo (png, svg or pdf).

    Example: relevome show run --id promoter7 --sites truth.bed -o logo.png
    """
    from relevome.report.show import show_sequence

    show_sequence(run, id, output, target, sites)
    typer.echo(str(output))
