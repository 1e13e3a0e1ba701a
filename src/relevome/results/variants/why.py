"""Why variants do what they do: relevance of both alleles under each other, beside their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from relevome.errors import InputError
from relevome.results.parts.arrow import arrow_table
from relevome.results.parts.manifest import Folder
from relevome.results.parts.part import Rows
from relevome.results.variants.columns import OF_TARGET, OF_VARIANT, REAL, TEXT, WHOLE, VariantsReader
from relevome.words import counted

FOLDER, NAME, TABLE = "why", "why.json", "why.tsv"

_LIST = pa.list_(pa.float32())
_LISTS = ("ref_relevance", "alt_relevance", "difference", "difference_low", "difference_high")


@dataclass(frozen=True)
class MotifChange:
    """A motif that came or went with a variant.

    Attributes:
        motif: Its name.
        strand: The strand of the sequence that it lies on.
        start: The first of its columns where it lies best, of the allele that has it.
        end: Behind the last.
        ref_score: The best score of the motif over a changed letter, in bits, with the reference; None
            without room for it.
        alt_score: The same with the alternative.
        ref_p: Of random words the share with such a score, of the reference.
        alt_p: The same of the alternative.
        window_p: Of places elsewhere in the reference's window, and this one, the share with a score such as
            that of the allele that has it.
        relevance: The difference of relevance, summed over its columns.
    """

    motif: str
    strand: str
    start: int
    end: int
    ref_score: float | None
    alt_score: float | None
    ref_p: float
    alt_p: float
    window_p: float
    relevance: float


_MOTIF = {
    "motif": TEXT, "strand": TEXT, "start": WHOLE, "end": WHOLE, "ref_score": REAL, "alt_score": REAL,
    "ref_p": REAL, "alt_p": REAL, "window_p": REAL, "relevance": REAL,
}  # fmt: skip

WHY_SCHEMA = pa.schema([
    *OF_VARIANT,
    *OF_TARGET,
    pa.field("letter", WHOLE),
    *(pa.field(name, WHOLE, nullable=False) for name in ("first", "changed_start", "changed_end")),
    *(pa.field(name, TEXT, nullable=False) for name in ("ref_letters", "alt_letters")),
    *(pa.field(name, _LIST, nullable=False) for name in _LISTS),
    *(pa.field(x, REAL, nullable=False) for x in ("ref_score", "alt_score", "ref_special", "alt_special")),
    *(pa.field(name, WHOLE) for name in ("ref_tokens", "alt_tokens", "broken_tokens")),
    *(pa.field(name, REAL) for name in ("on_changed_tokens", "on_broken_tokens", "on_same_tokens")),
    pa.field("broken_share", REAL),
    pa.field("motif_placements", WHOLE),
    *(pa.field(f"gained_{name}", kind) for name, kind in _MOTIF.items()),
    *(pa.field(f"lost_{name}", kind) for name, kind in _MOTIF.items()),
])  # fmt: skip
_NAMED = ("id", "sequence_id", "start", "ref", "alt", "target")
_SHORT = [name for name in WHY_SCHEMA.names if name not in {*_LISTS, "ref_letters", "alt_letters"}]


@dataclass(frozen=True, eq=False)
class WhyRow:
    """Relevance of both alleles of a variant for one output, in columns: letters of both under each other.

    What it begins with is as in `VariantRow`. Columns are those of the reference's window along the sequence,
    and what is inserted.

    Attributes:
        letter: With outputs for every letter, the place in the sequence of that whose output is explained.
        first: The place in the sequence of the first column, 0-based; below 0 where that is filled up.
        changed_start: The first column that differs.
        changed_end: Behind the last.
        ref_letters: The reference, ``-`` where letters are inserted.
        alt_letters: The alternative, ``-`` where letters are deleted.
        ref_relevance: Relevance of the reference's letters, NaN where it has none.
        alt_relevance: That of the alternative's; NaN too where no window of it holds the letter.
        difference: Alternative minus reference, where a missing letter has 0; NaN where one is not read.
        difference_low: The least of all shifts of the windows.
        difference_high: The largest.
        ref_score: What is explained, a logit, number or log-likelihood, of windows that are not moved.
        alt_score: The same with the alternative.
        ref_special: Relevance that is on no letter.
        alt_special: The same with the alternative.
        ref_tokens: Tokens of the reference's window; None of a model of single letters, as all that follows.
        alt_tokens: Tokens of the alternative's.
        broken_tokens: Tokens that hold no changed letter and that one of both has alone.
        on_changed_tokens: The difference over letters of tokens that hold a changed letter.
        on_broken_tokens: That over the others of ``broken_tokens``.
        on_same_tokens: That over the rest.
        broken_share: What is on broken tokens of the sizes of all differences.
        motif_placements: On how many places motifs were looked for, in both alleles; None without motifs.
        gained: The motif that came, if any.
        lost: The motif that went.
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
    target: str
    target_index: int | None
    letter: int | None
    first: int
    changed_start: int
    changed_end: int
    ref_letters: str
    alt_letters: str
    ref_relevance: Float[np.ndarray, " columns"]
    alt_relevance: Float[np.ndarray, " columns"]
    difference: Float[np.ndarray, " columns"]
    difference_low: Float[np.ndarray, " columns"]
    difference_high: Float[np.ndarray, " columns"]
    ref_score: float
    alt_score: float
    ref_special: float
    alt_special: float
    ref_tokens: int | None = None
    alt_tokens: int | None = None
    broken_tokens: int | None = None
    on_changed_tokens: float | None = None
    on_broken_tokens: float | None = None
    on_same_tokens: float | None = None
    broken_share: float | None = None
    motif_placements: int | None = None
    gained: MotifChange | None = None
    lost: MotifChange | None = None

    @property
    def name(self) -> str:
        """Its id, or else what it is, counted from 1."""
        return self.id or f"{self.sequence_id}:{self.start + 1}:{self.ref}>{self.alt}"

    @property
    def places(self) -> Int[np.ndarray, " columns"]:
        """Of every column its place in the sequence; of inserted letters that of the letter before them."""
        has = np.array([letter != "-" for letter in self.ref_letters])
        return self.first - 1 + np.cumsum(has)


