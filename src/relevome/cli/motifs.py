"""`relevome motifs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.evaluation_options import print_list
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import BatchSize, Device, Output, Seed, rows_at_once
from relevome.cli.shared.paths import ModelName, ResultName
from relevome.cli.shared.planning import PlanOptions
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo


@with_options
def motifs(
    runs: Annotated[
        list[str], typer.Argument(help="Folders of `relevome explain`, of one kind.", parser=ResultName)
    ],
    output: Output,
    computed: EngineOptions,
    before: PlanOptions,
    target: Annotated[str | None, typer.Option(help="Which target, if a run has several.")] = None,
    way: Annotated[
        Literal["auto", "align", "modisco"],
        typer.Option(help="Patterns by aligned seqlets, or by TF-MoDISco; auto: by that where it can be."),
    ] = "align",
    fdr: Annotated[float, typer.Option(help="False discovery rate of motifs and of hits.")] = 0.05,
    candidates: Annotated[
        float, typer.Option(help="False discovery rate of the seqlets that motifs are made of.")
    ] = 0.5,
    fewest: Annotated[int, typer.Option(help="Seqlets that a motif has at least.")] = 20,
    strands: Annotated[
        Literal["auto", "both", "one"],
        typer.Option(help="Whether motifs may lie on both strands; auto: of DNA alone."),
    ] = "auto",
    shuffles: Annotated[
        list[str] | None,
        typer.Option(
            help="A run on shuffled sequences; of several models, one of each.",
            parser=ResultName,
            metavar="<path>",
        ),
    ] = None,
    random_models: Annotated[
        list[str] | None,
        typer.Option(
            help="A run of a model with random weights; may be repeated, each is a null.",
            parser=ResultName,
            metavar="<path>",
        ),
    ] = None,
    null: Annotated[
        Literal["letters", "pairs"],
        typer.Option(help="Without these, what is in random order: equal letters, or equal pairs."),
    ] = "pairs",
    draws: Annotated[int, typer.Option(help="Random orders.")] = 2,
    database: Annotated[
        list[Path] | None, typer.Option(help="MEME file of known motifs; several are read together.")
    ] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Known sites: BED, GFF3, UniProt, a table, or pattern:C-x-C.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Type of feature in --sites; may be repeated (default: all).")
    ] = None,
    level: Annotated[float, typer.Option(help="False discovery rate of names and of known sites.")] = 0.05,
    causes: Annotated[
        bool, typer.Option(help="Ask the model without motifs, and with them put into shuffles.")
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option(help="The model of each run, where it moved.", parser=ModelName, metavar="TEXT"),
    ] = None,
    device: Device = "auto",
    batch_size: BatchSize = "auto",
    seed: Seed = 0,
    trust_remote_code: Annotated[bool, typer.Option(help="Run code that comes with the checkpoint.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace a result that is there.")] = False,
) -> None:
    """Say what motifs a model looks for, what they are, and where each of them is.

    Example: relevome motifs run --shuffles shuffled --database JASPAR.meme --sites known.bed -o motifs

    Example: relevome motifs seed0 seed1 seed2 --causes -o motifs
    """
    with importing():
        from relevome.jobs.motifs.motifs import motifs as look_for
        from relevome.report.motifs.page import summary

    with shown("runs") as seen:
        found = look_for(
            runs, target=target, way=way, fdr=fdr, candidates=candidates, fewest=fewest, strands=strands,
            shuffles=shuffles or (), random_models=random_models or (), null=null, draws=draws,
            database=database or (), sites=sites, features=feature or (), level=level, causes=causes,
            models=model or (), device=device, trust_remote_code=trust_remote_code,
            batch_size=rows_at_once(batch_size), seed=seed, out=output, overwrite=overwrite,
            engine=computed.chosen(), say=seen.say, progress=seen.tell, planned=before.told(seen),
        )  # fmt: skip
    print_list(summary(found)[1:])
    echo(f"{output}: {found.said()}")
