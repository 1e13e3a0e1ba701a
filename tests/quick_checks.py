"""The checks of types that jaxtyping makes, at a fifth of their cost where no array is spoken of.

`jaxtyping.jaxtyped` binds the arguments of every call and opens a scope for the names of axes: ten times the
work of the check itself. Only a function whose hints speak of arrays needs that, and is left to jaxtyping.
All others are checked by the type checker alone, with the hints as jaxtyping reads them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, get_args

import jaxtyping
from jaxtyping import AbstractArray, TypeCheckError

Check = Callable[[Any], Any]

thorough: Callable[..., Any] = jaxtyping.jaxtyped
known: dict[Any, tuple[Check, Check] | None] = {}


def install() -> None:
    """For all that is imported from now on through jaxtyping's import hook."""
    jaxtyping.jaxtyped = jaxtyping._decorator.jaxtyped = jaxtyped  # pyright: ignore[reportAttributeAccessIssue]


def jaxtyped(*functions: Any, typechecker: Check) -> Any:
    """As `jaxtyping.jaxtyped`, which takes classes, methods and properties apart and asks here for each."""
    checks = checks_of(functions[0], typechecker) if functions and is_function(functions[0]) else None
    return quick(functions[0], *checks) if checks else thorough(*functions, typechecker=typechecker)


def is_function(one: Any) -> bool:
    return isinstance(one, FunctionType)


def checks_of(function: FunctionType, typechecker: Check) -> tuple[Check, Check] | None:
    """What checks arguments and what checks a result; None where a hint speaks of arrays.

    A function within another is made anew with every call of that one, and its checks only once.
    """
    if "<locals>" not in function.__qualname__ or function.__defaults__ or function.__kwdefaults__:
        return make_checks(function, typechecker)
    key = (function.__module__, function.__qualname__, function.__code__)
    if key not in known:
        known[key] = make_checks(function, typechecker)
    return known[key]


def make_checks(function: FunctionType, typechecker: Check) -> tuple[Check, Check] | None:
    made: list[Any] = []

    def note(check: FunctionType) -> FunctionType:
        made.append(check)
        return check

    thorough(function, typechecker=note)
    of_both, of_arguments = made
    hints = [one.annotation for one in inspect.signature(of_both).parameters.values()]
    hint = inspect.signature(of_both).return_annotation
    if any(map(speaks_of_arrays, [hint, *hints])):
        return None
    return typechecker(of_arguments), typechecker(giving(hint))


def giving(hint: Any) -> FunctionType:
    def result(given: Any) -> Any:
        return given

    result.__annotations__ = {"return": Any if hint is inspect.Signature.empty else hint}
    return result


def speaks_of_arrays(hint: Any) -> bool:
    if isinstance(hint, TypeVar):
        return any(map(speaks_of_arrays, (hint.__bound__, *hint.__constraints__)))
    if isinstance(hint, list | tuple):  # the arguments in Callable[[...], ...]
        return any(map(speaks_of_arrays, hint))
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(map(speaks_of_arrays, get_args(hint)))


def quick(function: FunctionType, of_arguments: Check, of_result: Check) -> Check:
    """Checks arguments, calls, checks the result."""
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            of_arguments(*args, **kwargs)
        except Exception as error:
            inspect.signature(function).bind(*args, **kwargs)  # too many and too few are told as ever
            raise TypeCheckError(f"an argument of {name} is of another type: {error}") from error
        given = function(*args, **kwargs)
        try:
            return of_result(given)
        except Exception as error:
            raise TypeCheckError(f"the result of {name} is of another type: {error}") from error

    return call
