"""What single substitutions change in a stack of convolutions, computing only what they reach.

The idea is fastISM's (Nair et al. 2022, Bioinformatics 38:2397). Here it is written in differences: a
convolution is linear, so what changes of its output is its kernel spread over what changed of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn


@dataclass(frozen=True)
class Pace:
    """How a machine works best: ``numbers`` at once; starting a block costs ``start`` multiplications."""

    numbers: int
    start: int


# Measured on CPUs, whose caches must hold the numbers; estimated for GPUs, which many numbers keep busy.
CPU, GPU = Pace(1 << 20, 1 << 20), Pace(1 << 24, 1 << 29)


@dataclass(frozen=True)
class Block:
    """Convolution, ReLU and max pooling, with what they gave for the unchanged sequence.

    The last rows of ``before`` (the ReLU) and ``after`` (the pooling) stand for all positions outside the
    sequence: minus infinity there stays zero after the ReLU, whatever is added.
    """

    kernel: Float[Tensor, "inputs taps_outputs"]
    width: int
    pool: int
    before: Float[Tensor, "positions_and_outside outputs"]
    after: Float[Tensor, "cells_and_outside outputs"]

    def cells(self, inputs: int) -> int:
        """How many cells of the pooling so many neighbouring inputs can reach."""
        return -(-(inputs + self.width + self.pool - 2) // self.pool)


@dataclass(frozen=True)
class Changes:
    """What some mutants have more than the unchanged sequence, in the cells from ``first`` on.

    All of ``first`` are at ``phase`` on the grid of the poolings to come.
    """

    first: Int[Tensor, "mutants"]
    phase: int
    more: Float[Tensor, "mutants cells channels"]


Head = Callable[[Changes], Float[Tensor, "mutants hidden"]]


def unchanged(
    x: Float[Tensor, "positions channels"], convolutions: Iterable[nn.Module], pools: Iterable[int]
) -> list[Block]:
    """All blocks, run on one sequence."""
    blocks = []
    for module, pool in zip(convolutions, pools, strict=True):
        convolution = cast(nn.Conv1d, module)
        before = convolution(x.T[None])
        x = F.max_pool1d(F.relu(before), pool, ceil_mode=True)[0].T
        # The first position that reads an input reads it with the last tap.
        kernel = convolution.weight.flip(2).permute(1, 2, 0).flatten(1)
        outside = F.pad(before[0].T, (0, 0, 0, 1), value=-torch.inf)
        blocks.append(Block(kernel, convolution.weight.shape[2], pool, outside, F.pad(x, (0, 0, 0, 1))))
    return blocks


def pays(blocks: list[Block], mutants: int) -> bool:
    """Whether computing only what so many mutants change is quicker than computing everything."""
    pace = _pace(blocks)
    inputs, changed, everything = 1, 0, 0
    for block in blocks:
        changed += inputs * block.kernel.numel()
        everything += (len(block.before) - 1) * block.kernel.numel()
        inputs = block.cells(inputs)
    steps = len(blocks) * (_grid(blocks) + mutants // _mutants_at_once(blocks))
    # Three times: what changes lies in smaller pieces, which are slower to multiply
    return 3 * mutants * changed + steps * pace.start < mutants * everything


def changes(
    blocks: list[Block], places: Int[Tensor, "mutants"], more: Float[Tensor, "mutants letters"]
) -> Iterator[tuple[Int[Tensor, "some"], Changes]]:
    """Changes after the last block, of some mutants at a time (by index)."""
    # Mutants whose places lie alike on the grids of all poolings have windows of one shape.
    phases = places % _grid(blocks)
    for phase in phases.unique().tolist():
        for some in (phases == phase).nonzero().squeeze(1).split(_mutants_at_once(blocks)):
            yield some, reduce(_through, blocks, Changes(places[some], phase, more[some, None]))


def _grid(blocks: list[Block]) -> int:
    return prod(block.pool for block in blocks)


def _pace(blocks: list[Block]) -> Pace:
    return CPU if blocks[0].kernel.device.type == "cpu" else GPU


def _mutants_at_once(blocks: list[Block]) -> int:
    inputs, most = 1, 0
    for block in blocks:
        most = max(most, inputs * block.kernel.shape[1])
        inputs = block.cells(inputs)
    return max(1, _pace(blocks).numbers // most)


def _through(changes: Changes, block: Block) -> Changes:
    """What a block makes of changes."""
    inputs, reach = changes.more.shape[1], block.width // 2
    phase, shift = divmod(changes.phase - reach, block.pool)
    cells = -(-(shift + inputs + 2 * reach) // block.pool)
    first = (changes.first - reach).div(block.pool, rounding_mode="floor")
    x = _window(block.before, first * block.pool, cells * block.pool)
    spread = (changes.more @ block.kernel).unflatten(2, (block.width, -1))
    for place in range(inputs):
        x[:, shift + place : shift + place + block.width] += spread[:, place]
    x = reduce(torch.maximum, x.relu_().unflatten(1, (cells, block.pool)).unbind(2))
    return Changes(first, phase, x - _window(block.after, first, cells))


def _window(
    rows: Float[Tensor, "rows channels"], first: Int[Tensor, "mutants"], size: int
) -> Float[Tensor, "mutants size channels"]:
    """So many rows from ``first`` on; the last row stands for all outside."""
    outside = len(rows) - 1
    index = first[:, None] + torch.arange(size, device=first.device)
    return F.embedding(index.where((index >= 0) & (index < outside), outside), rows)


def max_head(last: Block, hidden: nn.Linear) -> Head:
    """The hidden layer on the maximum over positions: before, in and behind the changed cells."""
    after = last.after[:-1]
    before = F.pad(after.cummax(0).values, (0, 0, 1, 0))
    behind = F.pad(after.flip(0).cummax(0).values.flip(0), (0, 0, 0, 1))

    def head(changes: Changes) -> Float[Tensor, "mutants hidden"]:
        first, cells = changes.first, changes.more.shape[1]
        within = (_window(last.after, first, cells) + changes.more).amax(1)
        around = torch.maximum(before[first.clamp(min=0)], behind[(first + cells).clamp(max=len(after))])
        return hidden(torch.maximum(within, around))

    return head


def mean_head(last: Block, hidden: nn.Linear) -> Head:
    """The hidden layer on the mean over positions."""
    after = last.after[:-1]

    def head(changes: Changes) -> Float[Tensor, "mutants hidden"]:
        return hidden(after.mean(0) + changes.more.sum(1) / len(after))

    return head


def flatten_head(last: Block, hidden: nn.Linear) -> Head:
    """The hidden layer on all positions: what the unchanged ones give, and more from the changed cells."""
    after = last.after[:-1]
    all_unchanged = hidden(after.T.flatten())
    weight = hidden.weight.unflatten(1, after.T.shape).permute(2, 1, 0).flatten(1)
    weight = F.pad(weight, (0, 0, 0, 1))

    def head(changes: Changes) -> Float[Tensor, "mutants hidden"]:
        low = changes.first.min()
        column = (changes.first - low)[:, None] + torch.arange(changes.more.shape[1], device=low.device)
        size = int(column.max()) + 1
        mutants, _, channels = changes.more.shape
        wide = changes.more.new_zeros(mutants, size, channels)
        wide[torch.arange(mutants, device=low.device)[:, None], column] = changes.more
        seen = _window(weight, low[None], size)[0].view(size * channels, -1)
        return torch.addmm(all_unchanged, wide.flatten(1), seen)

    return head


HEADS = {"max": max_head, "mean": mean_head, "flatten": flatten_head}
