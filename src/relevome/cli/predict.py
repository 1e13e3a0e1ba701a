"""`relevome predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.inputs import SequenceOptions, print_input, print_refused
from relevome.cli.shared.model_options import ModelOptions
from relevome.cli.shared.options import (
    BatchSize,
    Long,
    OnBad,
    ResultOutput,
    rows_at_once,
)
from relevome.cli.shared.planning import PlanOptions, print_took
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.results.prediction import Prediction


@with_options
def predict(
    asked: ModelOptions,
    given: SequenceOptions,
    output: ResultOutput,
    computed: EngineOptions,
    before: PlanOptions,
    labels: Annotated[
        Path | None, typer.Option(help="Table of ids and true labels, for metrics; may be --table itself.")
    ] = None,
    labels_column: Annotated[
        str | None, typer.Option(help="Its column with labels (default: label, labels, target or y).")
    ] = None,
    # how it is computed
    long: Long = "refuse",
    on_bad: OnBad = "refuse",
    batch_size: BatchSize = "auto",
    # the rest
    overwrite: Annotated[bool, typer.Option(help="Replace a prediction that is there.")] = False,
) -> None:
    """Say what a model predicts: probabilities and logits of all outputs; with labels, how well.

    Example: relevome predict --model MODEL --table test.tsv --labels test.tsv -o predicted
    """
    with importing():
        from relevome.jobs.predict import predict as run_predict

    with shown("sequences predicted") as seen:
        loaded = asked.load()
        found = run_predict(
            loaded, given.read_for(loaded), output,
            labels=labels, labels_column=labels_column, long=long, on_bad=on_bad,
            batch_size=rows_at_once(batch_size), overwrite=overwrite,
            engine=computed.chosen(), progress=seen.tell,
            planned=before.told(seen),
        )  # fmt: skip
    _report(found)


def _report(found: Prediction) -> None:
    counts = found.counts
    echo(f"{found.path}: {counts.explained:,} of {counted(counts.read, 'sequence')} predicted")
    print_input(found.manifest["input"])
    for name, count in sorted(found.predicted_counts().items(), key=lambda one: -one[1])[:12]:
        echo(f"  {count:>8,} {name}")
    if (total := found.total_likelihood) is not None:
        mean = total.value / len(found)
        echo(f"  log-likelihood {mean:.4g} on average, perplexity {total.perplexity:.4g}")
    if found.metrics:
        labelled, *scores = found.metrics.items()
        echo(f"  {labelled[1]:,.0f} with a label: " + ", ".join(f"{n} {value:.4g}" for n, value in scores))
    print_took(found.manifest)
    print_refused(counts, found.path / found.kind.manifest)
