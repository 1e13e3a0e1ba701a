"""Sums over intervals are those over steps with the derivative of torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from relevome.attribution.lrp.path import PathRecorder, interval_shares
from relevome.errors import InputError
from tests.attribution.lrp.under_rules import drawn

BATCH, HEADS, TOKENS, WIDTH = 2, 3, 5, 4


def quadrature(steps: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (nodes + 1) / 2, weights / 2


@pytest.mark.parametrize("steps", [2, 3, 4, 11])
def test_shares_of_intervals_say_what_second_order_differences_say(steps: int) -> None:
    alphas, weights = quadrature(steps)
    values, slopes = drawn(steps), drawn(steps, seed=1)
    (derivative,) = torch.gradient(values, spacing=(torch.from_numpy(alphas),), edge_order=1)
    expected = (torch.from_numpy(weights) * slopes * derivative).sum().item()
    found = sum(
        (values[i + 1] - values[i]) * (left * slopes[i] + right * slopes[i + 1])
        for i, (left, right) in enumerate(interval_shares(alphas, weights))
    )
    assert float(found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 9])
@pytest.mark.parametrize("order", ["heads first", "heads last", "heads in the batch"])
def test_passes_of_any_size_and_contexts_of_any_order_give_the_same(at_once: int, order: str) -> None:
    alphas, weights = quadrature(7)
    contexts, slopes = (drawn(7, BATCH, HEADS, TOKENS, WIDTH, seed=seed) for seed in (0, 1))
    recorder = PathRecorder(BATCH, TOKENS, alphas, weights)
    for first in range(0, 7, at_once):
        some = slice(first, first + at_once)
        recorder.begin(first, len(contexts[some]))
        context, axes = arranged(contexts[some].flatten(0, 1), order)
        slope, _ = arranged(slopes[some].flatten(0, 1), order)
        recorder.put(3, context, slope, axes)
        recorder.put(1, 2 * context, slope, axes)
    (derivative,) = torch.gradient(contexts, spacing=(torch.from_numpy(alphas),), dim=0, edge_order=1)
    expected = torch.einsum("s,sbhtc,sbhtc->bht", torch.from_numpy(weights), slopes, derivative)
    found = recorder.relevance()
    assert found.shape == (BATCH, 2, HEADS, TOKENS)
    torch.testing.assert_close(found[:, 1], expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found[:, 0], 2 * expected, rtol=1e-12, atol=1e-12)


def arranged(context: torch.Tensor, order: str) -> tuple[torch.Tensor, tuple[int | None, int]]:
    """Rows, heads, tokens, channels in another order, and its axes."""
    if order == "heads first":
        return context, (1, 2)
    if order == "heads last":
        return context.transpose(1, 2), (2, 1)
    return context.flatten(0, 1), (None, 1)


def test_what_is_kept_between_passes_does_not_keep_the_pass() -> None:
    recorder = PathRecorder(BATCH, TOKENS, *quadrature(7))
    recorder.begin(0, 7)
    context = drawn(7 * BATCH, HEADS, TOKENS, WIDTH)
    recorder.put(0, context, context, (1, 2))
    kept = recorder._layers[0].context
    assert kept is not None
    assert kept.untyped_storage().nbytes() == context.untyped_storage().nbytes() // 7


def test_an_attention_over_something_else_is_left_out() -> None:
    recorder = PathRecorder(BATCH, TOKENS, *quadrature(4))
    recorder.begin(0, 4)
    pooled = drawn(4 * BATCH, HEADS, 1, WIDTH)
    recorder.put(0, pooled, pooled, (1, 2))
    with pytest.raises(InputError, match="--heads: the model has no attention whose queries are the tokens"):
        recorder.relevance()
