"""The checks of types that jaxtyping makes, at a fifth of their cost.

`jaxtyping.jaxtyped` binds the arguments of every call to their names and checks them twice, before the call
and with the result, and opens a scope for the names of axes where no array is spoken of too. Here they are
checked once before the call, the result once after it, both in one scope, and a scope is opened for arrays
alone: by the same type checker, with the hints as jaxtyping reads them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import FunctionType
from typing import Any, TypeVar, get_args

import jaxtyping
from jaxtyping import AbstractArray, TypeCheckError

Check = Callable[..., Any]


@dataclass(frozen=True)
class Checks:
    """Of the arguments and of the result of a function, and the scope that both are made in.

    ``say`` raises what jaxtyping has to say of wrong arguments: which of them is wrong, for one.
    """

    of_arguments: Check
    of_result: Check
    scope: Callable[[], AbstractContextManager[None]]
    say: Check


thorough: Callable[..., Any] = jaxtyping.jaxtyped
known: dict[Any, Checks | None] = {}


def install() -> None:
    """For all that is imported from now on through jaxtyping's import hook."""
    jaxtyping.jaxtyped = jaxtyping._decorator.jaxtyped = jaxtyped  # pyright: ignore[reportAttributeAccessIssue]


def jaxtyped(*functions: Any, **by: Check) -> Any:
    """As `jaxtyping.jaxtyped`, which takes classes, methods and properties apart and asks here for each."""
    if not by:  # a scope, in which nothing is checked yet
        return thorough(*functions)
    typechecker = by["typechecker"]
    checks = checks_of(functions[0], typechecker) if functions and is_function(functions[0]) else None
    return quick(functions[0], checks) if checks else thorough(*functions, typechecker=typechecker)


def is_function(one: Any) -> bool:
    return isinstance(one, FunctionType)


def checks_of(function: FunctionType, typechecker: Check) -> Checks | None:
    """None where an axis is as long as an argument says, for which that must be bound to its name.

    A function within another is made anew with every call of that one, and its checks only once.
    """
    if "<locals>" not in function.__qualname__ or function.__defaults__ or function.__kwdefaults__:
        return make_checks(function, typechecker)
    key = (function.__module__, function.__qualname__, function.__code__)
    if key not in known:
        known[key] = make_checks(function, typechecker)
    return known[key]


def make_checks(function: FunctionType, typechecker: Check) -> Checks | None:
    made: list[Any] = []

    def note(check: FunctionType) -> FunctionType:
        made.append(check)
        return check

    thorough(function, typechecker=note)
    of_both, of_arguments = made
    signature = inspect.signature(of_both)
    hint = signature.return_annotation
    hints = [hint, *(one.annotation for one in signature.parameters.values())]
    arrays = [array for one in hints for array in arrays_in(one)]
    if any("{" in array.dim_str for array in arrays):
        return None
    scope = functools.partial(thorough, "context") if arrays else nullcontext

    def say(*args: Any, **kwargs: Any) -> None:
        thorough(of_arguments, typechecker=typechecker)(*args, **kwargs)

    return Checks(typechecker(of_arguments), typechecker(giving(hint)), scope, say)


def giving(hint: Any) -> FunctionType:
    def result(given: Any) -> Any:
        return given

    result.__annotations__ = {"return": Any if hint is inspect.Signature.empty else hint}
    return result


def arrays_in(hint: Any) -> Iterator[Any]:
    """The arrays that a hint speaks of, however deep."""
    if isinstance(hint, TypeVar):
        within: Any = (hint.__bound__, *hint.__constraints__)
    elif isinstance(hint, list | tuple):  # the arguments in Callable[[...], ...]
        within = hint
    elif isinstance(hint, type) and issubclass(hint, AbstractArray):
        yield hint
        return
    else:
        within = get_args(hint)
    for one in within:
        yield from arrays_in(one)


def quick(function: FunctionType, checks: Checks) -> Check:
    """Checks arguments, calls, checks the result."""
    of_arguments, of_result, scope = checks.of_arguments, checks.of_result, checks.scope
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with scope():
            try:
                of_arguments(*args, **kwargs)
            except Exception as error:
                checks.say(*args, **kwargs)
                raise TypeCheckError(f"an argument of {name} is of another type: {error}") from error
            given = function(*args, **kwargs)
            try:
                return of_result(given)
            except Exception as error:
                raise TypeCheckError(f"the result of {name} is of another type: {error}") from error

    return call
