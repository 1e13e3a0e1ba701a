"""What single substitutions change in a stack of convolutions, computing only what they reach.

Mutants are of one sequence, or each of one of several that went through the network together.

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
    """Convolution, ReLU and max pooling, with what they gave for the unchanged sequences.

    ``before`` is what the ReLU is given, ``after`` behind the pooling.
    """

    kernel: Float[Tensor, "inputs taps_outputs"]
    width: int
    pool: int
    before: Float[Tensor, "sequences outputs positions"]
    after: Float[Tensor, "sequences outputs cells"]


@dataclass(frozen=True)
class Changes:
    """What some mutants have more than the unchanged sequences that they are ``of``.

    It is in the cells from ``first`` on, which are all at ``phase`` on the grid of the poolings to come.
    """

    of: Int[Tensor, "mutants"]
    first: Int[Tensor, "mutants"]
    phase: int
    more: Float[Tensor, "mutants cells channels"]


Head = Callable[[Changes], Float[Tensor, "mutants hidden"]]


def unchanged(
    x: Float[Tensor, "sequences channels positions"], convolutions: Iterable[nn.Module], pools: Iterable[int]
) -> list[Block]:
    """All blocks, run on sequences of one length."""
    blocks = []
    for module, pool in zip(convolutions, pools, strict=True):
        convolution = cast(nn.Conv1d, module)
        before = convolution(x)
        x = F.max_pool1d(before, pool, ceil_mode=True).relu_()  # as of the ReLU, whose numbers are more
        # The first position that reads an input reads it with the last tap.
        kernel = convolution.weight.flip(2).permute(1, 2, 0).flatten(1)
        blocks.append(Block(kernel, convolution.weight.shape[2], pool, before, x))
    return blocks


def pays(convolutions: Iterable[nn.Module], pools: Iterable[int], length: int, mutants: int) -> bool:
    """Whether computing only what so many mutants change is quicker than computing all ``length`` letters."""
    weights = [cast(nn.Conv1d, module).weight for module in convolutions]
    pools = list(pools)
    pace = _pace(weights[0])
    inputs, changed, everything, most = 1, 0, 0, 0
    for weight, pool in zip(weights, pools, strict=True):
        changed += inputs * weight.numel()
        everything += length * weight.numel()
        most = max(most, inputs * weight.shape[0] * weight.shape[2])
        inputs, length = _cells(inputs, weight.shape[2], pool), -(-length // pool)
    steps = len(weights) * (prod(pools) + mutants // _at_once(pace, most))
    # Three times: what changes lies in smaller pieces, which are slower to multiply
    return 3 * mutants * changed + steps * pace.start < mutants * everything


def changes(
    blocks: list[Block],
    of: Int[Tensor, "mutants"],
    places: Int[Tensor, "mutants"],
    more: Float[Tensor, "mutants letters"],
) -> Iterator[tuple[Int[Tensor, "some"], Changes]]:
    """Changes after the last block, of some mutants at a time (by index)."""
    # Mutants whose places lie alike on the grids of all poolings have windows of one shape.
    phases = places % prod(block.pool for block in blocks)
    for phase in phases.unique().tolist():
        for some in (phases == phase).nonzero().squeeze(1).split(_mutants_at_once(blocks)):
            began = Changes(of[some], places[some], phase, more[some, None])
            yield some, reduce(_through, blocks, began)


def _pace(weights: Tensor) -> Pace:
    return CPU if weights.device.type == "cpu" else GPU


def _cells(inputs: int, width: int, pool: int) -> int:
    """How many cells of a pooling so many neighbouring inputs can reach."""
    return -(-(inputs + width + pool - 2) // pool)


def _mutants_at_once(blocks: list[Block]) -> int:
    inputs, most = 1, 0
    for block in blocks:
        most = max(most, inputs * block.kernel.shape[1])
        inputs = _cells(inputs, block.width, block.pool)
    return _at_once(_pace(blocks[0].kernel), most)


def _at_once(pace: Pace, most: int) -> int:
    return max(1, pace.numbers // most)


def _through(changes: Changes, block: Block) -> Changes:
    """What a block makes of changes."""
    inputs, reach = changes.more.shape[1], block.width // 2
    phase, shift = divmod(changes.phase - reach, block.pool)
    cells = -(-(shift + inputs + 2 * reach) // block.pool)
    first = (changes.first - reach).div(block.pool, rounding_mode="floor")
    # minus infinity outside the sequence stays zero after the ReLU, whatever is added
    x = _window(block.before, changes.of, first * block.pool, cells * block.pool, -torch.inf)
    spread = (changes.more @ block.kernel).unflatten(2, (block.width, -1))
    for place in range(inputs):
        x[:, shift + place : shift + place + block.width] += spread[:, place]
    x = reduce(torch.maximum, x.relu_().unflatten(1, (cells, block.pool)).unbind(2))
    return Changes(changes.of, first, phase, x - _window(block.after, changes.of, first, cells))


def _window(
    values: Float[Tensor, "sequences channels positions"],
    of: Int[Tensor, "mutants"],
    first: Int[Tensor, "mutants"],
    size: int,
    outside: float = 0.0,
) -> Float[Tensor, "mutants size channels"]:
    """So many positions from ``first`` on, of the sequence that each mutant is of."""
    low, high = int(first.min()), int(first.max()) + size
    wide = values[:, :, max(low, 0) : max(high, 0)]
    if low < 0 or high > values.shape[2]:
        wide = F.pad(wide, (max(-low, 0), max(high - values.shape[2], 0)), value=outside)[:, :, : high - low]
    rows = wide.transpose(1, 2).reshape(-1, values.shape[1])
    index = of * (high - low) + first - low
    return F.embedding(index[:, None] + torch.arange(size, device=index.device), rows)


def _largest(
    values: Float[Tensor, "sequences channels positions"],
    of: Int[Tensor, "mutants"],
    ends: Int[Tensor, "mutants"],
    from_behind: bool = False,
) -> Float[Tensor, "mutants channels"]:
    """The largest values up to ``ends``, or from there on; zero where nothing is."""
    low, high = int(ends.min()), int(ends.max())
    between, rest = values[:, :, low:high], values[:, :, :low]
    if from_behind:
        between, rest, ends = between.flip(2), values[:, :, high:], high - ends + low
    first = rest.amax(2, keepdim=True) if rest.shape[2] else torch.zeros_like(values[:, :, :1])
    return torch.cat([first, between], 2).cummax(2).values[of, :, ends - low]


def max_head(last: Block, hidden: nn.Linear) -> Head:
    """The hidden layer on the maximum over positions: before, in and behind the changed cells."""
    after = last.after
    length = after.shape[2]

    def head(changes: Changes) -> Float[Tensor, "mutants hidden"]:
        of, first, cells = changes.of, changes.first, changes.more.shape[1]
        within = (_window(after, of, first, cells) + changes.more).amax(1)
        before = _largest(after, of, first.clamp(min=0))
        behind = _largest(after, of, (first + cells).clamp(max=length), from_behind=True)
        return hidden(torch.maximum(within, torch.maximum(before, behind)))

    return head


def mean_head(last: Block, hidden: nn.Linear) -> Head:
    """The hidden layer on the mean over positions."""
    mean, length = last.after.mean(2), last.after.shape[2]

    def head(changes: Changes) -> Float[Tensor, "mutants hidden"]:
        return hidden(mean[changes.of] + changes.more.sum(1) / length)

    return head


def flatten_head(last: Block, hidden: nn.Linear) -> Head:
    """The hidden layer on all positions: what the unchanged ones give, and more from the changed cells."""
    all_unchanged = hidden(last.after.flatten(1))
    # as values of one sequence: a channel for each input channel and output
    weight = hidden.weight.unflatten(1, last.after.shape[1:]).permute(1, 0, 2).flatten(0, 1)[None]

    def head(changes: Changes) -> Float[Tensor, "mutants hidden"]:
        low = changes.first.min()
        column = (changes.first - low)[:, None] + torch.arange(changes.more.shape[1], device=low.device)
        size = int(column.max()) + 1
        mutants, _, channels = changes.more.shape
        wide = changes.more.new_zeros(mutants, size, channels)
        wide[torch.arange(mutants, device=low.device)[:, None], column] = changes.more
        seen = _window(weight, torch.zeros_like(low[None]), low[None], size)[0].view(size * channels, -1)
        return torch.addmm(all_unchanged[changes.of], wide.flatten(1), seen)

    return head


HEADS = {"max": max_head, "mean": mean_head, "flatten": flatten_head}