def _value(row: WhyRow, name: str) -> Any:
    side, _, field = name.partition("_")
    if side not in ("gained", "lost"):
        return getattr(row, name)
    change: MotifChange | None = getattr(row, side)
    return None if change is None else getattr(change, field)


def _to_table(rows: Sequence[WhyRow]) -> pa.Table:
    return arrow_table(([_value(row, name) for row in rows] for name in WHY_SCHEMA.names), WHY_SCHEMA)


def _from_row(table: pa.Table, row: int, _: tuple[int, int] | None) -> WhyRow:
    found = {name: table[name][row].as_py() for name in WHY_SCHEMA.names}
    for name in _LISTS:
        found[name] = np.array(found[name], dtype=np.float32)
    changes: dict[str, MotifChange | None] = {}
    for side in ("gained", "lost"):
        said = {field.name: found.pop(f"{side}_{field.name}") for field in fields(MotifChange)}
        changes[side] = None if said["motif"] is None else MotifChange(**said)
    made = WhyRow(**found, gained=changes["gained"], lost=changes["lost"])
    _check(made)
    return made


def _check(row: WhyRow) -> None:
    """Raises ValueError for a row whose columns are not as many everywhere."""
    sizes = {len(getattr(row, name)) for name in (*_LISTS, "ref_letters", "alt_letters")}
    if len(sizes) != 1 or not 0 <= row.changed_start <= row.changed_end <= max(sizes):
        raise ValueError(f"columns of {row.name!r} are {sorted(sizes)}")


WHY = Folder(
    manifest=NAME,
    what="explanation of variants",
    command="variants --why",
    done="explained",
    rows=Rows(WHY_SCHEMA, _to_table, _from_row),
    schema_version=1,
    kinds={"method": str, "parameters": dict, "shifts": int, "variants": str, "on_bad": str},
)


class VariantsWhy(VariantsReader[WhyRow]):
    """Why the variants of a folder do what they do, in their order; one part is held in memory at a time.

    ``manifest`` is what ``why.json`` says. Raises InputError for a folder that has none, of a later schema,
    or with a part that is damaged or missing.
    """

    kind, table = WHY, TABLE

    def __repr__(self) -> str:
        counts = self.counts
        return (
            f"VariantsWhy({str(self.path)!r}: {self.manifest['method']}; {counts.explained:,} of "
            f"{counted(counts.read, 'variant')}; {self.status})"
        )

    def find(self, name: str, target: str | None = None) -> list[WhyRow]:
        """The rows of a variant, by its id or as ``chr1:12345:A>G`` (counted from 1), of one target or all.

        Raises InputError where there is none.
        """
        found = [
            self._row(row)
            for row, (id, contig, start, ref, alt, label) in enumerate(self.values(_NAMED))
            if name in (id or None, f"{contig}:{start + 1}:{ref}>{alt}") and target in (None, label)
        ]
        if not found:
            raise InputError(
                f"{self.path} has no variant {name!r}{'' if target is None else f' with target {target!r}'}: "
                "expected an id, or one such as chr1:12345:A>G, as why.tsv lists them"
            )
        return found

    def _header(self) -> list[str]:
        return _SHORT


def why_of(folder: str | Path) -> VariantsWhy | None:
    """What a folder of variants says of why; None where that was not asked."""
    path = Path(folder) / FOLDER
    return VariantsWhy(path) if (path / NAME).is_file() else None
