"""Operations that are linear in the activation, or move it: the plain gradient."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from relevome.attribution.lrp.flow import Flow
from relevome.attribution.lrp.table import PLAIN, rule

_T = torch.Tensor


@rule(torch.maximum, torch.minimum, torch.max, _T.max, torch.min, _T.min)
def extreme(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The plain gradient: the winner takes all, also where a constant wins."""
    return func(*args, **kwargs)


rule(
    # sums
    torch.sum, _T.sum, torch.mean, _T.mean, torch.cumsum, _T.cumsum,
    torch.trace, torch.diff, torch.nansum,
    # shapes
    _T.view_as, _T.reshape_as, torch.ravel,
    _T.ravel, _T.unflatten, torch.unflatten, _T.transpose, torch.transpose, torch.swapaxes, _T.swapaxes,
    torch.swapdims, _T.swapdims, _T.permute, torch.permute, torch.movedim, _T.movedim, torch.moveaxis,
    _T.t, torch.t, _T.T.__get__, _T.mT.__get__,  # pyright: ignore[reportAttributeAccessIssue]
    _T.expand, torch.broadcast_to, _T.broadcast_to, torch.broadcast_tensors,
    _T.expand_as, _T.squeeze, torch.squeeze, _T.unsqueeze, torch.unsqueeze, torch.atleast_2d,
    # copies
    _T.requires_grad_, torch.alias_copy, _T.cpu, _T.cuda,
    torch.view_as_real, torch.view_as_complex, torch.real, _T.real.__get__, torch.view_copy,  # pyright: ignore[reportAttributeAccessIssue]
    # indices
    _T.__getitem__, _T.select, torch.select, _T.narrow, torch.narrow, _T.unbind, torch.unbind, _T.__iter__,
    _T.gather, torch.gather, torch.take_along_dim, _T.take_along_dim, torch.masked_select, _T.masked_select,
    _T.index_select, torch.index_select, _T.split, torch.split, torch.tensor_split, _T.tensor_split,
    _T.split_with_sizes, torch.split_with_sizes, _T.chunk, torch.chunk, _T.unfold, F.unfold, F.fold,
    torch.tril, _T.tril, torch.triu, _T.triu, _T.diagonal, torch.diagonal, torch.as_strided, _T.as_strided,
    torch.cat, torch.concat, torch.concatenate, torch.stack, torch.hstack, torch.vstack,
    _T.repeat, torch.tile, _T.tile, torch.repeat_interleave, _T.repeat_interleave, torch.flip, _T.flip,
    torch.roll, _T.roll, F.pad, F.pixel_shuffle, F.channel_shuffle, F.interpolate,
    torch._C._nn.pad_sequence,  # pyright: ignore[reportAttributeAccessIssue]
    # choices that do not depend on the activation
    torch.where, _T.where, _T.masked_scatter, torch.masked_scatter,
    _T.scatter, torch.scatter, _T.scatter_add, torch.scatter_add, _T.index_add, torch.index_add,
    _T.index_copy, torch.index_copy, _T.index_fill, torch.index_fill, _T.index_put, torch.index_put,
    # off in evaluation
    F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout,
    torch.feature_dropout,
    # the winner takes all
    F.max_pool1d, F.max_pool2d, F.max_pool3d, torch.max_pool1d, torch.max_pool2d,
    F.adaptive_max_pool1d, F.adaptive_max_pool2d, torch.amax, _T.amax, torch.amin, _T.amin,
    torch.topk, _T.topk, torch.sort, _T.sort, torch.cummax,
    # averages
    F.avg_pool1d, F.avg_pool2d, F.adaptive_avg_pool1d, F.adaptive_avg_pool2d,
    # Fourier transforms
    torch.fft.fft, torch.fft.ifft, torch.fft.rfft, torch.fft.irfft,
    torch.fft.fftn, torch.fft.ifftn, torch.fft.rfftn, torch.fft.irfftn,
)(PLAIN)  # fmt: skip
