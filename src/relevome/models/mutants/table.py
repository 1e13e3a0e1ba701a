"""The table from operation to rule: what it makes of windows.

A rule takes the pass, the function, and the arguments of the call, and gives what the function would give, in
`Changed` tensors where it can; None where it does not suit, so that the whole is put together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relevome.models.mutants.passes import Pass

Rule = Callable[["Pass", Any, tuple[Any, ...], dict[str, Any]], Any]

RULES: dict[Any, Rule] = {}


def rule(*functions: Any) -> Callable[[Rule], Rule]:
    """Decorator: this is what these torch functions make of windows."""

    def enter(how: Rule) -> Rule:
        for function in functions:
            if RULES.setdefault(function, how) is not how:
                raise ValueError(f"two rules for {function}")
        return how

    return enter
