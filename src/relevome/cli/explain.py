"""`relevome explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relevome.cli.account import print_account
from relevome.cli.importing import importing
from relevome.cli.options import (
    AlphabetName,
    Device,
    EngineName,
    MethodOption,
    ModelPath,
    OnBad,
    Output,
    RareAsX,
    Seed,
    StripStop,
    named_options,
)
from relevome.cli.progress import progress_bar
from relevome.errors import InputError

if TYPE_CHECKING:
    from relevome.data.inputs import Input
    from relevome.models.base import Model
    from relevome.results.run.reader import Run


def explain(
    model: ModelPath,
    output: Output,
    # the sequences
    fasta: Annotated[Path | None, typer.Option(help="Sequences as FASTA, plain or gzip.")] = None,
    bed: Annotated[Path | None, typer.Option(help="Intervals as BED; needs --genome.")] = None,
    genome: Annotated[Path | None, typer.Option(help="Genome as FASTA, plain or gzip.")] = None,
    table: Annotated[Path | None, typer.Option(help="Sequences as CSV or TSV.")] = None,
    id_column: Annotated[
        str | None,
        typer.Option(help="Column of --table with ids (default: id, sequence_id, entry or accession)."),
    ] = None,
    sequence_column: Annotated[
        str | None, typer.Option(help="Column of --table with sequences (default: sequence, seq or text).")
    ] = None,
    sequences: Annotated[
        Path | None, typer.Option(help="Sequences in any format of `relevome list formats`.")
    ] = None,
    # what is explained, and how
    method: Annotated[str, typer.Option(help="One of `relevome list methods`.")] = "attnlrp",
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="Output, by index or label; repeatable (default: the only one, or the second of two)."
        ),
    ] = None,
    contrast: Annotated[str | None, typer.Option(help="Explain target minus this output.")] = None,
    position: Annotated[int | None, typer.Option(help="0-based letter, if outputs are per letter.")] = None,
    mask_position: Annotated[bool, typer.Option(help="Hide that letter from a masked model.")] = False,
    # options of methods; None is the method's own default
    baseline: Annotated[str | None, typer.Option(help="unknown, pad, mask, zero, mean or shuffle:N.")] = None,
    steps: Annotated[int | None, typer.Option(help="Integration steps; else up to --tolerance.")] = None,
    tolerance: Annotated[float | None, typer.Option(help="Largest completeness error, as a share.")] = None,
    site: Annotated[str | None, typer.Option(help="Where relevance is read: word or block.")] = None,
    reference: Annotated[str | None, typer.Option(help="Embeddings are compared with: zero or mean.")] = None,
    rules: Annotated[
        str | None, typer.Option(help="LRP by layer, such as convolution=gamma:0.25,last=zplus.")
    ] = None,
    layers: Annotated[str | None, typer.Option(help="Attention of which layers: last or mean.")] = None,
    query: Annotated[
        str | None, typer.Option(help="Attention of which token: read, first, last or mean.")
    ] = None,
    option: MethodOption = None,
    heads: Annotated[bool, typer.Option(help="Keep the relevance of every attention head.")] = False,
    audit: Annotated[bool, typer.Option(help="Account for all relevance; several times slower.")] = False,
    # what is kept
    lift: Annotated[str, typer.Option(help="From tokens to letters: split or copy.")] = "split",
    average_strands: Annotated[bool, typer.Option(help="Explain both strands and average.")] = False,
    tokenisations: Annotated[int, typer.Option(help="Average over so many tokenisations (BPE).")] = 1,
    tokenisation_dropout: Annotated[float, typer.Option(help="Share of merges that draws leave out.")] = 0.1,
    offsets: Annotated[int, typer.Option(help="Average over so many windows, each a letter on.")] = 1,
    letter_scores: Annotated[bool, typer.Option(help="Keep scores of every base, not only the own.")] = False,
    # how it is computed
    long: Annotated[str, typer.Option(help="Sequences too long for the model: refuse or window.")] = "refuse",
    on_bad: OnBad = "refuse",
    batch_size: Annotated[str, typer.Option(help="auto or a number of sequences.")] = "auto",
    engine: EngineName = "local",
    device: Device = "auto",
    dtype: Annotated[str, typer.Option(help="float32, float64, bfloat16 or float16.")] = "float32",
    # how the model is read, where it does not say so itself
    task: Annotated[str | None, typer.Option(help="sequence, token or masked; read off the model.")] = None,
    alphabet: AlphabetName = None,
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

    Example: relevome explain --model MODEL --fasta promoters.fa --method attnlrp --target 1 -o run
    """
    with importing():
        from relevome.jobs.explain import explain as run_explain
        from relevome.models.hugging_face import load_model

    with progress_bar() as progress:
        loaded = load_model(
            model, task=task, alphabet=alphabet, device=device, dtype=dtype, max_tokens=max_tokens,
            rare_as_x=rare_as_x or None, trust_remote_code=trust_remote_code, download=download,
        )  # fmt: skip
        given = _input(loaded, fasta, bed, genome, table, sequences, strip_stop, id_column, sequence_column)
        run = run_explain(
            loaded, given, method, target or None,
            out=output, position=position, contrast=contrast, mask_position=mask_position, lift=lift,
            average_strands=average_strands, tokenisations=tokenisations,
            tokenisation_dropout=tokenisation_dropout, offsets=offsets,
            letter_scores=letter_scores, long=long, on_bad=on_bad,
            batch_size=_batch_size(batch_size), seed=seed, overwrite=overwrite, engine=engine,
            progress=progress,
            **named_options(
                option, baseline=baseline, steps=steps, tolerance=tolerance, site=site, reference=reference,
                rules=rules, layers=layers, query=query, heads=heads or None, audit=audit or None,
            ),
        )  # fmt: skip
    _report(run, method, output)


