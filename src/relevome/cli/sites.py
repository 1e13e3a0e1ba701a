"""`relevome sites`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Output, Seed
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted


def sites(
    run: Annotated[str, typer.Argument(help="Folder of `relevome explain`.", parser=ResultName)],
    output: Output,
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None,
    window: Annotated[int, typer.Option(help="Letters over which relevance is averaged, odd.")] = 7,
    sign: Annotated[
        Literal["positive", "negative"],
        typer.Option(help="What speaks for the target, or against it."),
    ] = "positive",
    coordinates: Annotated[
        Literal["genome", "sequence"], typer.Option(help="Places on the genome, or along each sequence.")
    ] = "genome",
    by_strand: Annotated[bool, typer.Option(help="Call sites on each strand by itself.")] = False,
    fdr: Annotated[float, typer.Option(help="False discovery rate.")] = 0.05,
    null: Annotated[
        Literal["order", "letters", "pairs"],
        typer.Option(help="What is in random order: all, equal letters, or equal pairs of letters."),
    ] = "pairs",
    draws: Annotated[int, typer.Option(help="Random orders.")] = 100,
    shuffles: Annotated[
        str | None,
        typer.Option(
            help="A run on shuffled sequences, in place of random orders.",
            parser=ResultName,
            metavar="<path>",
        ),
    ] = None,
    gap: Annotated[int, typer.Option(help="Sites with no more letters between them are one.")] = 2,
    least_width: Annotated[int, typer.Option(help="Letters of the narrowest site.")] = 3,
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a result that is there.")] = False,
) -> None:
    """Call sites: stretches of the genome whose relevance is higher than chance would have it.

    Example: relevome sites run --window 7 --fdr 0.05 -o sites
    """
    with importing():
        from relevome.jobs.sites import sites as call

    with shown("random orders") as seen:
        found = call(
            run, target=target, window=window, fdr=fdr, null=null, draws=draws, shuffles=shuffles, gap=gap,
            least_width=least_width, sign=sign, coordinates=coordinates, by_strand=by_strand, seed=seed,
            out=output, overwrite=overwrite, say=seen.say, progress=seen.tell,
        )  # fmt: skip
    counts = found.counts
    least = "" if found.threshold is None else f", mean relevance from {found.threshold:.4g} on"
    echo(
        f"{output}: {counted(len(found.sites), 'site')} in {counted(counts['letters'], 'letter')}, "
        "false discovery rate "
        f"{fdr:g}{least}"
    )
    for reason, count in found.left_out.items():
        echo(f"  left out {count:,}: {reason}")
