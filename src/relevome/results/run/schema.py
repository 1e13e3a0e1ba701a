"""The columns of a run: their types, units and meaning, and the way to and from `Explanation`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from relevome.results.run.explanation import Explanation

SCHEMA_VERSION = 1

_TEXT, _REAL = pa.string(), pa.float64()
_REALS = pa.list_(pa.float32())


def _column(name: str, kind: pa.DataType, unit: str, meaning: str, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"unit": unit, "meaning": meaning})


SCHEMA = pa.schema(
    [
        _column("sequence_id", _TEXT, "", "name of the sequence; repeats from target to target"),
        _column("sequence", _TEXT, "letters", "the letters that were explained, upper case"),
        _column("chrom", _TEXT, "", "chromosome; null without an interval", nullable=True),
        _column("start", pa.int64(), "bases", "0-based start on the chromosome", nullable=True),
        _column("end", pa.int64(), "bases", "end on the chromosome, not included", nullable=True),
        _column("strand", _TEXT, "", "+, - or .; on - the first letter is at end - 1", nullable=True),
        _column("target", _TEXT, "", "label of the explained output"),
        _column("target_index", pa.int32(), "", "index of the explained output, 0-based"),
        _column("score", _REAL, "logit", "the explained logit"),
        _column("baseline_score", _REAL, "logit", "logit of the baseline; null without one", nullable=True),
        _column("tokens", pa.list_(_TEXT), "", "tokens, special ones included"),
        _column("token_start", pa.list_(pa.int32()), "letters", "0-based first letter of each token"),
        _column("token_end", pa.list_(pa.int32()), "letters", "end of each token, special tokens: = start"),
        _column(
            "token_relevance",
            _REALS,
            "logit",
            "relevance per token as the method gives it, special ones included; null for methods on letters",
            nullable=True,
        ),
        _column("relevance", _REALS, "logit", "relevance per letter of sequence"),
        _column("special_relevance", _REAL, "logit", "relevance left on special tokens"),
        _column(
            "completeness_error",
            _REAL,
            "logit",
            "score - baseline_score - sum of relevance, where the method promises that they agree",
            nullable=True,
        ),
        _column(
            "head_relevance",
            _REALS,
            "logit",
            "layers x heads x tokens, row-major; sizes in run.json (head_shape)",
            nullable=True,
        ),
        _column(
            "letter_scores",
            _REALS,
            "logit",
            "letters x alphabet, row-major: every letter's score at every position; order in run.json "
            "(alphabet_letters)",
            nullable=True,
        ),
    ]
)


def to_table(explanations: Sequence[Explanation]) -> pa.Table:
    """Explanations as rows, in their order."""
    columns = [
        pa.array([_flat(getattr(e, column.name)) for e in explanations], type=column.type)
        for column in SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def no_rows(columns: Sequence[str] | None = None) -> pa.Table:
    """A table without rows, of all columns or some."""
    return SCHEMA.empty_table().select(SCHEMA.names if columns is None else list(columns))


def from_row(table: pa.Table, row: int, head_shape: tuple[int, int] | None) -> Explanation:
    """The explanation in a row; ``head_shape`` is (layers, heads). Its arrays are copies."""
    values = {name: _loose(table[name][row]) for name in SCHEMA.names}
    values["tokens"] = tuple(values["tokens"])
    if values["head_relevance"] is not None and head_shape is not None:
        values["head_relevance"] = values["head_relevance"].reshape(*head_shape, -1)
    if values["letter_scores"] is not None:
        values["letter_scores"] = values["letter_scores"].reshape(len(values["sequence"]), -1)
    return Explanation(**values, conserved=False)


def _flat(value: object) -> object:
    return value.ravel() if isinstance(value, np.ndarray) else value


def _loose(scalar: pa.Scalar) -> Any:
    """A cell as Python sees it: numbers in lists as an array of their own."""
    if isinstance(scalar, pa.ListScalar) and scalar.is_valid and scalar.type.value_type != _TEXT:
        return scalar.values.to_numpy().copy()
    return scalar.as_py()
