"""`relevome simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Output, Seed
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo


def simulate(
    output: Output,
    grammar: Annotated[
        str,
        typer.Option(
            help="promoter, sites, meme for motifs of a file, or genome; and, or, not, spacing, strength, "
            "whose negatives have sites too."
        ),
    ] = "promoter",
    alphabet: Annotated[
        str | None, typer.Option(help="and, or, not, spacing, strength: dna or protein (default: dna).")
    ] = None,
    motifs: Annotated[Path | None, typer.Option(help="MEME file with motifs to plant.")] = None,
    motif_names: Annotated[str | None, typer.Option(help="Which of them, separated by commas.")] = None,
    positives: Annotated[int | None, typer.Option(help="Sequences with the motifs (default: 1000).")] = None,
    negatives: Annotated[int | None, typer.Option(help="Their shuffles, without (default: 1000).")] = None,
    planted: Annotated[
        int | None,
        typer.Option(
            help="Units of every positive, drawn at random (default: all; sites: 1). strength: most sites of "
            "one sequence (default: 3)."
        ),
    ] = None,
    length: Annotated[
        int | None, typer.Option(help="Letters of every sequence (default: 100), of the genome (250000).")
    ] = None,
    position: Annotated[
        int | None, typer.Option(help="Letter where the last motif has just ended; anywhere.")
    ] = None,
    spacing: Annotated[
        str | None,
        typer.Option(help="spacing: least and most letters between its motifs (default: 8:12)."),
    ] = None,
    gc: Annotated[float, typer.Option(help="Share of G and C in the background.")] = 0.5,
    decoys: Annotated[
        int | None, typer.Option(help="Motif-like pieces without meaning in every sequence (default: 0).")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Shares of train, validation and test (default: 0.8,0.1,0.1).")
    ] = None,
    starts: Annotated[int | None, typer.Option(help="genome: start sites (default: 2000).")] = None,
    distances: Annotated[
        str | None,
        typer.Option(
            help="genome: from a start site to the first letter of every motif, a number or a range each "
            "(default: -54:-47,-34:-27,-14:-7)."
        ),
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(help="genome: of start sites that have a motif, each by itself (default: 1)."),
    ] = None,
    others: Annotated[
        int | None,
        typer.Option(help="genome: motifs of the database that are not planted (default: 97).", min=0),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Make sequences, or a genome, with planted motifs, and the exact truth about them.

    Example: relevome simulate --grammar promoter --positives 1000 --decoys 2 -o simulated

    Example: relevome simulate --grammar not --decoys 1 -o repressed

    Example: relevome simulate --grammar genome --starts 2000 -o made_up
    """
    with importing():
        from relevome.jobs.simulate import simulate as make

    with shown("sequences") as seen:
        seen.say("simulating")
        said = make(
            output, grammar, alphabet=alphabet, motifs=motifs, motif_names=motif_names, positives=positives,
            negatives=negatives, planted=planted, length=length, position=position, spacing=spacing, gc=gc,
            decoys=decoys, split=split, starts=starts, distances=distances, share=share, others=others,
            seed=seed,
        )  # fmt: skip
    echo(f"{output}: {said}")
