"""`relevome explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from relevome.cli.shared.account import print_account
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
    MethodOption,
    ModelPath,
    OnBad,
    Prefix,
    RareAsX,
    ResultOutput,
    Seed,
    StripStop,
    TaskName,
    TokenizerPath,
    named_options,
    rows_at_once,
)
from relevome.cli.shared.planning import PlanOptions, print_took, with_plan_options
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo

if TYPE_CHECKING:
    from relevome.results.run.reader import Run


@with_engine_options
@with_plan_options
def explain(
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
    # what is explained, and how
    method: Annotated[
        str | None,
        typer.Option(help="One of `relevome list methods` (default: the usual one for the kind of model)."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="Output, by index or label, or predicted, or log-likelihood; repeatable (default: the only "
            "one, or the second of two)."
        ),
    ] = None,
    contrast: Annotated[str | None, typer.Option(help="Explain target minus this output.")] = None,
    position: Annotated[
        list[str] | None,
        typer.Option(
            help="0-based letter, if outputs are per letter, or several such as 10-40, the last not in, each "
            "a row of its own; repeatable."
        ),
    ] = None,
    positions: Annotated[
        str | None,
        typer.Option(help="Sum the output over letters: all, 10-40, or a file of sites.", metavar="WHERE"),
    ] = None,
    mask_position: Annotated[bool, typer.Option(help="Hide that letter from a masked model.")] = False,
    # options of methods; None is the method's own default
    baseline: Annotated[
        str | None, typer.Option(help="What is compared with: unknown, pad, mask, zero, mean or shuffle:N.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Integration steps; else up to --tolerance.")] = None,
    tolerance: Annotated[float | None, typer.Option(help="Largest completeness error, as a share.")] = None,
    site: Annotated[
        str | None,
        typer.Option(
            help="Where relevance is read: word (embedding of a token) or block (with its position)."
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            help="What embeddings are compared with: zero (nothing), mean (the average letter) or shuffle:N."
        ),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            help="attention=attnlrp, cp or gim; LRP by layer, as convolution=gamma:0.25,last=zplus."
        ),
    ] = None,
    layers: Annotated[str | None, typer.Option(help="attention: of which layers, last or mean.")] = None,
    query: Annotated[
        str | None,
        typer.Option(
            help="attention, rollout: from which token, read (where the output is read), first, last or mean."
        ),
    ] = None,
    option: MethodOption = None,
    heads: Annotated[bool, typer.Option(help="Keep the relevance of every attention head.")] = False,
    audit: Annotated[
        bool,
        typer.Option(
            help="Account for all relevance in a ledger, operation by operation; several times slower."
        ),
    ] = False,
    # what is kept
    lift: Annotated[
        str, typer.Option(help="How a token's relevance goes to its letters: split (equal shares) or copy.")
    ] = "split",
    average_strands: Annotated[
        bool, typer.Option(help="Explain both strands and average; DNA and RNA.")
    ] = False,
    tokenisations: Annotated[int, typer.Option(help="Average over so many tokenisations (BPE).")] = 1,
    tokenisation_dropout: Annotated[
        float, typer.Option(help="Share of merges (BPE) that they leave out.")
    ] = 0.1,
    offsets: Annotated[int, typer.Option(help="Average over so many windows, each a letter on.")] = 1,
    shifts: Annotated[int, typer.Option(help="Average over shifts by up to so many letters either way.")] = 0,
    letter_scores: Annotated[bool, typer.Option(help="Keep scores of every base, not only the own.")] = False,
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
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is there.")] = False,
    trust_remote_code: Annotated[bool, typer.Option(help="Run code that comes with the checkpoint.")] = False,
    download: Annotated[bool, typer.Option(help="Fetch a hub id that is not in the local cache.")] = False,
) -> None:
    """Say how much every letter, token and so on contributed to a prediction.

    Example: relevome explain --model MODEL --fasta promoters.fa --target 1 -o run
    """
    with importing():
        from relevome.jobs.explain import explain as run_explain
        from relevome.models.hugging_face import load_model

    with shown("explained") as seen:
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
        run = run_explain(
            loaded, given, method, target or None,
            out=output, position=position or None, positions=positions, contrast=contrast,
            mask_position=mask_position, lift=lift,
            average_strands=average_strands, tokenisations=tokenisations,
            tokenisation_dropout=tokenisation_dropout, offsets=offsets, shifts=shifts,
            letter_scores=letter_scores, long=long, on_bad=on_bad,
            batch_size=rows_at_once(batch_size), seed=seed, overwrite=overwrite,
            engine=computed.chosen(),
            progress=seen.tell, planned=before.told(seen),
            **named_options(
                option, baseline=baseline, steps=steps, tolerance=tolerance, site=site, reference=reference,
                rules=rules, layers=layers, query=query, heads=heads or None, audit=audit or None,
            ),
        )  # fmt: skip
    _report(run)


def _report(run: Run) -> None:
    from relevome.report.runs import remarks

    counts = run.counts
    echo(
        f"{run.path}: {counts.explained:,} of {counts.read:,} sequences explained by {run.manifest['method']}"
    )
    print_input(run.manifest["input"])
    for line in remarks(run):
        echo(f"  {line}")
    print_took(run.manifest)
    print_refused(counts, run.path / run.kind.manifest)
    if counts.ledger is not None:
        print_account(counts.ledger, run.manifest["model"]["dtype"])
