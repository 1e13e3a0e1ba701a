"""Layer-wise relevance by intercepting operations, so that no model has to be touched.

While a model runs, every torch function it calls passes through here and is carried out by the rule
that `rules` has for it: same numbers forward, another gradient backward. Relevance is then the input
times that gradient (Arras et al. 2025). One table of operations serves every architecture.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from relevome.attribution.lrp.flow import Flow, LinearRule, tensors_in
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.attribution.lrp.in_place import changing_if_asked
from relevome.attribution.lrp.rules import RULES
from relevome.attribution.lrp.table import PLAIN, Rule, UnsupportedOperation, unsupported

_NONE: Mapping[int, LinearRule] = MappingProxyType({})


class Rules(TorchFunctionMode):
    """While active, the operations on activations follow the AttnLRP rules.

    ``linear`` has other rules for linear layers and convolutions, by the identity of their weight.
    ``heads`` is told the relevance of the context of every attention. Raises ``UnsupportedOperation`` at
    an operation on activations that has no rule, or that made its result unseen. A forward pass that
    recomputes its activations (gradient checkpointing) needs the rules in the backward pass too.
    """

    def __init__(
        self, *, linear: Mapping[int, LinearRule] = _NONE, heads: HeadRecorder | None = None
    ) -> None:
        super().__init__()
        attended = heads.watch if heads else lambda context, _heads, _queries: context
        self.flow = Flow(self, self._follow, attended, linear)
        self._seen: dict[int, tuple[weakref.ref[Tensor], int]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Carries out one operation of the model by its rule; the backward pass itself has none."""
        if not torch.is_grad_enabled():
            return func(*args, **kwargs or {})
        return self._follow(func, args, kwargs or {})

    def _follow(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        rule = RULES.get(func)
        if rule is None:
            return _refuse_if_relevant(func, func(*args, **kwargs))
        self._refuse_unseen((args, kwargs))
        if kwargs.get("inplace"):
            rule = changing_if_asked
        return self._remember(self._carry_out(rule, func, args, kwargs))

    def _carry_out(self, rule: Rule, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if rule is PLAIN:
            return func(*args, **kwargs)
        return rule(self.flow, func, args, kwargs)

    def _remember(self, result: Any) -> Any:
        """Notes the activations that came out of an operation seen here."""
        if isinstance(result, Tensor):
            # a view that is written into takes the tensor that it looks at with it
            for tensor in (result,) if result._base is None else (result, result._base):
                if tensor.requires_grad:
                    self._seen[id(tensor)] = (weakref.ref(tensor), tensor._version)
        elif isinstance(result, (tuple, list)):
            for inner in result:
                self._remember(inner)
        return result

    def _refuse_unseen(self, args: Any) -> None:
        """An activation that no operation seen here has made comes from code that hides its operations."""
        for tensor in tensors_in(args):
            if tensor.requires_grad and tensor.grad_fn is not None:
                known, version = self._seen.get(id(tensor), (_nothing, 0))
                changed = tensor._base is None and version != tensor._version
                if known() is not tensor or changed:
                    raise _hidden(tensor.grad_fn.name())


def _nothing() -> None:
    return None


def _refuse_if_relevant(func: Any, result: Any) -> Any:
    """Passes what carries no relevance (shapes, masks, positions); anything else needs a rule."""
    if any(out.requires_grad for out in tensors_in(result)) and torch.is_grad_enabled():
        raise unsupported(func)
    return result


def _hidden(name: str) -> UnsupportedOperation:
    return UnsupportedOperation(
        f"relevance went through {name.removesuffix('Backward0').removesuffix('Backward')}, whose operations "
        "cannot be seen (an autograd function, a compiled or scripted one, or a reentrant checkpoint): "
        "use the model without it, or explain the model by another method"
    )
