"""Layer-wise relevance propagation with a rule for every layer (Bach et al. 2015; Montavon et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import ClassVar

from torch import nn

from relevome.attribution import methods
from relevome.attribution.baselines import check_reference
from relevome.attribution.gradient_product import audited, gradient_product
from relevome.attribution.lrp.attention_rules import AttentionRule, apart, rules_as_text
from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.flow import LinearRule
from relevome.attribution.lrp.linear_rules import Epsilon, Gamma, ZPlus
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Site

KINDS = {
    "linear": (nn.Linear,),
    "convolution": (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d),
}
WITH_NUMBER = {"epsilon": Epsilon, "gamma": Gamma}
WITHOUT_NUMBER = {"zplus": ZPlus(), "zero": None}
DEFAULT = "linear=epsilon:1e-6,convolution=gamma:0.25"
NAMES = "expected epsilon, epsilon:NUMBER, gamma, gamma:NUMBER, zplus or zero"


@dataclass(frozen=True)
class Choice:
    """One part of a composite: a rule, and the layers that get it; without a rule, the plain gradient.

    ``layers`` is ``linear``, ``convolution``, ``first``, ``last``, or the name of a module, in which ``*``
    stands for anything.
    """

    layers: str
    rule: LinearRule | None

    def choose(self, layers: Mapping[str, nn.Module]) -> list[str]:
        """The names of those among ``layers``, in the model's order, that get the rule.

        Raises ``InputError`` for a module name that fits none.
        """
        names = list(layers)
        if self.layers in KINDS:
            return [name for name in names if isinstance(layers[name], KINDS[self.layers])]
        if self.layers in ("first", "last"):
            return names[:1] if self.layers == "first" else names[-1:]
        chosen = [name for name in names if fnmatchcase(name, self.layers)]
        if not chosen:
            some = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            raise InputError(
                f"--rules {self.layers}: no linear layer or convolution of this model is called so; "
                f"expected linear, convolution, first, last, or of its names: {some}"
            )
        return chosen


def composite(text: str) -> tuple[Choice, ...]:
    """What ``linear=epsilon:1e-6,convolution=gamma,first=zplus`` says; a rule alone is for every layer."""
    choices = []
    for part in text.split(","):
        layers, assigned, rule = part.partition("=")
        if not assigned:
            layers, rule = "*", part
        if not layers.strip() or not rule.strip():
            raise InputError(
                f"--rules {text}: {part.strip()!r} is no LAYERS=RULE, such as linear=epsilon:1e-6"
            )
        choices.append(Choice(layers.strip(), _rule(rule.strip())))
    return tuple(choices)


def _rule(text: str) -> LinearRule | None:
    name, colon, number = text.partition(":")
    if name in WITHOUT_NUMBER and not colon:
        return WITHOUT_NUMBER[name]
    if name not in WITH_NUMBER:
        raise InputError(f"--rules {text}: {NAMES}")
    if not colon:
        return WITH_NUMBER[name]()
    try:
        value = float(number)
    except ValueError as error:
        raise InputError(f"--rules {text}: {NAMES}") from error
    return WITH_NUMBER[name](value)


def rules_by_weight(module: nn.Module, choices: tuple[Choice, ...]) -> dict[int, LinearRule]:
    """The rule of every linear layer and convolution, by the identity of its weight; the last choice counts.

    Raises ``InputError`` for a layer whose weight is made anew in every pass, where it could not be known.
    """
    every_kind = sum(KINDS.values(), ())
    layers = {name: layer for name, layer in module.named_modules() if isinstance(layer, every_kind)}
    chosen = {name: choice.rule for choice in choices for name in choice.choose(layers)}
    rules = {name: rule for name, rule in chosen.items() if rule is not None}
    for name in rules:
        if "weight" not in dict(layers[name].named_parameters(recurse=False)):
            raise InputError(
                f"the weight of {name} is computed in every pass (a parametrization or weight norm): remove "
                "that, which keeps its value, or give the layer no rule of its own"
            )
    return {id(layers[name].weight): rule for name, rule in rules.items()}


@methods.register("lrp")
@dataclass(frozen=True)
class LRP:
    """Embedding times the gradient of a modified backward pass, with the rule of every layer chosen.

    ``rules`` is a `composite` for linear layers and convolutions, and may have ``attention=NAME`` among them,
    of `relevome list attention-rules`, which alone leaves the layers what they have by default; all other
    operations follow the rules of AttnLRP. From Python it may be a dictionary, such as
    ``{"linear": "epsilon", "attention": "cp"}``. ``reference`` is as in `gradient_product`. ``audit`` adds
    the ledger of every sequence, from another pass.
    """

    suits: ClassVar[str] = (
        "for CNNs, with a rule for each kind of layer; transformers too; 1 forward and 1 backward pass; "
        "gives token_relevance"
    )
    rules: str | Mapping[str, str] = DEFAULT
    site: Site = "word"
    reference: str = "zero"
    audit: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_reference(self.reference)
        object.__setattr__(self, "rules", rules_as_text(self.rules))
        self._choices()

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token; see `Method`.

        Raises ``InputError`` for rules that fit no layer, ``UnsupportedOperation`` as AttnLRP does.
        """
        attention, choices = self._choices()
        chosen = {"linear": rules_by_weight(model.module, choices), "attention": attention}
        found = gradient_product(model, batch, self.site, self.reference, Rules(**chosen), seed=self.seed)
        if not self.audit:
            return found
        return audited(model, batch, self.site, found, partial(AuditedRules, **chosen))

    def _choices(self) -> tuple[AttentionRule, tuple[Choice, ...]]:
        attention, others = apart(rules_as_text(self.rules))
        return attention, composite(others if others or not self.rules else DEFAULT)
