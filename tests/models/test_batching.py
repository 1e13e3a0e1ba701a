from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from relevome.models import batching
from relevome.models.base import Model
from relevome.models.batching import FixedBatchSize, MeasuredBatchSizes

Load = Callable[..., Model]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """A machine on which 8 rows are fastest; keeps what was measured: (rows, width)."""
    measured: list[tuple[int, int]] = []

    def seconds(_model: Model, rows: int, width: int) -> float:
        measured.append((rows, width))
        return 1 + rows / 8 if rows <= 8 else rows / 2

    monkeypatch.setattr(batching, "_seconds", seconds)
    return measured


@pytest.mark.parametrize("width", [1, 17, 5000])
def test_a_fixed_size_is_the_same_for_every_width(load: Load, width: int) -> None:
    assert FixedBatchSize(3).rows(load("esm"), width) == 3


def test_the_fastest_number_of_rows_is_found(load: Load, clock: list[tuple[int, int]]) -> None:
    assert MeasuredBatchSizes().rows(load("esm"), 17) == 8
    assert clock == [(1, 17), (2, 17), (4, 17), (8, 17), (16, 17), (32, 17)]


def test_it_is_measured_once_for_widths_up_to_a_power_of_two(
    load: Load, clock: list[tuple[int, int]]
) -> None:
    sizes, model = MeasuredBatchSizes(), load("esm")
    assert [sizes.rows(model, width) for width in (17, 32, 18, 31, 33, 16)] == [8] * 6
    assert {width for _, width in clock} == {17, 33, 16}
    assert sizes.measured == {32: 8, 64: 8, 16: 8}


def test_no_more_rows_are_measured_than_there_is_use_for(load: Load, clock: list[tuple[int, int]]) -> None:
    sizes, model = MeasuredBatchSizes(), load("esm")
    assert (sizes.rows(model, 17, 1), clock, sizes.measured) == (1, [], {})
    assert sizes.rows(model, 17, 3) == 4
    assert clock == [(1, 17), (2, 17), (4, 17)]
    assert (sizes.rows(model, 17, 2), sizes.rows(model, 18, 4), sizes.measured) == (4, 4, {32: 4})
    assert len(clock) == 3
    assert sizes.rows(model, 17, 1000) == sizes.rows(model, 17) == 8
    assert clock[3:] == [(8, 17), (16, 17), (32, 17)]


def test_what_was_measured_before_is_not_measured_again(load: Load, clock: list[tuple[int, int]]) -> None:
    assert MeasuredBatchSizes({32: 5}).rows(load("esm"), 20) == 5
    assert clock == []


def test_a_batch_that_does_not_fit_ends_the_search(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(_model: Model, rows: int, _width: int) -> float:
        if rows > 4:
            raise torch.OutOfMemoryError("too many")
        return 1.0

    monkeypatch.setattr(batching, "_seconds", seconds)
    assert MeasuredBatchSizes().rows(load("esm"), 17) == 4


def test_no_more_rows_and_tokens_than_the_most(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_seconds", lambda *_: 1.0)
    assert MeasuredBatchSizes().rows(load("esm"), 1) == batching.MOST_ROWS
    assert MeasuredBatchSizes().rows(load("esm"), 1000) * 1000 <= batching.MOST_TOKENS
    assert MeasuredBatchSizes().rows(load("esm"), 10**6) == 1


@pytest.mark.parametrize("name", ["protbert", "dnabert"])
def test_measuring_leaves_the_model_as_it_was(load: Load, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MOST_ROWS", 2)
    model = load(name)
    model.module.train()
    assert MeasuredBatchSizes().rows(model, 9) in (1, 2)
    assert all(module.training for module in model.module.modules())
    assert all(parameter.requires_grad for parameter in model.module.parameters())


def test_short_passes_take_any_gain_and_count_what_a_batch_takes_beside(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "_seconds", lambda _model, rows, _width: rows * 1e-3)
    assert MeasuredBatchSizes().rows(load("esm"), 1024) == 16, "up to 30 ms fewer batches are a gain"
    monkeypatch.setattr(batching, "_seconds", lambda _model, rows, _width: rows * 1.0)
    assert MeasuredBatchSizes().rows(load("esm"), 1024) == 1


def test_a_fast_model_is_timed_over_several_passes(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([9.0, 0.004, 0.002, 0.004, 0.001, *[0.004] * 20])
    monkeypatch.setattr(batching, "_pass", lambda *_: next(times))
    assert batching._seconds(load("esm"), 1, 9) == 0.004
    times = iter([9.0, 4.0, 3.0])
    assert batching._seconds(load("esm"), 1, 9) == 3.0, "two are enough where they are long"
