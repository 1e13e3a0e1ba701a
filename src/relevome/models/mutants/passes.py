"""One run of a module over some mutants of a sequence, and what is the same in all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

from relevome.models.mutants.changed import Changed, Unfit, Windowed, taken, whole, windows_of
from relevome.models.mutants.geometry import SAME, Geometry, Places
from relevome.models.mutants.table import RULES

# Attributes of tensors that are operations.
_OPERATIONS = ("T", "mT", "H", "mH", "data", "real", "imag", "grad")
_OF_SHAPE = {
    Tensor.size, Tensor.dim, Tensor.numel, Tensor.ndimension, Tensor.is_floating_point, Tensor.is_complex,
    Tensor.stride, Tensor.__len__, Tensor.get_device, Tensor.element_size, torch.is_floating_point,
    torch.numel, torch.is_complex, Tensor.is_contiguous, Tensor.requires_grad_,
}  # fmt: skip


# What gives another look at the same numbers, or may do so.
_ALIASES = {
    "transpose", "swapaxes", "permute", "unsqueeze", "squeeze", "__getitem__", "narrow", "chunk", "split",
    "unbind", "contiguous", "to", "float", "double", "half", "bfloat16", "type_as", "detach", "dropout",
    "dropout1d", "dropout2d", "alpha_dropout", "feature_dropout",
}  # fmt: skip
_INTO = (Tensor.__setitem__, Tensor.copy_, Tensor.fill_, Tensor.zero_)


@dataclass
class Node:
    """One result along positions: its inputs, how each is read, and what of it is asked for."""

    length: int
    inputs: Sequence[tuple[int, Geometry]]
    wanted: tuple[int, int] | None = None

    def want(self, low: int, high: int) -> None:
        """These positions too, as far as there are such."""
        low, high = max(low, 0), min(high, self.length)
        if low < high:
            before = self.wanted or (low, high)
            self.wanted = (min(low, before[0]), max(high, before[1]))


@dataclass
class Followed:
    """What the runs over one sequence share: results for the unchanged sequence, nodes, and their work.

    The module does the same operations in each run, so that they are known by their order: ``events`` are
    what was done, and how, and a run that does anything else is unfit. ``work`` is the number of
    multiplications, for a mutant in windows, and for a whole sequence, of what has a rule; ``widest`` the
    most numbers that a mutant needs at once.
    """

    unchanged: list[Any] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    work: list[int] = field(default_factory=lambda: [0, 0])
    widest: int = 0
    events: list[Any] = field(default_factory=list)
    known: bool = False

    def finish(self) -> None:
        """The first run is over: say what is asked of every node, from the last to the first."""
        for node in reversed(self.nodes):
            if node.wanted is None:
                continue
            low, high = node.wanted
            for number, geometry in node.inputs:
                start, width = geometry.read(torch.tensor([low]), high - low)
                self.nodes[number].want(int(start), int(start) + width)
        self.known = True


@dataclass(frozen=True)
class Operand:
    """An input of an operation along positions: a tensor of mutants, or a plain one, which all have alike.

    A plain one, with one row, spans the positions along ``axis``; without, it has none.
    """

    values: Changed | Tensor
    geometry: Geometry = SAME
    fill: float = 0.0
    axis: int | None = None

    @property
    def unchanged(self) -> Tensor:
        """Of the unchanged sequence, with one row."""
        return self.values.local.unchanged if isinstance(self.values, Changed) else self.values

    @property
    def along(self) -> int | None:
        """The axis of positions."""
        return self.values.local.axis if isinstance(self.values, Changed) else self.axis


class Pass:
    """A run over some mutants; the first row is the unchanged sequence."""

    def __init__(self, plan: Followed) -> None:
        self.plan = plan
        self._results = 0
        self._nodes = 0
        self._events = 0
        self._wholes: dict[int, Tensor] = {}

    def event(self, what: Any) -> None:
        """Note what is done. Raises Unfit where the first run did something else there."""
        number, self._events = self._events, self._events + 1
        if not self.plan.known and number == len(self.plan.events):
            self.plan.events.append(what)
        if number >= len(self.plan.events) or self.plan.events[number] != what:
            raise Unfit("the module does other operations for other mutants")

    def end(self) -> None:
        """Raises Unfit if less was done than in the first run."""
        if self._events != len(self.plan.events):
            raise Unfit("the module does fewer operations for other mutants")

    def alike(self, values: Tensor) -> Tensor | None:
        """The one row of a plain tensor whose rows are the same; None if they are not, as behind a whole."""
        first = values[:1]
        same = len(values) == 1 or torch.equal(values, first.expand_as(values))
        self.event(same)
        return first if same else None

    def check_whole(self, target: Any) -> None:
        """Raises Unfit for a plain tensor, about to be changed, that looks at a whole put together."""
        plain = isinstance(target, Tensor) and not isinstance(target, Changed) and target.numel() > 0
        if plain and target.untyped_storage().data_ptr() in self._wholes:
            raise Unfit("a tensor is changed through another one that looks at it")

    def begin(self, unchanged: Tensor, axis: int, first: Places, window: Tensor) -> Changed:
        """What the module reads of the mutants."""
        return Changed(Windowed(self._node(unchanged.shape[axis], ()), axis, unchanged, first, window), self)

    def carry_out(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function, by its rule if there is one that suits, else of the whole."""
        if _about_shape(func):
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        if func in _INTO or kwargs.get("out") is not None:
            raise Unfit("a part of a tensor is written to")
        beside = _beside(func, kwargs)
        if beside is not None:
            kwargs = {name: value for name, value in kwargs.items() if name != "inplace"}
            return self._in_place(beside, args, kwargs)
        how = RULES.get(func)
        found = None if how is None else how(self, func, args, kwargs)
        self.event((func, found is None))
        if found is None:
            return func(*tree_map(self.whole, args), **tree_map(self.whole, kwargs))
        if getattr(func, "__name__", "") in _ALIASES:
            for one in tree_leaves((args, kwargs, found)):
                if isinstance(one, Changed):
                    one.aliased = True
        return found

    def whole(self, value: Any) -> Any:
        """A tensor of mutants put together; anything else as it is."""
        if not isinstance(value, Changed):
            return value
        self.want(value)
        self.plan.widest = max(self.plan.widest, value.local.unchanged.numel())
        found = whole(value.local)
        self._wholes[found.untyped_storage().data_ptr()] = found
        return found

    def want(self, value: Changed, low: int = 0, high: int | None = None) -> None:
        """Say in the first run that these positions are asked for; all of them by default."""
        if not self.plan.known:
            self.plan.nodes[value.local.node].want(low, value.local.length if high is None else high)

    def kept(self, make: Callable[[], Any]) -> Any:
        """What is the same in every run over a sequence, made in the first."""
        number, self._results = self._results, self._results + 1
        if number == len(self.plan.unchanged):
            self.plan.unchanged.append(make())
        return self.plan.unchanged[number]

    def over(
        self,
        inputs: Sequence[Operand],
        compute: Callable[..., Tensor],
        length: int,
        axis: int,
        work: int = 1,
    ) -> Changed:
        """The result of an operation along positions, ``length`` of them along ``axis``.

        ``compute`` takes what is read for some neighbouring outputs and gives these; each output number
        costs ``work`` multiplications.
        """
        changed = [(one.values, one) for one in inputs if isinstance(one.values, Changed)]
        reads = [(value.local.node, one.geometry) for value, one in changed]
        node = self._node(length, reads)
        low, high = self.plan.nodes[node].wanted or (0, length) if self.plan.known else (0, length)
        first, width = self._reached(changed)
        width = min(width, high - low)
        first = first.clamp(low, high - width)
        window = compute(*(_window(one, first, width) for one in inputs))
        unchanged = self.kept(lambda: compute(*(_all(one, length) for one in inputs)))
        each = unchanged.numel() // length
        self.plan.work[0] += each * width * work
        self.plan.work[1] += each * length * work
        self.plan.widest = max(self.plan.widest, each * width)
        return Changed(Windowed(node, axis, unchanged, first, window), self)

    def like(self, value: Changed, axis: int, compute: Callable[[Tensor], Tensor], work: int = 1) -> Changed:
        """The result of an operation on every position by itself, along ``axis`` of what it gives."""
        return self.over([Operand(value, SAME)], compute, value.local.length, axis, work)

    def _reached(self, changed: Sequence[tuple[Changed, Operand]]) -> tuple[Places, int]:
        reached = [one.geometry.reached(v.local.first, v.local.width) for v, one in changed]
        if len(reached) == 1:
            return reached[0]
        first = torch.stack([low for low, _ in reached]).amin(0)
        behind = torch.stack([low + width for low, width in reached]).amax(0)
        return first, int((behind - first).max())

    def _node(self, length: int, inputs: Sequence[tuple[int, Geometry]]) -> int:
        number, self._nodes = self._nodes, self._nodes + 1
        if number == len(self.plan.nodes):
            self.plan.nodes.append(Node(length, inputs))
        return number

    def _in_place(self, beside: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function that changes its first argument: done beside, and then the argument is the result."""
        target = args[0]
        if isinstance(target, Changed) and target.aliased:
            raise Unfit("a tensor is changed through another one that looks at it")
        result = self.carry_out(beside, args, kwargs)
        if not isinstance(target, Changed) or not isinstance(result, Changed):
            raise Unfit("a tensor is changed in place by an operation that windows do not have")
        target.local = result.local
        return target


def _window(one: Operand, first: Places, width: int) -> Tensor:
    """What is read for some outputs of each mutant."""
    if one.along is None:
        return one.values
    first, width = one.geometry.read(first, width)
    if isinstance(one.values, Changed):
        return taken(one.values.local, first, width, one.fill)
    return windows_of(one.values, one.along, first, width)


def _all(one: Operand, length: int) -> Tensor:
    """What is read for all outputs of the unchanged sequence."""
    values = one.unchanged
    if one.along is None:
        return values
    first, width = one.geometry.read(torch.zeros(1, dtype=torch.long, device=values.device), length)
    if width == values.shape[one.along] and int(first) == 0:
        return values
    return windows_of(values, one.along, first, width, one.fill)


def _about_shape(func: Any) -> bool:
    if getattr(func, "__name__", "") == "__get__":
        return getattr(func.__self__, "__name__", "") not in _OPERATIONS
    return func in _OF_SHAPE


def _beside(func: Any, kwargs: dict[str, Any]) -> Any:
    """What gives beside its argument what a function puts into it; None of one that changes nothing."""
    if kwargs.get("inplace"):
        return func
    name = getattr(func, "__name__", "")
    if name.startswith("__i") and name.endswith("__"):
        return getattr(Tensor, f"__{name[3:]}", None)
    if name.endswith("_") and not name.endswith("__"):
        found = getattr(Tensor, name[:-1], None) or getattr(torch, name[:-1], None)
        if found is None:
            raise Unfit(f"a tensor is changed in place by {name}")
        return found
    return None


class WholesKept(TorchFunctionMode):
    """While active, plain tensors that look at a whole put together may not be changed."""

    def __init__(self, run: Pass) -> None:
        super().__init__()
        self._run = run

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        inside = name.endswith("_") and not name.endswith("__")
        if args and (inside or func in _INTO or kwargs.get("inplace") or name.startswith("__i")):
            self._run.check_whole(args[0])
        return func(*args, **kwargs)
