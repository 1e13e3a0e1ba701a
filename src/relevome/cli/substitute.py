"""`relevome substitute`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import (
    BatchSize,
    Device,
    MovedModel,
    Output,
    Seed,
    TokenizerPath,
    rows_at_once,
)
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError
from relevome.words import counted


@with_options
def substitute(
    run: Annotated[str, typer.Argument(help="Folder of `relevome explain`.", parser=ResultName)],
    output: Output,
    computed: EngineOptions,
    by: Annotated[
        str | None, typer.Option(help="A letter, or random (default: A for proteins, else random).")
    ] = None,
    most: Annotated[int, typer.Option(help="Letters exchanged: 1, 2, 4, ... up to this many.")] = 64,
    orders: Annotated[int, typer.Option(help="Random orders to compare with.")] = 10,
    labels: Annotated[
        Path | None, typer.Option(help="Table of ids and true classes, for accuracy and AUROC.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Order by this head, LAYER,HEAD, of a run with --heads.")
    ] = None,
    layer: Annotated[int | None, typer.Option(help="Order by all heads of this layer together.")] = None,
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None,
    sequences: Annotated[int, typer.Option(help="How many, drawn at random; 0: all.")] = 100,
    model: MovedModel = None,
    tokenizer: TokenizerPath = None,
    batch_size: BatchSize = "auto",
    device: Device = "auto",
    seed: Seed = 0,
    trust_remote_code: Annotated[bool, typer.Option(help="Run code that comes with the checkpoint.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace a result that is there.")] = False,
) -> None:
    """Exchange the most relevant letters of sequences: does the prediction change more than at random?

    Example: relevome substitute run --by A --most 64 -o substitution
    """
    with importing():
        from relevome.jobs.substitute import substitute as run_substitute
        from relevome.report.substitution import summary

    with shown("sequences") as seen:
        found = run_substitute(
            run, by=by, most=most, orders=orders, labels=labels, head=_head(head, layer), target=target,
            sequences=sequences, model=model, tokenizer=tokenizer, device=device,
            trust_remote_code=trust_remote_code, batch_size=rows_at_once(batch_size), seed=seed,
            out=output, overwrite=overwrite, engine=computed.chosen(), say=seen.say, progress=seen.tell,
        )  # fmt: skip
    for line in summary(found):
        echo(line)
    echo(
        f"{output}: {counted(len(found.sequences), 'sequence')}, up to "
        f"{counted(found.exchange.most, 'letter')} exchanged"
    )


def _head(head: str | None, layer: int | None) -> tuple[int, int | None] | None:
    if head is not None and layer is not None:
        raise InputError("--head and --layer: expected one of the two")
    if head is None:
        return None if layer is None else (layer, None)
    found = re.fullmatch(r"(\d+)[,.](\d+)", head)
    if found is None:
        raise InputError(f"--head {head}: expected a layer and a head, both counted from 0, such as 3,11")
    return int(found[1]), int(found[2])
