"""`relevome view`."""

from __future__ import annotations

from typing import Annotated

import typer

from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.page_options import PageOptions
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted


@with_options
def view(
    asked: PageOptions,
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
        page = view(asked.results, port=port, say=seen.say, **asked.keywords())
    try:
        with page:
            for problem in page.problems:
                echo(f"  left out {problem.id}: {problem.reason}")
            echo(
                f"{counted(page.sequences, 'sequence')} of {counted(page.runs, 'run')}, "
                f"{counted(page.results, 'other result')}, at"
            )
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
