"""`relevome show`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.terminal import echo, echo_rows
from relevome.errors import InputError


def show(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Folder of `relevome explain`; several of the same sequences over each other.",
            parser=ResultName,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture: a name in .png, .svg or .pdf.")
    ] = None,
    id: Annotated[
        list[str] | None,
        typer.Option("--id", help="Which sequence: its id, or the accession in it; repeatable."),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Print ids, targets and scores of the run instead.")
    ] = False,
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Which letters, such as 10-60, counted from 1 (default: all).")
    ] = None,
    letter_scores: Annotated[
        bool, typer.Option("--letter-scores", help="A map of what every letter would add, of runs with that.")
    ] = False,
    tokens: Annotated[bool, typer.Option(help="Lines between tokens of several letters.")] = True,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites: BED, GFF3, UniProt, a table, or residues:hydrophobic.")
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(help="Type of feature; repeatable (default: all, but for a chain over nearly all)."),
    ] = None,
    axis: Annotated[
        str | None, typer.Option(help="Numbers: letters, genome, site or site:NAME, whose start is +1.")
    ] = None,
    plus_one: Annotated[
        int | None, typer.Option("--plus-one", help="The letter, counted from 1, that is +1 on the axis.")
    ] = None,
    one_scale: Annotated[
        bool, typer.Option("--one-scale", help="One scale for all runs (default: one for each).")
    ] = False,
    variant: Annotated[
        str | None,
        typer.Option(help="A variant of a folder of `relevome variants --why`: its id, or chr1:12345:A>G."),
    ] = None,
    gene: Annotated[
        str | None,
        typer.Option(help="With --variant in several genes: which (default: the first)."),
    ] = None,
    flank: Annotated[
        int | None, typer.Option(help="With --variant: letters on either side of it (30).", min=0)
    ] = None,
    title: Annotated[str | None, typer.Option(help="Above the picture (default: the id).")] = None,
    width: Annotated[
        float | None, typer.Option(help="Inches across (7.2); the height follows from the letters.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="Inches across and high, such as 7.2x3.")] = None,
) -> None:
    """Draw the relevance of sequences as logos (png, svg or pdf).

    Example: relevome show run --id promoter7 --sites truth.bed -o logo.png

    Example: relevome show run another --id promoter7 --region 20-60 --axis site --sites tss.bed -o two.png

    Example: relevome show run --list

    Example: relevome show scored --variant rs334 -o why.png
    """
    with importing():
        from relevome.jobs.show import listed
        from relevome.jobs.show import show as draw
        from relevome.jobs.variants.show import show_variant

    if variant is not None or flank is not None or gene is not None:
        others = (id, list_, region, sites, size, feature, axis, letter_scores, one_scale, not tokens)
        if variant is None or output is None or len(runs) > 1 or any(others) or plus_one is not None:
            raise InputError(
                "expected one folder of `relevome variants --why` with --variant NAME and -o PICTURE, and of "
                "other options --target, --gene, --flank, --title and --width"
            )
        show_variant(
            runs[0], variant, output, target, gene=gene, inches=7.2 if width is None else width,
            flank=flank, title=title,
        )  # fmt: skip
        echo(str(output))
        return
    if list_:
        if id or output or len(runs) > 1:
            raise InputError("--list prints what there is in one run: leave other runs, --id and -o out")
        echo_rows(((id, label, f"{score:.6g}") for id, label, score in listed(runs[0], target)), "  ")
        return
    if not id or output is None:
        raise InputError("expected --id NAME and -o PICTURE, or --list, which prints the ids of the run")
    across, height = _size(width, size)
    for problem in draw(
        runs, id, output, target, sites, feature or (), inches=across, height=height, region=region,
        title=title, axis=axis, plus_one=plus_one, one_scale=one_scale, tokens=tokens,
        letter_scores=letter_scores,
    ):  # fmt: skip
        echo(f"left out {problem.reason}", err=True)
    echo(str(output))


def _size(width: float | None, size: str | None) -> tuple[float, float | None]:
    """Inches across, and high if that is said."""
    if size is None:
        return 7.2 if width is None else width, None
    number = r"([0-9]{1,6}(?:\.[0-9]{1,6})?)"
    found = re.fullmatch(f"{number}[xX]{number}", size)
    if width is not None or found is None:
        raise InputError(f"--size {size}: expected inches across and high, such as 7.2x3, without --width")
    return float(found[1]), float(found[2])
