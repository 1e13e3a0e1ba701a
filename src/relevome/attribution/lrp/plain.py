"""Whether an operation goes back by its own gradient: then AttnLRP is no more than gradient x input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relevome.attribution.lrp.flow import LinearRule, tensors_in
from relevome.attribution.lrp.rules.attention import between, log_softmax, softmax
from relevome.attribution.lrp.rules.elementwise import RELU, addition, logarithm, nonlinearity, sign
from relevome.attribution.lrp.rules.linear import linear
from relevome.attribution.lrp.rules.moves import extreme
from relevome.attribution.lrp.rules.normalisation import batch_norm
from relevome.attribution.lrp.rules.products import (
    einsum,
    matrix_product,
    product,
    product_added,
    quotient,
)
from relevome.attribution.lrp.table import COMPOSED, PLAIN, Rule

_ALWAYS = {PLAIN, extreme, addition, sign, between, softmax, log_softmax, logarithm, batch_norm}
# A product with constants is linear in the activation.
_OF_TWO = {product, matrix_product, einsum, product_added}


def is_plain(
    rule: Rule,
    func: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    linear_rules: Mapping[int, LinearRule],
    instead: Mapping[Rule, Rule],
) -> bool:
    """Whether the rule of this call, or the one ``instead``, gives the gradient that the operation has.

    What is opened, or carried out beside a tensor, is made of other calls, which are asked one by one.
    """
    through = sum(tensor.requires_grad for tensor in tensors_in((args, kwargs)))
    if rule in _ALWAYS or rule in COMPOSED:
        return not (through and rule in instead)
    if not through or (rule in _OF_TWO and through == 1):
        return True
    if rule is quotient:
        divisor = args[1] if len(args) > 1 else kwargs.get("other")
        return not getattr(divisor, "requires_grad", False)
    if rule is linear:
        weight = args[1] if len(args) > 1 else kwargs["weight"]
        return id(weight) not in linear_rules and not weight.requires_grad
    return rule is nonlinearity and func in RELU  # y / x is the gradient of these: 1 or 0
