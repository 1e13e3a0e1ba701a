"""Options that several commands have in common, as fields of one class."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Signature, signature
from typing import Any

Command = Callable[..., None]


def with_options(**kinds: type) -> Callable[[Command], Command]:
    """Decorator: the fields of each dataclass are options of the command, which gets them as one object.

    ``with_options(computed=EngineOptions)`` gives a command its parameter ``computed``. typer reads the
    options of a command off its signature, so the fields are put there, behind the command's own.
    """

    def decorated(command: Command) -> Command:
        shared = {name: signature(kind, eval_str=True).parameters for name, kind in kinds.items()}
        own = [one for name, one in signature(command, eval_str=True).parameters.items() if name not in kinds]

        @wraps(command)
        def wrapped(**given: Any) -> None:
            made = {
                name: kinds[name](**{field: given.pop(field) for field in fields})
                for name, fields in shared.items()
            }
            command(**given, **made)

        every = [one for fields in shared.values() for one in fields.values()]
        wrapped.__signature__ = Signature([*own, *every])  # pyright: ignore[reportAttributeAccessIssue]
        return wrapped

    return decorated
