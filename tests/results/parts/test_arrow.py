"""Arrow arrays by way of their buffers are those that pyarrow makes of the same values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from relevome.models.tokens import CodedTexts
from relevome.results.parts.arrow import arrow_array

TEXTS = pa.list_(pa.string())
REALS, WHOLES = pa.list_(pa.float32()), pa.list_(pa.int32())
WORDS = ("A", "[CLS]", "")
CASES: list[tuple[pa.DataType, list[Any]]] = [
    (pa.string(), ["a", None, "", "Größe 塩", "b" * 300]),
    (pa.string(), []),
    (pa.string(), [None] * 9),
    (pa.int32(), [3, -1, 2**31 - 1]),
    (pa.int64(), [None, 2**40, None, 0, 1, 2, 3, 4, 5]),
    (pa.float64(), [0.1, None, np.float64(1e-300), np.float32(0.5)]),
    (TEXTS, [("A", "CG"), (), None, ("[CLS]",)]),
    (TEXTS, [CodedTexts(np.array([1, 0, 2]), WORDS), None, CodedTexts(np.zeros(0, int), WORDS)]),
    (TEXTS, [CodedTexts(np.array([1]), WORDS), CodedTexts(np.array([1]), ("a", "b"))]),
    (TEXTS, [CodedTexts(np.array([2]), WORDS), ("塩",)]),
    (WHOLES, [np.arange(5, dtype=np.int32), np.empty(0, np.int32)]),
    (REALS, [None, np.array([1.5, -2.25], np.float32), np.linspace(0, 1, 700, dtype=np.float32)]),
    (REALS, [None, None]),
    (REALS, []),
]


@pytest.mark.parametrize(("kind", "values"), CASES, ids=str)
def test_an_array_is_that_of_pyarrow(kind: pa.DataType, values: list[Any]) -> None:
    found, expected = arrow_array(values, kind), pa.array(values, type=kind)
    found.validate(full=True)
    assert found.equals(expected)
    assert found.null_count == expected.null_count
    assert found.to_pylist() == expected.to_pylist()


@pytest.mark.parametrize(("kind", "value"), [(pa.int32(), 2**31), (pa.string(), "\ud800"), (pa.int64(), "x")])
def test_what_does_not_fit_is_refused(kind: pa.DataType, value: object) -> None:
    with pytest.raises((OverflowError, UnicodeEncodeError, ValueError)):
        arrow_array([value], kind)
