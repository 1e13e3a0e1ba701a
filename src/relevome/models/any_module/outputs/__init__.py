"""What the output of a module means: which part of it, and how positions become one number.

An output is said in steps, ``STEP[:ARGUMENT]`` one after the other with commas between, such as
``part:1,sum:40-60``. A step is a function of this package: a new one is one function with one registration.
Positions are the last axis but one where modules have their channels last, and else the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from torch import Tensor

from relevome.errors import InputError
from relevome.registry import Registry
from relevome.words import counted

Channels: TypeAlias = Literal["first", "last"]
# From what a module gives, the argument and where channels are, to what the next step gets.
Step: TypeAlias = Callable[[Any, str, Channels], Any]

# What a step expects of what it gets, asked once; raises InputError where it is not so.
Check: TypeAlias = Callable[[Any], None]

checks: dict[str, Check] = {}
steps: Registry[Step] = Registry("step of an output", __name__, "steps")


@dataclass(frozen=True)
class Output:
    """From what a module gives to its outputs: (batch, outputs), or (batch, letters, outputs).

    ``said`` are steps as text, a function of what the module gives, or None where that is the outputs.
    """

    said: str | Callable[[Any], Tensor] | None
    channels: Channels

    @property
    def _steps(self) -> Sequence[tuple[str, str]]:
        if not isinstance(self.said, str):
            return ()
        parts = [part.strip().partition(":") for part in self.said.split(",")]
        return [(name, argument) for name, _, argument in parts]

    def check(self) -> None:
        """Raises InputError for steps that there are not."""
        for name, _ in self._steps:
            steps[name]

    def __call__(self, given: Any, once: bool = False) -> Tensor:
        """The outputs; ``once`` also looks whether numbers are as steps expect them.

        Raises InputError for what cannot be read as such.
        """
        if self.said is None and self.channels == "first" and isinstance(given, Tensor) and given.ndim == 3:
            raise InputError(
                f"the module gives {described(given)}: expected (batch, outputs); say what is meant with "
                "output, such as 'letters' for every letter, 'mean' or 'sum:40-60'"
            )
        if callable(self.said):
            return _outputs(self.said(given), "the function that output is gives")
        for name, argument in self._steps:
            if once and name in checks:
                checks[name](given)
            given = steps[name](given, argument, self.channels)
        return _outputs(given, "the module gives" if self.said is None else f"output {self.said!r} gives")


def _outputs(found: Any, who: str) -> Tensor:
    if not isinstance(found, Tensor):
        raise InputError(
            f"{who} {described(found)}: expected a tensor; say which part is meant with output, such as "
            "'part:0,mean', or a function"
        )
    if not found.is_floating_point():
        raise InputError(f"{who} {described(found)}: expected numbers with a fraction")
    if found.ndim == 1:
        return found.unsqueeze(1)
    if found.ndim not in (2, 3):
        raise InputError(
            f"{who} {described(found)}: expected (batch, outputs) or, for every letter, (batch, letters, "
            "outputs); say what is meant with output, such as 'mean' or 'sum:40-60', or a function"
        )
    return found


def described(given: Any) -> str:
    """What a module gave, in words."""
    if isinstance(given, Tensor):
        return f"{str(given.dtype).removeprefix('torch.')} of shape {tuple(given.shape)}"
    if isinstance(given, dict):
        return "a dictionary of " + ", ".join(f"{name}: {described(one)}" for name, one in given.items())
    if isinstance(given, list | tuple):
        return f"{counted(len(given), 'part')}, " + ", ".join(map(described, given))
    return f"a {type(given).__name__}"
