"""`relevome study`: one command for every published study."""

from __future__ import annotations

import os
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.options import Output, Seed
from relevome.errors import InputError

study = typer.Typer(help="Run one of the published studies, as a recipe of the other commands.")

Jobs = Annotated[int, typer.Option(help="Commands to run at once, one thread each.")]


@study.callback()
def _studies() -> None:
    """Run one of the published studies, as a recipe of the other commands."""


@study.command()
def dnabert2(
    output: Output,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="simulated, ecoli, tf_2 or tf_4; may be repeated (default: all with --data, else simulated)."
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the public data; see the docs.")] = None,
    size: Annotated[str, typer.Option(help="small (minutes) or default (most of an hour).")] = "default",
    start: Annotated[
        str, typer.Option(help="Weights of the transformer: random, mlm, or a checkpoint's folder.")
    ] = "random",
    jobs: Jobs = 2,
    seed: Seed = 0,
) -> None:
    """Explain a DNABERT-2 and a CNN trained on the same tasks, and say which explanations can be trusted.

    Example: relevome study dnabert2 --task simulated -o study
    """
    from relevome.studies.carry_out import carry_out
    from relevome.studies.dnabert2 import Dnabert2Study
    from relevome.studies.tasks import TASKS

    asked = tuple(task or (["simulated"] if data is None else TASKS))
    recipe = Dnabert2Study(asked, data, size=size, start=start, seed=seed)
    carry_out(recipe, output, run_command, jobs, typer.echo)


@study.command("protein-function")
def protein_function(
    output: Output,
    data: Annotated[Path | None, typer.Option(help="Folder of the public data; see the docs.")] = None,
    proteins: Annotated[
        Path | None, typer.Option(help="Enzymes of your own: UniProt XML or flat text, or a table.")
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="Where their sites are (default: with the enzymes).")
    ] = None,
    clusters: Annotated[Path | None, typer.Option(help="Their clusters by identity, as for train.")] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="membrane, signal-peptide or enzymes; may be repeated (default: all that is given)."
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(help="small (minutes), default (an hour) or published (for a GPU).")
    ] = "default",
    start: Annotated[
        str, typer.Option(help="Weights of the model: random, or a checkpoint's folder.")
    ] = "random",
    jobs: Jobs = 2,
    seed: Seed = 0,
) -> None:
    """Find the attention heads of a protein transformer whose relevance lies on annotated segments.

    Example: relevome study protein-function --task signal-peptide --data DATA -o study

    Example: relevome study protein-function --proteins uniprot.xml.gz --start CHECKPOINT -o study
    """
    from relevome.studies.carry_out import carry_out
    from relevome.studies.enzymes import ENZYMES, Source
    from relevome.studies.protein_function import ProteinFunctionStudy
    from relevome.studies.protein_tasks import PROTEIN_TASKS

    if proteins is None and (annotations or clusters):
        raise InputError("--annotations and --clusters are of --proteins: add those, or leave them out")
    enzymes = None if proteins is None else Source(proteins, annotations, clusters)
    given = ([] if data is None else [*PROTEIN_TASKS]) + ([] if enzymes is None else [ENZYMES])
    asked = tuple(task or given)
    if not asked:
        raise InputError("no proteins to study: expected the public ones (--data), or enzymes (--proteins)")
    recipe = ProteinFunctionStudy(asked, data, enzymes, size=size, start=start, seed=seed)
    carry_out(recipe, output, run_command, jobs, typer.echo)


@study.command()
def annotation(
    output: Output,
    data: Annotated[
        Path | None, typer.Option(help="Folder with E. coli's public data; see the docs.")
    ] = None,
    genome: Annotated[Path | None, typer.Option(help="A genome of your own, as FASTA.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Its start sites, as for train.")] = None,
    feature: Annotated[list[str] | None, typer.Option(help="Type of GFF3 features, as for train.")] = None,
    labels_column: Annotated[str | None, typer.Option(help="Column of positions, as for train.")] = None,
    labels_where: Annotated[
        list[str] | None, typer.Option(help="Only rows with COLUMN=TEXT, as for train.")
    ] = None,
    motifs: Annotated[Path | None, typer.Option(help="Known motifs of its factors, MEME.")] = None,
    known: Annotated[Path | None, typer.Option(help="Known binding sites of them, BED or GFF3.")] = None,
    circular: Annotated[bool, typer.Option(help="Every contig of it is a circle.")] = False,
    model: Annotated[
        Path | None, typer.Option(help="An annotator that is trained already, in place of a new one.")
    ] = None,
    size: Annotated[
        str, typer.Option(help="small (minutes), default (an hour or two) or published (for a GPU).")
    ] = "default",
    jobs: Jobs = 2,
    seed: Seed = 0,
) -> None:
    """Annotate start sites of a genome, and say what the attention heads of the annotator recognise.

    Example: relevome study annotation --data DATA -o study
    """
    from relevome.data.positions import PositionChoice
    from relevome.studies.annotation import AnnotationStudy
    from relevome.studies.carry_out import carry_out

    choice = PositionChoice(tuple(feature or ()), labels_column, tuple(labels_where or ()))
    recipe = AnnotationStudy(
        data, genome, labels, choice, motifs, known, circular, model, size=size, seed=seed
    )
    carry_out(recipe, output, run_command, jobs, typer.echo)


def run_command(arguments: tuple[str, ...], folder: Path, log: Path) -> str | None:
    """Runs a command in a folder; what it prints goes into a log. Gives None, or what went wrong."""
    try:
        os.chdir(folder)
        with log.open("w", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file):
            return _run(arguments)
    except OSError as error:
        return str(error)


def _run(arguments: tuple[str, ...]) -> str | None:
    from relevome.cli.app import app

    one_thread()
    try:
        code = app(list(arguments), standalone_mode=False)
    except (InputError, OSError, typer.TyperException) as error:
        return " ".join(str(error).split())
    except Exception as error:  # noqa: BLE001 - one failure must not take the others with it
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return f"it ended with code {code}" if code else None


def one_thread() -> None:
    """Several commands at once leave each other no second core."""
    import torch

    torch.set_num_threads(1)
