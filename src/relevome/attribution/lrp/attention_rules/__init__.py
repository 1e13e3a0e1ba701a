"""How relevance goes through attention: the choices, one file each.

A choice says what it does otherwise than AttnLRP: other rules in the place of AttnLRP's, and what operations
under them absorb. All else stays as it is, and so does the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol, runtime_checkable

from relevome.attribution.lrp.accounts import Account
from relevome.attribution.lrp.table import Rule
from relevome.errors import InputError
from relevome.registry import Registry


@runtime_checkable
class AttentionRule(Protocol):
    """A choice: a frozen dataclass, with one number as its field or none.

    Both of its tables are by the rule that AttnLRP has, as it is in `relevome.attribution.lrp.rules`.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def instead(self) -> Mapping[Rule, Rule]:
        """The rules in the place of AttnLRP's."""
        ...

    @property
    def accounts(self) -> Mapping[Rule, Account]:
        """What operations under these absorb, where it is not what AttnLRP's rule lets them absorb."""
        ...


attention_rules: Registry[type[AttentionRule]] = Registry(
    "attention rule", "relevome.attribution.lrp.attention_rules", plural="attention_rules"
)

PUBLISHED = "attention=attnlrp"


def rules_as_text(rules: str | Mapping[str, str]) -> str:
    """``{"attention": "cp"}`` as the command line has it, ``attention=cp``."""
    return rules if isinstance(rules, str) else ",".join(f"{what}={rule}" for what, rule in rules.items())


def apart(rules: str) -> tuple[AttentionRule, str]:
    """The rule for attention that ``rules`` name, AttnLRP's if none, and what they say of other things.

    Raises ``InputError`` for a rule that is not there, and for a number that it does not take.
    """
    parts = [part.partition("=") for part in rules.split(",")]
    chosen = [rule.strip() for what, _, rule in parts if what.strip() == "attention"]
    others = ",".join("".join(part) for part in parts if part[0].strip() != "attention")
    return _named((chosen or ["attnlrp"])[-1]), others


def _named(text: str) -> AttentionRule:
    name, colon, number = text.partition(":")
    if name not in attention_rules:
        raise InputError(f"--rules attention={text}: expected one of {', '.join(attention_rules)}")
    kind = attention_rules[name]
    if not colon:
        return kind()
    try:
        values = {field.name: float(number) for field in fields(kind)}
    except ValueError:
        values = {}
    if not values:
        raise InputError(
            f"--rules attention={text}: expected {name}"
            + "".join(f", or {name}:NUMBER, the {field.name}" for field in fields(kind))
        )
    return kind(**values)
