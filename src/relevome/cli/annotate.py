"""`relevome annotate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import (
    AlphabetName,
    BatchSize,
    Device,
    ModelPath,
    OnBad,
    Output,
    TokenizerPath,
    rows_at_once,
)
from relevome.cli.shared.paths import PathOrWord
from relevome.cli.shared.planning import PlanOptions
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.results.annotation.folder import Annotation


@with_options
def annotate(
    model: ModelPath,
    genome: Annotated[Path, typer.Option(help="Genome as FASTA, plain or gzip.")],
    output: Output,
    computed: EngineOptions,
    before: PlanOptions,
    # what is annotated
    circular: Annotated[bool, typer.Option(help="Every contig is a circle.")] = False,
    circular_contig: Annotated[
        list[str] | None, typer.Option(help="This contig is a circle; repeatable.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="Only contig:first-last, counted from 1, or a BED file; repeatable.",
            parser=PathOrWord,
            metavar="TEXT",
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Class, by index or label; repeatable (default: all but the first)."),
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="Letters before,after each position, for a model of whole sequences.")
    ] = None,
    # what is known
    truth: Annotated[
        Path | None, typer.Option(help="Positions, as BED, GFF3, or CSV or TSV counted from 1.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Type of GFF3 features whose first letters are meant.")
    ] = None,
    labels_column: Annotated[
        str | None, typer.Option(help="Column of a table that has the positions.")
    ] = None,
    labels_where: Annotated[
        list[str] | None, typer.Option(help="Only rows with COLUMN=TEXT, or COLUMN~PART of it.")
    ] = None,
    on_bad: OnBad = "refuse",
    # how sites are called
    threshold: Annotated[float | None, typer.Option(help="Least probability of a site.")] = None,
    precision: Annotated[float, typer.Option(help="Without a threshold: share of right calls.")] = 0.5,
    apart: Annotated[int, typer.Option(help="No higher position is within so many letters of a site.")] = 1,
    within: Annotated[int, typer.Option(help="A site is right so near to one of --truth, in letters.")] = 0,
    # what is kept
    values: Annotated[
        Literal["probability", "logit"], typer.Option(help="What bigWig files hold.")
    ] = "probability",
    tracks: Annotated[bool, typer.Option(help="Write bigWig files, which need pybigtools.")] = True,
    feature_type: Annotated[str, typer.Option(help="Third column of the GFF3 file.")] = "sequence_feature",
    overwrite: Annotated[bool, typer.Option(help="Replace an annotation that is there.")] = False,
    # how it is computed
    batch_size: BatchSize = "auto",
    device: Device = "auto",
    alphabet: AlphabetName = None,
    tokenizer: TokenizerPath = None,
) -> None:
    """Say of every position of both strands of a genome what it is, and call sites.

    Example: relevome annotate --model MODEL --genome genome.fna.gz --circular --truth sites.bed -o annotation
    """
    with importing():
        from relevome.data.positions import PositionChoice
        from relevome.jobs.annotate import AnnotationSettings
        from relevome.jobs.annotate import annotate as run_annotate
        from relevome.models.hugging_face import load_model

    if circular and circular_contig:
        raise InputError("--circular is for every contig: leave out --circular-contig, or give only that")
    settings = AnnotationSettings(
        genome=genome, circular=circular or tuple(circular_contig or ()), regions=tuple(region or ()),
        targets=tuple(target or ()), window=_window(window), truth=truth,
        choice=PositionChoice(tuple(feature or ()), labels_column, tuple(labels_where or ())), on_bad=on_bad,
        threshold=threshold, precision=precision, apart=apart, within=within, values=values, tracks=tracks,
        feature_type=feature_type,
    )  # fmt: skip
    with shown("letters annotated") as seen:
        loaded = load_model(model, device=device, alphabet=alphabet, tokenizer=tokenizer)
        found = run_annotate(
            loaded, settings, output, overwrite=overwrite, batch_size=rows_at_once(batch_size),
            engine=computed.chosen(),
            progress=seen.tell, planned=before.told(seen),
        )  # fmt: skip
    _report(found, output)


def _window(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    before, _, after = text.partition(",")
    if not (before.isdecimal() and after.isdecimal()):
        raise InputError(f"--window {text}: expected letters before and after a position, such as 70,29")
    return int(before), int(after)


def _report(found: Annotation, output: Path) -> None:
    counts, threshold = found.counts, found.threshold
    said = "no threshold is so precise" if threshold is None else f"probability from {threshold:.4g} on"
    in_gaps = f" ({counts['in_gaps']:,} of them in gaps, without prediction)" if counts["in_gaps"] else ""
    echo(
        f"{output}: {counted(counts['letters'], 'position')} of "
        f"{counted(counts['contigs'], 'contig')}{in_gaps}, "
        f"{counted(counts['sites'], 'site')} called ({said})"
    )
    if found.problems:
        echo(f"  {counted(len(found.problems), 'position')} of the truth left out, see annotation.json")
    if found.truth is not None:
        numbers = found.truth["all"]
        shown = ("roc_auc", "average_precision", "base_rate", "precision", "recall")
        pairs = (f"{name} {numbers[name]:.4g}" for name in shown if numbers[name] is not None)
        echo(f"  {counted(numbers['sites'], 'labelled position')}: {', '.join(pairs)}")
