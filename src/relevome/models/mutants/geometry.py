"""Which positions an operation reads for each position that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Int
from torch import Tensor

Places = Int[Tensor, " mutants"]


@runtime_checkable
class Geometry(Protocol):
    """Of an operation along positions."""

    def reached(self, first: Places, width: int) -> tuple[Places, int]:
        """The first output, and how many, that ``width`` inputs from ``first`` on can reach."""
        ...

    def read(self, first: Places, width: int) -> tuple[Places, int]:
        """The first input, and how many, that are read for ``width`` outputs from ``first`` on."""
        ...


@dataclass(frozen=True)
class Strided:
    """Output o reads inputs o * step + before to o * step + after."""

    step: int = 1
    before: int = 0
    after: int = 0

    def reached(self, first: Places, width: int) -> tuple[Places, int]:
        """From the first output that reads the first input."""
        low = -((self.after - first).div(self.step, rounding_mode="floor"))
        return low, (width - 1 + self.after - self.before) // self.step + 1

    def read(self, first: Places, width: int) -> tuple[Places, int]:
        """All that lies between, too."""
        return first * self.step + self.before, (width - 1) * self.step + self.after - self.before + 1


SAME = Strided()


@dataclass(frozen=True)
class Turned:
    """Output o reads input length - 1 - o."""

    length: int

    def reached(self, first: Places, width: int) -> tuple[Places, int]:
        """From the other end."""
        return self.length - first - width, width

    def read(self, first: Places, width: int) -> tuple[Places, int]:
        """As they are reached."""
        return self.reached(first, width)
