from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from relevome.errors import InputError
from relevome.models import batching
from relevome.models.base import Model
from relevome.models.batching import DerivedBatchSizes, FixedBatchSize, batch_sizes_of

Load = Callable[..., Model]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A model whose widest activation has a quarter of a mebibyte a token; keeps the widths counted."""
    widths: list[int] = []

    def activations(_model: Model, width: int) -> SimpleNamespace:
        widths.append(width)
        return SimpleNamespace(widest=width << 18, all=width << 20)

    monkeypatch.setattr(batching, "_activations", activations)
    return widths


@pytest.mark.parametrize("width", [1, 17, 5000])
def test_a_fixed_size_is_the_same_for_every_width(load: Load, width: int) -> None:
    assert FixedBatchSize(3).rows(load("esm"), width) == 3


@pytest.mark.parametrize(("width", "rows"), [(1, 16), (2, 8), (3, 4), (4, 4), (16, 1), (5000, 1)])
def test_as_many_rows_as_keep_the_widest_activation_small(
    load: Load, counted: list[int], width: int, rows: int
) -> None:
    assert DerivedBatchSizes().rows(load("esm"), width) == rows


def test_it_is_derived_once_for_widths_up_to_a_power_of_two(load: Load, counted: list[int]) -> None:
    sizes, model = DerivedBatchSizes(), load("esm")
    model.max_tokens = 40
    assert [sizes.rows(model, width) for width in (17, 32, 18, 31, 16, 33)] == [1] * 6
    assert counted == [32, 16, 40], "of the most tokens that the model takes"
    assert sizes.on_record() == {"32": 1, "16": 1, "64": 1}


def test_the_order_in_which_widths_come_changes_nothing(load: Load) -> None:
    model = load("cnn")
    widths = [100, 65, 128, 1000, 513, 17, 9]
    forwards, backwards = DerivedBatchSizes(), DerivedBatchSizes()
    found = {width: forwards.rows(model, width) for width in widths}
    assert found == {width: backwards.rows(model, width) for width in reversed(widths)}
    assert found[1000] < found[100] < batching.MOST_ROWS


def test_a_model_of_one_length_is_asked_about_no_other(load: Load, counted: list[int]) -> None:
    model = load("esm")
    model.fixed_tokens = 21
    DerivedBatchSizes().rows(model, 21)
    assert counted == [21]


def test_nothing_is_counted_for_one_sequence(load: Load, counted: list[int]) -> None:
    sizes = DerivedBatchSizes()
    assert (sizes.rows(load("esm"), 2, 1), counted, sizes.known) == (1, [], {})
    assert sizes.rows(load("esm"), 2, 3) == 8


def test_what_is_on_record_is_not_derived_again(load: Load, counted: list[int]) -> None:
    assert batch_sizes_of(None, {"32": 5}).rows(load("esm"), 20) == 5
    assert counted == []


def test_a_sequence_that_does_not_fit_goes_alone(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def activations(_model: Model, _width: int) -> None:
        raise torch.OutOfMemoryError("too many")

    monkeypatch.setattr(batching, "_activations", activations)
    assert DerivedBatchSizes().rows(load("esm"), 17) == 1


def test_no_more_rows_and_tokens_than_the_most(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_activations", lambda *_: SimpleNamespace(widest=1, all=1))
    assert DerivedBatchSizes().rows(load("esm"), 1) == batching.MOST_ROWS
    assert DerivedBatchSizes().rows(load("esm"), 1000) * 1000 <= batching.MOST_TOKENS
    assert DerivedBatchSizes().rows(load("esm"), 10**6) == 1


def test_activations_are_counted_without_weights_and_views() -> None:
    weights = torch.zeros(50, 10)
    with batching._Activations() as counted:
        row = torch.ones(1, 10)  # 40 bytes
        (row @ weights.T).expand(7, 50)  # 200 bytes
    assert (counted.widest, counted.all) == (200, 240)


def test_activations_within_vmap_are_those_of_all_rows() -> None:
    weights = torch.zeros(3, 50, 10)
    with batching._Activations() as counted:
        rows = torch.ones(3, 10)  # 120 bytes
        torch.vmap(torch.mv)(weights, rows)  # 600 bytes
    assert (counted.widest, counted.all) == (600, 720)


@pytest.mark.parametrize("name", ["protbert", "dnabert"])
def test_counting_leaves_the_model_as_it_was(load: Load, name: str) -> None:
    model = load(name)
    model.module.train()
    assert DerivedBatchSizes().rows(model, 9) > 1
    assert all(module.training for module in model.module.modules())
    assert all(parameter.requires_grad for parameter in model.module.parameters())


@pytest.mark.parametrize("size", [0, -3])
def test_a_number_below_one_is_refused(size: int) -> None:
    with pytest.raises(InputError, match=f"--batch-size {size}: expected auto or a number from 1 on"):
        batch_sizes_of(size)
