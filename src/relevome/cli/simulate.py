"""`relevome simulate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from relevome.cli.options import Output, Seed
from relevome.errors import InputError

# What is usual of sequences; a genome has none of these.
_SEQUENCES = {"positives": 1000, "negatives": 1000, "decoys": 0, "split": "0.8,0.1,0.1"}


def simulate(
    output: Output,
    grammar: Annotated[
        str, typer.Option(help="promoter, sites, meme for motifs of a file, or genome.")
    ] = "promoter",
    motifs: Annotated[Path | None, typer.Option(help="MEME file with motifs to plant.")] = None,
    motif_names: Annotated[str | None, typer.Option(help="Which of them, separated by commas.")] = None,
    positives: Annotated[int | None, typer.Option(help="Sequences with the motifs (default: 1000).")] = None,
    negatives: Annotated[int | None, typer.Option(help="Their shuffles, without (default: 1000).")] = None,
    planted: Annotated[
        int | None, typer.Option(help="Units of every positive, drawn at random (default: all; sites: 1).")
    ] = None,
    length: Annotated[
        int | None, typer.Option(help="Letters of every sequence (default: 100), of the genome (250000).")
    ] = None,
    position: Annotated[
        int | None, typer.Option(help="Letter where the last motif has just ended; anywhere.")
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

    Example: relevome simulate --grammar genome --starts 2000 -o made_up
    """
    shared = {"length": length, "motifs": motifs, "motif_names": motif_names, "gc": gc, "seed": seed}
    of_genome = {"starts": starts, "distances": distances, "share": share, "others": others}
    of_sequences = {"positives": positives, "negatives": negatives, "decoys": decoys, "split": split}
    of_both = {"planted": planted, "position": position}
    if grammar == "genome":
        _refuse(of_sequences | of_both, "sequences, not to --grammar genome")
        _genome(output, _given(shared | of_genome))
        return
    _refuse(of_genome, f"--grammar genome, not to {grammar}")
    _sequences(output, grammar, _given(shared | of_both), _SEQUENCES | _given(of_sequences))


def _genome(output: Path, options: Mapping[str, Any]) -> None:
    from relevome.data.simulation.genome_files import write_genome
    from relevome.data.simulation.genome_plan import plan_genome

    plan = plan_genome(**options)
    write_genome(output, plan)
    typer.echo(
        f"{output}: {plan.length:,} letters with {plan.starts:,} start sites and {len(plan.motifs)} motifs"
    )


def _sequences(output: Path, grammar: str, planned: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    from relevome.data.simulation.sequence_files import write_simulation
    from relevome.data.simulation.sequence_plan import plan_simulation

    plan = plan_simulation(grammar, **{"length": 100, "decoys": made["decoys"]} | dict(planned))
    shares = _numbers(made["split"])
    if len(shares) != 3:
        raise InputError(f"--split {made['split']}: expected three shares, such as 0.8,0.1,0.1")
    positives, negatives = made["positives"], made["negatives"]
    write_simulation(output, plan, positives, negatives, (shares[0], shares[1], shares[2]))
    typer.echo(f"{output}: {positives:,} positives and {negatives:,} negatives of {plan.length} letters")


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _refuse(options: Mapping[str, Any], home: str) -> None:
    for name in _given(options):
        raise InputError(f"--{name.replace('_', '-')} belongs to {home}: leave it out")


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{text!r}: expected numbers separated by commas") from error
