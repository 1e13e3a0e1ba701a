"""The table from operation to rule, and how a rule enters it.

Relevance is read as input times gradient, so a rule is said by the gradient that it gives. A rule takes what
is known about the pass, the function, and the arguments of the call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import resolve_name

from relevome.attribution.lrp.flow import Flow, tensors_in
from relevome.errors import InputError

Rule = Callable[[Flow, Any, tuple[Any, ...], dict[str, Any]], Any]

RULES: dict[Any, Rule] = {}

# Rules that carry an operation out by others, which are accounted for one by one.
COMPOSED: set[Rule] = set()


class UnsupportedOperation(InputError):
    """A model moves values by an operation that no rule covers."""


def name_of(func: Any) -> str:
    """A torch function as people call it, such as ``torch.nn.functional.linear``."""
    return resolve_name(func) or getattr(func, "__name__", repr(func))


def unsupported(func: Any) -> UnsupportedOperation:
    """The refusal of a torch function, by its name."""
    return UnsupportedOperation(
        f"no relevance rule for the operation {name_of(func)}: "
        "add one with @rule in relevome.attribution.lrp.rules, or explain this model by another method"
    )


def PLAIN(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Linear in the activation, or moves it without change: the plain gradient."""
    return func(*args, **kwargs)


def rule(*functions: Any) -> Callable[[Rule], Rule]:
    """Decorator: this is how relevance goes back through these torch functions."""

    def enter(how: Rule) -> Rule:
        for function in functions:
            if RULES.setdefault(function, how) is not how:
                raise ValueError(f"two rules for {function}")
        return how

    return enter


def composed(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: these torch functions are opened; what follows says the same by operations with rules."""

    def enter(spelt_out: Callable[..., Any]) -> Callable[..., Any]:
        def carry_out(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if not any(tensor.requires_grad for tensor in tensors_in((args, kwargs))):
                return func(*args, **kwargs)
            with flow.rules:
                return spelt_out(*args, **kwargs)

        COMPOSED.add(carry_out)
        rule(*functions)(carry_out)
        return spelt_out

    return enter


def active(value: Any) -> bool:
    """Whether relevance goes through this argument."""
    return isinstance(value, Tensor) and value.requires_grad


def pair(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The two operands of a call, however they were given."""
    given = (
        *args,
        *(kwargs[name] for name in ("input", "other", "mat2", "vec", "vec2", "tensor") if name in kwargs),
    )
    return given[0], given[1]
