"""Attention with relative positions (Dai et al. 2019, Transformer-XL, arXiv 1901.02860, section 3.3).

A letter i attends to a letter j by (q_i + u) k_j + (q_i + v) r_(i-j), where r is a linear function of sines
and cosines of the distance, and u, v are learnt. Here with the weights spelt out for all pairs of letters,
and fused, for letters no further apart than a window.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from relevome.models.annotator.tiles import Tiling, tiled_attention

# Letters whose attention is computed in one piece; more of them waste time on pairs outside the window, fewer
# on starting. On a CPU with AVX-512, 32 to 128 are alike within a tenth, with gradients and without.
BLOCK = 64


@dataclass(frozen=True)
class Heads:
    """What the heads of one layer attend with; queries are the letters from ``first`` on.

    ``query`` has no bias yet; ``content`` and ``position`` are u and v; ``distance`` makes r of sines and
    cosines. ``exists``, where given, is false at keys that are padding.
    """

    query: Float[Tensor, "batch heads queries size"]
    key: Float[Tensor, "batch heads keys size"]
    value: Float[Tensor, "batch heads keys size"]
    content: Float[Tensor, "heads 1 size"]
    position: Float[Tensor, "heads 1 size"]
    distance: Float[Tensor, "heads size channels"]
    first: int
    exists: Bool[Tensor, "batch keys"] | None = None

    @property
    def scale(self) -> float:
        """What logits are multiplied by."""
        return self.query.shape[-1] ** -0.5

    def part(self, start: int, end: int, keys: int) -> Heads:
        """Queries from ``start`` to ``end`` and the first ``keys`` keys."""
        exists = None if self.exists is None else self.exists[:, :keys]
        key, value = self.key[..., :keys, :], self.value[..., :keys, :]
        query = self.query[..., start:end, :]
        biases = (self.content, self.position, self.distance)
        return Heads(query, key, value, *biases, self.first + start, exists)


def sinusoids(
    start: int, end: int, channels: int, like: Tensor
) -> tuple[Float[Tensor, "places half"], Float[Tensor, "places half"]]:
    """Sines and cosines of every place times 10000^(-2c/channels), in numbers of the kind of ``like``."""
    tables = map(torch.from_numpy, _tables(start, end, channels))
    sine, cosine = (table.to(like.dtype).to(like.device) for table in tables)
    return sine, cosine


@lru_cache(maxsize=16)
def _tables(start: int, end: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    # in single precision the sine of a place in the thousands is wrong in its fifth digit
    angles = np.arange(start, end)[:, None] * 10000.0 ** (-np.arange(0, channels, 2) / channels)
    return np.sin(angles), np.cos(angles)


def dense_attention(
    heads: Heads, window: tuple[int, int]
) -> tuple[Float[Tensor, "batch heads queries size"], Float[Tensor, "batch heads queries keys"]]:
    """The context, and the weights of all keys, 0 outside ``window``: letters to the left and right."""
    apart = _distances(heads.first, heads.query.shape[-2], heads.key.shape[-2], heads.key.device)
    left, right = min(window[0], int(apart.max())), min(window[1], -int(apart.min()))
    places = torch.cat(sinusoids(-right, left + 1, heads.distance.shape[-1], heads.query), -1)
    by_distance = (heads.query + heads.position) @ (heads.distance @ places.T)
    index = (apart + right).clamp(0, left + right)
    by_position = by_distance.gather(-1, index.expand(*heads.query.shape[:2], *index.shape))
    logits = ((heads.query + heads.content) @ heads.key.transpose(-1, -2) + by_position) * heads.scale
    weights = F.softmax(logits.masked_fill(~_seen(apart, window, heads.exists), float("-inf")), dim=-1)
    return weights @ heads.value, weights


def _distances(first: int, queries: int, keys: int, device: torch.device) -> Int[Tensor, "queries keys"]:
    return first + torch.arange(queries, device=device)[:, None] - torch.arange(keys, device=device)


def _seen(
    apart: Int[Tensor, "queries keys"], window: tuple[int, int], exists: Bool[Tensor, "rows keys"] | None
) -> Bool[Tensor, "*rows queries keys"]:
    """Which keys a query sees; itself always, so that padding has weights too and gradients no NaN."""
    seen = (apart <= window[0]) & (apart >= -window[1])
    if exists is None:
        return seen
    return (seen & exists[:, None, None]) | (apart == 0)


def banded_attention(heads: Heads, window: tuple[int, int]) -> Float[Tensor, "batch heads queries size"]:
    """The same context by fused kernels, at a cost that grows with the number of letters and not its square.

    Sine and cosine of a difference are products of those of its terms, so that (q_i + v) r_(i-j) is a product
    of something of i and something of j. Both terms of the logits are then one product of longer vectors, and
    a block of queries needs no other keys than those of its window.
    """
    queries, size = heads.query.shape[-2], heads.query.shape[-1]
    window = min(window[0], heads.first + queries), min(window[1], heads.key.shape[-2] - heads.first)
    block = min(BLOCK, queries)
    if heads.key.device.type == "cpu" and heads.exists is None:
        return _by_tiles(heads, window, block)
    query, key = _with_positions(heads)
    more = -queries % block
    query = F.pad(query, (0, 0, 0, more)).unflatten(2, (-1, block)).transpose(1, 2).flatten(0, 1)
    reach = heads.first - window[0], heads.first + queries + more + window[1]
    seen = _block_mask(heads, window, reach, block)
    value = F.pad(heads.value, (0, key.shape[-1] - size))  # fused kernels want one size
    key, value = (_windows(x, reach, block, sum(window) + block) for x in (key, value))
    context = F.scaled_dot_product_attention(query, key, value, seen, scale=heads.scale)
    context = context.unflatten(0, (len(heads.query), -1)).transpose(1, 2).flatten(2, 3)
    return context[..., :queries, :size]


def _by_tiles(heads: Heads, window: tuple[int, int], block: int) -> Float[Tensor, "batch heads queries size"]:
    """The same on a CPU, where one block of queries after the other, which stays in the cache, is faster."""
    left, right = window
    queries, keys = heads.query.shape[-2], heads.key.shape[-2]
    places = torch.cat(sinusoids(-right, left + 1, heads.distance.shape[-1], heads.query), -1).flip(0)
    distance = (heads.distance @ places.T).expand(len(heads.query), -1, -1, -1)
    content, position = ((heads.query + bias) * heads.scale for bias in (heads.content, heads.position))
    content, position, distance = (x.flatten(0, 1) for x in (content, position, distance))
    key, value = heads.key.flatten(0, 1), heads.value.flatten(0, 1)
    tiling = Tiling(heads.first, queries, keys, left, right, block)
    context = tiled_attention(content, position, distance, key, value, tiling)
    return context.unflatten(0, heads.query.shape[:2])


def _with_positions(heads: Heads) -> tuple[Tensor, Tensor]:
    """Queries and keys whose product is the whole logit, before scaling."""
    channels, keys = heads.distance.shape[-1], heads.key.shape[-2]
    sine, cosine = sinusoids(0, keys, channels, heads.key)
    here = slice(heads.first, heads.first + heads.query.shape[-2])
    turned = heads.query + heads.content, *_turned(heads, sine[here], cosine[here])
    places = torch.cat([cosine, sine], -1).expand(*heads.key.shape[:2], -1, -1)
    return torch.cat(turned, -1), torch.cat([heads.key, places], -1)


def _turned(
    heads: Heads, sine: Float[Tensor, "queries half"], cosine: Float[Tensor, "queries half"]
) -> tuple[Float[Tensor, "batch heads queries half"], Float[Tensor, "batch heads queries half"]]:
    """What multiplies cosine and sine of a key's place; ``sine`` and ``cosine`` are of those of queries."""
    of_sine, of_cosine = ((heads.query + heads.position) @ heads.distance).chunk(2, -1)
    return of_sine * sine + of_cosine * cosine, of_cosine * sine - of_sine * cosine


