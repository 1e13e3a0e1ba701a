"""`relevome compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.evaluation_options import EvaluationOptions, print_list
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Output
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted


@with_options
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(help="Folders of `relevome explain` or `relevome evaluate`.", parser=ResultName),
    ],
    output: Output,
    asked: EvaluationOptions,
    computed: EngineOptions,
    label: Annotated[list[str] | None, typer.Option(help="Name of a run in tables, in their order.")] = None,
) -> None:
    """Put methods on one model, or models on the same sequences, side by side, and test every pair.

    Example: relevome compare run_a run_b --truth sites.bed -o table
    """
    with importing():
        from relevome.jobs.compare import compare as run_compare
        from relevome.report.comparisons import legend, remarks, scores_table
        from relevome.report.tables import plain

    with shown("sequences") as seen:
        found = run_compare(
            runs,
            labels=label or (),
            out=output,
            say=seen.say,
            engine=computed.chosen(),
            progress=seen.tell,
            **asked.keywords(),
        )
    for line in found.on_top():
        echo(line)
    echo(plain(scores_table(found)))
    if said := legend(found):
        echo(said)
    echo(f"{output}: {counted(len(found.scores), 'run')}, {counted(len(found.tests), 'paired test')}")
    print_list(remarks(found))
