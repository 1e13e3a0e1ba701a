"""`relevome show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError


def show(
    run: Annotated[Path, typer.Argument(help="Folder of `relevome explain`.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture: a name in .png, .svg or .pdf.")
    ] = None,
    id: Annotated[
        str | None, typer.Option("--id", help="Which sequence: its id, or the accession in it.")
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Print ids, targets and scores of the run instead.")
    ] = False,
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites: BED, GFF3, UniProt, a table, or residues:hydrophobic.")
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(help="Type of feature; repeatable (default: all, but for a chain over nearly all)."),
    ] = None,
    width: Annotated[float, typer.Option(help="Inches across; the height follows from the letters.")] = 7.2,
    plus_one: Annotated[
        int | None, typer.Option("--plus-one", help="The letter, counted from 1, that is +1 on the axis.")
    ] = None,
) -> None:
    """Draw the relevance of a sequence as a logo (png, svg or pdf).

    Example: relevome show run --id promoter7 --sites truth.bed -o logo.png

    Example: relevome show run --list
    """
    with importing():
        from relevome.jobs.show import listed
        from relevome.jobs.show import show as draw

    if list_:
        if id or output:
            raise InputError("--list prints what there is: leave --id and -o out")
        for row in listed(run, target):
            echo("{}  {}  {:.6g}".format(*row))
        return
    if id is None or output is None:
        raise InputError("expected --id NAME and -o PICTURE, or --list, which prints the ids of the run")
    for problem in draw(run, id, output, target, sites, feature or (), inches=width, plus_one=plus_one):
        echo(f"left out {problem.reason}", err=True)
    echo(str(output))
