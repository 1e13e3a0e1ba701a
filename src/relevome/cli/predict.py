"""`relevome predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relevome.cli.shared.engine_options import EngineOptions, with_engine_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.inputs import (
    AnchorName,
    Bed,
    Fasta,
    Genome,
    IdColumn,
    PlaceTypes,
    SequenceColumn,
    Sequences,
    Table,
    Width,
    input_of,
    of_intervals,
    print_input,
    print_refused,
)
from relevome.cli.shared.options import (
    AlphabetName,
    BatchSize,
    Device,
    Long,
    ModelPath,
    OnBad,
    Prefix,
    RareAsX,
    ResultOutput,
    StripStop,
    TaskName,
    TokenizerPath,
    rows_at_once,
)
from relevome.cli.shared.planning import PlanOptions, print_took, with_plan_options
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo

if TYPE_CHECKING:
    from relevome.results.prediction import Prediction


@with_engine_options
@with_plan_options
def predict(
    model: ModelPath,
    output: ResultOutput,
    computed: EngineOptions,
    before: PlanOptions,
    # the sequences
    fasta: Fasta = None,
    bed: Bed = None,
    genome: Genome = None,
    width: Width = None,
    anchor: AnchorName = None,
    kinds: PlaceTypes = None,
    table: Table = None,
    id_column: IdColumn = None,
    sequence_column: SequenceColumn = None,
    sequences: Sequences = None,
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
    device: Device = "auto",
    dtype: Annotated[str, typer.Option(help="float32, float64, bfloat16 or float16.")] = "float32",
    # how the model is read, where it does not say so itself
    task: TaskName = None,
    alphabet: AlphabetName = None,
    tokenizer: TokenizerPath = None,
    prefix: Prefix = None,
    rare_as_x: RareAsX = False,
    strip_stop: StripStop = False,
    max_tokens: Annotated[int | None, typer.Option(help="Replace the length the model states.")] = None,
    # the rest
    overwrite: Annotated[bool, typer.Option(help="Replace a prediction that is there.")] = False,
    trust_remote_code: Annotated[bool, typer.Option(help="Run code that comes with the checkpoint.")] = False,
    download: Annotated[bool, typer.Option(help="Fetch a hub id that is not in the local cache.")] = False,
) -> None:
    """Say what a model predicts: probabilities and logits of all outputs; with labels, how well.

    Example: relevome predict --model MODEL --table test.tsv --labels test.tsv -o predicted
    """
    with importing():
        from relevome.jobs.predict import predict as run_predict
        from relevome.models.hugging_face import load_model

    with shown("sequences predicted") as seen:
        loaded = load_model(
            model, task=task, alphabet=alphabet, tokenizer=tokenizer, device=device, dtype=dtype,
            max_tokens=max_tokens, rare_as_x=rare_as_x or None, prefix=prefix,
            trust_remote_code=trust_remote_code,
            download=download,
        )  # fmt: skip
        given = input_of(
            loaded, fasta, bed, genome, table, sequences, strip_stop, id_column, sequence_column,
            of_intervals(bed, width=width, anchor=anchor, types=kinds),
        )  # fmt: skip
        found = run_predict(
            loaded, given, output, labels=labels, labels_column=labels_column, long=long, on_bad=on_bad,
            batch_size=rows_at_once(batch_size), overwrite=overwrite,
            engine=computed.chosen(), progress=seen.tell,
            planned=before.told(seen),
        )  # fmt: skip
    _report(found)


def _report(found: Prediction) -> None:
    counts = found.counts
    echo(f"{found.path}: {counts.explained:,} of {counts.read:,} sequences predicted")
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
