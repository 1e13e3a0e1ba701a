"""Odd values, and records in which one stands where another is expected."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple


class Given(NamedTuple):
    """What a mutation may use: random numbers, words of the format, and another file of its kind."""

    rng: Random
    words: Sequence[bytes]
    other: bytes


Mutation = Callable[[bytes, Given], bytes]

ODD_NUMBERS = (
    "0", "-1", "1", "00012", "+3", "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1e-999", "2147483648",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "0.5", "1.", ".5", "1,000", "0x10",
    "1_000", "٣", "²", "9" * 5000, "-", "1e5", "3.0", " 4 ", "None", "true",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, 1e300, 0.5, float("nan"), float("inf"), "",
    "x",
    "\n", "\x00", "\ud800", "a\u2028b", "=1+1", "../../x", [], {}, [None], [[]], [1, 2, 3], {"x": []},
    {"": 0},
    "9" * 5000, ["a"] * 50,
)  # fmt: skip
ODD_TEXTS = (
    b"", b" ", b"\t", b".", b"-", b"*", b"'", b'"', b'""', b"\\", b"\x00", b"\xff\xfe", b"\xc3",
    b"\xed\xa0\x80",
    b"\x1b[31m", b"=1+1", b"#", b">", b"<", b"&", b"]]>", b"%", b"%00", b"%zz", b";", b"=", b"|", b"(", b")",
    b"{", b"}", b"[", b"]", b"\r", b"\n", b"\r\n", b"\x0b", b"\x0c", b"\x1c", "\u2028".encode(),
    "\u0085".encode(), "\ufeff".encode(), "é".encode(), "\u0131".encode(), "漢".encode(), b"None",
    b"nan", b"A" * 300, b"\x7f", b"\x08", "\u00a0".encode(), "\u202e".encode(),
)  # fmt: skip


def change_json(data: bytes, given: Given) -> bytes:
    """A value of another kind somewhere, or a name that is gone or another."""
    try:
        content = [json.loads(data)]
    except (ValueError, RecursionError):
        return data[: len(data) // 2]
    places = list(_places(content))
    for _ in range(given.rng.choice((1, 1, 2))):
        holder, key = given.rng.choice(places)
        way = given.rng.random()
        if way < 0.2:
            _take_out(holder, key)
        elif isinstance(holder, dict) and way < 0.3:
            holder[given.rng.choice(("", "x", "\ud800", "a\nb"))] = holder.pop(key, None)
        elif isinstance(holder, dict) or key < len(holder):
            holder[key] = given.rng.choice(ODD_VALUES)
    text = json.dumps(content[0]) if content else "[]"
    return text.encode("utf-8", "surrogatepass")


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Everything that stands in lists and dictionaries, as what holds it and its key."""
    for key in content if isinstance(content, dict) else range(len(content)):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from _places(content[key])


def _take_out(holder: Any, key: Any) -> None:
    if isinstance(holder, dict):
        holder.pop(key, None)
    elif key < len(holder):
        del holder[key]
