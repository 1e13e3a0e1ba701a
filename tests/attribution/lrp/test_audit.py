"""The ledger closes for every operation, and does not where a rule is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from relevome.attribution.lrp.functions import Scale
from relevome.attribution.lrp.table import name_of
from relevome.ledger import Ledger
from tests.attribution.lrp.cases import CASES
from tests.attribution.lrp.under_rules import Case, drawn, ledger_of, name, replaced

each_case = pytest.mark.parametrize("case", CASES, ids=[name(case.function) for case in CASES])
_T = torch.Tensor
X = drawn(2, 3, 4)
WEIGHT, BIAS, SCALE, SHIFT = drawn(12, 4, seed=1) / 3, drawn(12, seed=2), drawn(4, seed=3), drawn(4, seed=4)


def unaccounted(ledger: Ledger) -> float:
    return ledger.unaccounted / (1 + abs(ledger.logit) + ledger.throughput)


@each_case
def test_the_ledger_of_every_operation_closes(case: Case) -> None:
    assert unaccounted(ledger_of(case.call, *case.inputs)) < 1e-12


@each_case
def test_it_closes_where_activations_are_zero(case: Case) -> None:
    """Where x is 0 nothing is relevant, and what f(0) gives is a constant."""
    inputs = [x.clone() for x in case.inputs]
    inputs[0].view(-1)[::2] = 0
    with np.errstate(all="ignore"):
        ledger = ledger_of(case.call, *inputs)
    if np.isfinite(ledger.logit):
        assert unaccounted(ledger) < 1e-12


def eager(x: Tensor) -> Tensor:
    """Every kind of rule, one after another."""
    q, k, v = F.linear(F.layer_norm(x, (4,), SCALE, SHIFT), WEIGHT, BIAS).chunk(3, -1)
    weights = F.softmax(torch.matmul(q, k.transpose(-1, -2)), -1)
    x = x + weights @ v
    values, gate = (x @ WEIGHT[:8].t()).chunk(2, -1)
    scale = torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-3)
    return values * F.gelu(gate) + x * scale


def fused(x: Tensor) -> Tensor:
    q, k, v = F.linear(x, WEIGHT).chunk(3, -1)
    return F.scaled_dot_product_attention(q, k, v) + F.rms_norm(x, (4,), SCALE)


def plain(_flow: Any, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return func(*args, **kwargs)


def by(factor: float) -> Callable[..., Any]:
    """Too much or too little of the gradient."""

    def wrong(_flow: Any, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return func(Scale.apply(args[0], factor), *args[1:], **kwargs)

    return wrong


WRONG = [
    (eager, _T.mul, plain),
    (eager, torch.matmul, plain),
    (eager, _T.matmul, plain),
    (eager, F.layer_norm, plain),
    (eager, F.softmax, by(0.5)),
    (eager, F.softmax, by(1.001)),
    (eager, F.linear, by(2.0)),
    (eager, F.gelu, plain),
    (eager, _T.add, by(0.9)),
    (eager, torch.rsqrt, plain),
    (fused, F.scaled_dot_product_attention, plain),
    (fused, F.rms_norm, plain),
]


def test_right_rules_leave_nothing() -> None:
    for function in (eager, fused):
        assert unaccounted(ledger_of(function, X)) < 1e-12


@pytest.mark.parametrize(("function", "operation", "how"), WRONG)
def test_a_wrong_rule_is_found_and_named(
    function: Callable[[Tensor], Tensor], operation: Any, how: Callable[..., Any]
) -> None:
    with replaced(operation, how):
        ledger = ledger_of(function, X)
    assert unaccounted(ledger) > 1e-7
    assert ledger.worst is not None
    assert ledger.worst.operation == name_of(operation)
    others = [entry.unaccounted for entry in ledger.entries if entry is not ledger.worst]
    assert max(others) < 1e-9


def test_a_detached_part_is_missing_in_the_whole() -> None:
    """No operation misses it: the model itself cut the way, and what it adds is a constant."""
    ledger = ledger_of(lambda x: x * 2 + (x * 3).detach(), X)
    above = drawn(2, 3, 4, seed=99)
    assert ledger.tokens == pytest.approx((2 * X * above).sum().item())
    assert sum(ledger.absorbed.values()) == pytest.approx((3 * X * above).sum().item())


def test_calls_of_one_operation_are_one_entry() -> None:
    ledger = ledger_of(lambda x: F.linear(F.linear(x, WEIGHT[:4]), WEIGHT[4:8]).sin(), X)
    found = {entry.operation: entry for entry in ledger.entries}
    assert found["torch.nn.functional.linear"].calls == 2
    assert found["torch.Tensor.sin"].calls == 1


def test_a_branch_that_the_logit_does_not_see_is_no_entry() -> None:
    def function(x: Tensor) -> Tensor:
        torch.tanh(x)
        return x * 2

    assert [entry.operation for entry in ledger_of(function, X).entries] == ["torch.Tensor.mul"]


def test_double_precision_survives_what_models_round() -> None:
    def rounded(x: Tensor) -> Tensor:
        weights = F.softmax(x.float(), dim=-1, dtype=torch.float32).to(x.dtype)
        return weights * x.to(torch.float32).type_as(x)

    assert unaccounted(ledger_of(rounded, X)) < 1e-12
