"""What a page holds, in few bytes: text as JSON, numbers as they are in memory, all deflated."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from relevome.data.names import visible

Reference: TypeAlias = dict[str, Any]

# How an array is written, by what it is for.
_KINDS = {"f2": "<f2", "f4": "<f4", "f8": "<f8", "i4": "<i4", "u2": "<u2", "u1": "|u1"}
_ALIGNED = 8  # bytes, so that the page can read any array where it lies


class PageArrays:
    """Arrays that are kept beside the text, which has only references to them."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, values: Any, kind: str) -> Reference:
        """Keep an array of one axis, and give what stands for it.

        Args:
            values: Numbers.
            kind: ``f2``, ``f4`` or ``f8`` for real numbers, where NaN is none; ``i4``, ``u2`` or ``u1`` for
                whole ones, which must fit.

        Raises:
            ValueError: For numbers that do not fit.
        """
        given = np.asarray(values)
        array = given.astype(_KINDS[kind])
        if given.dtype.kind != "f" and not np.array_equal(array, given):
            raise ValueError(f"numbers up to {given.max()} do not fit {kind}")
        self._bytes += bytes(-len(self._bytes) % _ALIGNED)
        found = {"at": len(self._bytes), "n": len(array), "as": kind}
        self._bytes += array.tobytes()
        return found

    def whole(self, content: Mapping[str, Any]) -> bytes:
        """Text and arrays behind each other.

        The first four bytes say how long the JSON is; arrays begin at the next multiple of 8. Raises
        ValueError for what JSON cannot hold.
        """
        text = json.dumps(_writable(content), allow_nan=False, separators=(",", ":")).encode()
        head = len(text).to_bytes(4, "little") + text
        return head + bytes(-len(head) % _ALIGNED) + bytes(self._bytes)

    def packed(self, content: Mapping[str, Any]) -> str:
        """The same deflated and as base64, in which nothing can be taken for markup.

        The same content gives the same text. Raises ValueError for what JSON cannot hold.
        """
        packed = gzip.compress(self.whole(content), compresslevel=6, mtime=0)
        return base64.b64encode(packed).decode("ascii")


def finite(value: Any) -> float | None:
    """A number as JSON can hold it: None for what is none, or infinite."""
    return None if value is None or not math.isfinite(value) else float(value)


def _writable(value: Any) -> Any:
    """Every text such that it shows as itself: no letter of it turns a line around, or hides."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {key: _writable(inner) for key, inner in value.items()}
    return [_writable(inner) for inner in value] if isinstance(value, list | tuple) else value
