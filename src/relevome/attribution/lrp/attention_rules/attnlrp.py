"""Attention as AttnLRP was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from relevome.attribution.lrp.accounts import Account
from relevome.attribution.lrp.attention_rules import attention_rules
from relevome.attribution.lrp.table import Rule


@attention_rules.register("attnlrp")
@dataclass(frozen=True)
class HalfToEach:
    """Half to the values and half to the weights, a quarter to queries and keys; softmax by its gradient.

    Achtibat et al. 2024 (arXiv 2402.05602), eq. 7 and proposition 3.1.
    """

    @property
    def instead(self) -> Mapping[Rule, Rule]:
        """None: these are the rules of the table."""
        return {}

    @property
    def accounts(self) -> Mapping[Rule, Account]:
        """None of its own."""
        return {}
