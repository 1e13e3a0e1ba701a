"""Operations that move numbers: axes, parts, joins, padding, turning round."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.models.mutants.changed import Changed
from relevome.models.mutants.geometry import Strided, Turned
from relevome.models.mutants.passes import Operand, Pass
from relevome.models.mutants.table import rule


@rule(torch.transpose, Tensor.transpose, torch.swapaxes, Tensor.swapaxes)
def transposed(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Two axes, neither of them that of mutants."""
    x, one, other = args if len(args) == 3 else (args[0], kwargs["dim0"], kwargs["dim1"])
    order = list(range(x.ndim))
    order[one % x.ndim], order[other % x.ndim] = other % x.ndim, one % x.ndim
    return _ordered(run, x, order)


@rule(torch.permute, Tensor.permute)
def permuted(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """All axes, that of mutants in its place."""
    x, *dims = args
    dims = dims or kwargs["dims"]
    dims = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return _ordered(run, x, [dim % x.ndim for dim in dims])


def _ordered(run: Pass, x: Changed, order: list[int]) -> Any:
    if order[0] != 0:
        return None
    return run.like(x, order.index(x.local.axis), lambda part: part.permute(order), 0)


@rule(torch.unsqueeze, Tensor.unsqueeze)
def unsqueezed(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One axis more, behind that of mutants."""
    x, dim = args if len(args) == 2 else (args[0], kwargs["dim"])
    dim %= x.ndim + 1
    if dim == 0:
        return None
    return run.like(x, x.local.axis + (dim <= x.local.axis), lambda part: part.unsqueeze(dim), 0)


@rule(torch.squeeze, Tensor.squeeze)
def squeezed(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One axis less, neither that of mutants nor that of positions."""
    x, *dims = args
    dim = dims[0] if dims else kwargs.get("dim")
    if not isinstance(dim, int) or dim % x.ndim in (0, x.local.axis):
        return None
    dim %= x.ndim
    if x.shape[dim] != 1:
        return run.like(x, x.local.axis, lambda part: part, 0)
    return run.like(x, x.local.axis - (dim < x.local.axis), lambda part: part.squeeze(dim), 0)


@rule(Tensor.__getitem__)
def part_of(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """By slices without steps along positions, all mutants, and any slices, numbers or None elsewhere."""
    x, index = args
    if not isinstance(x, Changed):
        return None
    index = index if isinstance(index, tuple) else (index,)
    if any(isinstance(one, bool) or not isinstance(one, slice | int | None | EllipsisType) for one in index):
        return None
    taken = sum(one is not None and one is not Ellipsis for one in index)
    if Ellipsis in index:
        at = index.index(Ellipsis)
        index = (*index[:at], *(slice(None),) * (x.ndim - taken), *index[at + 1 :])
    else:
        index = (*index, *(slice(None),) * (x.ndim - taken))
    ours, dim, axis, elsewhere = None, 0, 0, []
    for one in index:
        if one is not None and dim == x.local.axis:
            ours = one
            axis = sum(not isinstance(other, int) for other in elsewhere)
            elsewhere.append(slice(None))
        else:
            elsewhere.append(one)
        dim += one is not None
    if index[0] != slice(None) or not isinstance(ours, slice):
        return None
    start, stop, step = ours.indices(x.local.length)
    if step != 1 or stop <= start:
        return None
    kept = tuple(elsewhere)
    return run.over([Operand(x, Strided(1, start, start))], lambda part: part[kept], stop - start, axis, 0)


@rule(torch.narrow, Tensor.narrow)
def narrowed(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A stretch along one axis."""
    if len(args) != 4 or not isinstance(args[0], Changed):
        return None
    x, dim, start, length = args
    index = [slice(None)] * x.ndim
    index[dim % x.ndim] = slice(start, start + length)
    return part_of(run, func, (x, tuple(index)), {})


@rule(F.pad, torch.constant_pad_nd)
def padded(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """With a constant; what is below 0 is cut off."""
    x, pad = args[0], args[1] if len(args) > 1 else kwargs["pad"]
    mode = kwargs.get("mode", args[2] if len(args) > 2 and func is F.pad else "constant")
    value = kwargs.get("value", args[3] if len(args) > 3 else None) or 0.0
    if not isinstance(x, Changed) or mode != "constant" or len(pad) % 2:
        return None
    pairs = {x.ndim - 1 - i: (pad[2 * i], pad[2 * i + 1]) for i in range(len(pad) // 2)}
    if any(pairs.get(0, (0, 0))):
        return None
    before, behind = pairs.pop(x.local.axis, (0, 0))
    others = [number for dim in range(x.ndim - 1, 0, -1) for number in pairs.get(dim, (0, 0))]
    length = x.local.length + before + behind
    if length < 1:
        return None

    def compute(part: Tensor) -> Tensor:
        return F.pad(part, others, value=value) if any(others) else part

    read = Operand(x, Strided(1, -before, -before), value)
    return run.over([read], compute, length, x.local.axis, 0)


@rule(torch.cat, torch.concat)
def joined(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Along another axis than those of mutants and positions; with plain tensors of as many positions."""
    parts = args[0] if args else kwargs["tensors"]
    dim = kwargs.get("dim", args[1] if len(args) > 1 else 0)
    first = next(one for one in parts if isinstance(one, Changed))
    axis, length = first.local.axis, first.local.length
    dim %= first.ndim
    if dim in (0, axis):
        return None
    reads = []
    for one in parts:
        if isinstance(one, Changed):
            fits, read = one.local.axis == axis and one.local.length == length, Operand(one)
        else:
            row = run.alike(one)
            fits, read = row is not None and row.shape[axis] == length, Operand(one[:1], axis=axis)
        if not fits:
            return None
        reads.append(read)
    return run.over(reads, lambda *found: torch.cat(_rows(found), dim), length, axis, 0)


def _rows(parts: tuple[Tensor, ...]) -> list[Tensor]:
    """As many rows of each."""
    rows = max(map(len, parts))
    return [one if len(one) == rows else one.expand(rows, *one.shape[1:]) for one in parts]


@rule(torch.chunk, Tensor.chunk, torch.split, Tensor.split, torch.unbind, Tensor.unbind)
def cut(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Along another axis than those of mutants and positions."""
    x, dim = args[0], kwargs.get("dim")
    if dim is None:
        places = 1 if func in (torch.unbind, Tensor.unbind) else 2
        dim = args[places] if len(args) > places else 0
    dim %= x.ndim
    if dim in (0, x.local.axis):
        return None
    with torch._C.DisableTorchFunctionSubclass():
        counted = len(func(x.local.unchanged, *args[1:], **kwargs))
    gone = func in (torch.unbind, Tensor.unbind) and dim < x.local.axis
    return tuple(
        run.like(x, x.local.axis - gone, lambda part, i=i: func(part, *args[1:], **kwargs)[i], 0)
        for i in range(counted)
    )


@rule(torch.flip, Tensor.flip)
def turned(run: Pass, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Round any axes but that of mutants."""
    x, *dims = args
    dims = dims or kwargs["dims"]
    dims = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    dims = [dim % x.ndim for dim in dims]
    if 0 in dims:
        return None
    if x.local.axis not in dims:
        return run.like(x, x.local.axis, lambda part: part.flip(dims), 0)
    read = Operand(x, Turned(x.local.length))
    return run.over([read], lambda part: part.flip(dims), x.local.length, x.local.axis, 0)
