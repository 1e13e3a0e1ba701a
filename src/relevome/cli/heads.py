"""`relevome heads`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.evaluation_options import print_list
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import (
    AlphabetName,
    BatchSize,
    Device,
    OnBad,
    Output,
    Prefix,
    Seed,
    TokenizerPath,
    rows_at_once,
)
from relevome.cli.shared.paths import ModelName, ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.results.attention_heads.heads import WindowsRead

# by relevance
RunFolder = Annotated[
    str | None,
    typer.Option("--run", help="Run of `relevome explain --heads`.", parser=ResultName, metavar="<path>"),
]
Annotations = Annotated[
    Path | None, typer.Option(help="Annotated sites: UniProt, GFF3, BED, TSV or 3-line labels.")
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="Type of sites, such as active_site; may be repeated (default: all as one)."),
]
Families = Annotated[
    Path | None, typer.Option(help="Clusters of like proteins, MMseqs2 TSV or .clstr: each counts once.")
]
Classes = Annotated[
    Path | None, typer.Option(help="CSV or TSV with columns id and class, each tested by itself.")
]
Random = Annotated[
    int, typer.Option("--random", help="Models with random weights to compare with; 10 is good.", min=0)
]
Map = Annotated[
    Literal["pca", "tsne", "umap"] | None,
    typer.Option("--map", help="Draw proteins as points by the relevance in their heads."),
]


@with_options
def heads(
    output: Output,
    computed: EngineOptions,
    model: Annotated[
        str | None,
        typer.Option(
            help="Folder or hub id; by relevance, the run's own unless it moved.",
            parser=ModelName,
            metavar="TEXT",
        ),
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
        typer.Option(
            help="Output at the site, by index or label (default: the only one, or the second of two; by "
            "relevance: the run's)."
        ),
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
    batch_size: BatchSize = "auto",
    device: Device = "auto",
    alphabet: AlphabetName = None,
    tokenizer: TokenizerPath = None,
    prefix: Prefix = None,
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
        "--prefix": prefix,
    }  # fmt: skip
    of_run = {
        "--run": run, "--annotations": annotations, "--type": kinds, "--clusters": clusters,
        "--classes": classes, "--random": random or None, "--map": points,
        "--batch-size": rows_at_once(batch_size), **computed.given(),
    }  # fmt: skip
    _check_given(around if by == "relevance" else of_run, by)
    if by == "relevance":
        if run is None or annotations is None:
            raise InputError("--by relevance needs --run RUN (of explain --heads) and --annotations FILE")
        with importing():
            from relevome.jobs.heads.by_relevance import relevance_heads
            from relevome.report.relevance_words import on_top as relevance_on_top
            from relevome.report.relevance_words import summary as relevance_summary

        with shown("done") as seen:
            tested = relevance_heads(
                run, annotations, types=kinds or (), clusters=clusters, classes=classes, random=random,
                points=points, level=level, target=target, model=model, device=device,
                batch_size=rows_at_once(batch_size), seed=seed, trust_remote_code=trust_remote_code,
                tokenizer=tokenizer, out=output, overwrite=overwrite, engine=computed.chosen(),
                say=seen.say, progress=seen.tell,
            )  # fmt: skip
        for problem in tested.unplaced[:5]:
            echo(f"left out {problem.id}: {problem.reason}", err=True)
        for line in relevance_on_top(tested):
            echo(line)
        print_list(relevance_summary(tested))
        layers, each = tested.shape
        echo(f"{output}: {layers} x {counted(each, 'head')} in {counted(len(tested.proteins), 'protein')}")
        return
    if model is None:
        raise InputError("--by attention needs --model DIR, and windows around sites")
    with importing():
        from relevome.jobs.heads.by_attention import HeadsQuestion, attention_heads
        from relevome.models.hugging_face import load_model
        from relevome.report.attention_heads import on_top, summary
        from relevome.results.attention_heads.settings import HeadSettings

    settings = HeadSettings(
        query, weigh, share, level=level, ablated=ablate, replacement=ablate_by, seed=seed
    )
    question = HeadsQuestion(
        fasta, bed, genome, controls, position, most, on_bad, target, tuple(motifs or ()), known,
        random_weights, settings,
    )  # fmt: skip
    with shown("done") as seen:
        loaded = load_model(
            model,
            alphabet=alphabet,
            tokenizer=tokenizer,
            device=device,
            prefix=prefix,
            trust_remote_code=trust_remote_code,
        )
        found = attention_heads(
            loaded, question, out=output, overwrite=overwrite, say=seen.say, progress=seen.tell
        )
    for one in found.read:
        _say_left_out(one)
    for line in [*on_top(found), *summary(found)]:
        echo(line)
    echo(f"{output}: {counted(len(found.heads), 'head')} in {counted(found.windows, 'window')}")


def _check_given(others: Mapping[str, object], by: str) -> None:
    """Refuse what only the other way of characterising heads reads."""
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise InputError(f"{', '.join(given)} with --by {by}: leave out what only the other --by reads")


def _say_left_out(one: WindowsRead) -> None:
    """What of a file of windows was not asked about."""
    for problem in one.left_out[:5]:
        echo(f"left out {problem.id}: {problem.reason}", err=True)
    if len(one.left_out) > 5:
        echo(f"and {len(one.left_out) - 5:,} more were left out", err=True)
    if one.asked < one.read:
        echo(f"{one.asked:,} of {counted(one.read, 'window')}, drawn at random (--most)")
