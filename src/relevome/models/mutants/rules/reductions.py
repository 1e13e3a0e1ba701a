"""Sums, means and largest values over all positions, from the window and what lies around it."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.models.mutants.changed import Changed
from relevome.models.mutants.passes import Pass
from relevome.models.mutants.table import rule


@rule(torch.sum, Tensor.sum, torch.mean, Tensor.mean)
def total(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Of the unchanged sequence, and how much the window has more."""
    x = _over_positions(args, kwargs)
    if x is None:
        return _elsewhere(run, func, args, kwargs)
    divided = x.local.length if func in (torch.mean, Tensor.mean) else 1
    return _total(run, x, bool(kwargs.get("keepdim", len(args) > 2 and args[2]))) / divided


@rule(torch.amax, Tensor.amax)
def largest(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The largest before, in and behind the window."""
    x = _over_positions(args, kwargs)
    if x is None:
        return _elsewhere(run, func, args, kwargs)
    return largest_of(run, x, bool(kwargs.get("keepdim", len(args) > 2 and args[2])))


@rule(F.adaptive_max_pool1d, torch.adaptive_max_pool1d, F.adaptive_avg_pool1d, torch.adaptive_avg_pool1d)
def pooled(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """To one cell."""
    x, size = args[0], args[1] if len(args) > 1 else kwargs["output_size"]
    if not isinstance(x, Changed) or x.ndim != 3 or x.local.axis != 2 or size not in (1, (1,), [1]):
        return None
    if func is torch.adaptive_max_pool1d or kwargs.get("return_indices"):
        return None
    if func is F.adaptive_max_pool1d:
        return largest_of(run, x, True)
    return _total(run, x, True) / x.local.length


def _over_positions(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Changed | None:
    """What is reduced, if it is over positions alone and to numbers of its own type."""
    x, dim = args[0], kwargs.get("dim", args[1] if len(args) > 1 else None)
    if not isinstance(x, Changed) or kwargs.get("dtype") is not None or not x.dtype.is_floating_point:
        return None
    dims = [dim] if isinstance(dim, int) else dim
    return x if dims is not None and [one % x.ndim for one in dims] == [x.local.axis] else None


def _elsewhere(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Over other axes than positions and mutants: of every position by itself."""
    x, dim = args[0], kwargs.get("dim", args[1] if len(args) > 1 else None)
    dims = [dim] if isinstance(dim, int) else dim
    if not isinstance(x, Changed) or dims is None:
        return None
    dims = [one % x.ndim for one in dims]
    if not dims or 0 in dims or x.local.axis in dims:
        return None
    keep = kwargs.get("keepdim", len(args) > 2 and args[2])
    axis = x.local.axis - (0 if keep else sum(one < x.local.axis for one in dims))
    return run.like(x, axis, lambda part: func(part, *args[1:], **kwargs))


def _total(run: Pass, x: Changed, keep: bool) -> Tensor:
    """Of what lies before, in and behind the window: no difference is taken, which could be all rounding."""
    run.want(x)
    one = x.local

    def around() -> tuple[Tensor, Tensor]:
        rows = one.unchanged[0].movedim(one.axis - 1, 0).double()
        none = torch.zeros_like(rows[:1])
        return torch.cat([none, rows.cumsum(0)]), torch.cat([rows.flip(0).cumsum(0).flip(0), none])

    before, behind = run.kept(around)
    inside = one.window.double().sum(one.axis)
    found = (inside + before[one.first] + behind[one.first + one.width]).to(one.window.dtype)
    return found.unsqueeze(one.axis) if keep else found


def largest_of(run: Pass, x: Changed, keep: bool) -> Tensor:
    """The largest over positions: before, in and behind the window."""
    run.want(x)
    one = x.local

    def around() -> tuple[Tensor, Tensor]:
        rows = one.unchanged[0].movedim(one.axis - 1, 0)
        none = torch.full_like(rows[:1], -torch.inf)
        before = torch.cat([none, rows.cummax(0).values])
        behind = torch.cat([rows.flip(0).cummax(0).values.flip(0), none])
        return before, behind

    before, behind = run.kept(around)
    beside = torch.maximum(before[one.first], behind[one.first + one.width])
    found = torch.maximum(one.window.amax(one.axis), beside)
    return found.unsqueeze(one.axis) if keep else found
