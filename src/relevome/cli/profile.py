"""`relevome profile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Output
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted


def profile(
    run: Annotated[str, typer.Argument(help="Folder of `relevome explain`.", parser=ResultName)],
    output: Output,
    anchor: Annotated[
        Literal["site", "start", "end"] | None,
        typer.Option(help="Position 0: every site, or the start or end of sequences."),
    ] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites: BED, GFF3, UniProt, a table, or residues:hydrophobic.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Type of feature; repeatable (default: all).")
    ] = None,
    at: Annotated[
        Literal["start", "middle", "end"],
        typer.Option(help="What of a site is position 0; end: the first letter behind it."),
    ] = "start",
    alignment: Annotated[
        Path | None, typer.Option(help="Aligned FASTA of the sequences: positions are its columns.")
    ] = None,
    width: Annotated[int | None, typer.Option(help="Positions, half of them before a site (100).")] = None,
    order: Annotated[
        Literal["relevance", "score", "clusters"], typer.Option(help="Of the rows of the heat map.")
    ] = "relevance",
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a result that is there.")] = False,
) -> None:
    """Mean relevance by position: around sites, from the ends of sequences, or by an alignment.

    Example: relevome profile run --sites starts.bed --width 120 -o profile

    Example: relevome profile run --sites uniprot.xml --feature signal --at end -o cleavage
    """
    with importing():
        from relevome.jobs.profile import profile as draw
        from relevome.report.profile.page import summary

    with shown("sequences") as seen:
        found = draw(
            run, anchor=anchor, sites=sites, features=feature or (), at=at, alignment=alignment, width=width,
            order=order, target=target, out=output, overwrite=overwrite, say=seen.say, progress=seen.tell,
        )  # fmt: skip
    echo(
        f"{output}: {counted(len(found.rows), 'row')} of {counted(found.sequences, 'sequence')} at "
        f"{found.settings.width:,} "
        "positions"
    )
    for line in summary(found):
        echo(f"  {line}")