def _windows(
    x: Float[Tensor, "batch heads keys size"], reach: tuple[int, int], block: int, width: int
) -> Float[Tensor, "blocks heads width size"]:
    """What each block of queries sees, for all of a batch; zeros before the first key and after the last.

    Put together from whole blocks: the gradients of ``Tensor.unfold`` take as long as attention itself.
    """
    before, after = max(-reach[0], 0), max(reach[1] - x.shape[-2], 0)
    x = x[..., max(reach[0], 0) : reach[1], :]
    blocks = (x.shape[-2] + before + after - width) // block + 1
    parts, rest = divmod(width, block)
    after += -width % block
    x = F.pad(x, (0, 0, before, after)) if before or after else x
    tiles = x.unflatten(2, (-1, block))
    pieces = [tiles[:, :, part : part + blocks] for part in range(parts)]
    if rest:
        pieces.append(tiles[:, :, parts : parts + blocks, :rest])
    return torch.cat(pieces, 3).transpose(1, 2).flatten(0, 1)


def _block_mask(
    heads: Heads, window: tuple[int, int], reach: tuple[int, int], block: int
) -> Bool[Tensor, "..."]:
    """Which keys of its window every query of a block sees; for all blocks alike if all those keys exist."""
    keys, width = heads.key.shape[-2], sum(window) + block
    apart = _distances(window[0], block, width, heads.key.device)
    if heads.exists is None and reach[0] >= 0 and reach[1] <= keys:
        return _seen(apart, window, None)
    exists = heads.exists
    if exists is None:
        exists = torch.ones(len(heads.key), keys, dtype=torch.bool, device=heads.key.device)
    # a negative number cuts
    exists = F.pad(exists, (-reach[0], reach[1] - keys), value=False).unfold(1, width, block)
    return _seen(apart, window, exists.flatten(0, 1))
