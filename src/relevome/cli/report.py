"""`relevome report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Output
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo


def report(
    results: Annotated[
        list[str],
        typer.Argument(
            help="Folders of explain, evaluate, compare, substitute, heads, sites, motifs, profile, pairs, "
            "variants and annotate.",
            parser=ResultName,
        ),
    ],
    output: Output,
    label: Annotated[list[str] | None, typer.Option(help="Name of a run, once for each, in order.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    top: Annotated[
        int | None, typer.Option(help="Show only so many sequences, of the highest score.")
    ] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites: BED, GFF3, UniProt, a table, or residues:hydrophobic.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Type of feature; repeatable (default: all).")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
) -> None:
    """Write runs and other results as one page for a browser.

    Example: relevome report run scores --sites truth.bed -o report.html
    """
    with importing():
        from relevome.jobs.report import report

    with shown("pages") as seen:
        page = report(
            results, output, labels=label or (), title=title, top=top, sites=sites, features=feature or (),
            overwrite=overwrite, say=seen.say,
        )  # fmt: skip
    echo(
        f"{page.path}: {page.sequences:,} sequences of {page.runs} runs, {page.results} other results, "
        f"{page.bytes / 1e6:.1f} MB"
    )
    if page.left_out:
        echo(f"  left out {page.left_out:,}: sequences of lower score, by --top")
    for problem in page.problems:
        echo(f"  left out {problem.id}: {problem.reason}")
