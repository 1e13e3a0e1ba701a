"""A function under the rules, and what it should give there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from relevome.attribution.lrp.accounts import ACCOUNTS, affine
from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.flow import tensors_in
from relevome.attribution.lrp.in_place import copied, filled, with_item
from relevome.attribution.lrp.rules import RULES
from relevome.attribution.lrp.table import name_of
from relevome.ledger import Ledger

Array = np.ndarray
# Of the gradient that comes from above: the gradient of every input.
Formula = Callable[[Array], list[Array]]
STEP = 2.0**-10


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def spread(*shape: int, seed: int = 0) -> Tensor:
    """Values of which no two are closer than 1/8, none of them 0, so that a small step changes no order."""
    size = int(np.prod(shape))
    order = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
    return ((order - size // 2) / 4 + 0.125).double().view(shape)


@dataclass(frozen=True)
class Case:
    """A call of ``function``, and the gradients that its rule gives.

    ``call`` is how it is called, of the inputs. ``exact`` says that the output is the plain one bit for bit.
    """

    function: Any
    inputs: tuple[Tensor, ...]
    formula: Formula
    call: Callable[..., Any]
    output: Array | None = None
    exact: bool = True


@dataclass
class Listening(Rules):
    """Rules that tell which functions they were asked for."""

    asked: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.asked.append(func)
        return super().__torch_function__(func, types, args, kwargs)


def name(function: Any) -> str:
    return name_of(function) if function in RULES else getattr(function, "__name__", repr(function))


def joined(result: Any) -> Tensor:
    """What a call gave as one tensor of real numbers; integers and masks are left out."""
    outputs = [torch.view_as_real(t) if t.is_complex() else t for t in tensors_in(_listed(result))]
    outputs = [t for t in outputs if t.is_floating_point()]
    return outputs[0] if len(outputs) == 1 else torch.cat([t.reshape(-1) for t in outputs])


def _listed(result: Any) -> Any:
    return list(result) if isinstance(result, Iterator) else result


def leaves_of(inputs: tuple[Tensor, ...]) -> list[Tensor]:
    return [x.detach().clone().requires_grad_() for x in inputs]


def gradients(output: Tensor, leaves: list[Tensor], above: Tensor) -> list[Tensor]:
    if not output.requires_grad:
        return [torch.zeros_like(x) for x in leaves]
    return list(torch.autograd.grad(output, leaves, above, allow_unused=True, materialize_grads=True))


def under_rules(
    function: Callable[..., Any], *inputs: Tensor, rules: Rules | None = None, exact: bool = True
) -> tuple[Array, list[Array], Array]:
    """The output, the gradient to every input under the rules, and what came from above.

    On the way it is checked that the output is the one without rules, bit for bit where it is ``exact``.
    """
    leaves = leaves_of(inputs)
    with rules or Rules():
        result = function(*leaves)
    output, plain = joined(result), joined(function(*(x.clone() for x in inputs)))
    assert output.shape == plain.shape
    torch.testing.assert_close(output, plain, rtol=0 if exact else 1e-12, atol=0 if exact else 1e-13)
    above = drawn(*output.shape, seed=99)
    found = gradients(output, leaves, above)
    return output.detach().numpy(), [g.numpy() for g in found], above.numpy()


def check(case: Case) -> None:
    """The case gives what its formula says, and by the rule of its function."""
    rules = Listening()
    output, found, above = under_rules(case.call, *case.inputs, rules=rules, exact=case.exact)
    # what rules call themselves never arrives; `a + b` arrives as `add`, under the same rule
    if case.function in RULES and case.function not in (copied, filled, with_item):
        kinds = [RULES[asked].__qualname__ for asked in rules.asked if asked in RULES]
        assert RULES[case.function].__qualname__ in kinds
    if case.output is not None:
        assert_equal(output, case.output)
    for gradient, expected in zip(found, case.formula(above), strict=True):
        assert_equal(gradient, expected)


def ledger_of(function: Callable[..., Any], *inputs: Tensor) -> Ledger:
    """The ledger of a function whose output is weighed by numbers drawn at random."""
    leaves = leaves_of(inputs)
    rules = AuditedRules()
    with rules:
        output = joined(function(*leaves))
        # what is a constant is absorbed where it is added
        output = output if output.requires_grad else output + leaves[0].sum()
    above = drawn(*output.shape, seed=99)
    found = gradients(output, leaves, above)
    tokens = sum((x * g).sum().item() for x, g in zip(inputs, found, strict=True))
    return rules.ledger((output.detach() * above).sum().item(), tokens)


def assert_equal(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11)


def jacobian(function: Callable[..., Any], inputs: tuple[Tensor, ...], above: Array) -> list[Array]:
    """``above`` through the transposed Jacobian: the plain operation on every unit vector, one by one.

    For operations that are linear, or linear on either side of a choice.
    """
    found: list[Array] = []
    start = joined(function(*(x.clone() for x in inputs))).detach().numpy()
    for number, x in enumerate(inputs):
        gradient = np.zeros(x.shape)
        for place in np.ndindex(*x.shape):
            moved = [t.clone() for t in inputs]
            moved[number][place] += STEP
            gradient[place] = (above * (joined(function(*moved)).detach().numpy() - start)).sum() / STEP
        found.append(gradient)
    return found


def the_same(function: Any, *inputs: Tensor, call: Callable[..., Any] | None = None, **named: Any) -> Case:
    """A case whose gradient is the plain one."""
    call = call or (lambda *xs: function(*xs, **named))
    return Case(function, inputs, lambda above: jacobian(call, inputs, above), call)


@contextmanager
def replaced(function: Any, how: Any) -> Iterator[None]:
    """Another rule for a function, for a while; its account stays what it was."""
    kept = RULES[function]
    RULES[function] = how
    ACCOUNTS[how] = ACCOUNTS.get(kept, affine)
    try:
        yield
    finally:
        RULES[function] = kept
        del ACCOUNTS[how]
