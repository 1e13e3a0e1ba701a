"""Seeing every operation that a running model calls, without touching the model.

While a model runs, every torch function it calls passes through here (`TorchFunctionMode`), and may be
carried out another way. One table of operations serves every architecture.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from relevome.attribution.lrp.flow import Flow, LinearRule, tensors_in
from relevome.attribution.lrp.heads import Recorder
from relevome.attribution.lrp.mapped import RowByRow
from relevome.attribution.lrp.table import UnsupportedOperation

NO_RULES: Mapping[int, LinearRule] = MappingProxyType({})


class Interception(TorchFunctionMode):
    """While active, ``_follow`` carries out the operations on activations that a model calls.

    ``heads`` is told of the context of every attention; ``linear`` has rules for linear layers by the
    identity of their weight. A forward pass that recomputes its activations (gradient checkpointing) needs
    the same in the backward pass too.
    """

    otherwise: ClassVar[str] = "explain the model by another method"

    def __init__(self, heads: Recorder | None, linear: Mapping[int, LinearRule]) -> None:
        super().__init__()
        attended = heads.watch if heads else _unwatched
        self.flow = Flow(self, self._follow, attended, linear)
        self._seen: dict[int, tuple[weakref.ref[Tensor], int]] = {}
        # heads are told apart from the batch by the axes of their context, which a row has not
        self._mapped = nullcontext() if heads else RowByRow()

    def __enter__(self) -> Interception:
        self._mapped.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._mapped.__exit__()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Carries out one operation of the model; the backward pass itself is left alone."""
        if not torch.is_grad_enabled():
            return func(*args, **kwargs or {})
        return self._follow(func, args, kwargs or {})

    def _follow(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

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
                    raise _hidden(tensor.grad_fn.name(), self.otherwise)


def _unwatched(context: Tensor, _heads: int | None, _queries: int) -> Tensor:
    return context


def _nothing() -> None:
    return None


def _hidden(name: str, otherwise: str) -> UnsupportedOperation:
    return UnsupportedOperation(
        f"relevance went through {name.removesuffix('Backward0').removesuffix('Backward')}, whose operations "
        "cannot be seen (an autograd function, a compiled or scripted one, torch.vmap, or a reentrant "
        "checkpoint): "
        f"use the model without it, or {otherwise}"
    )
