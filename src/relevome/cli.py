"""The command line: one command per verb. Parses, calls, prints; no logic."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import relevome
from relevome.data.errors import InputError

if TYPE_CHECKING:
    from relevome.data.inputs import Input
    from relevome.models.base import Model

app = typer.Typer(
    name="relevome",
    help="Explains models of biological sequences: how much every letter contributed to a prediction.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Seed = Annotated[int, typer.Option(help="Seed of everything that is drawn at random.", min=0)]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes.")]
OnBad = Annotated[
    Literal["refuse", "skip"], typer.Option(help="What to do with sequences that cannot be used.")
]
ModelPath = Annotated[str, typer.Option(help="Folder or hub id of a transformers model, or of our own.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
AlphabetName = Annotated[
    str | None, typer.Option("--alphabet", help="dna, rna or protein; read off the model.")
]


def main() -> None:
    """Entry point: every error that the user can mend is one line and exit code 2."""
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except typer.TyperException as error:
        code = _fail(f"{_message(error)} (see relevome --help, or --help of the command)")
    except InputError as error:
        code = _fail(str(error))
    except OSError as error:
        code = _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    except (KeyboardInterrupt, typer.Abort):
        code = _fail("stopped; what was finished is kept, and the same command goes on from there", code=130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int = 2) -> int:
    typer.echo("relevome: " + " ".join(message.split()), err=True)
    return code


def _message(error: typer.TyperException) -> str:
    written = getattr(error, "format_message", None)
    return written() if written else str(error)


def _print_version(wanted: bool | None) -> None:
    if wanted:
        typer.echo(f"relevome {relevome.__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool | None,
        typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
    ] = None,
) -> None:
    """What comes before any command."""


@app.command()
def explain(
    model: ModelPath,
    output: Output,
    fasta: Annotated[Path | None, typer.Option(help="Sequences as FASTA, plain or gzip.")] = None,
    bed: Annotated[Path | None, typer.Option(help="Intervals as BED; needs --genome.")] = None,
    genome: Annotated[Path | None, typer.Option(help="Genome as FASTA, plain or gzip.")] = None,
    table: Annotated[Path | None, typer.Option(help="Sequences as CSV or TSV.")] = None,
    method: Annotated[str, typer.Option(help="One of `relevome list methods`.")] = "attnlrp",
    target: Annotated[list[str] | None, typer.Option(help="Output: index or label [default: 1].")] = None,
    contrast: Annotated[str | None, typer.Option(help="Explain target minus this output.")] = None,
    position: Annotated[int | None, typer.Option(help="0-based letter, if outputs are per letter.")] = None,
    mask_position: Annotated[bool, typer.Option(help="Hide that letter from a masked model.")] = False,
    baseline: Annotated[str | None, typer.Option(help="unknown, pad, mask, zero, mean or shuffle:N.")] = None,
    steps: Annotated[int | None, typer.Option(help="Integration steps; else up to --tolerance.")] = None,
    tolerance: Annotated[float | None, typer.Option(help="Largest completeness error, as a share.")] = None,
    site: Annotated[str | None, typer.Option(help="Where relevance is read: word or block.")] = None,
    reference: Annotated[str | None, typer.Option(help="Embeddings are compared with: zero or mean.")] = None,
    lift: Annotated[str, typer.Option(help="From tokens to letters: split or copy.")] = "split",
    average_strands: Annotated[bool, typer.Option(help="Explain both strands and average.")] = False,
    letter_scores: Annotated[bool, typer.Option(help="Keep scores of every base, not only the own.")] = False,
    long: Annotated[str, typer.Option(help="Sequences too long for the model: refuse or window.")] = "refuse",
    on_bad: OnBad = "refuse",
    batch_size: Annotated[str, typer.Option(help="auto or a number of sequences.")] = "auto",
    device: Device = "auto",
    dtype: Annotated[str, typer.Option(help="float32, float64, bfloat16 or float16.")] = "float32",
    task: Annotated[str | None, typer.Option(help="sequence, token or masked; read off the model.")] = None,
    alphabet: AlphabetName = None,
    max_tokens: Annotated[int | None, typer.Option(help="Replace the length the model states.")] = None,
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is there.")] = False,
    trust_remote_code: Annotated[bool, typer.Option(help="Run code that comes with the checkpoint.")] = False,
    download: Annotated[bool, typer.Option(help="Fetch a hub id that is not in the local cache.")] = False,
) -> None:
    """Say how much every letter, token and so on contributed to a prediction.

    Example: relevome explain --model MODEL --fasta promoters.fa --method attnlrp --target 1 -o run
    """
    from relevome.models.huggingface import load_model
    from relevome.pipeline import explain as run_explain

    with _progress() as progress:
        loaded = load_model(
            model, task=task, alphabet=alphabet, device=device, dtype=dtype, max_tokens=max_tokens,
            trust_remote_code=trust_remote_code, download=download,
        )  # fmt: skip
        run = run_explain(
            loaded, _input(loaded, fasta, bed, genome, table), method, target or ["1"], out=output,
            position=position, contrast=contrast, mask_position=mask_position, lift=lift,
            average_strands=average_strands, letter_scores=letter_scores, long=long, on_bad=on_bad,
            batch_size=_batch_size(batch_size), seed=seed, overwrite=overwrite, progress=progress,
            baseline=baseline, steps=steps, tolerance=tolerance, site=site, reference=reference,
        )  # fmt: skip
    counts = run.counts
    typer.echo(f"{output}: {counts.explained:,} of {counts.read:,} sequences explained by {method}")
    for name, count in counts.other.items():
        typer.echo(f"  {name.replace('_', ' ')}: {count:,}")
    for refusal in counts.refused[:5]:
        typer.echo(f"  left out {refusal.sequence_id}: {refusal.reason}")
    if len(counts.refused) > 5:
        typer.echo(f"  and {len(counts.refused) - 5:,} more, see {output / 'run.json'}")


@app.command()
def train(
    arch: Annotated[str, typer.Option(help="cnn, a model folder or id, or a config.json.")],
    train: Annotated[Path, typer.Option(help="CSV or TSV with columns sequence and label.")],
    validation: Annotated[Path, typer.Option(help="The same, to choose the best epoch by.")],
    output: Output,
    test: Annotated[Path | None, typer.Option(help="The same, to report the final scores on.")] = None,
    task: Annotated[str, typer.Option(help="auto, or what labels mean: see the docs.")] = "auto",
    alphabet: Annotated[str | None, typer.Option(help="dna, rna or protein.")] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="Folder of a tokenizer; single letters otherwise.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Most passes over the training table.")] = 10,
    batch_size: Annotated[int, typer.Option(help="Sequences per step.")] = 64,
    learning_rate: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    patience: Annotated[int, typer.Option(help="Epochs without a better one before it stops.")] = 3,
    best: Annotated[str, typer.Option(help="Validation score that decides: loss, auroc, mcc, ...")] = "loss",
    class_weights: Annotated[bool, typer.Option(help="Weigh rare classes up.")] = False,
    lora_rank: Annotated[int | None, typer.Option(help="Fine-tune low-rank additions only.")] = None,
    on_bad: OnBad = "refuse",
    device: Device = "auto",
    dtype: Annotated[str, typer.Option(help="float32, bfloat16 or float16 arithmetic.")] = "float32",
    resume: Annotated[bool, typer.Option(help="Go on where a training was stopped.")] = False,
    seed: Seed = 0,
) -> None:
    """Train a model from random weights, or fine-tune one.

    Example: relevome train --arch cnn --train t.csv --validation v.csv --test s.csv -o MODEL
    """
    from relevome.models.training import TrainingSettings
    from relevome.models.training import train as run_train

    result = run_train(
        TrainingSettings(
            arch=arch, train=train, validation=validation, output=output, test=test, task=task,
            alphabet=alphabet, tokenizer=tokenizer, epochs=epochs, batch_size=batch_size,
            learning_rate=learning_rate,
            patience=patience, best=best, class_weights=class_weights, lora_rank=lora_rank, on_bad=on_bad,
            device=device, dtype=dtype, resume=resume, seed=seed,
        )
    )  # fmt: skip
    typer.echo(
        f"{output}: {result.task}, labels {', '.join(result.labels)}, best epoch {result.best_epoch:g}"
    )
    for name, scores in result.metrics.items():
        listed = ", ".join(f"{key} {value:.3f}" for key, value in scores.items() if value is not None)
        typer.echo(f"  {name}: {listed}")


@app.command()
def simulate(
    output: Output,
    grammar: Annotated[str, typer.Option(help="promoter, or meme for motifs of a file.")] = "promoter",
    motifs: Annotated[Path | None, typer.Option(help="MEME file with motifs to plant.")] = None,
    motif_names: Annotated[str | None, typer.Option(help="Which of them, separated by commas.")] = None,
    positives: Annotated[int, typer.Option(help="Sequences with the motifs.")] = 1000,
    negatives: Annotated[int, typer.Option(help="Their shuffles, without.")] = 1000,
    length: Annotated[int, typer.Option(help="Letters of every sequence.")] = 100,
    position: Annotated[
        int | None, typer.Option(help="Letter where the last motif has just ended; anywhere.")
    ] = None,
    gc: Annotated[float, typer.Option(help="Share of G and C in the background.")] = 0.5,
    decoys: Annotated[int, typer.Option(help="Motif-like pieces without meaning in every sequence.")] = 0,
    split: Annotated[str, typer.Option(help="Shares of train, validation and test.")] = "0.8,0.1,0.1",
    seed: Seed = 0,
) -> None:
    """Make sequences with planted motifs, and the exact truth about them.

    Example: relevome simulate --grammar promoter --positives 1000 --decoys 2 -o simulated
    """
    from relevome.data.simulation_files import write_simulation
    from relevome.data.simulation_plan import plan_simulation

    plan = plan_simulation(
        grammar, length=length, seed=seed, motifs=motifs, motif_names=motif_names, position=position, gc=gc,
        decoys=decoys,
    )  # fmt: skip
    shares = _numbers(split)
    if len(shares) != 3:
        raise InputError(f"--split {split}: expected three shares, such as 0.8,0.1,0.1")
    write_simulation(output, plan, positives, negatives, (shares[0], shares[1], shares[2]))
    typer.echo(f"{output}: {positives:,} positives and {negatives:,} negatives of {length} letters")


@app.command()
def show(
    run: Annotated[Path, typer.Argument(help="Folder of `relevome explain`.")],
    output: Output,
    id: Annotated[str, typer.Option("--id", help="Which sequence.")],
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites as BED, by sequence id or on the genome.")
    ] = None,
) -> None:
    """Draw the relevance of a sequence as a logo (png, svg or pdf).

    Example: relevome show run --id promoter7 --sites truth.bed -o logo.png
    """
    from relevome.report.show import show_sequence

    show_sequence(run, id, output, target, sites)
    typer.echo(str(output))


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of `relevome explain`.")],
    to: Annotated[str, typer.Option(help="One of `relevome list exporters`.")],
    output: Output,
    target: Annotated[str | None, typer.Option(help="One target of the run; all otherwise.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="Option of the exporter, as name=value.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace files that are there.")] = False,
) -> None:
    """Write a run in a format that other programs read.

    Example: relevome export run --to bigwig -o relevance.bw
    """
    from relevome.options import configured
    from relevome.runs.export import exporters
    from relevome.runs.run import Run

    exporter = configured(exporters[to], f"exporter {to}", dict(_pair(text) for text in option or ()))
    report = exporter.export(Run(run), output, target, overwrite)
    typer.echo(f"{', '.join(map(str, report.files))}: {report.written:,} {report.unit}")
    for reason, count in report.skipped.items():
        typer.echo(f"  left out {count:,}: {reason}")


@app.command("list")
def list_(what: Annotated[str, typer.Argument(help="methods, metrics, exporters or models.")]) -> None:
    """Print what is registered.

    Example: relevome list methods
    """
    from relevome.catalogue import catalogue

    for name, summary in catalogue(what):
        typer.echo(f"{name:<24}{summary}")


@app.command()
def demo(output: Output = Path("demo"), seed: Seed = 0) -> None:
    """Run the main job from end to end on simulated promoters: simulate, train, explain, score, draw.

    Example: relevome demo -o demo
    """
    from relevome.demo import run_demo

    run_demo(output, seed, typer.echo)


def _input(
    model: Model, fasta: Path | None, bed: Path | None, genome: Path | None, table: Path | None
) -> Input:
    from relevome.data.inputs import from_bed, from_fasta, from_table

    given = [path for path in (fasta, bed, table) if path]
    if len(given) != 1 or (bed is None) != (genome is None):
        raise InputError("expected sequences from one of --fasta F, --bed B with --genome G, or --table T")
    if fasta:
        return from_fasta(fasta, model.alphabet)
    if bed and genome:
        return from_bed(bed, genome, model.alphabet)
    return from_table(given[0], model.alphabet)


def _batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise InputError(f"--batch-size {text}: expected auto or a number from 1 on")
    return int(text)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{text!r}: expected numbers separated by commas") from error


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"--option {text}: expected name=value")
    return name, value


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("explained"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("explained", total=None)

        yield lambda count, total: progress.update(bar, advance=count, total=total)
