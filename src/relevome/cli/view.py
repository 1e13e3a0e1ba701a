"""`relevome view`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo


def view(
    results: Annotated[
        list[str],
        typer.Argument(
            help="Folders of explain, evaluate, compare, substitute, heads, sites and annotate.",
            parser=ResultName,
        ),
    ],
    label: Annotated[list[str] | None, typer.Option(help="Name of a run, once for each, in order.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites: BED, GFF3, UniProt, a table, or residues:hydrophobic.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Type of feature; repeatable (default: all).")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of this machine; 0 takes one that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Show runs and other results in the browser, however large they are, until Ctrl-C.

    Example: relevome view run scores
    """
    with importing():
        from relevome.jobs.view import view
        from relevome.report.view.opening import opened

    with shown("pages") as seen:
        page = view(
            results, labels=label or (), title=title, sites=sites, features=feature or (), port=port,
            say=seen.say,
        )  # fmt: skip
    try:
        with page:
            for problem in page.problems:
                echo(f"  left out {problem.id}: {problem.reason}")
            echo(f"{page.sequences:,} sequences of {page.runs} runs, {page.results} other results, at")
            echo(f"  {page.address}")
            echo("Whoever on this machine knows that address can read them. Ctrl-C ends it.")
            if browser:
                with opened(page.address) as found:
                    if not found:
                        echo("No browser could be opened: open the address in one.")
                    page.wait()
            page.wait()
    except KeyboardInterrupt:
        echo("ended")
