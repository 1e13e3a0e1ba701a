"""`relevome pairs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from relevome.cli.shared.engine_options import EngineOptions
from relevome.cli.shared.grouped import with_options
from relevome.cli.shared.importing import importing
from relevome.cli.shared.inputs import SequenceOptions, print_input
from relevome.cli.shared.model_options import ModelOptions
from relevome.cli.shared.options import (
    BatchSize,
    OnBad,
    Output,
    Seed,
    rows_at_once,
)
from relevome.cli.shared.paths import PathOrWord
from relevome.cli.shared.planning import PlanOptions
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.results.pairs.contacts import ContactPrecision
    from relevome.results.pairs.folder import Pairs


@with_options
def pairs(
    asked: ModelOptions,
    given: SequenceOptions,
    output: Output,
    computed: EngineOptions,
    before: PlanOptions,
    # the maps
    method: Annotated[
        Literal["dependency", "jacobian", "epistasis", "attention", "attnlrp", "gradient"] | None,
        typer.Option(help="What maps are of (default: what suits the model)."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="Epistasis: the output, by label or index.")] = None,
    position: Annotated[
        int | None, typer.Option(help="Epistasis: the letter, from 0, whose output that is.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Epistasis: a letter that is put in (default: all; of proteins A).")
    ] = None,
    summary: Annotated[
        Literal["largest", "rms"],
        typer.Option(help="Epistasis: what of all combinations of letters is kept."),
    ] = "largest",
    estimate: Annotated[
        Literal["attention-gradient", "attnlrp", "gradient", "none"],
        typer.Option(help="What is beside each map: from one pass, from one for every letter, or none."),
    ] = "attention-gradient",
    no_estimate: Annotated[bool, typer.Option("--no-estimate", help="As --estimate none.")] = False,
    # the strongest pairs
    apart: Annotated[int, typer.Option(help="Least distance of pairs that are listed, in letters.")] = 6,
    most: Annotated[int, typer.Option(help="So many of the strongest pairs are listed.")] = 1000,
    shuffles: Annotated[
        int, typer.Option(help="Shuffled sequences for each, for false discovery rates.")
    ] = 0,
    contacts: Annotated[
        Path | None, typer.Option(help="Table of letters that touch in structures: id, i, j, from 0.")
    ] = None,
    random_models: Annotated[
        int, typer.Option(help="With --contacts: models with random weights, with maps of their own.")
    ] = 3,
    sites: Annotated[
        str | None,
        typer.Option(help="Known sites to draw: a file, or words.", parser=PathOrWord, metavar="TEXT"),
    ] = None,
    pictures: Annotated[int, typer.Option(help="Of so many sequences the map is drawn.")] = 5,
    # how it is computed
    on_bad: OnBad = "refuse",
    batch_size: BatchSize = "auto",
    seed: Seed = 0,
    # the rest
    overwrite: Annotated[bool, typer.Option(help="Replace maps that are there.")] = False,
) -> None:
    """Which letters a model reads together: what a substitution at one changes at every other.

    Example: relevome pairs --model MODEL --fasta proteins.fa --method jacobian --shuffles 2 -o pairs
    """
    with importing():
        from relevome.jobs.pairs.pairs import pairs as run_pairs

    with shown("sequences") as seen:
        loaded = asked.load()
        found = run_pairs(
            loaded, given.read_for(loaded), output,
            method=method, target=target, position=position, by=by, summary=summary,
            shuffles=shuffles, estimate="none" if no_estimate else estimate, apart=apart, most=most,
            contacts=contacts, random_models=random_models, sites=sites, pictures=pictures, on_bad=on_bad,
            batch_size=rows_at_once(batch_size), seed=seed, overwrite=overwrite,
            engine=computed.chosen(), say=seen.say, progress=seen.tell,
            planned=before.told(seen),
        )  # fmt: skip
    _report(found, output)


def _report(found: Pairs, output: Path, most: int = 5) -> None:
    said = f"{counted(len(found.sequences), 'sequence')} with a map by {found.settings.method}"
    echo(f"{output}: {said}, {len(found.pairs):,} of {counted(found.counts['pairs'], 'pair')} listed")
    print_input(found.question["input"])
    for pair in found.pairs[:most]:
        rate = "" if pair.q is None else f", false discovery rate {pair.q:.3g}"
        echo(
            f"  {pair.sequence_id}: {pair.letter_i}{pair.i + 1} and {pair.letter_j}{pair.j + 1}, "
            f"{pair.strength:.4g}{rate}"
        )
    if found.agreement is not None:
        echo(
            f"  estimate ({found.settings.estimate}) against maps, pairs {found.settings.apart} apart: "
            "Spearman {:.3f} [{:.3f}, {:.3f}]".format(*found.agreement)
        )
    for one in _of_contacts(found):
        echo(
            f"  {one.source}: {one.precision:.3f} of the {one.top} strongest pairs {one.apart} apart touch, "
            f"chance {one.chance:.3f}" + ("" if one.p is None else f", p {one.p:.3g}")
        )
    for note in found.notes:
        echo(f"  {note}")
    for one in found.refused[:most]:
        echo(f"  left out {one['sequence_id']}: {one['reason']}")
    if len(found.refused) > most:
        echo(f"  and {len(found.refused) - most:,} more, see {output / 'pairs.json'}")


def _of_contacts(found: Pairs) -> list[ContactPrecision]:
    """What is said of contacts: maps, estimates and the best head, of the L/5 strongest pairs 6 apart."""
    some = [one for one in found.contacts if (one.apart, one.top) == (6, "L/5")]
    heads = [one for one in some if "." in one.source]
    others = [one for one in some if "." not in one.source]
    return others + sorted(heads, key=lambda one: -one.precision)[:1]
