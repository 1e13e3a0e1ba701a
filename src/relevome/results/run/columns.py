"""The columns of a run: one field of `Explanation` each, with its type, unit and meaning.

A column is declared here, checked here, filled from what a method gave by `results.run.rows`, and written and
read by way of `SCHEMA`; nothing else has to know of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int32

from relevome.data.sequences import Interval
from relevome.errors import InputError
from relevome.results.notebook import MOST, as_html, picture, plotted
from relevome.results.parts.arrow import arrow_array, loose
from relevome.results.parts.part import Rows, common_head_shape
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from relevome.data.sites import Site


SCHEMA_VERSION = 1

_TEXT, _REAL = pa.string(), pa.float64()
_REALS, _WHOLES = pa.list_(pa.float32()), pa.list_(pa.int32())

# Float32 sums of shares that were themselves rounded: a few units in the last place of what was added up.
ROUNDING = 16 * float(np.finfo(np.float32).eps)


def _no_offsets() -> np.ndarray:
    return np.zeros(0, dtype=np.int32)


def _column(
    kind: pa.DataType, unit: str, meaning: str, shape: tuple[object, ...] | None = None
) -> dict[str, Any]:
    """What is known of a column; sizes of ``shape`` are ``letters``, ``tokens``, or any (...)."""
    return {"type": kind, "unit": unit, "meaning": meaning, "shape": shape}


@dataclass(frozen=True, eq=False, kw_only=True)
class Explanation:
    """What a run keeps of one sequence and target; each field is a column.

    ``relevance`` runs along ``sequence`` as it was explained: on the ``-`` strand its first value belongs
    to the base at ``end - 1``. ``conserved=False`` is for lifts that repeat values instead of sharing
    them out, where letters and special tokens do not add up to the tokens. ``alphabet`` is no column:
    it is the name of the alphabet, which the run's manifest has; None of what no run gave.
    Raises InputError for numbers that are not finite, ValueError for fields that contradict each other.
    """

    sequence_id: str = field(
        metadata=_column(_TEXT, "", "name of the sequence; repeats from target to target")
    )
    sequence: str = field(metadata=_column(_TEXT, "letters", "the letters that were explained, upper case"))
    chrom: str | None = field(
        default=None, metadata=_column(_TEXT, "", "chromosome; null without an interval")
    )
    start: int | None = field(
        default=None, metadata=_column(pa.int64(), "bases", "0-based start on the chromosome")
    )
    end: int | None = field(
        default=None, metadata=_column(pa.int64(), "bases", "end on the chromosome, not included")
    )
    strand: str | None = field(
        default=None, metadata=_column(_TEXT, "", "+, - or .; on - the first letter is at end - 1")
    )
    target: str = field(metadata=_column(_TEXT, "", "label of the explained output"))
    target_index: int = field(metadata=_column(pa.int32(), "", "index of the explained output, 0-based"))
    score: float = field(metadata=_column(_REAL, "logit", "the explained logit"))
    baseline_score: float | None = field(
        default=None, metadata=_column(_REAL, "logit", "logit of the baseline; null without one")
    )
    tokens: Sequence[str] = field(
        default=(), metadata=_column(pa.list_(_TEXT), "", "tokens, special ones included")
    )
    token_start: Int32[np.ndarray, "tokens"] = field(
        default_factory=_no_offsets,
        metadata=_column(_WHOLES, "letters", "0-based first letter of each token", ("tokens",)),
    )
    token_end: Int32[np.ndarray, "tokens"] = field(
        default_factory=_no_offsets,
        metadata=_column(_WHOLES, "letters", "end of each token, special tokens: = start", ("tokens",)),
    )
    token_relevance: Float32[np.ndarray, "tokens"] | None = field(
        default=None,
        metadata=_column(_REALS, "logit", "relevance per token; null for methods on letters", ("tokens",)),
    )
    relevance: Float32[np.ndarray, "letters"] = field(
        metadata=_column(_REALS, "logit", "relevance per letter of sequence", ("letters",))
    )
    special_relevance: float = field(
        default=0.0, metadata=_column(_REAL, "logit", "relevance left on special tokens")
    )
    completeness_error: float | None = field(
        default=None,
        metadata=_column(
            _REAL,
            "logit",
            "score - baseline_score - sum of relevance, where the method promises that they agree",
        ),
    )
    head_relevance: Float32[np.ndarray, "layers heads tokens"] | None = field(
        default=None,
        metadata=_column(
            _REALS,
            "logit",
            "layers x heads x tokens, row-major; sizes in run.json (head_shape)",
            (..., ..., "tokens"),
        ),
    )
    letter_scores: Float32[np.ndarray, "letters alphabet"] | None = field(
        default=None,
        metadata=_column(
            _REALS,
            "logit",
            "letters x alphabet, row-major: every letter's score at every position; order in run.json "
            "(alphabet_letters)",
            ("letters", ...),
        ),
    )
    probability: float | None = field(
        default=None,
        metadata=_column(_REAL, "", "probability of the target, 0 to 1; null where an output is a number"),
    )
    predicted: str | None = field(
        default=None,
        metadata=_column(_TEXT, "", "label of the most probable output; null where an output is a number"),
    )
    predicted_probability: float | None = field(
        default=None, metadata=_column(_REAL, "", "probability of the most probable output, 0 to 1")
    )
    positions: Int32[np.ndarray, "positions"] | None = field(
        default=None,
        metadata=_column(_WHOLES, "letters", "0-based, over which the output is summed; null if not", (...,)),
    )
    conserved: InitVar[bool] = True
    alphabet: ClassVar[str | None] = None

    @classmethod
    def unchecked(cls, columns: dict[str, Any]) -> Explanation:
        """One of all columns, of which whoever makes many at once knows that they hold, or asks `check`."""
        made = object.__new__(cls)
        vars(made).update(columns)
        return made

    def __post_init__(self, conserved: bool) -> None:
        self.check(conserved)

    def check(self, conserved: bool = True) -> None:
        """Raises InputError for numbers that are not finite, ValueError for fields that contradict."""
        self._check_place()
        self._check_arrays()
        self._check_offsets()
        self._check_finite()
        if conserved and self.token_relevance is not None:
            self._check_sum(self.token_relevance)

    def __repr__(self) -> str:
        letters = self.sequence if len(self.sequence) <= 24 else self.sequence[:21] + "..."
        place = f", {self.interval}" if self.interval else ""
        return (
            f"Explanation({self.sequence_id!r}{place}: {letters}, {counted(len(self.sequence), 'letter')}; "
            f"target {self.target}, score {self.score:.4g}; relevance sums to "
            f"{float(self.relevance.sum()):.4g})"
        )

    def _repr_html_(self) -> str:
        """With the letters of most relevance, whatever its sign, the first of them first."""
        strongest = np.argsort(-np.abs(self.relevance), kind="stable")[:MOST]
        rows = ((int(i), self.sequence[i], float(self.relevance[i])) for i in sorted(strongest))
        words = f"{self!r}\n  its {len(strongest)} most relevant letters, positions from 0:"
        logo = "" if self.alphabet is None else picture(self, f"relevance of {self.sequence_id} as a logo")
        return logo + as_html(words, ("position", "letter", "relevance"), rows)

    def plot(
        self, *, sites: Sequence[Site] = (), region: range | None = None, inches: float = 7.2
    ) -> list[Axes]:
        """Relevance as a logo, upright letters, negative relevance below the axis.

        Args:
            sites: Known sites, in letters of the sequence, drawn below it. Default: none.
            region: Which letters are drawn, from 0, the end not included. Default: all.
            inches: Width of the picture. Default: 7.2, two columns in most journals.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: For an explanation that no run gave, whose alphabet is not known, and for sites or a
                region off the sequence.
        """
        return plotted(self, sites=sites, region=region, inches=inches)

    def to_pandas(self) -> pd.DataFrame:
        """A row for every letter: its position from 0, letter and relevance, and its scores if there are any.

        ``score_0``, ``score_1``, ... are the scores of the letters of the alphabet, in its order.
        """
        import pandas as pd

        scores = {} if self.letter_scores is None else dict(enumerate(self.letter_scores.T))
        columns = {"position": np.arange(len(self.sequence)), "letter": list(self.sequence)}
        return pd.DataFrame(
            columns | {"relevance": self.relevance} | {f"score_{i}": values for i, values in scores.items()}
        )

    @property
    def interval(self) -> Interval | None:
        """Where the sequence lies on a genome, if that is known."""
        if self.chrom is None or self.start is None or self.end is None or self.strand is None:
            return None
        return Interval(self.chrom, self.start, self.end, self.strand)

    def _check_place(self) -> None:
        place = (self.chrom, self.start, self.end, self.strand)
        if self.interval is None and any(part is not None for part in place):
            raise ValueError(f"{self._name}: chrom, start, end and strand come together, got {place}")
        if self.interval is not None and len(self.interval) != len(self.sequence):
            raise ValueError(
                f"{self._name}: {counted(len(self.sequence), 'letter')} do not fill {self.interval}"
            )

    def _check_arrays(self) -> None:
        sizes = {"letters": len(self.sequence), "tokens": len(self.tokens)}
        for name, dtype, shape in _shaped():
            array = getattr(self, name)
            if array is None:
                continue
            expected = tuple([sizes.get(size, size) for size in shape])
            if not (array.dtype == dtype and (array.shape == expected or _fits(array.shape, expected))):
                raise ValueError(
                    f"{self._name}: {name} is {array.dtype} {array.shape}, expected {dtype} {expected}"
                )

    def _check_offsets(self) -> None:
        inside = (self.token_start >= 0) & (self.token_start <= self.token_end)
        if not (inside & (self.token_end <= len(self.sequence))).all():
            raise ValueError(f"{self._name}: token offsets leave the {counted(len(self.sequence), 'letter')}")

    def _check_finite(self) -> None:
        for name in _of_logits():
            values = getattr(self, name)
            if values is not None and not np.isfinite(values).all():
                bad = int((~np.isfinite(values)).sum())
                raise InputError(
                    f"{self._name}: {bad} of {np.size(values)} values of {name} are infinite or not a "
                    "number: the model or the method overflowed; use a wider --dtype or another method"
                )

    def _check_sum(self, tokens: Float32[np.ndarray, "tokens"]) -> None:
        letters = self.relevance.astype(np.float64)
        wide = tokens.astype(np.float64)
        whole = float(wide.sum())
        gap = float(letters.sum()) + self.special_relevance - whole
        mass = np.abs(letters).sum() + abs(self.special_relevance) + np.abs(wide).sum()
        if abs(gap) > ROUNDING * mass:
            raise ValueError(
                f"{self._name}: letters and special tokens sum to {whole + gap:.9g}, tokens to {whole:.9g}"
            )

    @property
    def _name(self) -> str:
        return f"sequence {self.sequence_id!r}, target {self.target!r}"


@cache
def _shaped() -> tuple[tuple[str, np.dtype[Any], tuple[Any, ...]], ...]:
    """The columns that are arrays, with the type of their items and their shapes."""
    return tuple(
        (one.name, np.dtype(one.metadata["type"].value_type.to_pandas_dtype()), one.metadata["shape"])
        for one in fields(Explanation)
        if one.metadata["shape"] is not None
    )


@cache
def _of_logits() -> tuple[str, ...]:
    """The columns whose numbers are logits."""
    return tuple(one.name for one in fields(Explanation) if one.metadata["unit"] == "logit")


@cache
def _several_axes() -> tuple[str, ...]:
    """The columns whose arrays have more than one axis."""
    return tuple(name for name, _, shape in _shaped() if len(shape) > 1)


def _fits(shape: tuple[int, ...], expected: tuple[object, ...]) -> bool:
    """Whether a shape is as expected, where an ellipsis stands for any size."""
    return len(shape) == len(expected) and all(
        e in (size, ...) for size, e in zip(shape, expected, strict=True)
    )


SCHEMA = pa.schema(
    [
        pa.field(
            column.name,
            column.metadata["type"],
            nullable=column.default is None,
            metadata={key: column.metadata[key] for key in ("unit", "meaning")},
        )
        for column in fields(Explanation)
    ]
)


def to_table(explanations: Sequence[Explanation]) -> pa.Table:
    """Explanations as rows, in their order."""
    cells = {column.name: [getattr(e, column.name) for e in explanations] for column in SCHEMA}
    for name in _several_axes():
        cells[name] = [None if array is None else array.ravel() for array in cells[name]]
    columns = [arrow_array(cells[column.name], column.type) for column in SCHEMA]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def no_rows(columns: Sequence[str] | None = None) -> pa.Table:
    """A table without rows, of all columns or some."""
    return to_table(()).select(SCHEMA.names if columns is None else list(columns))


def from_row(table: pa.Table, row: int, head_shape: tuple[int, int] | None) -> Explanation:
    """The explanation in a row; ``head_shape`` is (layers, heads). Its arrays are copies."""
    values = {name: loose(table[name][row]) for name in SCHEMA.names}
    values["tokens"] = tuple(values["tokens"])
    if values["head_relevance"] is not None and head_shape is not None:
        values["head_relevance"] = values["head_relevance"].reshape(*head_shape, -1)
    if values["letter_scores"] is not None:
        values["letter_scores"] = values["letter_scores"].reshape(len(values["sequence"]), -1)
    return Explanation(**values, conserved=False)


def _head_shape(explanations: Sequence[Explanation]) -> tuple[int, int] | None:
    heads = [e.head_relevance for e in explanations if e.head_relevance is not None]
    return common_head_shape((h.shape[0], h.shape[1]) for h in heads)


ROWS: Rows[Explanation] = Rows(SCHEMA, to_table, from_row, _head_shape)
