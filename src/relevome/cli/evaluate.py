"""`relevome evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.evaluation_options import EvaluationOptions, print_list
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import MovedModel, Output, TokenizerPath
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.planning import PlanOptions
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.results.evaluation.result import Evaluation
    from relevome.results.evaluation.scores import Excess


@with_options
def evaluate(
    run: Annotated[str, typer.Argument(help="Folder of `relevome explain`.", parser=ResultName)],
    output: Output,
    asked: EvaluationOptions,
    computed: EngineOptions,
    before: PlanOptions,
    model: MovedModel = None,
    tokenizer: TokenizerPath = None,
) -> None:
    """Say whether the explanations of a run can be trusted: numbers with error bars, and checks in words.

    Example: relevome evaluate run --truth sites.bed -o scores
    """
    with importing():
        from relevome.jobs.evaluate import evaluate as run_evaluate

    with shown("sequences") as seen:
        found = run_evaluate(
            run,
            model=model,
            tokenizer=tokenizer,
            out=output,
            say=seen.say,
            progress=seen.tell,
            engine=computed.chosen(),
            planned=before.told(seen),
            **asked.keywords(),
        )
    _report(found, output)


def _over(one: Excess) -> str:
    return f"{one.null} {one.mean:.3g} [{one.low:.3g}, {one.high:.3g}]"


def _report(found: Evaluation, output: Path) -> None:
    from relevome.report.scores import left_out
    from relevome.results.evaluation.checks import summary
    from relevome.results.quality.words import on_top

    for line in on_top(found.quality):
        echo(line)
    for one in found.scores:
        random = "" if one.random is None else f"  random order {one.random.mean:.3g}"
        shuffled = "" if one.null is None else f"  shuffled {one.null.mean:.3g}"
        over = ""
        if one.excess is not None:
            over = f"  excess over {_over(one.excess)}"
        if one.over_exchange is not None and one.over_exchange != one.excess:
            over += f", over {_over(one.over_exchange)}"
        if one.model is not None:
            over += f"  own mutagenesis {one.model.mean:.3g}"
        interval = f"{one.mean:>8.3g}  [{one.low:.3g}, {one.high:.3g}]"
        echo(f"{one.metric:<32}{one.level:<8}{interval}{random}{shuffled}{over}")
    echo(summary(found.checks))
    print_list(found.grouped())
    print_list([check.sentence for check in found.failed])
    echo(f"{output}: {counted(len(found.scores), 'metric')}, {counted(len(found.sequences), 'sequence')}")
    print_list([*left_out(found.scores), *found.notes])
