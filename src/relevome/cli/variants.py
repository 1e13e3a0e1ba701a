"""`relevome variants`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.inputs import Genome, print_refused
from relevome.cli.shared.model_options import ModelOptions
from relevome.cli.shared.options import (
    BatchSize,
    MethodOption,
    Output,
    Seed,
    named_options,
    rows_at_once,
)
from relevome.cli.shared.planning import PlanOptions, print_took
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.results.variants.rows import Variants
    from relevome.results.variants.why import VariantsWhy


@with_options
def variants(
    asked: ModelOptions,
    output: Output,
    computed: EngineOptions,
    before: PlanOptions,
    # the variants
    vcf: Annotated[Path | None, typer.Option(help="Variants as VCF, plain or bgzip; needs --genome.")] = None,
    genome: Genome = None,
    genes: Annotated[
        Path | None,
        typer.Option(help="Genes as GFF3, GTF or BED, whose strands are read, with N outside of them."),
    ] = None,
    substitutions: Annotated[
        Path | None, typer.Option(help="Substitutions in proteins as CSV or TSV; needs --fasta.")
    ] = None,
    fasta: Annotated[Path | None, typer.Option(help="The proteins as FASTA, plain or gzip.")] = None,
    saturate: Annotated[
        list[str] | None,
        typer.Option(
            help="All substitutions of a stretch instead, such as chr1:101-200 or P01308:1-50; repeatable.",
            metavar="REGION",
        ),
    ] = None,
    on_bad: Annotated[
        Literal["refuse", "skip"], typer.Option(help="What to do with variants that cannot be used.")
    ] = "refuse",
    # what is asked
    target: Annotated[
        list[str] | None, typer.Option(help="An output, by index or label; may be repeated.")
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(help="Letters of windows around variants (default: as the model has it).", min=1),
    ] = None,
    indels: Annotated[
        Literal["left", "right", "both", "ends"] | None,
        typer.Option(
            help="What stays in place where the length changes: the left end, the right one, each in turn "
            "(both: the mean) or both ends at once, with windows of another length (ends)."
        ),
    ] = None,
    distance: Annotated[
        int, typer.Option(help="Outputs for every letter: how far from a variant they are looked at.", min=0)
    ] = 50,
    average_strands: Annotated[bool, typer.Option(help="Means over both strands.")] = False,
    scheme: Annotated[
        Literal["wild-type-marginal", "masked-marginal", "pseudo-likelihood"] | None,
        typer.Option(help="Masked language models: how they are asked (default: masked-marginal)."),
    ] = None,
    null: Annotated[
        int,
        typer.Option(help="Other places of its window where each change is asked about too, for a p.", min=0),
    ] = 0,
    seed: Seed = 0,
    # why
    why: Annotated[
        bool,
        typer.Option("--why", help="Relevance of both alleles, letter under letter, and its difference."),
    ] = False,
    method: Annotated[
        str | None, typer.Option(help="With --why: the method (default: the usual one for the model).")
    ] = None,
    option: MethodOption = None,
    shifts: Annotated[
        int,
        typer.Option(help="With --why: letters either way by which windows are moved, for a band.", min=0),
    ] = 0,
    motifs: Annotated[
        Path | None,
        typer.Option(help="With --why: motifs to look for in both alleles, MEME or a folder of them."),
    ] = None,
    motif_p: Annotated[float, typer.Option(help="The largest p of a motif that is there.")] = 1e-3,
    # how it is computed
    batch_size: BatchSize = "auto",
    # the rest
    overwrite: Annotated[bool, typer.Option(help="Replace a result that is there.")] = False,
) -> None:
    """Score variants: the answer with the alternative minus that with the reference.

    Example: relevome variants --model MODEL --vcf calls.vcf.gz --genome genome.fa --on-bad skip -o scored
    """
    with importing():
        from relevome.jobs.variants.variants import variants as score
        from relevome.results.variants.why import why_of

    with shown("variants scored") as seen:
        loaded = asked.load()
        found = score(
            loaded, output, vcf=vcf, genome=genome, genes=genes, substitutions=substitutions, fasta=fasta,
            saturate=saturate, target=target, width=width, indels=indels, distance=distance,
            average_strands=average_strands, scheme=scheme, null=null, seed=seed, on_bad=on_bad, why=why,
            method=method, options=named_options(option), shifts=shifts, motifs=motifs, motif_p=motif_p,
            batch_size=rows_at_once(batch_size), overwrite=overwrite, engine=computed.chosen(), say=seen.say,
            progress=seen.tell, planned=before.told(seen),
        )  # fmt: skip
        explained = why_of(output) if why else None
    _report(found, output)
    if explained is not None:
        _report_why(explained)


def _report(found: Variants, output: Path) -> None:
    counts, asked = found.counts, found.manifest["windows"]
    scheme, width = found.manifest["scheme"], asked["width"]
    read = "whole sequences" if width is None else f"windows of {counted(width, 'letter')}"
    echo(f"{output}: {counts.explained:,} of {counted(counts.read, 'variant')} scored")
    echo(f"  {read}, {f'scheme {scheme}' if scheme else 'indels: ' + asked['indels']}")
    if padded := counts.other.get("padded"):
        echo(f"  windows filled up beyond an end of a contig: {padded:,}")
    if missing := counts.other.get("without_null"):
        echo(f"  no other place for the same change: {missing:,}")
    for name, count in sorted(counts.other.items()):
        if name.startswith("refused_"):
            echo(f"  left out, {name.removeprefix('refused_').replace('_', ' ')}: {count:,}")
    if found.vcf is not None and found.vcf.suffix != ".gz":
        echo(f"  {found.vcf} has no index: its lines are in no order, or the extra variants is not installed")
    print_took(found.manifest)
    print_refused(counts, output / found.kind.manifest)


def _report_why(found: VariantsWhy) -> None:
    counts = found.counts
    method = found.manifest["method"]
    echo(f"{found.path}: {counts.explained:,} of {counted(counts.read, 'variant')} explained by {method}")
    print_took(found.manifest)
    for side in ("gained", "lost") if "motifs" in found.manifest else ():
        echo(f"  motifs {side}: {counted(counts.other.get(f'motif_{side}', 0), 'row')}")
    if missing := counts.other.get("refused_before"):
        echo(f"  not scored, so not explained: {missing:,}")
    if missing := counts.other.get("refused_not_explained"):
        echo(f"  left out: {missing:,}")
        print_refused(counts, found.path / found.kind.manifest)
