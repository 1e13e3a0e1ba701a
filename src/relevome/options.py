"""Options of registered things: the fields of a frozen dataclass, filled from keywords or from text."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from relevome.errors import InputError

T = TypeVar("T")


def option_defaults(kind: type[Any]) -> dict[str, Any]:
    """The options of a method or exporter, and their defaults."""
    return {field.name: field.default for field in dataclasses.fields(kind)}


def configured(kind: type[T], name: str, options: Mapping[str, Any]) -> T:
    """A ``kind`` called ``name`` with these options; None leaves the default, text becomes its type.

    Raises ``InputError`` for an option that it does not have, or a value that it does not take.
    """
    known = get_type_hints(kind)
    given = {key.replace("-", "_"): value for key, value in options.items() if value is not None}
    for key in given:
        if key not in option_defaults(kind):
            has = ", ".join(map(_flag, option_defaults(kind))) or "none"
            raise InputError(f"{name} has no option {_flag(key)}: it has {has}")
    return kind(**{key: _converted(key, value, known[key]) for key, value in given.items()})


def check_choice(flag: str, given: str, expected: Collection[str]) -> None:
    """Raises InputError for a value of an option that is none of those it takes."""
    if given not in expected:
        raise InputError(f"{flag} {given}: expected {' or '.join(expected)}")


def _converted(key: str, value: Any, hint: Any) -> Any:
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    if choices and value not in choices:
        raise InputError(f"{_flag(key)} {value}: expected one of {', '.join(map(str, choices))}")
    if choices or not isinstance(value, str):
        return value
    wanted = _plain_type(hint)
    if wanted is bool:
        if value not in ("true", "false"):
            raise InputError(f"{_flag(key)} {value}: expected true or false")
        return value == "true"
    try:
        return wanted(value)
    except ValueError as error:
        expected = {int: "a whole number", float: "a number"}.get(wanted, wanted.__name__)
        raise InputError(f"{_flag(key)} {value}: expected {expected}") from error


def _plain_type(hint: Any) -> type[Any]:
    """``int`` of ``int | None``."""
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    return hint


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
