"""What every attention of a running model looks at, fused or spelt out, without touching the model.

Operations are intercepted while the model runs, as in `relevome.attribution.lrp`: where weights meet values
they are read off, and a fused attention, which keeps its weights to itself, has them computed beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor
from torch.overrides import TorchFunctionMode

from relevome.attribution.lrp.flow import WEIGHTS, TensorTable
from relevome.attribution.lrp.fused import FusedAttention
from relevome.attribution.lrp.rules import RULES
from relevome.attribution.lrp.rules.attention import between, multi_head_attention, softmax
from relevome.attribution.lrp.rules.products import einsum, matrix_product, product
from relevome.attribution.lrp.table import pair
from relevome.errors import InputError
from relevome.models.base import Batch, Model
from relevome.models.batching import all_rows
from relevome.models.identity import class_of

Query = Literal["read", "first", "last", "mean"]
Tell = Callable[[int, Float[Tensor, "batch heads queries keys"]], None]
Select = Callable[[Float[Tensor, "batch ..."], Batch], Float[Tensor, "batch"]]


@dataclass(frozen=True, eq=False)
class _Attention:
    """One attention of a running model: its weights, its context, and which axis of that is of queries.

    ``by`` gives the context that other weights would.
    """

    number: int
    weights: Callable[[], Tensor]
    context: Tensor
    queries: int
    by: Callable[[Tensor], Tensor]


# Told of every attention; gives the context that the model goes on with.
_See = Callable[[_Attention], Tensor]


def each_attention(model: Model, batch: Batch, tell: Tell) -> tuple[Float[Tensor, "batch"], int]:
    """Run a model and ``tell`` the number and weights of every attention over its tokens, one at a time.

    They come in the order in which the model runs them, and are not kept. What padding looks at is 0. An
    attention between anything but all tokens (a pooling, a window) is left out. Returns the explained logits
    and how many there were; raises ``InputError`` if there was none.
    """
    own = _own(batch)

    def see(one: _Attention) -> Tensor:
        found = one.weights().reshape(len(batch), -1, batch.width, batch.width)
        whole = found if own.all() else found.masked_fill(~own[:, None, :, None].to(found.device), 0.0)
        tell(one.number, whole)
        return one.context

    with model.frozen(), torch.no_grad():
        return _watched(model, batch, see)


def _watched(
    model: Model, batch: Batch, see: _See, select: Select | None = None
) -> tuple[Float[Tensor, "batch"], int]:
    """The explained logits and how many attentions there were; raises ``InputError`` if there was none."""
    inputs = model.inputs(batch)
    with _Interception(batch.width, see) as seen:
        logits = model.module(**inputs).logits
    scores = (select or model.select)(logits, batch)
    if not seen.attentions:
        raise InputError(
            f"{class_of(model.module)} has no attention over its tokens that can be seen: explain it by "
            "a method that needs none, such as integrated-gradients"
        )
    return scores, seen.attentions


def attention_weights(model: Model, batch: Batch) -> Float[Tensor, "batch layers heads queries keys"]:
    """The weights of all heads in all layers at once; see `each_attention`.

    Raises ``InputError`` if layers have different numbers of heads.
    """
    found: list[Tensor] = []
    each_attention(model, batch, lambda _, weights: found.append(weights))
    if len({weights.shape[1] for weights in found}) > 1:
        raise InputError("the model's layers have different numbers of heads: read them one by one")
    return torch.stack(found, dim=1)


def contributions(model: Model, batch: Batch) -> list[Float[Tensor, "batch heads tokens"]]:
    """What every head of every attention brings from each token to the explained logits, to first order.

    It is that of `contributions_by_query`, added up over the tokens that look: so each of these counts as the
    logit depends on what it gets, and each token that is looked at as its value matters. Raises
    ``InputError`` for a model without attention over its tokens.
    """
    return [one.sum(-2) for one in contributions_by_query(model, batch)]


def contributions_by_query(
    model: Model, batch: Batch, select: Select | None = None
) -> list[Float[Tensor, "batch heads queries keys"]]:
    """What every head of every attention brings from each token to each other, to first order of a score.

    Attention times its gradient (Chefer, Gur & Wolf 2021, arXiv 2103.15679, eq. 5, before heads are averaged
    and what is below 0 is cut). ``select`` makes one number for each sequence of all logits; None: the
    explained logits. Raises ``InputError`` for a model without attention over its tokens.
    """
    seen: list[Tensor] = []

    def see(one: _Attention) -> Tensor:
        weights = one.weights()
        seen.append(weights if weights.requires_grad else weights.detach().requires_grad_())
        return one.by(seen[-1]).to(one.context.dtype)

    with model.frozen(), torch.enable_grad():
        scores, _ = _watched(model, batch, see, select)
        slopes = torch.autograd.grad(scores.sum(), seen, materialize_grads=True)
    effects = (weights.detach() * slope for weights, slope in zip(seen, slopes, strict=True))
    return [one.reshape(len(batch), -1, batch.width, batch.width) for one in effects]


def query_shares(model: Model, batch: Batch, query: Query, attentions: int) -> Float[Tensor, "batch tokens"]:
    """How much each token counts as the one that looks: shares that add up to 1.

    ``read`` are the tokens whose output of the last of the ``attentions`` the logit depends on, in equal
    shares: [CLS] where the head reads it, the last token of a causal model, the target's own where every
    token has outputs, all where the head pools over them. It is found by a second pass through the model.
    """
    own = _own(batch)
    if query == "read":
        chosen = _read(model, batch, attentions) & own
    elif query == "mean":
        chosen = own
    else:
        places = [0 if query == "first" else len(tokens) - 1 for tokens in batch.tokens]
        chosen = F.one_hot(torch.tensor(places), batch.width).bool()
    if not chosen.any(1).all():
        raise InputError(
            "the prediction does not depend on the model's last attention: choose --query first, last or mean"
        )
    wide = torch.promote_types(model.dtype, torch.float32)
    return (chosen.double() / chosen.sum(1, keepdim=True)).to(model.device, wide)


def _read(model: Model, batch: Batch, attentions: int) -> Bool[Tensor, "batch tokens"]:
    """Where the gradient of the logits to what the last attention gives is not 0."""
    last: list[tuple[Tensor, int]] = []

    def see(one: _Attention) -> Tensor:
        if one.number < attentions - 1:
            return one.context
        last.append((one.context.detach().requires_grad_(), one.queries))
        # a copy, which the model may change in place
        return last[0][0].clone()

    with model.frozen(), torch.enable_grad():
        scores, _ = _watched(model, batch, see)
        context, queries = last[0]
        (gradient,) = (
            torch.autograd.grad(scores.sum(), context, allow_unused=True) if scores.requires_grad else (None,)
        )
    if gradient is None:
        return torch.zeros(len(batch), batch.width, dtype=torch.bool)
    return gradient.movedim(queries, -1).reshape(len(batch), -1, batch.width).ne(0).any(1).cpu()


class _Interception(TorchFunctionMode):
    """While active, ``see`` is told every attention between all of ``tokens``; ``attentions`` counts them."""

    def __init__(self, tokens: int, see: _See) -> None:
        super().__init__()
        self.attentions = 0
        self._shape = (tokens, tokens)
        self._see = see
        self._names = TensorTable()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Carries out one operation of the model as it is."""
        kwargs = kwargs or {}
        if func is F.multi_head_attention_forward:
            with self:
                return multi_head_attention(*args, **kwargs)
        result = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            call = FusedAttention(*args, **kwargs)
            shape = (call.query.shape[-2], call.key.shape[-2])
            return self._attended(shape, call.weights, result, -2, call.by)
        return self._spelt_out(func, args, kwargs, result)

    def _spelt_out(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        """Follows what a softmax gives until it meets the values."""
        rule = RULES.get(func)
        if rule is softmax:
            self._refuse_mapped(result, tuple(result.shape[-2:]))
            if _argument(1, "dim", args, kwargs) in (-1, result.dim() - 1):
                self._names[result] = WEIGHTS
        elif rule is between or rule is product:
            same = [x for x in args if self._holds(x) and (rule is between or x.shape == result.shape)]
            if same:
                self._names[result] = WEIGHTS
        elif rule is matrix_product:
            weights, values = pair(args, kwargs)
            if self._holds(weights) and result.dim() > 2:
                shape = tuple(weights.shape[-2:])
                return self._attended(shape, lambda: weights, result, -2, lambda other: other @ values)
        elif rule is einsum:
            return self._by_einsum(args, result)
        return result

    def _by_einsum(self, args: tuple[Any, ...], result: Tensor) -> Tensor:
        """Weights (..., queries, keys) whose queries stay, and are no batch that the values have too."""
        equation, *operands = args
        operands = operands[0] if isinstance(operands[0], (tuple, list)) else operands
        inputs, _, output = equation.replace(" ", "").partition("->")
        for place, (labels, weights) in enumerate(zip(inputs.split(","), operands, strict=True)):
            if self._holds(weights) and len(labels) > 2 and "." not in equation:
                query, key = labels[-2:]
                if query in output and key not in output and inputs.count(query) == 1:

                    def by(other: Tensor, place: int = place) -> Tensor:
                        return torch.einsum(equation, *operands[:place], other, *operands[place + 1 :])

                    shape = tuple(weights.shape[-2:])
                    return self._attended(shape, lambda w=weights: w, result, output.index(query), by)
        return result

    def _refuse_mapped(self, result: Tensor, shape: tuple[int, ...]) -> None:
        if shape == self._shape and all_rows(result) is not result:
            raise InputError(
                "attention within torch.vmap cannot be read: explain the model by a method that needs none, "
                "such as integrated-gradients"
            )

    def _holds(self, value: Any) -> bool:
        return isinstance(value, Tensor) and self._names.get(value) == WEIGHTS

    def _attended(
        self,
        shape: tuple[int, ...],
        weights: Callable[[], Tensor],
        context: Tensor,
        queries: int,
        by: Callable[[Tensor], Tensor],
    ) -> Tensor:
        if shape != self._shape:
            return context
        self._refuse_mapped(context, shape)
        self.attentions += 1
        return self._see(_Attention(self.attentions - 1, weights, context, queries, by))


def _argument(index: int, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One argument of a call, however it was given; None if it was not."""
    return args[index] if len(args) > index else kwargs.get(name)


def _own(batch: Batch) -> Bool[Tensor, "batch tokens"]:
    """True at tokens, false at padding."""
    lengths = torch.tensor([len(tokens) for tokens in batch.tokens])
    return torch.arange(batch.width) < lengths[:, None]
