"""Options that say where sequences come from, and what is said of those that were refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relevome.cli.shared.options import StripStop
from relevome.cli.shared.paths import SequencesName
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError
from relevome.stores.place import Place, named_place

if TYPE_CHECKING:
    from relevome.data.inputs import Input
    from relevome.models.base import Model
    from relevome.results.parts.part import Counts

Fasta = Annotated[
    str | None,
    typer.Option(
        help="Sequences as FASTA, plain or gzip: a file, or s3://bucket/file.",
        parser=SequencesName, metavar="PATH",
    ),
]  # fmt: skip
Bed = Annotated[
    Path | None, typer.Option(help="Intervals as BED, narrowPeak, GFF3 and so on; needs --genome.")
]
Genome = Annotated[Path | None, typer.Option(help="Genome as FASTA, plain or gzip.")]
AnchorName = Annotated[
    str | None,
    typer.Option(
        "--anchor",
        help="What is in the middle of windows: centre of an interval (default), summit of narrowPeak (its "
        "default), start, the first letter on the strand, or site, a labelled letter.",
    ),
]
PlaceTypes = Annotated[
    list[str] | None,
    typer.Option("--type", help="Type of features, or name of intervals; may be repeated (default: all)."),
]


@dataclass(frozen=True)
class SequenceOptions:
    """Where the sequences of a command come from."""

    fasta: Fasta = None
    bed: Bed = None
    genome: Genome = None
    width: Annotated[
        int | None, typer.Option(help="Letters that every interval is brought to.", min=1, metavar="N")
    ] = None
    anchor: AnchorName = None
    kinds: PlaceTypes = None
    table: Annotated[
        str | None,
        typer.Option(
            help="Sequences as CSV or TSV: a file, or s3://bucket/file.", parser=SequencesName, metavar="PATH"
        ),
    ] = None
    id_column: Annotated[
        str | None,
        typer.Option(help="Column of --table with ids (default: id, sequence_id, entry or accession)."),
    ] = None
    sequence_column: Annotated[
        str | None,
        typer.Option(help="Column of --table with sequences (default: sequence, seq or text)."),
    ] = None
    sequences: Annotated[
        str | None,
        typer.Option(
            help="Sequences in any format of `relevome list formats`: a file, or s3://bucket/file.",
            parser=SequencesName, metavar="PATH",
        ),
    ] = None  # fmt: skip
    strip_stop: StripStop = False

    def read_for(self, model: Model) -> Input:
        """The sequences, in the letters of a model.

        Raises InputError for none, or options that do not go together.
        """
        from relevome.data.inputs import from_bed, from_fasta, from_file, from_table

        given = [path for path in (self.fasta, self.bed, self.table, self.sequences) if path]
        if len(given) != 1 or (self.bed is None) != (self.genome is None):
            raise InputError(
                "expected sequences from one of --fasta F, --bed B with --genome G, --table T, or "
                "--sequences S"
            )
        if self.table is None and (self.id_column or self.sequence_column):
            raise InputError("--id-column and --sequence-column are of a --table: leave them out")
        cut = self._of_intervals()
        path = str(named_place(str(given[0])))
        if self.table:
            return from_table(path, model.alphabet, self.strip_stop, self.sequence_column, self.id_column)
        if self.fasta:
            return from_fasta(path, model.alphabet, self.strip_stop)
        if self.bed and self.genome:
            if self.strip_stop:
                raise InputError("--strip-stop is about proteins, not a genome: leave it out")
            return from_bed(self.bed, self.genome, model.alphabet, **cut)
        return from_file(path, model.alphabet, self.strip_stop)

    def _of_intervals(self) -> dict[str, Any]:
        """Options of intervals that are given. Raises InputError where there are no intervals."""
        every = {"width": self.width, "anchor": self.anchor, "types": self.kinds}
        given = {name: value for name, value in every.items() if value is not None}
        if given and self.bed is None:
            name = next(iter(given)).removesuffix("s")
            raise InputError(f"--{name} is of intervals (--bed with --genome): leave it out")
        return given


def print_input(given: Mapping[str, Any]) -> None:
    """What was done to the sequences as they were read, by their record."""
    if "width" in given:
        echo(f"  windows of {int(given['width']):,} letters around the {given['anchor']} of each line")
    if stops := given.get("stops_stripped"):
        echo(f"  stops stripped: {int(stops):,}")


def print_refused(counts: Counts, record: Place, most: int = 5) -> None:
    """Which sequences were left out and why, of very many the first; all are in the record."""
    for refusal in counts.refused[:most]:
        echo(f"  left out {refusal.sequence_id}: {refusal.reason}")
    if len(counts.refused) > most:
        echo(f"  and {len(counts.refused) - most:,} more, see {record}")
