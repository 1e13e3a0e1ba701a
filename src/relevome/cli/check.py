"""`relevome check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError
from relevome.words import counted


def check(
    run: Annotated[str, typer.Argument(help="Folder of `relevome explain` or `predict`.", parser=ResultName)],
    sequences: Annotated[
        Path | None, typer.Option(help="What it was made of, where that is not where its record says.")
    ] = None,
) -> None:
    """Say whether a run is complete: every sequence once, by one model and method, all bytes as written.

    Example: relevome check run
    """
    with importing():
        from relevome.jobs.check import check as run_check

    with shown("parts") as seen:
        found = run_check(run, sequences, progress=seen.tell)
    echo(
        f"{run}: {found.explained:,} of {counted(found.read, 'sequence')} with a result, "
        f"{found.refused:,} refused "
        f"with a reason, in {counted(found.parts, 'part')}"
    )
    if found.not_read_again is not None:
        echo(f"  not compared with its input: {found.not_read_again}")
    if not found.complete:
        raise InputError(f"{run} is not complete: {'; '.join(found.problems)}")
    echo("  complete: every sequence once, by one model and method; the checksums are right")
