"""`relevome evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from relevome.evaluation.result import Evaluation


def evaluate(
    run: Annotated[Path, typer.Argument(help="Folder of `relevome explain`.")],
    output: Output,
    truth: Truth = None,
    feature: Feature = None,
    metrics: Metrics = None,
    level: LevelName = "letters",
    how: How = "sum",
    target: TargetLabel = None,
    model: Annotated[Path | None, typer.Option(help="The run's model, where it moved.")] = None,
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
    """Say whether the explanations of a run can be trusted: numbers with error bars, and checks in words.

    Example: relevome evaluate run --truth sites.bed -o scores
    """
    from relevome.evaluation.evaluate import evaluate as run_evaluate
    from relevome.report.evaluations import write_scores
    from relevome.report.scores import check_folder

    check_folder(output, overwrite)
    with status() as say:
        found = run_evaluate(
            run, truth, features=feature or (), model=model, use_model=not no_model, device=device,
            trust_remote_code=trust_remote_code, say=say, metrics=metrics or (), level=level, how=how,
            target=target, replacement=replacement, draws=draws, null=null, sequences=sequences, fast=fast,
            seed=seed,
        )  # fmt: skip
        write_scores(found, output)
    _report(found, output)


def _report(found: Evaluation, output: Path) -> None:
    from relevome.evaluation.checks import summary
    from relevome.report.scores import left_out

    for one in found.scores:
        random = "" if one.random is None else f"  random order {one.random.mean:.3g}"
        shuffled = "" if one.null is None else f"  shuffled {one.null.mean:.3g}"
        interval = f"{one.mean:>8.3g}  [{one.low:.3g}, {one.high:.3g}]"
        typer.echo(f"{one.metric:<32}{one.level:<8}{interval}{random}{shuffled}")
    typer.echo(summary(found.checks))
    print_list([check.sentence for check in found.failed])
    typer.echo(f"{output}: {len(found.scores)} metrics, {len(found.sequences):,} sequences")
    print_list([*left_out(found.scores), *found.notes])
