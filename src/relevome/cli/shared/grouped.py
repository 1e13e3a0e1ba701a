"""Options that several commands have in common, as fields of one class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, TypeGuard

Command = Callable[..., None]


def with_options(command: Command) -> Command:
    """Decorator: where a command asks for a dataclass, its fields are options, which come as one object.

    A command with the parameter ``computed: EngineOptions`` has an option for every field of that class.
    typer reads the options of a command off its signature, so the fields are put there, behind its own.
    """
    asked = signature(command, eval_str=True).parameters
    kinds = {name: one.annotation for name, one in asked.items() if _is_group(one.annotation)}
    shared = {name: signature(kind, eval_str=True).parameters for name, kind in kinds.items()}

    @wraps(command)
    def wrapped(**given: Any) -> None:
        made = {
            name: kinds[name](**{field: given.pop(field) for field in fields})
            for name, fields in shared.items()
        }
        command(**given, **made)

    own = [one for name, one in asked.items() if name not in kinds]
    every = [*own, *(one for fields in shared.values() for one in fields.values())]
    named = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in every]
    wrapped.__signature__ = Signature(named)  # pyright: ignore[reportAttributeAccessIssue]
    return wrapped


def _is_group(kind: Any) -> TypeGuard[type]:
    return isinstance(kind, type) and is_dataclass(kind)
