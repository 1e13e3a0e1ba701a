"""`relevome show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.importing import importing
from relevome.cli.options import Output
from relevome.cli.terminal import echo


def show(
    run: Annotated[Path, typer.Argument(help="Folder of `relevome explain`.")],
    output: Output,
    id: Annotated[str, typer.Option("--id", help="Which sequence: its id, or the accession in it.")],
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites: BED, GFF3, UniProt, a table, or residues:hydrophobic.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Type of feature; may be repeated (default: all).")
    ] = None,
) -> None:
    """Draw the relevance of a sequence as a logo (png, svg or pdf).

    Example: relevome show run --id promoter7 --sites truth.bed -o logo.png
    """
    with importing():
        from relevome.jobs.show import show as draw

    for problem in draw(run, id, output, target, sites, feature or ()):
        echo(f"left out {problem.reason}", err=True)
    echo(str(output))
