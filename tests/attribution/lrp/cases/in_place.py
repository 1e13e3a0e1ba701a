"""Operations that change a tensor: they give what their twins give, which leave it as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from relevome.attribution.lrp.rules import RULES
from tests.attribution.lrp.cases import elementwise, moves, normalisation, products
from tests.attribution.lrp.under_rules import Case, spread, the_same

_T = torch.Tensor


class Instead(TorchFunctionMode):
    """Calls the twin of a method, which changes a copy of the tensor."""

    def __init__(self, method: Any, twin: Any) -> None:
        super().__init__()
        self.method, self.twin = method, twin

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func not in (self.method, ARRIVES_AS.get(self.method)):
            return func(*args, **(kwargs or {}))
        return self.twin(args[0].clone(), *args[1:], **(kwargs or {}))


ARRIVES_AS = {_T.__add__: _T.add, _T.__sub__: _T.sub, _T.__mul__: _T.mul, _T.__truediv__: _T.div}


def twin_of(case: Case) -> Any:
    """``add_`` of ``add``, ``__iadd__`` of ``__add__``; None where there is none."""
    name = getattr(case.function, "__name__", "")
    if getattr(_T, name, None) != case.function:
        return None
    return getattr(_T, f"__i{name[2:]}" if name.startswith("__") else f"{name}_", None)


def in_place(case: Case) -> Case:
    twin = twin_of(case)

    def call(*inputs: Tensor) -> Any:
        with Instead(case.function, twin):
            return case.call(*inputs)

    return Case(twin, case.inputs, case.formula, call, case.output, case.exact)


X, Y, ROW, ROWS = spread(3, 4, 6), spread(3, 4, 6, seed=1), spread(6, seed=2), spread(2, 6, seed=3)
MASK, PICKED = spread(3, 4, seed=4) > 0, torch.tensor([2, 0])
SOME = spread(int(MASK.sum()), 6, seed=5)


def writing(index: Any, value: Tensor) -> Case:
    def call(x: Tensor, value: Tensor) -> Tensor:
        x = x.clone()
        x[index] = value
        return x

    return the_same(_T.__setitem__, X, value, call=call)


def onto(function: Any, call: Callable[..., Any], *inputs: Tensor) -> Case:
    """``call`` changes its first input, of which it gets a copy."""

    def changed(x: Tensor, *others: Tensor) -> Tensor:
        x = x.clone()
        call(x, *others)
        return x

    return the_same(function, *inputs, call=changed)


WRITTEN = [
    writing((slice(None), 1), ROW),
    writing((slice(1, 3), slice(None, None, 2), 4), spread(2, 2)),
    writing((..., -1), spread(3, 4)),
    writing(MASK, SOME),
    writing(MASK, spread(1)[0]),
    writing(PICKED, Y[:2]),
    writing((PICKED, torch.tensor([1, 3])), ROWS),
    writing(2, Y[0]),
    onto(_T.__setitem__, lambda x: x.__setitem__((slice(None), 1), 0.0), X),
    onto(_T.__setitem__, lambda x: x.__setitem__(MASK, 2.5), X),
    onto(_T.copy_, lambda x, y: x.copy_(y), X, ROW),
    onto(_T.fill_, lambda x: x.fill_(0.3), X),
    onto(_T.fill_, lambda x, y: x.fill_(y), X, spread(1)[0]),
    onto(_T.zero_, lambda x: x[:, :1].zero_(), X),
]

THROUGH_VIEWS = [
    onto(_T.add_, lambda x, y: x[:, 1:].add_(y), X, Y[:, 1:]),
    onto(_T.add_, lambda x, y: x.view(12, 6).add_(y), X, Y.view(12, 6)),
    onto(_T.copy_, lambda x, y: x[:, 1:3][..., 2].copy_(y), X, spread(3, 2)),
    onto(_T.zero_, lambda x: x.transpose(0, 1)[1].zero_(), X),
    onto(_T.masked_fill_, lambda x: x[..., 0].masked_fill_(MASK, 0.7), X),
    onto(_T.index_add_, lambda x, y: x[0].index_add_(0, PICKED, y), X, ROWS),
]

METHODS = [*elementwise.CASES, *moves.CASES, *normalisation.CASES, *products.CASES]
CUBE = elementwise.by_hand(lambda x: x.clone().__ipow__(3), lambda x: x**3)

CASES = [
    replace(CUBE, function=_T.__ipow__),
    *(in_place(case) for case in METHODS if twin_of(case) in RULES),
    *WRITTEN,
    *THROUGH_VIEWS,
]
