"""Attention within a window has the context and the gradients of weights that are spelt out for all pairs."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from relevome.models.annotator.attention import BLOCK, Heads, banded_attention, dense_attention
from relevome.models.annotator.tiles import Tiling, tiled_attention

# first query, queries, keys, letters to the left, to the right
CASES = [
    (0, 3 * BLOCK, 3 * BLOCK, 96, 0),  # the first windows begin before the first key
    (96, 2 * BLOCK + 7, 96 + 2 * BLOCK + 7, 96, 0),  # with a memory, and a last block of seven queries
    (30, BLOCK + 36, 2 * BLOCK, 40, 20),  # queries end before keys do
    (10, BLOCK, BLOCK + 16, 5, 3),
    (5, 2 * BLOCK, 2 * BLOCK + 30, 400, 400),  # a window wider than the sequence
    (0, 9, 9, 0, 0),
    (0, 1, 1, 3, 3),
]


def heads(first: int, queries: int, keys: int) -> Heads:
    """Random ones of a batch of two, three heads of four channels, eight channels of the distance."""
    torch.manual_seed(first + keys)
    shapes = [(2, 3, queries, 4), (2, 3, keys, 4), (2, 3, keys, 4), (3, 1, 4), (3, 1, 4), (3, 4, 8)]
    parts: Any = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    query, key, value, content, position, distance = parts
    return Heads(query, key, value, content, position, distance, first)


def gradients(context: Tensor, given: Heads) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    parts = (given.query, given.key, given.value, given.content, given.position, given.distance)
    return torch.autograd.grad(context, parts, torch.randn_like(context))


@pytest.mark.parametrize(("first", "queries", "keys", "left", "right"), CASES)
def test_context_and_gradients_are_those_of_all_pairs(
    first: int, queries: int, keys: int, left: int, right: int
) -> None:
    given = heads(first, queries, keys)
    expected, _ = dense_attention(given, (left, right))
    found = banded_attention(given, (left, right))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    for one, other in zip(gradients(found, given), gradients(expected, given), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-11)
    with torch.no_grad():
        torch.testing.assert_close(banded_attention(given, (left, right)), expected, rtol=0, atol=1e-12)


def test_gradients_are_those_of_small_differences() -> None:
    torch.manual_seed(0)
    shapes = [(2, 7, 3), (2, 7, 3), (2, 3, 6), (2, 9, 3), (2, 9, 2)]
    parts: Any = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    tiling = Tiling(first=1, queries=7, keys=9, left=4, right=1, block=3)
    assert torch.autograd.gradcheck(partial(tiled_attention, tiling=tiling), parts)


def test_gradients_of_gradients_are_refused() -> None:
    given = heads(0, 5, 5)
    (gradient,) = torch.autograd.grad(
        banded_attention(given, (2, 0)).square().sum(), given.value, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
