"""Whether what was read back is of the kinds that a result declares, down to its last field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from jaxtyping import jaxtyped

T = TypeVar("T")

_hints = cache(get_type_hints)


def of_its_kind(found: T) -> T:
    """A result as it is.

    Raises TypeError, ValueError or OverflowError for a field of another kind than is declared.
    """
    _check(found, type(found), type(found).__name__)
    return found


def _check(value: Any, kind: Any, where: str) -> None:
    if not _fits(value, kind):
        raise TypeError(f"{where} is {str(value)[:60]!r}")
    if kind is float:
        float(value)  # JSON has whole numbers that are larger than any
    if isinstance(value, str):
        value.encode()  # half of a pair of surrogates, which JSON lets through, can be written nowhere
    # axes of one name have one size in all arrays of a thing
    with jaxtyped("context") if is_dataclass(value) else nullcontext():
        for name, part, of_part in _parts(value, kind):
            _check(part, of_part, f"{where}{name}")


def _fits(value: Any, kind: Any) -> bool:
    """Whether it is of this kind itself, whatever its parts are."""
    origin = get_origin(kind)
    if kind is Any or origin in (Union, UnionType):
        return True
    if origin is Literal:
        return value in get_args(kind)
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    if origin is tuple and ... not in get_args(kind) and isinstance(value, tuple):
        return len(value) == len(get_args(kind))
    if origin is Sequence:
        return isinstance(value, list | tuple)
    return isinstance(value, NoneType if kind is None else origin or kind)


def _parts(value: Any, kind: Any) -> list[tuple[str, Any, Any]]:
    """Name, value and kind of all that a value is made of."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return [("", value, _first_that_fits(value, inner))]
    if is_dataclass(value):
        hints = _hints(type(value))
        return [(f".{one.name}", getattr(value, one.name), hints[one.name]) for one in fields(value)]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [(f".{name}", getattr(value, name), of) for name, of in _hints(type(value)).items()]
    if origin is tuple:
        kinds = inner[:1] * len(value) if ... in inner else inner
        return [(f"[{i}]", *pair) for i, pair in enumerate(zip(value, kinds, strict=True))]
    if origin is Sequence:
        return [(f"[{i}]", part, inner[0]) for i, part in enumerate(value)]
    if isinstance(value, Mapping) and inner:
        keys = [(".key", key, inner[0]) for key in value]
        return keys + [(f"[{key!r:.40}]", part, inner[1]) for key, part in value.items()]
    return []


def _first_that_fits(value: Any, kinds: Sequence[Any]) -> Any:
    return next((kind for kind in kinds if _fits(value, kind)), kinds[0])
