"""A tensor of mutants: what the unchanged sequence gives, and for each mutant a window beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.models.mutants.geometry import Places


class Unfit(Exception):
    """A module does what cannot be followed in windows."""


_FEW = 4  # offsets, for each of which windows are copied at once


@dataclass(frozen=True)
class Windowed:
    """The values behind a `Changed`; ``node`` is its number among those of a pass.

    Positions are along ``axis``; ``unchanged`` has one row, and ``window`` one for each mutant, from its
    place of ``first`` on.
    """

    node: int
    axis: int
    unchanged: Tensor
    first: Places
    window: Tensor

    @property
    def length(self) -> int:
        """Positions in all."""
        return self.unchanged.shape[self.axis]

    @property
    def width(self) -> int:
        """Positions of a window."""
        return self.window.shape[self.axis]

    def with_node(self, node: int) -> Windowed:
        """The same as a node of its own."""
        return Windowed(node, self.axis, self.unchanged, self.first, self.window)


class Changed(Tensor):
    """What a module sees in place of a tensor (mutants, ...); what is asked of it, its pass carries out.

    ``aliased`` says whether another tensor would look at the same numbers, so that none may be changed.
    """

    local: Windowed
    run: Any
    aliased: bool

    @staticmethod
    def __new__(cls: type[Changed], local: Windowed, run: Any) -> Changed:
        """Of the shape that the whole would have, with nothing in it."""
        shape = (len(local.window), *local.unchanged.shape[1:])
        unchanged = local.unchanged
        made = Tensor._make_wrapper_subclass(cls, shape, dtype=unchanged.dtype, device=unchanged.device)
        made.local, made.run, made.aliased = local, run, False
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """By the rule of the function, if there is one that suits."""
        return run_of(args, kwargs or {}).carry_out(func, args, kwargs or {})

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Never: what goes by the rules has plain tensors within."""
        raise Unfit(f"{func} reads a tensor of mutants and passes the rules by")


def run_of(args: Any, kwargs: Any) -> Any:
    """The pass that a call belongs to."""
    for one in (*args, *kwargs.values()):
        if isinstance(one, Changed):
            return one.run
        if isinstance(one, list | tuple):
            for part in one:
                if isinstance(part, Changed):
                    return part.run
    raise TypeError("no tensor of mutants among the arguments")


def windows_of(whole: Tensor, axis: int, first: Places, width: int, fill: float = 0.0) -> Tensor:
    """So many positions from ``first`` on of what has one row; ``fill`` beyond its ends."""
    length = whole.shape[axis]
    before = max(0, -int(first.min()))
    behind = max(0, int(first.max()) + width - length)
    rows = whole[0].movedim(axis - 1, -1)
    if before or behind:
        rows = F.pad(rows, (before, behind), value=fill)
    found = rows.unfold(-1, width, 1).movedim(-2, 0).index_select(0, first + before)
    return found.movedim(-1, axis)


def taken(local: Windowed, first: Places, width: int, fill: float = 0.0) -> Tensor:
    """So many positions from ``first`` on of every mutant, from its window and from what is unchanged."""
    if width == local.width and torch.equal(first, local.first):
        return local.window
    found = windows_of(local.unchanged, local.axis, first, width, fill)
    return _laid_over(found, local.window, local.first - first, local.axis)


def whole(local: Windowed) -> Tensor:
    """All positions of every mutant."""
    rows = len(local.window)
    found = local.unchanged.expand(rows, *local.unchanged.shape[1:]).clone()
    return _laid_over(found, local.window, local.first, local.axis)


def _laid_over(under: Tensor, window: Tensor, offsets: Places, axis: int) -> Tensor:
    """``under`` with each row's window from its offset on, as far as it lies within."""
    size, width = under.shape[axis], window.shape[axis]
    distinct = offsets.unique()
    if len(distinct) > _FEW:
        at = torch.arange(size, device=offsets.device) - offsets[:, None]
        shape = [len(under), *(size if dim == axis else 1 for dim in range(1, under.ndim))]
        at = at.view(shape)
        seen = window.gather(axis, at.clamp(0, width - 1).expand(under.shape))
        return torch.where((at >= 0) & (at < width), seen, under)
    for offset in distinct.tolist():
        low, high = max(offset, 0), min(offset + width, size)
        if low >= high:
            continue
        source = window.narrow(axis, low - offset, high - low)
        target = under.narrow(axis, low, high - low)
        if len(distinct) == 1:
            target.copy_(source)
        else:
            rows = (offsets == offset).nonzero().squeeze(1)
            target.index_copy_(0, rows, source.index_select(0, rows))
    return under
