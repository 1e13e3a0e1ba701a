"""Operations that are linear in the activation, or move it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from relevome.attribution.lrp.in_place import copied, filled, with_item
from tests.attribution.lrp.under_rules import Case, spread, the_same

_T = torch.Tensor
X, Y = spread(3, 4, 6), spread(3, 4, 6, seed=1)
MATRIX, VECTOR, SQUARE = spread(4, 6), spread(6), spread(4, 4)
PAIRS = spread(3, 4, 2)
ONE_AXIS = spread(3, 1, 6)
CHANNELS, IMAGE, VOLUME = spread(2, 3, 8), spread(2, 4, 6, 4), spread(1, 2, 4, 4, 6)
CONSTANT = spread(3, 4, 6, seed=2) + 0.05
PICKED = torch.tensor([2, 0])
WHERE = torch.tensor([[[2, 0, 1, 3, 3, 1]], [[0, 0, 1, 2, 2, 2]], [[3, 2, 1, 0, 3, 2]]])
ONCE = torch.tensor([[[2, 0, 1, 3, 0, 1]], [[0, 3, 1, 2, 0, 2]], [[3, 2, 1, 0, 3, 2]]])
MASK = spread(3, 4, 6, seed=3) > 0
SOURCE, ROWS = spread(3, 1, 6, seed=4), spread(3, 2, 6, seed=4)


def each(
    *functions: Any, of: tuple[Tensor, ...] = (X,), others: tuple[Any, ...] = (), **named: Any
) -> list[Case]:
    return [
        the_same(f, *of, call=lambda *xs, f=f: f(*xs, *others, **named)) for f in functions
    ]  # fmt: skip


def called(function: Any, call: Callable[..., Any], *inputs: Tensor) -> Case:
    return the_same(function, *inputs, call=call)


SUMS = [
    *each(torch.sum, _T.sum, torch.mean, _T.mean, torch.cumsum, _T.cumsum, others=(1,)),
    *each(
        torch.neg,
        _T.neg,
        _T.__neg__,
        torch.negative,
        _T.negative,
        torch.positive,
        _T.__pos__,
        torch.diff,
        torch.nansum,
    ),
    *each(torch.trace, of=(SQUARE,)),
]

SHAPES = [
    *each(_T.view_as, _T.reshape_as, others=(torch.zeros(12, 6),)),
    *each(_T.view, _T.reshape, torch.reshape, torch.view_copy, others=((12, 6),)),
    *each(torch.ravel, _T.ravel, _T.flatten, torch.flatten),
    *each(_T.unflatten, torch.unflatten, others=(1, (2, 2))),
    *each(_T.transpose, torch.transpose, torch.swapaxes, _T.swapaxes, others=(0, 1)),
    *each(torch.swapdims, _T.swapdims, others=(0, 1)),
    *each(_T.permute, torch.permute, others=((2, 0, 1),)),
    *each(_T.movedim, torch.movedim, torch.moveaxis, others=(0, 2)),
    *each(_T.t, torch.t, _T.T.__get__, of=(MATRIX,)),  # pyright: ignore[reportAttributeAccessIssue]
    *each(_T.mT.__get__),  # pyright: ignore[reportAttributeAccessIssue]
    *each(_T.expand, torch.broadcast_to, _T.broadcast_to, of=(ONE_AXIS,), others=((3, 4, 6),)),
    *each(_T.expand_as, of=(ONE_AXIS,), others=(X,)),
    called(torch.broadcast_tensors, lambda x: torch.broadcast_tensors(x, X)[0], ONE_AXIS),
    *each(_T.squeeze, torch.squeeze, of=(ONE_AXIS,), others=(1,)),
    *each(_T.unsqueeze, torch.unsqueeze, others=(1,)),
    *each(torch.atleast_2d, of=(VECTOR,)),
]  # fmt: skip

COPIES = [
    *each(_T.clone, torch.clone, torch.alias_copy, _T.cpu, _T.contiguous, _T.double, _T.requires_grad_),
    *each(_T.to, _T.type, others=(torch.float64,)),
    *each(_T.type_as, others=(X,)),
    *each(torch.nan_to_num, _T.nan_to_num),
    *each(torch.view_as_complex, of=(PAIRS,)),
    called(torch.view_as_real, lambda x: torch.view_as_real(torch.view_as_complex(x)), PAIRS),
    called(torch.real, lambda x: torch.real(torch.view_as_complex(x)), PAIRS),
    called(_T.real.__get__, lambda x: torch.view_as_complex(x).real, PAIRS),  # pyright: ignore[reportAttributeAccessIssue]
    called(torch.cumsum, lambda x: (x + 0j).cumsum(1).real, X),
]

INDICES = [
    *each(_T.__getitem__, others=((slice(None), 1),)),
    *each(_T.__getitem__, others=((..., PICKED),)),
    *each(_T.__getitem__, others=(MASK,)),
    *each(_T.select, torch.select, others=(1, 2)),
    *each(_T.narrow, torch.narrow, others=(1, 1, 2)),
    *each(_T.unbind, torch.unbind, others=(1,)),
    *each(_T.__iter__),
    *each(_T.gather, torch.gather, others=(1, WHERE)),
    *each(torch.take_along_dim, _T.take_along_dim, others=(WHERE, 1)),
    *each(torch.masked_select, _T.masked_select, others=(MASK,)),
    *each(_T.index_select, torch.index_select, others=(1, PICKED)),
    *each(_T.split, torch.split, torch.tensor_split, _T.tensor_split, _T.chunk, torch.chunk, others=(2, 1)),
    *each(_T.split_with_sizes, torch.split_with_sizes, others=([1, 3], 1)),
    *each(_T.unfold, others=(2, 3, 2)),
    *each(F.unfold, of=(IMAGE,), others=(2,)),
    *each(F.fold, of=(spread(2, 12, 12),), others=((4, 5), 2)),
    *each(torch.tril, _T.tril, torch.triu, _T.triu, _T.diagonal, torch.diagonal),
    *each(torch.as_strided, _T.as_strided, others=((2, 3), (1, 6))),
    *(called(f, lambda a, b, f=f: f([a, b]), X, Y)
      for f in (torch.cat, torch.concat, torch.concatenate, torch.stack, torch.hstack, torch.vstack)),
    *each(_T.repeat, torch.tile, _T.tile, others=((2, 1, 3),)),
    *each(torch.repeat_interleave, _T.repeat_interleave, others=(2, 1)),
    *each(torch.flip, _T.flip, others=((0, 2),)),
    *each(torch.roll, _T.roll, others=(1, 2)),
    *each(F.pad, others=((1, 2),)),
    *each(F.pixel_shuffle, of=(IMAGE,), others=(2,)),
    *each(F.channel_shuffle, of=(IMAGE,), others=(2,)),
    *each(F.interpolate, of=(CHANNELS,), scale_factor=2),
    called(torch._C._nn.pad_sequence,  # pyright: ignore[reportAttributeAccessIssue]
           lambda a, b: pad_sequence([a, b], batch_first=True), VECTOR, spread(4, seed=1)),
]  # fmt: skip

CHOICES = [
    called(torch.where, lambda a, b: torch.where(MASK, a, b), X, Y),
    called(torch.where, lambda a: torch.where(MASK, a, 3.0), X),
    called(_T.where, lambda a, b: a.where(MASK, b), X, Y),
    *each(_T.masked_fill, torch.masked_fill, others=(MASK, 0.3)),
    *(called(f, lambda a, b, f=f: f(a, MASK, b), X, Y) for f in (_T.masked_scatter, torch.masked_scatter)),
    *(called(f, lambda a, b, f=f: f(a, 1, ONCE, b), X, SOURCE) for f in (_T.scatter, torch.scatter)),
    *(called(f, lambda a, b, f=f: f(a, 1, WHERE, b), X, SOURCE) for f in (_T.scatter_add, torch.scatter_add)),
    *(called(f, lambda a, b, f=f: f(a, 1, PICKED, b), X, ROWS)
      for f in (_T.index_add, torch.index_add, _T.index_copy, torch.index_copy)),
    *each(_T.index_fill, torch.index_fill, others=(1, PICKED, 0.3)),
    *(called(f, lambda a, b, f=f: f(a, (PICKED,), b), X, Y[:2]) for f in (_T.index_put, torch.index_put)),
    called(with_item, lambda a, b: with_item(a, (slice(None), 1), b), X, VECTOR),
]  # fmt: skip

OFF = [
    *each(F.dropout, torch.dropout, F.alpha_dropout, others=(0.5, False)),
    *each(F.dropout1d, F.feature_alpha_dropout, torch.feature_dropout, of=(CHANNELS,), others=(0.5, False)),
    *each(F.dropout2d, of=(IMAGE,), others=(0.5, False)),
    *each(F.dropout3d, of=(VOLUME,), others=(0.5, False)),
]

POOLS = [
    *each(F.max_pool1d, torch.max_pool1d, F.avg_pool1d, of=(CHANNELS,), others=(3, 2)),
    *each(F.max_pool1d, of=(CHANNELS,), others=(3,), ceil_mode=True),
    *each(F.max_pool2d, torch.max_pool2d, F.avg_pool2d, of=(IMAGE,), others=(2,)),
    *each(F.max_pool3d, of=(VOLUME,), others=(2,)),
    *each(F.adaptive_max_pool1d, F.adaptive_avg_pool1d, of=(CHANNELS,), others=(3,)),
    *each(F.adaptive_max_pool2d, F.adaptive_avg_pool2d, of=(IMAGE,), others=((3, 2),)),
]

WINNERS = [
    *each(torch.amax, _T.amax, torch.amin, _T.amin, torch.max, _T.max, torch.min, _T.min, others=(1,)),
    *each(torch.max, _T.min),
    *(called(f, f, X, CONSTANT) for f in (torch.maximum, torch.minimum, torch.max, _T.min)),
    *each(torch.maximum, torch.minimum, torch.max, _T.min, others=(CONSTANT,)),
    called(torch.maximum, lambda x: torch.maximum(CONSTANT, x), X),
    *each(torch.topk, _T.topk, others=(2,)),
    *each(torch.sort, _T.sort, torch.cummax, others=(1,)),
]

FOURIER = [
    *each(torch.fft.fft, torch.fft.rfft, of=(VECTOR,)),
    *each(torch.fft.fftn, torch.fft.rfftn, of=(MATRIX,)),
    called(torch.fft.ifft, lambda x: torch.fft.ifft(torch.view_as_complex(x)), PAIRS),
    called(torch.fft.ifftn, lambda x: torch.fft.ifftn(torch.view_as_complex(x)), PAIRS),
    called(torch.fft.irfftn, lambda x: torch.fft.irfftn(torch.view_as_complex(x), (3, 6)), PAIRS),
    called(torch.fft.irfft, lambda x: torch.fft.irfft(torch.view_as_complex(x), n=6), PAIRS),
]

BESIDE = [
    called(copied, copied, X, ONE_AXIS),
    called(filled, lambda x, value: filled(x, value), X, spread(1)[0]),
    called(filled, lambda x: filled(x, 0.3), X),
    called(torch.zeros_like, torch.zeros_like, X),
]

CASES = [*SUMS, *SHAPES, *COPIES, *INDICES, *CHOICES, *OFF, *POOLS, *WINNERS, *FOURIER, *BESIDE]
