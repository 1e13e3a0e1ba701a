"""Operations that change a tensor: carried out beside it by their own rule, then copied into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from relevome.attribution.lrp.flow import Flow
from relevome.attribution.lrp.table import COMPOSED, PLAIN, RULES, Rule, active, rule

_T = torch.Tensor


def enter_in_place_rules() -> None:
    """For every method of tensors that has a rule, the rule of the one that works in place."""
    for name in dir(_T):
        _enter_twin(name)
    others = {
        _T.__setitem__: with_item,
        _T.copy_: copied,
        _T.fill_: filled,
        _T.zero_: torch.zeros_like,
    }
    for function, beside in others.items():
        rule(beside)(PLAIN)
        rule(function)(_changing(beside))


def rule_and_twins(*functions: Any) -> Callable[[Rule], Rule]:
    """Decorator: `rule` for these torch functions, and for the methods that do the same in place."""

    def enter(how: Rule) -> Rule:
        rule(*functions)(how)
        for name in {getattr(function, "__name__", "") for function in functions}:
            _enter_twin(name)
        return how

    return enter


def _enter_twin(name: str) -> None:
    """The rule of the method that does in place what this one, if it has a rule, does beside."""
    beside = getattr(_T, name, None)
    twin = getattr(_T, f"{name}_", None) or getattr(_T, f"__i{name[2:]}", None)
    if twin is not None and beside in RULES:
        rule(twin)(reshaped if name in _OF_SHAPE else _changing(beside))


def _changing(beside: Any) -> Rule:
    """The rule of an operation that puts into a tensor what ``beside`` gives of it."""

    def change(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not any(map(active, (*args, *kwargs.values()))):
            return func(*args, **kwargs)
        return _change(flow, beside, args, kwargs)

    COMPOSED.add(change)
    return change


def changing_if_asked(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function with ``inplace=True``."""
    if not active(args[0]):
        return func(*args, **kwargs)
    return _change(flow, func, args, kwargs | {"inplace": False})


def _change(flow: Flow, beside: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    target, *others = args
    # a copy, since what is changed may be what another rule keeps for the backward pass
    before = flow.carry_out(_T.clone, (target,), {})
    result = flow.carry_out(beside, (before, *others), kwargs)
    if not active(result) and target.grad_fn is not None and target._base is None:
        # what is a constant now, such as the scale of a normalisation, is no factor of a product
        target.detach_()
    return flow.alias(target.copy_(result), result)


def reshaped(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Another shape for the tensor itself."""
    return func(*args, **kwargs)


_OF_SHAPE = ("squeeze", "unsqueeze", "t", "transpose", "swapaxes", "swapdims", "as_strided")
COMPOSED.update((changing_if_asked, reshaped))


def with_item(x: Tensor, index: Any, value: Any) -> Tensor:
    """A copy of ``x`` with ``value`` at ``index``."""
    x = x.clone()
    x[index] = value
    return x


def copied(x: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
    """``source`` in the shape, type and place of ``x``."""
    return source.to(x.device, x.dtype).expand_as(x)


def filled(x: Tensor, value: Tensor | float) -> Tensor:
    """``value`` in every place of ``x``."""
    return copied(x, value) if isinstance(value, Tensor) else torch.full_like(x, value)
