"""A module in the form in which methods ask all models: token ids in, logits out."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from relevome.errors import InputError
from relevome.models.any_module.outputs import Output
from relevome.models.any_module.reading import Ids, OneHot
from relevome.models.compiled import as_written
from relevome.words import counted

_MASK = "attention_mask"


@dataclass(frozen=True)
class ModuleConfig:
    """What is said of a module beside its weights, as models of transformers have their configuration."""

    said: Mapping[str, Any]
    problem_type: str | None

    def to_diff_dict(self) -> dict[str, Any]:
        """All of it, as the identity of a model holds it."""
        return {**self.said, "problem_type": self.problem_type}


@dataclass(frozen=True, eq=False)
class Logits:
    """What a wrapped module gives."""

    logits: Float[Tensor, "batch *letters outputs"]


class Wrapped(nn.Module):
    """A module between what it reads of letters and its outputs.

    Args:
        module: The module.
        reading: From ids to what it reads.
        output: From what it gives to its outputs.
        others: Its further inputs, for a batch of one; by name, or else by their order, behind the letters.
        argument: The name of the input that is explained; None: the first.
        config: What is said of it.

    A module that has an input ``attention_mask`` gets one: of ones, since its sequences are of one length.
    """

    knows_its_table = True

    def __init__(
        self,
        module: nn.Module,
        reading: OneHot | Ids,
        output: Output,
        others: Mapping[str, Tensor],
        argument: str | None,
        config: ModuleConfig,
    ) -> None:
        super().__init__()
        self.config = config
        self.known_as = type(module).__qualname__
        self.reading = reading
        self.module = module
        self.output = output
        self.argument = argument
        self._masked = isinstance(reading, Ids) and not others and _takes_mask(module)
        self._others = {name: f"other_{number}" for number, name in enumerate(others)}
        for name, value in others.items():
            self.register_buffer(self._others[name], value)

    def get_input_embeddings(self) -> nn.Embedding:
        """The table out of which letters are read."""
        return self.reading.table

    def forward(self, input_ids: Int[Tensor, "batch letters"], once: bool = False) -> Logits:
        """The outputs of sequences of one length; ``once`` as of `Output`.

        Raises InputError where there is not one for each.
        """
        letters = self.reading(input_ids)
        rows, count = input_ids.shape
        others = {name: getattr(self, kept) for name, kept in self._others.items()}
        others = {name: one.expand(rows, *one.shape[1:]) for name, one in others.items()}
        ordered = [one for name, one in others.items() if name.isdecimal()]
        named = {name: one for name, one in others.items() if not name.isdecimal()}
        if self._masked:
            named[_MASK] = torch.ones_like(input_ids)
        if self.argument is None:
            given = self.module(letters, *ordered, **named)
        else:
            given = self.module(*ordered, **{self.argument: letters}, **named)
        logits = self._placed(self.output(given, once), count)
        if logits.shape[0] != rows:
            raise InputError(
                f"{type(self.module).__name__} gives outputs of shape {tuple(logits.shape)} for {rows} "
                "sequences: expected those of each"
            )
        if logits.ndim == 3 and logits.shape[1] != count:
            raise InputError(
                f"{type(self.module).__name__} gives {logits.shape[1]} outputs for "
                f"{counted(count, 'letter')}: expected one for each (flank adds letters on either side), or "
                "output with 'mean' or a region"
            )
        return Logits(logits)

    def _placed(self, logits: Tensor, letters: int) -> Tensor:
        """Outputs of some letters among all; those of the others are no numbers."""
        only = self.reading.only if isinstance(self.reading, OneHot) else None
        if only is None:
            return logits
        return F.pad(logits, (0, 0, only.start, letters - only.stop), value=torch.nan)


def _takes_mask(module: nn.Module) -> bool:
    """Whether a module has an input of that name, as far as Python knows its inputs."""
    try:
        return _MASK in signature(as_written(module).forward).parameters
    except (TypeError, ValueError):
        return False


def source_of(module: nn.Module, output: Any) -> str:
    """A digest of the code that a module and a function of its output run, as far as Python has its text."""
    kinds = {type(one) for one in module.modules()}
    own = sorted((kind for kind in kinds if kind.__module__.partition(".")[0] != "torch"), key=str)
    functions = [output] if callable(output) else []
    digest = hashlib.sha256()
    for one in [*own, *functions]:
        try:
            text = inspect.getsource(one)
        except (OSError, TypeError):  # typed at a prompt, or not of Python
            code = getattr(one, "__code__", None)
            said = getattr(one, "__qualname__", type(one).__qualname__)
            consts = [one for one in getattr(code, "co_consts", ()) if not hasattr(one, "co_code")]
            text = f"{said} {getattr(code, 'co_code', b'').hex()} {consts}"
        held = [cell.cell_contents for cell in getattr(one, "__closure__", None) or ()]
        digest.update(f"{text} {[_said(value) for value in held]}".encode())
    return digest.hexdigest()


def _said(value: Any) -> Any:
    """What a function holds, without where it is in memory."""
    if isinstance(value, Tensor):
        return value.tolist()
    return value if isinstance(value, int | float | str | tuple | None) else type(value).__qualname__
