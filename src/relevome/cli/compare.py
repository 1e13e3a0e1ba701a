"""`relevome compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.evaluation_options import (
    Code,
    Draws,
    Fast,
    Feature,
    How,
    LevelName,
    Metrics,
    NoModel,
    Null,
    Replace,
    Replacement,
    Sequences,
    TargetLabel,
    Truth,
    print_list,
    status,
)
from relevome.cli.options import Device, Output, Seed


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of `relevome explain` or `relevome evaluate`.")],
    output: Output,
    truth: Truth = None,
    feature: Feature = None,
    label: Annotated[list[str] | None, typer.Option(help="Name of a run in tables, in their order.")] = None,
    metrics: Metrics = None,
    level: LevelName = "letters",
    how: How = "sum",
    target: TargetLabel = None,
    no_model: NoModel = False,
    replacement: Replacement = "unknown",
    draws: Draws = 10,
    null: Null = 1,
    sequences: Sequences = 100,
    fast: Fast = False,
    device: Device = "auto",
    seed: Seed = 0,
    trust_remote_code: Code = False,
    overwrite: Replace = False,
) -> None:
    """Put methods on one model, or models on the same sequences, side by side, and test every pair.

    Example: relevome compare run_a run_b --truth sites.bed -o table
    """
    from relevome.evaluation.compare import compare as run_compare
    from relevome.report.comparisons import remarks, scores_table, write_comparison
    from relevome.report.scores import check_folder
    from relevome.report.tables import plain

    check_folder(output, overwrite)
    with status() as say:
        found = run_compare(
            runs, truth, labels=label or (), features=feature or (), use_model=not no_model, device=device,
            trust_remote_code=trust_remote_code, say=say, metrics=metrics or (), level=level, how=how,
            target=target, replacement=replacement, draws=draws, null=null, sequences=sequences, fast=fast,
            seed=seed,
        )  # fmt: skip
        write_comparison(found, output)
    typer.echo(plain(scores_table(found)))
    typer.echo(f"{output}: {len(found.scores)} runs, {len(found.tests):,} paired tests")
    print_list(remarks(found))
