"""`relevome explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from relevome.cli.shared.account import print_account
from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.inputs import SequenceOptions, print_input, print_refused
from relevome.cli.shared.model_options import ModelOptions
from relevome.cli.shared.options import (
    BatchSize,
    Long,
    MethodOption,
    OnBad,
    ResultOutput,
    Seed,
    named_options,
    rows_at_once,
)
from relevome.cli.shared.planning import PlanOptions, print_took
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.results.run.reader import Run


@with_options
def explain(
    asked: ModelOptions,
    given: SequenceOptions,
    output: ResultOutput,
    computed: EngineOptions,
    before: PlanOptions,
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
    # the rest
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is there.")] = False,
) -> None:
    """Say how much every letter, token and so on contributed to a prediction.

    Example: relevome explain --model MODEL --fasta promoters.fa --target 1 -o run
    """
    with importing():
        from relevome.jobs.explain import explain as run_explain

    with shown("explained") as seen:
        loaded = asked.load()
        run = run_explain(
            loaded, given.read_for(loaded), method, target or None,
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
        f"{run.path}: {counts.explained:,} of {counted(counts.read, 'sequence')} explained by "
        f"{run.manifest['method']}"
    )
    print_input(run.manifest["input"])
    for line in remarks(run):
        echo(f"  {line}")
    print_took(run.manifest)
    print_refused(counts, run.path / run.kind.manifest)
    if counts.ledger is not None:
        print_account(counts.ledger, run.manifest["model"]["dtype"])
