"""`relevome heads`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from relevome.cli.evaluation_options import status
from relevome.cli.options import AlphabetName, Device, OnBad, Output, Seed
from relevome.cli.relevance_heads import (
    Annotations,
    Asked,
    Classes,
    Families,
    Map,
    Random,
    RunFolder,
    Types,
    by_relevance,
)
from relevome.errors import InputError

if TYPE_CHECKING:
    from relevome.jobs.attention_heads import WindowsRead


def heads(
    output: Output,
    model: Annotated[
        str | None, typer.Option(help="Folder or hub id; by relevance, the run's own unless it moved.")
    ] = None,
    by: Annotated[
        Literal["attention", "relevance"], typer.Option(help="What heads are characterised by.")
    ] = "attention",
    # by relevance
    run: RunFolder = None,
    annotations: Annotations = None,
    kinds: Types = None,
    clusters: Families = None,
    classes: Classes = None,
    random: Random = 0,
    points: Map = None,
    # windows around sites
    fasta: Annotated[Path | None, typer.Option(help="Windows around sites as FASTA.")] = None,
    bed: Annotated[Path | None, typer.Option(help="Windows as BED; needs --genome.")] = None,
    genome: Annotated[Path | None, typer.Option(help="Genome as FASTA, plain or gzip.")] = None,
    position: Annotated[
        int | None, typer.Option(help="0-based letter of the site in every window (default: the middle).")
    ] = None,
    controls: Annotated[
        Path | None, typer.Option(help="Windows without sites, FASTA or BED; else shuffles of those with.")
    ] = None,
    most: Annotated[int, typer.Option(help="Windows at most; of more, some are drawn.", min=2)] = 2000,
    # what is asked
    target: Annotated[
        str | None,
        typer.Option(help="Output at the site: index or label (default: 1; by relevance: the run's)."),
    ] = None,
    random_weights: Annotated[
        bool, typer.Option(help="Ask the model with weights drawn by --seed: what is found in any.")
    ] = False,
    query: Annotated[
        Literal["read", "first", "last", "mean"], typer.Option(help="Which token looks.")
    ] = "read",
    weigh: Annotated[
        Literal["attention", "contribution"],
        typer.Option(help="What counts of a letter: attention, or what a head brings from it to the logit."),
    ] = "attention",
    motifs: Annotated[
        list[Path] | None, typer.Option(help="MEME file of known motifs; several are read together.")
    ] = None,
    known: Annotated[Path | None, typer.Option(help="Known binding sites as BED or GFF3.")] = None,
    level: Annotated[float, typer.Option(help="False discovery rate of names.", min=0, max=1)] = 0.05,
    share: Annotated[
        float, typer.Option(help="Share of windows, the most attended, that make a consensus.", min=0, max=1)
    ] = 0.25,
    ablate: Annotated[
        int, typer.Option(help="Windows of each kind scored without every head; 0: none.", min=0)
    ] = 200,
    ablate_by: Annotated[Literal["mean", "zero"], typer.Option(help="What replaces a head.")] = "mean",
    on_bad: OnBad = "refuse",
    device: Device = "auto",
    alphabet: AlphabetName = None,
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a result that is there.")] = False,
    trust_remote_code: Annotated[bool, typer.Option(help="Run code that comes with the checkpoint.")] = False,
) -> None:
    """Say what every attention head looks at around sites, or on which annotated sites its relevance lies.

    Example: relevome heads --model MODEL --bed windows.bed --genome G.fa --motifs known.meme -o heads

    Example: relevome heads --by relevance --run RUN --annotations U.xml --type active_site -o heads
    """
    around = {
        "--fasta": fasta, "--bed": bed, "--genome": genome, "--position": position, "--controls": controls,
        "--motifs": motifs, "--known": known, "--random-weights": random_weights or None,
    }  # fmt: skip
    of_run = {
        "--run": run, "--annotations": annotations, "--type": kinds, "--clusters": clusters,
        "--classes": classes, "--random": random or None, "--map": points,
    }  # fmt: skip
    _check_given(around if by == "relevance" else of_run, by)
    if by == "relevance":
        wanted = Asked(
            output, run, annotations, kinds or (), clusters, classes, random, level, points,
            target, model, device, seed, overwrite, trust_remote_code,
        )  # fmt: skip
        return by_relevance(wanted)
    if model is None:
        raise InputError("--by attention needs --model DIR, and windows around sites")
    from relevome.discovery.attention_heads import Settings
    from relevome.jobs.attention_heads import HeadsQuestion, attention_heads
    from relevome.models.hugging_face import load_model
    from relevome.report.attention_heads import summary

    settings = Settings(query, weigh, share, level=level, ablated=ablate, replacement=ablate_by, seed=seed)
    question = HeadsQuestion(
        fasta, bed, genome, controls, position, most, on_bad, target or "1", tuple(motifs or ()), known,
        random_weights, settings,
    )  # fmt: skip
    with status() as say:
        loaded = load_model(model, alphabet=alphabet, device=device, trust_remote_code=trust_remote_code)
        found, read = attention_heads(loaded, question, output, overwrite=overwrite, say=say)
    for one in read:
        _say_left_out(one)
    for line in summary(found):
        typer.echo(line)
    typer.echo(f"{output}: {len(found.heads)} heads in {found.windows:,} windows")


def _check_given(others: Mapping[str, object], by: str) -> None:
    """Refuse what only the other way of characterising heads reads."""
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise InputError(f"{', '.join(given)} with --by {by}: leave out what only the other --by reads")


def _say_left_out(read: WindowsRead) -> None:
    """What of a file of windows was not asked about."""
    for problem in read.problems[:5]:
        typer.echo(f"left out {problem.id}: {problem.reason}", err=True)
    if len(read.problems) > 5:
        typer.echo(f"and {len(read.problems) - 5:,} more were left out", err=True)
    if len(read.asked) < read.count:
        typer.echo(f"{len(read.asked):,} of {read.count:,} windows, drawn at random (--most)")
