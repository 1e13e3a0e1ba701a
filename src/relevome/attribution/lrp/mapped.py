"""What ``torch.vmap`` maps, carried out row after row, where every operation can be seen.

Within ``torch.vmap`` tensors have no gradient of their own, and no operation on them can have a rule. One row
after another they are as everywhere else; the numbers are the same. Borzoi's relative positions need it.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from torch._functorch import apis
from torch._functorch.vmap import _process_batched_inputs
from torch.utils._pytree import tree_map, tree_unflatten

from relevome.attribution.lrp.table import UnsupportedOperation

# pyright: reportPrivateImportUsage=false

_AT_ONCE = apis.vmap_impl


class RowByRow:
    """While active, also more than once, ``torch.vmap`` is a loop; then it is as it was, errors included."""

    _lock = Lock()
    _active = 0

    def __enter__(self) -> None:
        with RowByRow._lock:
            RowByRow._active += 1
            apis.vmap_impl = _row_by_row

    def __exit__(self, *_: object) -> None:
        with RowByRow._lock:
            RowByRow._active -= 1
            if not RowByRow._active:
                apis.vmap_impl = _AT_ONCE


def _row_by_row(
    func: Callable[..., Any],
    in_dims: Any,
    out_dims: Any,
    _randomness: str,
    _chunks: Any,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """As torch's own ``vmap_impl``: ``func`` of every row of ``args``, stacked.

    Raises UnsupportedOperation where rows are put on other axes than one that all outputs share.
    """
    if not isinstance(out_dims, int):
        raise UnsupportedOperation(
            f"no relevance rule for the operation torch.vmap with out_dims {out_dims}: expected one number; "
            "explain this model by another method"
        )
    rows, dims, flat, form = _process_batched_inputs(in_dims, args, func)
    each = [
        func(
            *tree_unflatten([_row(one, dim, row) for one, dim in zip(flat, dims, strict=True)], form),
            **kwargs,
        )
        for row in range(rows)
    ]
    return tree_map(lambda *same: torch.stack(same, out_dims), *each)


def _row(value: Any, dim: int | None, row: int) -> Any:
    return value.select(dim, row) if isinstance(value, Tensor) and dim is not None else value
