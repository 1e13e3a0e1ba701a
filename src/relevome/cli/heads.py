"""`relevome heads`."""

from __future__ import annotations

from collections import Counter
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
from relevome.data.errors import InputError

if TYPE_CHECKING:
    from relevome.data.inputs import Input
    from relevome.data.motifs import Motif
    from relevome.data.problems import Problem
    from relevome.data.sequence import Sequence
    from relevome.models.base import Model


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
        int | None, typer.Option(help="0-based letter of the site in every window [default: the middle].")
    ] = None,
    controls: Annotated[
        Path | None, typer.Option(help="Windows without sites, FASTA or BED; else shuffles of those with.")
    ] = None,
    most: Annotated[int, typer.Option(help="Windows at most; of more, some are drawn.", min=2)] = 2000,
    # what is asked
    target: Annotated[
        str | None,
        typer.Option(help="Output at the site: index or label [default: 1; by relevance: the run's]."),
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

    Example: relevome heads --model MODEL --bed starts.bed --genome G.fa --motifs known.meme -o heads

    Example: relevome heads --by relevance --run RUN --annotations U.xml --type active_site -o heads
    """
    if by == "relevance":
        wanted = Asked(
            output, run, annotations, kinds or (), clusters, classes, random, level, points,
            target, model, device, seed, overwrite, trust_remote_code,
        )  # fmt: skip
        return by_relevance(wanted)
    if weigh == "contribution" and query != "read":
        raise InputError(
            f"--query {query} with --weigh contribution: leave --query out, since all tokens look there, "
            "each as the logit depends on it"
        )
    if model is None:
        raise InputError("--by attention needs --model DIR, and windows around sites")
    from relevome.data.annotations import read_sites
    from relevome.discovery.heads import Settings, characterise
    from relevome.discovery.windows import Windows
    from relevome.models.huggingface import load_model
    from relevome.models.random_weights import with_random_weights
    from relevome.models.targets import resolve_target
    from relevome.report.heads import check_folder, summary, write_heads

    check_folder(output, overwrite)
    database = _motifs(motifs or [])
    places = None if known is None else read_sites(known)
    loaded = load_model(model, alphabet=alphabet, device=device, trust_remote_code=trust_remote_code)
    source = loaded.source
    if random_weights:
        loaded = with_random_weights(loaded, seed)
    letters = _drawn(_source(loaded, fasta, bed, genome), on_bad, most, seed)
    site = len(letters[0]) // 2 if position is None else position
    asked = resolve_target(loaded, target or "1", position=None if loaded.task == "sequence" else site)
    others = None
    if controls is not None:
        apart = _source(loaded, *_by_name(controls), genome)
        others = Windows(tuple(_drawn(apart, on_bad, most, seed)), asked, site)
    settings = Settings(query, weigh, share, level=level, ablated=ablate, replacement=ablate_by, seed=seed)
    with status() as say:
        found = characterise(
            loaded, Windows(tuple(letters), asked, site), others, motifs=database, known=places,
            settings=settings, say=say,
        )  # fmt: skip
        say("writing tables and pictures")
        about = {
            "by": by, "model": source.path, "random_weights": random_weights,
            "weights_sha256": None if random_weights else source.weights_sha256,
            "target": asked.label, "position": site, "sites": str(fasta or bed),
            "controls": None if controls is None else str(controls), "motifs": list(map(str, motifs or [])),
            "known": None if known is None else str(known),
        }  # fmt: skip
        write_heads(found, output, about)
    for line in summary(found):
        typer.echo(line)
    typer.echo(f"{output}: {len(found.heads)} heads in {found.windows:,} windows")


def _source(model: Model, fasta: Path | None, bed: Path | None, genome: Path | None) -> Input:
    from relevome.data.inputs import from_bed, from_fasta

    if fasta is not None and bed is None:
        return from_fasta(fasta, model.alphabet)
    if bed is not None and genome is not None and fasta is None:
        return from_bed(bed, genome, model.alphabet)
    raise InputError("expected windows from one of --fasta F, or BED (--bed B, --controls C) with --genome G")


def _by_name(path: Path) -> tuple[Path | None, Path | None]:
    """A file as FASTA, or as BED if its name says so."""
    is_bed = ".bed" in path.suffixes
    return (None, path) if is_bed else (path, None)


def _drawn(source: Input, on_bad: OnBad, most: int, seed: int) -> list[Sequence]:
    """All windows, or as many as are wanted."""
    from relevome.data.problems import refuse_or_skip
    from relevome.discovery.windows import drawn

    problems: list[Problem] = []
    letters = list(refuse_or_skip(source.read(), on_bad, problems))
    for problem in problems[:5]:
        typer.echo(f"left out {problem.id}: {problem.reason}", err=True)
    if len(problems) > 5:
        typer.echo(f"and {len(problems) - 5:,} more were left out", err=True)
    if not letters:
        raise InputError(f"no windows in {', '.join(source.description.values())}: expected at least one")
    return drawn(letters, most, seed)


def _motifs(paths: list[Path]) -> list[Motif]:
    """The motifs of all files. Raises InputError for one that is in two of them."""
    from relevome.data.motifs import read_meme

    found = [motif for path in paths for motif in read_meme(path)]
    twice = next((id for id, count in Counter(motif.id for motif in found).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"motif {twice!r} is in two files of --motifs: expected every motif once")
    return found
