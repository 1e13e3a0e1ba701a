"""What the rules know about the pass that is going on."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class LinearRule(Protocol):
    """A rule of its own for one linear layer or convolution."""

    def __call__(
        self,
        layer: Callable[[Tensor, Tensor, Tensor | None], Tensor],
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
    ) -> Tensor:
        """``layer(x, weight, bias)``, with another gradient to ``x``."""
        ...

    def absorbed(self, call: Any) -> Callable[[int, Tensor], dict[str, float]]:
        """What the layer absorbs; see `accounts`."""
        ...


# What tensors may hold: attention weights, (..., queries, keys), or exponentials of an activation.
WEIGHTS, EXPONENTIALS = "weights", "exponentials"


class TensorTable:
    """Values by tensor, for as long as the tensor is alive; a tensor is never equal to another one."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Tensor], Any]] = {}

    def get(self, tensor: Tensor) -> Any:
        """The value of a tensor, or None."""
        entry = self._entries.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def __setitem__(self, tensor: Tensor, value: Any) -> None:
        key = id(tensor)
        self._entries[key] = (weakref.ref(tensor, partial(self._drop, key)), value)

    def _drop(self, key: int, gone: weakref.ref[Tensor]) -> None:
        if key in self._entries and self._entries[key][0] is gone:
            del self._entries[key]


class Flow:
    """Where activations come from, as far as rules must know it.

    ``rules`` makes the rules active again inside a rule, for what is made of other operations;
    ``carry_out`` is one operation by its rule.
    ``tap`` marks a tensor that an operation reads beside its arguments (an audit counts what goes there).
    ``attended`` is told the context of every attention: its tensor, and which axes are heads and queries.
    ``linear`` has rules for linear layers and convolutions, by the identity of their weight.
    """

    def __init__(
        self,
        rules: AbstractContextManager[Any],
        carry_out: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any],
        attended: Callable[[Tensor, int | None, int], Tensor],
        linear: Mapping[int, LinearRule],
    ) -> None:
        self.rules = rules
        self.carry_out = carry_out
        self.attended = attended
        self.linear = linear
        self.tap: Callable[[Tensor], Tensor] = _itself
        self._roots = TensorTable()
        self._names = TensorTable()
        self._copies = TensorTable()

    def root(self, tensor: Tensor) -> Tensor:
        """The activation that ``tensor`` is an element-wise function of; itself if none is known.

        Models spell out their non-linearities (``x * 0.5 * (1 + erf(x / sqrt 2))``): a product of two
        functions of the same x is one non-linearity of x, not a product of two activations.
        """
        root, *versions = self._roots.get(tensor) or (tensor,)
        return root if versions in ([], [root._version, tensor._version]) else tensor

    def derive(self, result: Tensor, source: Tensor) -> Tensor:
        """Record that ``result`` is an element-wise function of ``source``, and return it."""
        root = self.root(source)
        if result is not root and result.shape == root.shape:
            # whichever is changed in place, also through a view, is an activation of its own from then on
            self._roots[result] = (root, root._version, result._version)
        return result

    def is_root(self, tensor: Tensor) -> bool:
        """Whether a tensor is an activation of its own, or a copy of one, and no function of another."""
        return self.root(tensor) is tensor or self._copies.get(tensor) is not None

    def copy(self, result: Tensor, source: Tensor) -> Tensor:
        """Record that ``result`` has the values of ``source``, and return it."""
        if self.is_root(source):
            self._copies[result] = True
        return self.keep(self.derive(result, source), source)

    def name(self, tensor: Tensor, what: str) -> Tensor:
        """Record what a tensor holds: `WEIGHTS` or `EXPONENTIALS`; and return it."""
        self._names[tensor] = what
        return tensor

    def holds(self, tensor: Any, what: str) -> bool:
        """Whether that was recorded of a tensor."""
        return isinstance(tensor, Tensor) and self._names.get(tensor) == what

    def keep(self, result: Tensor, source: Any) -> Tensor:
        """Record that ``result`` holds what ``source`` holds, masked or scaled, and return it."""
        if isinstance(source, Tensor):
            name = self._names.get(source)
            if name is not None:
                self._names[result] = name
        return result

    def alias(self, twin: Tensor, tensor: Tensor) -> Tensor:
        """What is known of ``tensor`` holds for ``twin``, another name of the same values."""
        if self.root(tensor) is not tensor:
            self.derive(twin, tensor)
        return self.keep(twin, tensor)


def _itself(tensor: Tensor) -> Tensor:
    return tensor


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Tensors among arguments or results, also inside tuples and lists."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for inner in value:
            yield from tensors_in(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from tensors_in(inner)
