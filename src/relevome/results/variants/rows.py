"""What variants do to the outputs of a model: a folder of parts, and one table for people."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from relevome.data.variants.windows import VariantWindows
from relevome.results.notebook import as_html, plotted
from relevome.results.parts.arrow import arrow_table
from relevome.results.parts.manifest import AGAIN, Folder
from relevome.results.parts.part import Rows
from relevome.results.parts.writer import PartsWriter
from relevome.results.record import reading
from relevome.results.variants.columns import OF_TARGET, OF_VARIANT, REAL, WHOLE, VariantsReader
from relevome.results.variants.effect import MatchedNull, VariantEffect
from relevome.results.variants.why import FOLDER, VariantsWhy, why_of
from relevome.results.variants.why import NAME as WHY_NAME
from relevome.stores.place import local, named_place
from relevome.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TABLE = "variants.json", "variants.tsv"
MATRIX = "saturation.tsv"
PLAIN, COMPRESSED, INDEX = "variants.vcf", "variants.vcf.gz", "variants.vcf.gz.tbi"

SCHEMA = pa.schema([
    *OF_VARIANT,
    pa.field("padded", WHOLE, nullable=False),
    *OF_TARGET,
    *(pa.field(name, REAL) for name in ("ref_score", "alt_score", "delta_score")),
    *(pa.field(name, REAL) for name in ("ref_probability", "alt_probability", "delta_probability")),
    *(pa.field(name, REAL) for name in ("ref_log_odds", "alt_log_odds", "delta_log_odds")),
    pa.field("gain", REAL), pa.field("gain_at", WHOLE),
    pa.field("loss", REAL), pa.field("loss_at", WHOLE),
    pa.field("null_places", WHOLE), *(pa.field(name, REAL) for name in ("null_mean", "null_sd", "null_p")),
])  # fmt: skip

OF_SEQUENCES = ("delta_score", "delta_probability", "delta_log_odds")
OF_NUMBERS = ("delta_score",)
OF_LETTERS = ("gain", "gain_at", "loss", "loss_at")
OF_SIZES = ("gain", "loss")  # of letters: both are 0 or more
OF_NULL = ("null_p",)
_NULL = ("null_places", "null_mean", "null_sd")

_PLACE = ("id", "sequence_id", "start", "end", "ref", "alt", "kind", "gene", "strand", "padded", "target")


class VariantRow(NamedTuple):
    """What is kept of one variant and one output, in a gene if genes were given; each field is a column.

    Places are 0-based and half-open. ``sequence_id`` is the contig of a genome, or a protein; ``line`` and
    ``alternative`` say where the variant is in its file, both from 1 on; ``padded`` how many letters of the
    reference's window are unknown ones beyond the ends of the sequence. ``strand`` is that of the gene. What
    follows ``target`` is as `VariantEffect` has it, and ``delta_`` is alternative minus reference;
    ``null_`` is as `MatchedNull` has it.
    """

    line: int
    alternative: int
    id: str
    sequence_id: str
    start: int
    end: int
    ref: str
    alt: str
    kind: str
    gene: str | None
    strand: str | None
    padded: int
    target: str
    target_index: int | None
    ref_score: float | None
    alt_score: float | None
    delta_score: float | None
    ref_probability: float | None
    alt_probability: float | None
    delta_probability: float | None
    ref_log_odds: float | None
    alt_log_odds: float | None
    delta_log_odds: float | None
    gain: float | None
    gain_at: int | None
    loss: float | None
    loss_at: int | None
    null_places: int | None = None
    null_mean: float | None = None
    null_sd: float | None = None
    null_p: float | None = None


_ANSWER = attrgetter(*VariantRow._fields[VariantRow._fields.index("target") : -len(MatchedNull._fields)])


def variant_row(
    windows: VariantWindows, effect: VariantEffect, null: MatchedNull | None = None
) -> VariantRow:
    """The row of a variant and an output, with what the same change does elsewhere if that is known."""
    one, gene = windows.variant, windows.gene
    name, strand = (None, None) if gene is None else (gene.name, gene.strand)
    place = (one.line, one.number, one.id, one.contig, one.start, one.end, one.ref, one.alt, one.kind)
    return VariantRow(*place, name, strand, windows.padded, *_ANSWER(effect), *(null or ()))


def _to_table(rows: Sequence[VariantRow]) -> pa.Table:
    return arrow_table(zip(*rows, strict=True) if rows else [()] * len(SCHEMA), SCHEMA)


def _from_row(table: pa.Table, row: int, _: tuple[int, int] | None) -> VariantRow:
    return VariantRow(**{name: table[name][row].as_py() for name in SCHEMA.names})


VARIANTS = Folder(
    manifest=NAME,
    what="result of variants",
    command="variants",
    done="scored",
    rows=Rows(SCHEMA, _to_table, _from_row),
    schema_version=1,
    kinds={"targets": list, "scores": list, "on_bad": str, "windows": dict},
)


class VariantsWriter(PartsWriter):
    """A result of variants that is being written; see `PartsWriter`.

    Tables and VCF of an earlier time are gone: the whole of the parts is what makes them.
    """

    def __init__(self, folder: str | Path, manifest: Mapping[str, Any], overwrite: bool = False) -> None:
        super().__init__(local(named_place(folder)), VARIANTS, manifest, overwrite)

    def _open(self, overwrite: bool) -> None:
        if overwrite and (self.folder / FOLDER / WHY_NAME).is_file():
            shutil.rmtree(local(self.folder / FOLDER))  # before the new question is on record
        super()._open(overwrite)
        for name in (TABLE, MATRIX, PLAIN, COMPRESSED, INDEX):
            (self.folder / name).unlink(missing_ok=True)


class Variants(VariantsReader[VariantRow]):
    """The variants of a folder, in the order of their file; one part is held in memory at a time.

    ``manifest`` is what ``variants.json`` says. Raises InputError for a folder that is no result of variants,
    of a later schema, or with a part that is damaged or missing.
    """

    kind, table = VARIANTS, TABLE

    def __init__(self, path: str | Path) -> None:
        super().__init__(local(named_place(path)))
        with reading(self.path / NAME, AGAIN):
            self._scores = tuple(self.manifest["scores"])
            self._targets = tuple(self.manifest["targets"])
            if not set(self._scores) <= set(SCHEMA.names) or not all(
                isinstance(x, str) for x in self._targets
            ):
                raise TypeError(f"scores {self._scores}, targets {self._targets}")

    def __repr__(self) -> str:
        counts = self.counts
        targets = ", ".join(self.targets[:4]) + (", ..." if len(self.targets) > 4 else "")
        return (
            f"Variants({str(self.path)!r}: {targets}; {counts.explained:,} of "
            f"{counted(counts.read, 'variant')}; "
            f"{self.status})"
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), self._header(), self.values(self._header()))

    def plot(self, target: str | None = None, most: int = 20) -> list[Axes]:
        """What the variants of largest effect do to an output, in bars: the largest first.

        Args:
            target: The label of the output. Default: the first.
            most: How many variants are drawn; of how many is said. Default: 20.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: For an output that is not there, for less than 1, and where no variant has an effect.
        """
        return plotted(self, target=target, most=most)

    @property
    def targets(self) -> tuple[str, ...]:
        """The labels of the outputs."""
        return self._targets

    @property
    def scores(self) -> tuple[str, ...]:
        """The columns in which the answer is: differences, or gain and loss with their places."""
        return self._scores

    @property
    def vcf(self) -> Path | None:
        """The VCF file with what was found, of variants of a genome."""
        paths = (local(self.path) / name for name in (COMPRESSED, PLAIN))
        return next((path for path in paths if path.is_file()), None)

    @property
    def why(self) -> VariantsWhy | None:
        """Relevance of both alleles of every variant; None where that was not asked for."""
        return why_of(local(self.path))

    def _header(self) -> list[str]:
        before = () if "gain" in self.scores else ("ref_score", "alt_score")
        null = _NULL if set(OF_NULL) <= set(self.scores) else ()
        own = [name for name in self.scores if name not in OF_NULL]
        return [*_PLACE, *before, *own, *null, *(OF_NULL if null else ())]
