"""Which method explains a kind of model where nobody names one, measured by `relevome study explanations`.

A choice is the explanation with the best mean place over tasks and questions by trainings of even numbers,
confirmed by those of odd ones; docs/study-explanations.md has the figures of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relevome.attribution import methods
from relevome.models.base import Model
from relevome.options import option_defaults


@dataclass(frozen=True)
class UsualMethod:
    """The method of a kind of model, its options, and what kind that is, in words."""

    method: str
    options: Mapping[str, Any]
    kind: str


ONE_HOT = UsualMethod("integrated-gradients", {}, "models that read one-hot letters")
LETTERS = UsualMethod("attnlrp", {"site": "block", "reference": "mean"}, "models of single letters")
WORDS = UsualMethod("attnlrp", {}, "models of tokens of several letters")


def usual_method(model: Model, asked: Mapping[str, Any], letter_scores: bool = False) -> UsualMethod:
    """The method for a model that none is named for.

    Args:
        model: The model.
        asked: Options of methods that are given (those that are None are not): a method that lacks one of
            them gives way to AttnLRP, and an option that is given replaces that of the choice.
        letter_scores: Whether scores of every letter are asked for, which there are at the word embedding
            alone. Default: False.

    Returns:
        The method with all options that are to be set.
    """
    tokens = LETTERS if model.tokenizer.one_letter_always else WORDS
    usual = ONE_HOT if model.reads_one_hot else tokens
    given = {name.replace("-", "_"): value for name, value in asked.items() if value is not None}
    if not set(given) <= set(option_defaults(methods[usual.method])):
        return UsualMethod("attnlrp", given, f"options that {usual.method} has not")
    options = dict(usual.options)
    if letter_scores:
        options.pop("site", None)
    return UsualMethod(usual.method, options | given, usual.kind)