def _input(
    model: Model,
    fasta: Path | None,
    bed: Path | None,
    genome: Path | None,
    table: Path | None,
    sequences: Path | None,
    strip_stop: bool,
    id_column: str | None,
    sequence_column: str | None,
) -> Input:
    from relevome.data.inputs import from_bed, from_fasta, from_file, from_table

    given = [path for path in (fasta, bed, table, sequences) if path]
    if len(given) != 1 or (bed is None) != (genome is None):
        raise InputError(
            "expected sequences from one of --fasta F, --bed B with --genome G, --table T, or --sequences S"
        )
    if table is None and (id_column or sequence_column):
        raise InputError("--id-column and --sequence-column are of a --table: leave them out")
    if table:
        return from_table(table, model.alphabet, strip_stop, sequence_column, id_column)
    if fasta:
        return from_fasta(fasta, model.alphabet, strip_stop)
    if bed and genome:
        if strip_stop:
            raise InputError("--strip-stop is about proteins, not a genome: leave it out")
        return from_bed(bed, genome, model.alphabet)
    return from_file(given[0], model.alphabet, strip_stop)


def _batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise InputError(f"--batch-size {text}: expected auto or a number from 1 on")
    return int(text)


def _report(run: Run, method: str, output: Path) -> None:
    counts = run.counts
    typer.echo(f"{output}: {counts.explained:,} of {counts.read:,} sequences explained by {method}")
    if stops := run.manifest["input"].get("stops_stripped"):
        typer.echo(f"  stops stripped: {int(stops):,}")
    for name, count in counts.other.items():
        typer.echo(f"  {name.replace('_', ' ')}: {count:,}")
    for refusal in counts.refused[:5]:
        typer.echo(f"  left out {refusal.sequence_id}: {refusal.reason}")
    if len(counts.refused) > 5:
        typer.echo(f"  and {len(counts.refused) - 5:,} more, see {output / 'run.json'}")
    if counts.ledger is not None:
        print_account(counts.ledger, run.manifest["model"]["dtype"])
