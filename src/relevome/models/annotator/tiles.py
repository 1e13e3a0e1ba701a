"""Attention within a window on a CPU, block after block of queries, with gradients written out by hand.

A block's weights, queries by the keys of all their windows, are a tile that stays in the cache. What depends
on the distance alone needs a product for each distance and not for each key: query i of a block sees column
i + d of its tile at distance left - d, so that one row of distances after the other, each a column further to
the right, is a view of the tile with other strides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

_UNSEEN = float("-inf")


@dataclass(frozen=True)
class Tiling:
    """Which keys the queries of each block see: ``left`` letters before a query and ``right`` behind it.

    Queries are the letters from ``first`` on, of as many ``keys`` as there are.
    """

    first: int
    queries: int
    keys: int
    left: int
    right: int
    block: int

    @property
    def distances(self) -> int:
        """How many distances there are, from ``left`` to -``right``."""
        return self.left + 1 + self.right

    @property
    def width(self) -> int:
        """Columns of a tile."""
        return self.distances + self.block - 1

    def blocks(self) -> Iterator[tuple[slice, slice, slice]]:
        """For each block its queries, its keys, and the columns of the tile that these keys are."""
        for start in range(0, self.queries, self.block):
            some = slice(start, min(start + self.block, self.queries))
            here = self.first + start - self.left  # the first key of the whole window, if there are so many
            keys = slice(max(here, 0), min(here + self.width, self.keys))
            yield some, keys, slice(keys.start - here, keys.stop - here)

    def band(self, tile: Float[Tensor, "rows queries width"]) -> Float[Tensor, "rows queries distances"]:
        """A view of the columns that each query sees."""
        apart = (tile.stride(0), tile.stride(1) + 1, 1)
        return tile.as_strided((*tile.shape[:2], self.distances), apart, tile.storage_offset())


def tiled_attention(
    content: Float[Tensor, "rows queries size"],
    position: Float[Tensor, "rows queries size"],
    distance: Float[Tensor, "rows size distances"],
    key: Float[Tensor, "rows keys size"],
    value: Float[Tensor, "rows keys values"],
    tiling: Tiling,
) -> Float[Tensor, "rows queries values"]:
    """softmax(content key^T + position distance) value, of every row (a head of a sequence) for itself.

    Column d of ``distance`` is of the distance ``left`` - d from a query back to a key. Gradients of all five
    tensors are those of this equation; gradients of gradients are not to be had.
    """
    if torch.is_grad_enabled():
        return _Tiled.apply(content, position, distance, key, value, tiling)
    return _forward(content, position, distance, key, value, tiling, None)


def _forward(
    content: Tensor, position: Tensor, distance: Tensor, key: Tensor, value: Tensor, tiling: Tiling,
    kept: Tensor | None,
) -> Tensor:  # fmt: skip
    """The context; the weights of every block go into ``kept``, if they are wanted."""
    rows, block = len(content), tiling.block
    context = content.new_empty(rows, tiling.queries, value.shape[-1])
    tile = content.new_empty(rows, block, tiling.width)
    by_distance = content.new_empty(rows, block, tiling.distances)
    # columns before the first of a query's band, and behind the last: the corners of a tile
    before = torch.arange(block - 1) < torch.arange(block)[:, None]
    left, right = (content.new_zeros(before.shape).masked_fill(x, _UNSEEN) for x in (before, ~before))
    for number, (some, keys, columns) in enumerate(tiling.blocks()):
        queries = some.stop - some.start
        weights = (tile if kept is None else kept[number])[:, :queries]
        torch.bmm(content[:, some], key[:, keys].transpose(1, 2), out=weights[..., columns])
        torch.bmm(position[:, some], distance, out=by_distance[:, :queries])
        tiling.band(weights).add_(by_distance[:, :queries])
        weights[..., : block - 1] += left[:queries]
        weights[..., tiling.distances :] += right[:queries]
        weights[..., : columns.start], weights[..., columns.stop :] = _UNSEEN, _UNSEEN
        torch.softmax(weights, -1, out=weights)
        torch.bmm(weights[..., columns], value[:, keys], out=context[:, some])
    return context


class _Tiled(torch.autograd.Function):
    """`tiled_attention` where gradients are wanted: weights are kept, and nothing else of their size."""

    @staticmethod
    def forward(
        ctx: Any, content: Tensor, position: Tensor, distance: Tensor, key: Tensor, value: Tensor,
        tiling: Tiling,
    ) -> Tensor:  # fmt: skip
        blocks = -(-tiling.queries // tiling.block)
        weights = content.new_empty(blocks, len(content), tiling.block, tiling.width)
        context = _forward(content, position, distance, key, value, tiling, weights)
        ctx.save_for_backward(content, position, distance, key, value, weights, context)
        ctx.tiling = tiling
        return context

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # it wants the context by keyword
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        (grad,) = gradients
        content, position, distance, key, value, weights, context = ctx.saved_tensors
        tiling: Tiling = ctx.tiling
        by_content, by_position, by_distance = map(torch.zeros_like, (content, position, distance))
        by_key, by_value = torch.zeros_like(key), torch.zeros_like(value)
        # of softmax: w (g - sum w g), the sum being the product of the context with its own gradient
        mean = (grad * context).sum(-1, keepdim=True)
        tile = torch.zeros_like(weights[0])
        for number, (some, keys, columns) in enumerate(tiling.blocks()):
            queries = some.stop - some.start
            seen, weight = tile[:, :queries], weights[number, :, :queries]
            by_value[:, keys] += weight[..., columns].transpose(1, 2) @ grad[:, some]
            torch.bmm(grad[:, some], value[:, keys].transpose(1, 2), out=seen[..., columns])
            seen.sub_(mean[:, some]).mul_(weight)
            by_content[:, some] = seen[..., columns] @ key[:, keys]
            by_key[:, keys] += seen[..., columns].transpose(1, 2) @ content[:, some]
            band = tiling.band(seen).contiguous()
            by_position[:, some] = band @ distance.transpose(1, 2)
            by_distance.baddbmm_(position[:, some].transpose(1, 2), band)
        return by_content, by_position, by_distance, by_key, by_value, None
