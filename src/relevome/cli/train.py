"""`relevome train`."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Device, OnBad, Output, RareAsX, Seed, StripStop
from relevome.cli.shared.paths import PathOrWord
from relevome.cli.shared.progress import Gauge, shown
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError

if TYPE_CHECKING:
    from relevome.training.objective import Reached


def train(
    output: Output,
    arch: Annotated[
        str | None,
        typer.Option(
            help="cnn, transformer, dnabert2, annotator, annotator:published, a model folder or id, or a "
            "config.json.",
            parser=PathOrWord,
            metavar="TEXT",
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help="classify learns labels, mlm a language from hidden tokens, annotate positions of a genome; "
            "`relevome list objectives` has all. By default annotate with --labels, else classify."
        ),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(
            help="CSV or TSV with columns sequence and label; with --labels-from also UniProt files."
        ),
    ] = None,
    validation: Annotated[Path | None, typer.Option(help="The same, to choose the best epoch by.")] = None,
    test: Annotated[Path | None, typer.Option(help="The same, to report the final scores on.")] = None,
    labels_from: Annotated[
        Literal["ec", "go"] | None, typer.Option(help="Learn what proteins do: EC numbers or GO terms.")
    ] = None,
    ec_level: Annotated[int, typer.Option(help="ec: level 1 to 4; 0 for enzymes against others.")] = 1,
    obo: Annotated[Path | None, typer.Option(help="go: the ontology, such as go-basic.obo.")] = None,
    go_terms: Annotated[
        str | None, typer.Option(help="go: only these, with commas between; all common ones otherwise.")
    ] = None,
    min_proteins: Annotated[int, typer.Option(help="ec, go: fewest proteins to learn a class from.")] = 6,
    max_length: Annotated[int | None, typer.Option(help="ec, go: leave longer proteins out.")] = None,
    clusters: Annotated[
        Path | None,
        typer.Option(help="Split --train so that no cluster is cut: MMseqs2 TSV or CD-HIT .clstr."),
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of tables that has the ids.")] = None,
    genome: Annotated[Path | None, typer.Option(help="mlm, annotate: FASTA, plain or gzip.")] = None,
    window: Annotated[int, typer.Option(help="mlm: letters of every window.")] = 500,
    windows: Annotated[
        int | None, typer.Option(help="mlm: windows per epoch; as many as cover all letters once.")
    ] = None,
    held_out: Annotated[float, typer.Option(help="mlm: share of letters to validate on.")] = 0.1,
    labels: Annotated[
        Path | None, typer.Option(help="annotate: positions, as BED, GFF3, or CSV or TSV counted from 1.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="annotate: type of GFF3 features to label the first letter of.")
    ] = None,
    labels_column: Annotated[
        str | None, typer.Option(help="Column of a table that has the labels, or the positions.")
    ] = None,
    labels_where: Annotated[
        list[str] | None, typer.Option(help="annotate: only rows with COLUMN=TEXT, or COLUMN~PART of it.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Shares of --train to train, validate and test on, such as 0.8,0.1,0.1; annotate: what is "
            "held out, the last share of contigs or a BED file (default: 20%).",
            parser=PathOrWord,
            metavar="TEXT",
        ),
    ] = None,
    circular: Annotated[bool, typer.Option(help="annotate: every contig is a circle.")] = False,
    steps: Annotated[int | None, typer.Option(help="annotate: most steps.")] = None,
    streams: Annotated[int | None, typer.Option(help="annotate: segments per step.")] = None,
    task: Annotated[
        str, typer.Option(help="What labels mean: binary, multi-class, multi-label, regression, token; auto.")
    ] = "auto",
    alphabet: Annotated[str | None, typer.Option(help="dna, rna or protein.")] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            help="Folder of a tokenizer; single letters otherwise.", parser=PathOrWord, metavar="TEXT"
        ),
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(help="Learn a byte-pair encoding of so many tokens from the data.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Most passes over the training table.")] = 10,
    batch_size: Annotated[int, typer.Option(help="Sequences per step.")] = 64,
    learning_rate: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    patience: Annotated[int, typer.Option(help="Epochs without a better one before it stops.")] = 3,
    best: Annotated[str, typer.Option(help="Validation score that decides: loss, auroc, mcc, ...")] = "loss",
    class_weights: Annotated[bool, typer.Option(help="Weigh rare classes up.")] = False,
    lora_rank: Annotated[int | None, typer.Option(help="Fine-tune low-rank additions only.")] = None,
    bpe_dropout: Annotated[float, typer.Option(help="Share of merges left out, afresh every epoch.")] = 0.0,
    both_strands: Annotated[
        bool,
        typer.Option("--both-strands", help="Read each as its reverse complement in one of two epochs."),
    ] = False,
    shifts: Annotated[
        int, typer.Option(help="Read so many letters fewer, from a first one drawn afresh every epoch.")
    ] = 0,
    negatives: Annotated[
        Literal["shuffled"] | None,
        typer.Option(
            help="Tables have positives only: beside each a shuffle with the same pairs of letters."
        ),
    ] = None,
    rare_as_x: RareAsX = False,
    strip_stop: StripStop = False,
    on_bad: OnBad = "refuse",
    device: Device = "auto",
    processes: Annotated[
        int, typer.Option(help="Processes that share every batch, each with a GPU or its share of the cores.")
    ] = 1,
    dtype: Annotated[str, typer.Option(help="float32, bfloat16 or float16 arithmetic.")] = "float32",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a training was stopped; -o FOLDER is enough.")
    ] = False,
    finish: Annotated[
        bool,
        typer.Option("--finish", help="Make a model of the best epoch so far; -o FOLDER is enough."),
    ] = False,
    seed: Seed = 0,
) -> None:
    """Train a model from random weights, or fine-tune one.

    Example: relevome train --arch cnn --train t.csv --validation v.csv --test s.csv -o MODEL

    Example: relevome train --arch transformer --train t.csv --split 0.8,0.1,0.1 --negatives shuffled -o MODEL

    Example: relevome train --arch MODEL --train proteins.xml --labels-from ec --clusters c.tsv -o FUNCTION

    Example: relevome train --objective mlm --arch dnabert2 --genome genome.fna.gz -o MODEL

    Example: relevome train --arch annotator --genome genome.fna.gz --labels sites.bed --split 20% -o MODEL

    Example: relevome train --finish -o MODEL
    """
    if arch is None:
        _check_alone(locals())
    with importing():
        from relevome.jobs.train import train as run_train
        from relevome.training.settings import TrainingSettings

    asked: Any = output
    if arch is not None:
        asked = TrainingSettings(
            arch=arch, train=train, validation=validation, output=output, test=test,
            objective=objective or ("classify" if labels is None else "annotate"),
            genome=genome, window=window, windows=windows, held_out=held_out, labels=labels,
            feature=tuple(feature or ()), labels_column=labels_column, labels_where=tuple(labels_where or ()),
            labels_from=labels_from, ec_level=ec_level, obo=obo,
            go_terms=tuple(term.strip() for term in (go_terms or "").split(",") if term.strip()),
            min_proteins=min_proteins, max_length=max_length, clusters=clusters, id_column=id_column,
            rare_as_x=rare_as_x, strip_stop=strip_stop, split=split, circular=circular, steps=steps,
            streams=streams, task=task,
            alphabet=alphabet, tokenizer=tokenizer, tokens=tokens, epochs=epochs, batch_size=batch_size,
            learning_rate=learning_rate, patience=patience, best=best, class_weights=class_weights,
            lora_rank=lora_rank, bpe_dropout=bpe_dropout, on_bad=on_bad, device=device, dtype=dtype,
            processes=processes, both_strands=both_strands, shifts=shifts, negatives=negatives, seed=seed,
        )  # fmt: skip
    with shown("steps") as seen:
        result = run_train(asked, resume=resume, finish=finish, progress=lambda reached: _show(seen, reached))
    named = f", labels {', '.join(result.labels)}" if result.labels else ""
    echo(f"{output}: {result.task}{named}, best epoch {result.best_epoch:g}")
    for note in result.notes:
        echo(f"  {note}")
    for name, scores in result.metrics.items():
        listed = ", ".join(f"{key} {value:.3f}" for key, value in scores.items() if value is not None)
        echo(f"  {name}: {listed}")


def _check_alone(given: dict[str, Any]) -> None:
    """Without --arch the folder says what is trained, and how."""
    if not (given["resume"] or given["finish"]):
        raise InputError("--arch is missing: expected what is trained, such as --arch cnn")
    alone = ("arch", "output", "resume", "finish")
    usual = signature(train).parameters
    for name, value in given.items():
        if name not in alone and value != usual[name].default:
            raise InputError(
                f"--{name.replace('_', '-')} without --arch: expected --resume or --finish with -o FOLDER "
                "alone, which says how it was begun, or the whole command"
            )


def _show(seen: Gauge, reached: Reached) -> None:
    """Where a training is; the end of an epoch stays as a line."""
    epoch = f"epoch {reached.epoch}" + (f" of {reached.epochs}" if reached.epochs else "")
    loss = "" if reached.loss is None else f", loss {reached.loss:.4g}"
    seen.at(epoch + loss, reached.step, reached.steps)
    if reached.scores is not None:
        listed = ", ".join(f"{key} {value:.3f}" for key, value in reached.scores.items())
        seen.note(f"{seen.line()}; validation: {listed}")
