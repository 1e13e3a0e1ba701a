"""Logits of all single substitutions in a sequence, by windows where that works and pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from relevome.models.mutants import rules as _rules  # noqa: F401 - they enter the table
from relevome.models.mutants.changed import Changed, Unfit, taken
from relevome.models.mutants.passes import Followed, Pass, WholesKept

# Numbers at once: the caches of a CPU must hold them; many keep a GPU busy.
_NUMBERS = {"cpu": 1 << 20}
_NUMBERS_ON_DEVICE = 1 << 26
# Windows take longer for each multiplication than whole sequences.
_DEARER = 2
# Multiplications that are done before it is known whether windows work.
_LITTLE = 1 << 29
# The largest difference between the two ways, of logits of about 1 and in proportion of larger ones.
_EQUAL = {torch.float32: 1e-5, torch.float64: 1e-10}

Ids = Int[Tensor, "rows tokens"]


@dataclass
class SingleSubstitutions:
    """Single substitutions in a sequence as a module reads it.

    Attributes:
        module: The module; it gives an object with ``logits``.
        table: Its table of embeddings, which it reads once.
        inputs: ``input_ids`` and what else it takes, for the one sequence.
        places: The token of each mutant that is another one.
        ids: What it is.
        position: The token at which logits are asked for; None for all that there are.
    """

    module: nn.Module
    table: nn.Module
    inputs: dict[str, Tensor]
    places: Int[Tensor, " mutants"]
    ids: Int[Tensor, " mutants"]
    position: int | None

    def whole(self, places: Tensor, ids: Tensor) -> Tensor:
        """Logits of some mutants by passes of the whole, (mutants, [tokens,] outputs)."""
        return self.module(**self._inputs(places, ids)).logits

    def at_position(self, logits: Tensor) -> Tensor:
        """The logits that are asked for, (mutants, [tokens,] outputs)."""
        if self.position is None or logits.ndim < 3:
            return logits
        return logits[:, self.position]

    def _inputs(self, places: Tensor, ids: Tensor) -> dict[str, Tensor]:
        inputs = {name: one.expand(len(places), *one.shape[1:]) for name, one in self.inputs.items()}
        inputs["input_ids"] = inputs["input_ids"].clone()
        inputs["input_ids"][torch.arange(len(places), device=places.device), places] = ids
        return inputs

    def in_windows(self, plan: Followed, places: Tensor, ids: Tensor) -> Tensor:
        """The same by windows, with the unchanged sequence as a row before them."""
        own = self.inputs["input_ids"][0]
        places = torch.cat([places[:1], places])
        ids = torch.cat([own[places[:1]], ids])
        if "forward" in vars(self.table):
            raise Unfit("the table of embeddings is wrapped already")
        run = Pass(plan)
        calls: list[int] = []

        def read(asked: Tensor) -> Changed:
            if calls or asked.shape != (len(places), len(own)):
                raise Unfit("tokens are read more than once, or not all")
            calls.append(1)
            return run.begin(table(own[None]), 1, places, table(ids)[:, None])

        table, self.table.forward = self.table.forward, read
        try:
            with WholesKept(run):
                logits = self.module(**self._inputs(places, ids)).logits
        finally:
            del self.table.forward
        found = self._finished(run, logits)[1:]
        run.end()
        return found

    def _finished(self, run: Pass, logits: Tensor) -> Tensor:
        """Logits as plain tensors: those at the position, or of the whole."""
        if not isinstance(logits, Changed):
            return self.at_position(logits)
        if self.position is None or logits.local.axis != 1 or logits.ndim != 3:
            return self.at_position(run.whole(logits))
        run.want(logits, self.position, self.position + 1)
        first = torch.full_like(logits.local.first, self.position)
        return taken(logits.local, first, 1)[:, 0]


def logits_of_mutants(asked: SingleSubstitutions, rows: Callable[[], int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits of all mutants, some at a time with their indices: all tokens', or those at the position.

    The module's own ``substitution_logits(input_ids, places, ids)`` is asked first, if it has one; without,
    or where that gives None, it is tried in windows. These are used if the module can be followed in them,
    gives the same logits as whole passes for the first, the last and a middle mutant, and has less to
    compute; else so many ``rows`` go through the whole module at once.
    """
    every = torch.arange(len(asked.places), device=asked.places.device)
    own: Any = getattr(asked.module, "substitution_logits", None)
    logits = None if own is None else own(asked.inputs["input_ids"], asked.places, asked.ids)
    if logits is not None:
        yield every, logits
        return
    order = asked.places.argsort(stable=True)
    tried = _trial(asked, order) if len(order) else None
    if tried is not None:
        plan, at_once = tried
        for some in order.split(at_once):
            places, ids = asked.places[some], asked.ids[some]
            logits = _windows_or_none(asked, plan, places, ids)
            if logits is not None:
                yield some, logits
                continue
            for few in some.split(rows()):
                yield few, asked.whole(asked.places[few], asked.ids[few])
        return
    for some in every.split(rows()):
        yield some, asked.whole(asked.places[some], asked.ids[some])


def _windows_or_none(
    asked: SingleSubstitutions, plan: Followed, places: Tensor, ids: Tensor
) -> Tensor | None:
    """Logits in windows; None where these mutants have the module do what windows cannot follow."""
    try:
        return asked.in_windows(plan, places, ids)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception:  # noqa: BLE001 - of somebody's module on tensors that it was not written for
        return None


def _trial(asked: SingleSubstitutions, order: Tensor) -> tuple[Followed, int] | None:
    """A plan that works and pays, and how many mutants go at once."""
    few = order[[0, len(order) // 2, len(order) - 1]]
    places, ids = asked.places[few], asked.ids[few]
    plan = Followed()
    with _Multiplications() as counted:
        expected = asked.at_position(asked.whole(places, ids))
    everything = counted.all / len(few)
    equal = _EQUAL.get(expected.dtype)
    if equal is None or len(order) * everything < _LITTLE:
        return None
    if _windows_or_none(asked, plan, places, ids) is None:
        return None
    plan.finish()
    plan.work = [0, 0]
    found = _windows_or_none(asked, plan, places, ids)
    if found is None:
        return None
    size = expected.abs().amax().clamp_min(1)
    if found.shape != expected.shape or not bool((found - expected).abs().amax() <= equal * size):
        return None
    changed, whole = plan.work
    if everything - whole + _DEARER * changed >= everything:
        return None
    numbers = _NUMBERS.get(expected.device.type, _NUMBERS_ON_DEVICE)
    return plan, max(1, numbers // max(plan.widest, 1))


class _Multiplications(TorchDispatchMode):
    """While active, counts those of products and convolutions, without the hooks that torch's own sets."""

    all = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        formula = flop_registry.get(func._overloadpacket)
        if formula is None:
            with self:
                found = func.decompose(*args, **kwargs or {})
            if found is not NotImplemented:
                return found
        result = func(*args, **kwargs or {})
        if formula is not None:
            self.all += formula(*args, **kwargs or {}, out_val=result) // 2
        return result
