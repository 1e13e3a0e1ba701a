"""`relevome report`."""

from __future__ import annotations

from typing import Annotated

import typer

from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Output
from relevome.cli.shared.page_options import PageOptions
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted


@with_options
def report(
    asked: PageOptions,
    output: Output,
    top: Annotated[
        int | None, typer.Option(help="Show only so many sequences, of the highest score.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
) -> None:
    """Write runs and other results as one page for a browser.

    Example: relevome report run scores --sites truth.bed -o report.html
    """
    with importing():
        from relevome.jobs.report import report

    with shown("pages") as seen:
        page = report(asked.results, output, top=top, overwrite=overwrite, say=seen.say, **asked.keywords())
    echo(
        f"{page.path}: {counted(page.sequences, 'sequence')} of {counted(page.runs, 'run')}, "
        f"{counted(page.results, 'other result')}, "
        f"{page.bytes / 1e6:.1f} MB"
    )
    if page.left_out:
        echo(f"  left out {page.left_out:,}: sequences of lower score, by --top")
    for problem in page.problems:
        echo(f"  left out {problem.id}: {problem.reason}")
