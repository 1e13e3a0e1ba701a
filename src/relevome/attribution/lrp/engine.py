"""Layer-wise relevance by intercepting operations, so that no model has to be touched.

While a model runs, every torch function it calls passes through here and is carried out by the rule
that `rules` has for it: same numbers forward, another gradient backward. Relevance is then the input
times that gradient (Arras et al. 2025). One table of operations serves every architecture.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from relevome.attribution.lrp.provenance import Provenance
from relevome.attribution.lrp.rules import PLAIN, RULES, unsupported


class Rules(TorchFunctionMode):
    """While active, the operations on activations follow the AttnLRP rules."""

    def __init__(self) -> None:
        super().__init__()
        self.provenance = Provenance()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Carries out one operation of the model by its rule."""
        rule = RULES.get(func)
        if rule is PLAIN:
            return func(*args, **(kwargs or {}))
        if rule is None:
            return _refuse_if_relevant(func, func(*args, **(kwargs or {})))
        return rule(self.provenance, func, args, kwargs or {})


def _refuse_if_relevant(func: Any, result: Any) -> Any:
    """Passes what carries no relevance (shapes, masks, positions); anything else needs a rule."""
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    if any(isinstance(out, Tensor) and out.requires_grad for out in outputs) and torch.is_grad_enabled():
        raise unsupported(func)
    return result
