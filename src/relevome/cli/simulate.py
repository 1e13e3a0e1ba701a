"""`relevome simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.options import Output, Seed
from relevome.data.errors import InputError


def simulate(
    output: Output,
    grammar: Annotated[str, typer.Option(help="promoter, sites, or meme for motifs of a file.")] = "promoter",
    motifs: Annotated[Path | None, typer.Option(help="MEME file with motifs to plant.")] = None,
    motif_names: Annotated[str | None, typer.Option(help="Which of them, separated by commas.")] = None,
    positives: Annotated[int, typer.Option(help="Sequences with the motifs.")] = 1000,
    negatives: Annotated[int, typer.Option(help="Their shuffles, without.")] = 1000,
    planted: Annotated[
        int | None, typer.Option(help="Units of every positive, drawn at random [default: all; sites: 1].")
    ] = None,
    length: Annotated[int, typer.Option(help="Letters of every sequence.")] = 100,
    position: Annotated[
        int | None, typer.Option(help="Letter where the last motif has just ended; anywhere.")
    ] = None,
    gc: Annotated[float, typer.Option(help="Share of G and C in the background.")] = 0.5,
    decoys: Annotated[int, typer.Option(help="Motif-like pieces without meaning in every sequence.")] = 0,
    split: Annotated[str, typer.Option(help="Shares of train, validation and test.")] = "0.8,0.1,0.1",
    seed: Seed = 0,
) -> None:
    """Make sequences with planted motifs, and the exact truth about them.

    Example: relevome simulate --grammar promoter --positives 1000 --decoys 2 -o simulated
    """
    from relevome.data.simulation_files import write_simulation
    from relevome.data.simulation_plan import plan_simulation

    plan = plan_simulation(
        grammar, length=length, seed=seed, motifs=motifs, motif_names=motif_names, position=position, gc=gc,
        decoys=decoys, planted=planted,
    )  # fmt: skip
    shares = _numbers(split)
    if len(shares) != 3:
        raise InputError(f"--split {split}: expected three shares, such as 0.8,0.1,0.1")
    write_simulation(output, plan, positives, negatives, (shares[0], shares[1], shares[2]))
    typer.echo(f"{output}: {positives:,} positives and {negatives:,} negatives of {length} letters")


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{text!r}: expected numbers separated by commas") from error
