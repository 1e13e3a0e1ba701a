"""Moves that models make of several operations."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tests.attribution.lrp.under_rules import assert_equal, check, drawn, the_same, under_rules

Q = drawn(2, 3, 5, 4)
ANGLES = torch.arange(5).double()[:, None] * torch.tensor([1.0, 0.1]).double()
COS, SIN = (torch.cat([f(ANGLES)] * 2, -1) for f in (torch.cos, torch.sin))
TURNS = torch.polar(torch.ones_like(ANGLES), ANGLES)


def rotated(x: Tensor) -> Tensor:
    a, b = x.chunk(2, -1)
    return x * COS + torch.cat([-b, a], -1) * SIN


def turned(x: Tensor) -> Tensor:
    """The same rotation of neighbouring pairs, by complex numbers."""
    return torch.view_as_real(torch.view_as_complex(x.reshape(2, 3, 5, 2, 2)) * TURNS).flatten(-2)


def test_rotary_positions_turn_the_gradient_back() -> None:
    check(the_same(rotated, Q))
    check(the_same(turned, Q))
    _, (gradient,), above = under_rules(turned, Q)
    a, b = np.moveaxis(above.reshape(2, 3, 5, 2, 2), -1, 0)
    cos, sin = np.cos(ANGLES.numpy()), np.sin(ANGLES.numpy())
    assert_equal(gradient, np.stack([a * cos + b * sin, b * cos - a * sin], -1).reshape(2, 3, 5, 4))


def test_a_row_at_a_time_is_all_rows() -> None:
    def one_by_one(x: Tensor) -> Tensor:
        return torch.stack([row * 2 for row in x])

    def unpacked(x: Tensor) -> Tensor:
        first, second = x
        return first - second

    check(the_same(one_by_one, Q))
    check(the_same(unpacked, Q))


def test_additions_and_moves_pass_everything_on() -> None:
    a, b = drawn(3, 4), drawn(3, 4, seed=1)

    def moved(x: Tensor, y: Tensor) -> Tensor:
        z = torch.cat([(x + y).transpose(0, 1), (x - y).t()], dim=1)
        return z.reshape(2, 2, 6).masked_fill(torch.zeros(6, dtype=torch.bool), 0.0).flatten(0, 1)[:, 1:]

    _, (left, right), above = under_rules(moved, a, b)
    full = np.concatenate([np.zeros((4, 1)), above], axis=1)
    assert_equal(left, (full[:, :3] + full[:, 3:]).T)
    assert_equal(right, (full[:, :3] - full[:, 3:]).T)
