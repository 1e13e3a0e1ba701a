"""Layer-wise relevance by intercepting operations, so that no model has to be touched.

Every operation that a running model calls is carried out by the rule that `rules` has for it: same numbers
forward, another gradient backward. Relevance is then the input times that gradient (Arras et al. 2025).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from relevome.attribution.lrp.attention_rules import AttentionRule
from relevome.attribution.lrp.attention_rules.attnlrp import HalfToEach
from relevome.attribution.lrp.flow import LinearRule, tensors_in
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.attribution.lrp.in_place import changing_if_asked
from relevome.attribution.lrp.interception import NO_RULES, Interception
from relevome.attribution.lrp.plain import is_plain
from relevome.attribution.lrp.rules import RULES
from relevome.attribution.lrp.table import PLAIN, Rule, unsupported

AS_PUBLISHED = HalfToEach()


class Rules(Interception):
    """While active, the operations on activations follow the AttnLRP rules.

    ``linear`` has other rules for linear layers and convolutions, by the identity of their weight.
    ``attention`` has other rules for attention. ``heads`` is told the relevance of the context of every
    attention. ``plain`` says whether all operations so far went back by their own gradient.

    Raises ``UnsupportedOperation`` at an operation on activations that has no rule, or that made its result
    unseen.
    """

    def __init__(
        self,
        *,
        linear: Mapping[int, LinearRule] = NO_RULES,
        heads: HeadRecorder | None = None,
        attention: AttentionRule = AS_PUBLISHED,
    ) -> None:
        super().__init__(heads, linear)
        self.attention = attention
        self.instead = attention.instead
        self.plain = True

    def _follow(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        rule = RULES.get(func)
        if rule is None:
            return _refuse_if_relevant(func, func(*args, **kwargs))
        self._refuse_unseen((args, kwargs))
        self.plain = self.plain and is_plain(rule, func, args, kwargs, self.flow.linear, self.instead)
        rule = self.instead.get(rule, rule)
        if kwargs.get("inplace"):
            rule = changing_if_asked
        return self._remember(self._carry_out(rule, func, args, kwargs))

    def _carry_out(self, rule: Rule, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if rule is PLAIN:
            return func(*args, **kwargs)
        return rule(self.flow, func, args, kwargs)


def _refuse_if_relevant(func: Any, result: Any) -> Any:
    """Passes what carries no relevance (shapes, masks, positions); anything else needs a rule."""
    if any(out.requires_grad for out in tensors_in(result)) and torch.is_grad_enabled():
        raise unsupported(func)
    return result
