"""The contexts of all attentions of a running model, under its own gradients.

What AttnLRP intercepts, without its rules: fused or spelt out, on every architecture that it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch.nn.functional as F

from relevome.attribution.lrp.flow import Flow
from relevome.attribution.lrp.heads import Recorder
from relevome.attribution.lrp.interception import NO_RULES, Interception
from relevome.attribution.lrp.rules import RULES
from relevome.attribution.lrp.rules.attention import attention, between, context_of_call, softmax
from relevome.attribution.lrp.rules.products import (
    context_of_indices,
    context_of_product,
    einsum,
    matrix_product,
    product,
)
from relevome.attribution.lrp.table import PLAIN, Rule, active, pair


class Watching(Interception):
    """While active, ``recorder`` is told of the context of every attention; gradients are the model's own.

    Raises ``UnsupportedOperation`` at an activation that was made unseen: attentions could hide there.
    """

    otherwise: ClassVar[str] = "leave --heads out"

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder, NO_RULES)

    def _follow(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._refuse_unseen((args, kwargs))
        result = _WATCHED.get(RULES.get(func, PLAIN), PLAIN)(self.flow, func, args, kwargs)
        # an operation may have changed what it was given
        self._remember((*args, *kwargs.values()))
        return self._remember(result)


def _in_one_call(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return context_of_call(flow, func(*args, **kwargs))


def _weighed(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A mask may be multiplied into the weights."""
    a, b = pair(args, kwargs)
    result = func(*args, **kwargs)
    return result if active(a) and active(b) else flow.keep(result, a if active(a) else b)


def _multiplied(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return context_of_product(flow, pair(args, kwargs)[0], func(*args, **kwargs))


def _by_index(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    equation, *operands = args
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = list(operands[0])
    return context_of_indices(flow, equation, operands, func(*args, **kwargs))


# By the rule that AttnLRP has for an operation. Attention with its projections in one call is opened.
_WATCHED: Mapping[Rule, Rule] = {
    attention: _in_one_call,
    softmax: softmax,
    between: between,
    product: _weighed,
    matrix_product: _multiplied,
    einsum: _by_index,
    RULES[F.multi_head_attention_forward]: RULES[F.multi_head_attention_forward],
}
