"""Attention weights as constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_map_only

from relevome.attribution.lrp.accounts import Absorbed, Account, Call, of_attention
from relevome.attribution.lrp.attention_rules import attention_rules
from relevome.attribution.lrp.flow import WEIGHTS, Flow, tensors_in
from relevome.attribution.lrp.fused import FusedAttention
from relevome.attribution.lrp.rules.attention import attention
from relevome.attribution.lrp.rules.linear import linear
from relevome.attribution.lrp.rules.products import einsum, matrix_product, product, product_added
from relevome.attribution.lrp.table import Rule, active

# Backward passes after which attention weights are still no more than attention weights.
_STILL_WEIGHTS = (
    "View", "UnsafeView", "ReshapeAlias", "Select", "Squeeze", "Unsqueeze", "Slice", "Transpose", "Permute",
    "T", "Alias", "Clone", "Expand", "Index", "Unbind", "Split", "ToCopy", "Add", "Sub", "Neg", "Mul", "Div",
    "Sum", "Mean", "Stack", "Cat", "MaskedFill", "Where", "NanToNum", "NativeDropout", "Bmm", "Mm", "Scale",
    "Tap", "Watch", "ConstantPadNd", "AsStrided", "Gather", "IndexSelect", "Flip", "Roll", "Repeat",
    "torch::autograd::CopySlices", "torch::autograd::CopyBackwards",
)  # fmt: skip


@attention_rules.register("cp")
@dataclass(frozen=True)
class ConservativePropagation:
    """Attention weights are constants: y_i = sum_j p_ij x_j is linear in the values, which take all.

    Values get p' g, and queries, keys and softmax nothing: the rule for attention heads of Conservative
    Propagation (Ali et al. 2022, arXiv 2202.07304), there R(x_j) = sum_i x_j p_ij / (sum_k x_k p_ik) R(y_i).
    You et al. 2025 (arXiv 2510.18810) find it nearer to leaving tokens out than AttnLRP. LibraGrad (Mehri et
    al. 2025, arXiv 2411.16760) has by its published code the same in attention: queries and keys detached.

    Weights are what a softmax gave, moved, masked, scaled or mixed with one another, where it is multiplied
    with another activation; a softmax that is multiplied with none keeps AttnLRP's rule.
    """

    @property
    def instead(self) -> Mapping[Rule, Rule]:
        """AttnLRP's rules for products, of attention weights that are constants."""
        products = (product, matrix_product, einsum, product_added, linear)
        return {rule: _of_constant_weights(rule) for rule in products} | {attention: _of_values}

    @property
    def accounts(self) -> Mapping[Rule, Account]:
        """Of attention in one call."""
        return {attention: _of_value_products}


def _of_constant_weights(rule: Rule) -> Rule:
    def carry_out(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [tensor for tensor in tensors_in((args, kwargs)) if active(tensor)]
        weights = [tensor for tensor in given if _is_weights(flow, tensor)] if len(given) > 1 else []
        if not weights or len(weights) == len(given):
            return rule(flow, func, args, kwargs)

        def held(tensor: Tensor) -> Tensor:
            found = any(tensor is one for one in weights)
            return flow.name(tensor.detach(), WEIGHTS) if found else tensor

        return rule(flow, func, *tree_map_only(Tensor, held, (args, kwargs)))

    return carry_out


def _is_weights(flow: Flow, tensor: Tensor) -> bool:
    """Whether an activation is attention weights, and nothing else."""
    return flow.holds(tensor, WEIGHTS) or _made_by_softmax(tensor.grad_fn)


def _made_by_softmax(node: Any) -> bool:
    """Whether all that a tensor was made of is what some softmax gave."""
    waiting: list[Any] = [node]
    seen: set[Any] = set()
    while waiting:
        one = waiting.pop()
        kind = "" if one is None else one.name().rstrip("0123456789").removesuffix("Backward")
        if kind == "Softmax":
            continue
        if one is None or kind not in _STILL_WEIGHTS:
            return False
        before = {x for x, _ in one.next_functions if x is not None}
        if not before:
            return False
        waiting += before - seen
        seen |= before
    return True


def _of_values(flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Attention in one call. Where values are constants, weights are all there is, and go by AttnLRP."""
    given = vars(FusedAttention(*args, **kwargs))
    if not active(given["value"]):
        return attention(flow, func, args, kwargs)
    held = {name: value.detach() for name, value in given.items() if active(value) and name != "value"}
    return attention(flow, func, (), given | held)


def _of_value_products(call: Call) -> Absorbed:
    """Nothing: <p v, g> = <v, p' g>."""
    if not active(FusedAttention(*call.args, **call.kwargs).value):
        return of_attention(call)
    return lambda _index, _gradient: {}
