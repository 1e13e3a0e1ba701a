"""`relevome rerun`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Device, MovedModel, ResultOutput
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError
from relevome.words import counted


@with_options
def rerun(
    run: Annotated[str, typer.Argument(help="Folder of `relevome explain`.", parser=ResultName)],
    output: ResultOutput,
    computed: EngineOptions,
    model: MovedModel = None,
    sequences: Annotated[
        Path | None, typer.Option(help="What was explained, where that is not where the record says.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Difference that is let pass, as a share of a row's largest relevance.")
    ] = 1e-3,
    device: Device = "auto",
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is there.")] = False,
    trust_remote_code: Annotated[bool, typer.Option(help="Run code that comes with the checkpoint.")] = False,
) -> None:
    """Make a run again from its own record, and say whether it comes out the same.

    Example: relevome rerun run -o again
    """
    with importing():
        from relevome.jobs.rerun import rerun as repeat

    with shown("explained") as seen:
        found = repeat(
            run, output, model=model, sequences=sequences, device=device, overwrite=overwrite,
            engine=computed.chosen(),
            trust_remote_code=trust_remote_code, progress=seen.tell,
        )  # fmt: skip
    echo(f"{output}: {found.identical:,} of {found.rows:,} rows are those of {run} to the last bit")
    if found.differs_most is not None:
        id, target = found.differs_most
        echo(
            f"  relevance differs by up to {100 * found.largest_difference:.3g}% of the largest of its row "
            f"({id}, {target})"
        )
    for name, then, now in found.versions:
        echo(f"  {name} {now}, and {then} then")
    if not found.same(tolerance):
        raise InputError(
            f"{output} is not {run} again: {counted(len(found.missing), 'row')} missing, "
            f"{len(found.added):,} added, "
            f"relevance differs by up to {100 * found.largest_difference:.3g}% (--tolerance {tolerance:g})"
        )
