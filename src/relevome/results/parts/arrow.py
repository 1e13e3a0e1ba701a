"""Arrow arrays of Python values by way of their buffers.

`pyarrow.array` would do, but imports pandas to ask it about a list: a third of a second, for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from relevome.models.tokens import CodedTexts


def arrow_array(values: Sequence[Any], type: pa.DataType) -> pa.Array:
    """Numbers, texts, or lists or arrays of either, as an array of a type; None is null."""
    listed = pa.types.is_list(type)
    count = sum(value is None for value in values) if listed else values.count(None)
    validity = _validity(values) if count else None
    if listed:
        parts = [value for value in values if value is not None]
        child = _joined(parts, type.value_type)
        offsets = _offsets([() if value is None else value for value in values])
        return pa.Array.from_buffers(type, len(values), [validity, offsets], count, children=[child])
    if pa.types.is_string(type):
        texts = [value or "" for value in values] if count else values
        joined = "".join(texts)
        if not joined.isascii():
            texts = [text.encode() for text in texts]
        buffers = [validity, _offsets(texts), pa.py_buffer(joined.encode())]
        return pa.Array.from_buffers(type, len(values), buffers, count)
    known = [0 if value is None else value for value in values] if count else values
    numbers = np.array(known, type.to_pandas_dtype())
    return pa.Array.from_buffers(type, len(values), [validity, pa.py_buffer(numbers)], count)


def arrow_table(columns: Iterable[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Columns of such values as a table of a schema."""
    arrays = [arrow_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _validity(values: Sequence[Any]) -> pa.Buffer:
    """Which values are there, bit by bit."""
    return pa.py_buffer(np.packbits([value is not None for value in values], bitorder="little"))


def arrow_indices(numbers: np.ndarray) -> pa.Array:
    """Numbers of rows, to take these rows by."""
    whole = pa.py_buffer(np.ascontiguousarray(numbers, dtype=np.int64))
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, whole], 0)


def _joined(parts: Sequence[Any], type: pa.DataType) -> pa.Array:
    """The items of all lists behind each other."""
    if pa.types.is_string(type):
        coded = [part for part in parts if isinstance(part, CodedTexts)]
        if len(coded) == len(parts) and len(words := {part.words for part in coded}) == 1:
            codes = np.concatenate([part.codes for part in coded])
            return arrow_array(words.pop(), type).take(arrow_indices(codes))
        return arrow_array(list(chain.from_iterable(parts)), type)
    dtype = np.dtype(type.to_pandas_dtype())
    arrays = [np.asarray(part, dtype) for part in parts]
    numbers = np.concatenate(arrays) if arrays else np.empty(0, dtype)
    return pa.Array.from_buffers(type, len(numbers), [None, pa.py_buffer(numbers)], 0)


def _offsets(values: Sequence[Any]) -> pa.Buffer:
    """Where each list or text begins, and the last one ends."""
    ends = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=ends[1:])
    if ends[-1] > np.iinfo(np.int32).max:
        raise ValueError(f"{ends[-1]:,} items are too many for one array")
    return pa.py_buffer(ends.astype(np.int32))


def loose(scalar: pa.Scalar) -> Any:
    """A cell as Python sees it: numbers in lists as an array of their own."""
    if isinstance(scalar, pa.ListScalar) and scalar.is_valid and scalar.type.value_type != pa.string():
        return scalar.values.to_numpy().copy()
    return scalar.as_py()
