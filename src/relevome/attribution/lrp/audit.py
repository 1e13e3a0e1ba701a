"""A pass under audit: every operation reports the relevance that came in and went out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.utils._pytree import tree_map_only

from relevome.attribution.lrp.accounts import ACCOUNTS, Absorbed, Call, affine, inner, of_function
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.flow import tensors_in
from relevome.attribution.lrp.table import COMPOSED, Rule, active, name_of
from relevome.ledger import KINDS, Entry, Ledger, share

# pyright: reportIncompatibleMethodOverride=false


class AuditedRules(Rules):
    """The same rules, several times slower, with an account of every operation.

    Activations are copied where an operation reads them, so that what goes back by each way is told apart.
    A model in double precision that calculates some steps in single precision, as many do with rotary
    positions, stays in double precision, so that rounding hides no error.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        own = self.attention.accounts
        self._accounts = {
            how: own.get(rule) or ACCOUNTS.get(rule, affine) for rule, how in self.instead.items()
        }
        self._pages: list[_Page] = []

    def ledger(self, logit: float, tokens: float) -> Ledger:
        """The account of the pass, once it went back: of a logit and the relevance of its input."""
        pages = [page for page in self._pages if page.used]
        names = dict.fromkeys(page.operation for page in pages)
        entries = tuple(_entry(name, [page for page in pages if page.operation == name]) for name in names)
        absorbed = [sum(entry.absorbed.get(kind, 0.0) for entry in entries) for kind in KINDS]
        # what went where no operation was seen is missing in the sum, though no operation misses it
        gap = logit - tokens - sum(absorbed)
        unaccounted = max(abs(gap), sum(entry.unaccounted for entry in entries))
        through = abs(tokens) + sum(map(abs, absorbed))
        return Ledger(1, logit, tokens, entries, unaccounted, through, share(unaccounted, through))

    def _carry_out(self, rule: Rule, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if rule in COMPOSED or not any(map(active, tensors_in((args, kwargs)))):
            return super()._carry_out(rule, func, args, kwargs)
        if func in _CASTS and _narrows(args[0], super()._carry_out(rule, func, args, kwargs)):
            return args[0]
        if func in _MAY_CAST and args[0].dtype == torch.float64:
            kwargs = {key: value for key, value in kwargs.items() if key != "dtype"}
        page = _Page(name_of(func))
        self._pages.append(page)
        self.flow.tap = lambda tensor: self._read_further_up(tensor, page)
        read = tree_map_only(Tensor, lambda t: self._read(t, page) if active(t) else t, (args, kwargs))
        result = super()._carry_out(rule, func, *read)
        outputs = tuple(tensors_in(result))
        call = Call(
            func, args, kwargs, tuple(t.detach().clone() for t in outputs), self._chosen(args, kwargs)
        )
        account = self._accounts.get(rule) or ACCOUNTS.get(rule, affine)
        page.absorbed = account(call) if page.root is None else of_function(call, page.root)
        for index, output in enumerate(outputs):
            if output.requires_grad:
                output.register_hook(page.incoming(index, call.results[index]))
        return result

    def _chosen(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        weight = args[1] if len(args) > 1 else kwargs.get("weight")
        return self.flow.linear.get(id(weight))

    def _read_further_up(self, root: Tensor, page: _Page) -> Tensor:
        page.root = root.detach()
        return self._read(root, page)

    def _read(self, tensor: Tensor, page: _Page) -> Tensor:
        twin = Tap.apply(tensor, page.outgoing)
        return self.flow.copy(twin, tensor)


_CASTS = (Tensor.to, Tensor.type, Tensor.type_as, Tensor.float, Tensor.bfloat16, Tensor.half)
_MAY_CAST = (F.softmax, torch.softmax, Tensor.softmax)


def _narrows(before: Tensor, after: Tensor) -> bool:
    """Whether a cast gave up double precision."""
    return before.dtype == torch.float64 and after.dtype != torch.float64


@dataclass
class _Page:
    """The account of one call."""

    operation: str
    came_in: float = 0.0
    went_out: float = 0.0
    by_kind: dict[str, float] = field(default_factory=dict)
    used: bool = False
    root: Tensor | None = None
    absorbed: Absorbed = lambda _index, _gradient: {}

    def incoming(self, index: int, output: Tensor) -> Callable[[Tensor | None], None]:
        """A hook that is told the gradient of an output."""

        def tell(gradient: Tensor | None) -> None:
            if gradient is None:  # of several outputs, such as queries, this one goes nowhere
                return
            self.used = True
            self.came_in += inner(output, gradient)
            for kind, amount in self.absorbed(index, gradient).items():
                self.by_kind[kind] = self.by_kind.get(kind, 0.0) + amount

        return tell

    def outgoing(self, activation: Tensor, gradient: Tensor) -> None:
        """Is told the gradient that goes to an activation."""
        self.used = True
        self.went_out += inner(activation, gradient)

    @property
    def unaccounted(self) -> float:
        return abs(self.came_in - self.went_out - sum(self.by_kind.values()))


def _entry(operation: str, pages: list[_Page]) -> Entry:
    kinds = [kind for kind in KINDS if any(page.by_kind.get(kind) for page in pages)]
    return Entry(
        operation,
        len(pages),
        sum(page.came_in for page in pages),
        sum(page.went_out for page in pages),
        {kind: sum(page.by_kind.get(kind, 0.0) for page in pages) for kind in kinds},
        sum(page.unaccounted for page in pages),
    )


class Tap(Function):
    """A copy of an activation; backward, tells the gradient that came to this copy alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, tell: Callable[[Tensor, Tensor], None]) -> Tensor:
        """A copy, since the model may change what it reads."""
        ctx.values, ctx.tell = x.detach().clone(), tell
        return x.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """``grad``, told."""
        ctx.tell(ctx.values, grad)
        return grad, None
