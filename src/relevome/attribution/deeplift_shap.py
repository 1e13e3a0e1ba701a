"""DeepLIFT averaged over references, for CNNs, by tangermeme (Shrikumar et al. 2017, arXiv 1704.02685).

tangermeme has its rules for modules and puts hooks on them; models call functions. So the model runs inside
a module of our own, and calls of functions that are not linear are led to submodules, which tangermeme knows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from relevome.attribution import methods
from relevome.attribution.baselines import baseline_words, draws
from relevome.attribution.embeddings import leaf, letter_scores, unpadded
from relevome.attribution.lrp.flow import tensors_in
from relevome.attribution.lrp.rules import RULES
from relevome.attribution.lrp.rules.attention import between
from relevome.attribution.lrp.rules.elementwise import (
    addition,
    exponential,
    logarithm,
    nonlinearity,
    odds,
    sign,
)
from relevome.attribution.lrp.rules.linear import linear
from relevome.attribution.lrp.rules.normalisation import batch_norm
from relevome.attribution.lrp.rules.products import einsum, matrix_product, product, quotient
from relevome.attribution.lrp.table import PLAIN, active, name_of, pair
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import MOST_ROWS, all_rows
from relevome.models.tokens import Tokens

_T = torch.Tensor

ELEMENTWISE = (nonlinearity, exponential, logarithm, odds)
LINEAR = (PLAIN, between, addition, sign, batch_norm)
PRODUCTS = (linear, product, matrix_product, einsum)
IN_PLACE = (_T.__iadd__, _T.add_, _T.__isub__, _T.sub_)
# The plain gradient in AttnLRP, where the winner takes all, but not linear.
MAXIMA = {
    F.max_pool1d, F.max_pool2d, F.max_pool3d, torch.max_pool1d, torch.max_pool2d, F.adaptive_max_pool1d,
    F.adaptive_max_pool2d, torch.amax, _T.amax, torch.amin, _T.amin, torch.topk, _T.topk, torch.sort, _T.sort,
    torch.cummax,
}  # fmt: skip


# What single precision may leave of a score, relative to its size.
ROUNDING = 1e-5


@methods.register("deeplift-shap")
@dataclass(frozen=True)
class DeepLiftShap:
    """DeepLIFT's rescale rule against references, averaged over them: DeepSHAP with shuffles, for CNNs.

    ``baseline`` is the reference, as for integrated gradients; ``shuffle:N`` are N of them. The baseline
    score is the mean over references. The note ``deeplift_incomplete`` counts completeness errors over a
    hundredth of the score difference. Needs tangermeme.
    """

    rows_each: ClassVar[int] = MOST_ROWS  # one sequence at a time, with its references

    suits: ClassVar[str] = (
        "for CNNs, by the extra deeplift; 2 forward and 1 backward pass for each reference; gives "
        "token_relevance, baseline_score, completeness_error"
    )
    baseline: str = "shuffle:20"
    seed: int = 0

    def __post_init__(self) -> None:
        draws(self.baseline)

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token, complete up to the error that is kept; see `Method`.

        Raises ``InputError`` for an operation without a rule, such as those of a transformer, and if
        tangermeme is not there.
        """
        multipliers = _library()
        with model.frozen():
            return [
                self._one(model, tokens, target, multipliers)
                for tokens, target in zip(batch.tokens, batch.targets, strict=True)
            ]

    def _one(
        self, model: Model, tokens: Tokens, target: Target, multipliers: Callable[..., Tensor]
    ) -> Relevance:
        alone = Batch((tokens,), (target,))
        with torch.no_grad():
            words = model.word_embedding(model.inputs(alone)["input_ids"]).detach()
        references = torch.cat([
            baseline_words(model, alone, words, self.baseline, [self.seed, draw])
            for draw in range(draws(self.baseline))
        ])  # fmt: skip
        runner = Runner(model, tokens, target)
        score, rows = runner.survey(words), model.rows(len(tokens), 2 * len(references))
        slopes = multipliers(runner, words, references, max(1, rows // 2))
        with torch.no_grad():
            origins = torch.cat([runner(some.mT) for some in references.split(rows)])
        values = ((words - references) * slopes).sum(-1).mean(0, keepdim=True)
        same = Batch((tokens,) * len(references), (target,) * len(references))
        every = [scores for scores in letter_scores(model, same, slopes, references) if scores is not None]
        found = Relevance(
            tokens, target, score, values=unpadded(alone, values)[0], complete=True,
            baseline_score=origins.mean().item(),
            letter_scores=np.mean(every, axis=0) if every else None,
        )  # fmt: skip
        return replace(found, notes={"deeplift_incomplete": int(_incomplete(found))})


def _incomplete(relevance: Relevance) -> bool:
    """Whether the completeness error is over a hundredth of the score difference, and no rounding."""
    error, origin = relevance.completeness_error or 0.0, relevance.baseline_score or 0.0
    return abs(error) > 0.01 * abs(relevance.score - origin) + ROUNDING * (1 + abs(relevance.score))


def _library() -> Callable[..., Tensor]:
    """Multipliers of every reference, (references, tokens, channels), as tangermeme computes them."""
    try:
        from tangermeme.deep_lift_shap import _nonlinear, deep_lift_shap
    except ImportError as error:
        raise InputError(
            "deeplift-shap needs tangermeme: pip install 'relevome[deeplift]', or use integrated-gradients"
        ) from error

    def multipliers(runner: Runner, words: Tensor, references: Tensor, pairs: int) -> Tensor:
        with torch.enable_grad(), warnings.catch_warnings():
            # embeddings that are not one-hot, and errors of completeness, which are kept
            warnings.simplefilter("ignore")
            found = deep_lift_shap(
                runner, words.mT, references=references.mT[None], batch_size=pairs, raw_outputs=True,
                only_warn=True, additional_nonlinear_ops={Elementwise: _nonlinear}, dtype=words.dtype,
                device=words.device,
            )  # fmt: skip
        return found[0].mT.to(words)

    return multipliers


class Elementwise(nn.Module):
    """Any element-wise function, as a module."""

    def forward(self, x: Tensor, *, function: Callable[[Tensor], Tensor]) -> Tensor:
        """``function(x)``."""
        return function(x)


class Runner(nn.Module):
    """A model on one sequence, from embeddings to the explained logit, whose non-linear parts are modules.

    The model itself is no submodule, so that hooks are not put on it. Sizes of max pooling become modules
    when they are first met: `survey` comes before the library.
    """

    def __init__(self, model: Model, tokens: Tokens, target: Target) -> None:
        super().__init__()
        self._of = (model, tokens, target)
        self.elementwise = Elementwise()
        self.pools = nn.ModuleDict()

    def forward(self, x: Float[Tensor, "rows channels tokens"]) -> Float[Tensor, "rows 1"]:
        """The logit where the word embedding gives ``x``."""
        model, tokens, target = self._of
        batch = Batch((tokens,) * len(x), (target,) * len(x))
        inputs = model.inputs(batch)
        with leaf(model.word_embedding, x.mT), _Redirection(self):
            return model.scores(inputs, batch).unsqueeze(1)

    def survey(self, words: Float[Tensor, "1 tokens channels"]) -> float:
        """The logit; raises ``InputError`` at an operation without a rule."""
        with torch.enable_grad():
            return self(words.mT.detach().requires_grad_()).item()

    def pool(self, x: Tensor, *sizes: Any, **named: Any) -> Tensor:
        """`F.max_pool1d`, by a module."""
        named.pop("return_indices", None)
        key = repr((sizes, sorted(named.items()))).replace(".", "_")
        if key not in self.pools:
            self.pools[key] = nn.MaxPool1d(*sizes, **named)
        return self.pools[key](x)


class _Redirection(TorchFunctionMode):
    """While active, functions that are not linear are carried out by modules of the runner."""

    def __init__(self, runner: Runner) -> None:
        super().__init__()
        self._runner = runner

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Refuses what is neither linear in the activations nor has a rule."""
        kwargs = kwargs or {}
        _refuse_mapped((args, kwargs))
        relevant = [tensor for tensor in tensors_in((args, kwargs)) if active(tensor)]
        if not relevant or not torch.is_grad_enabled():
            return func(*args, **kwargs)
        # copies, since what comes out of a module with hooks must not be changed in place
        if RULES.get(func) in ELEMENTWISE and len(relevant) == 1:
            kwargs = {key: value for key, value in kwargs.items() if key not in ("input", "inplace")}
            function = partial(_applied, func, args[1:], kwargs)
            return self._runner.elementwise(relevant[0], function=function).clone()
        if func is F.max_pool1d:
            return self._runner.pool(relevant[0], *args[1:], **kwargs).clone()
        result = func(*args, **kwargs)
        if any(map(active, tensors_in(result))) and not _is_linear(func, args, kwargs, len(relevant)):
            raise _without_rule(name_of(func))
        return result


def _without_rule(operation: str) -> InputError:
    return InputError(
        f"deeplift-shap has no rule for the operation {operation}: it is for CNNs, explain this model by "
        "another method, such as integrated-gradients"
    )


def _refuse_mapped(values: Any) -> None:
    """Within ``torch.vmap`` an activation looks like a constant."""
    for tensor in tensors_in(values):
        if all_rows(tensor) is not tensor and active(all_rows(tensor)):
            raise _without_rule("torch.vmap")


def _applied(func: Any, others: tuple[Any, ...], kwargs: dict[str, Any], x: Tensor) -> Tensor:
    return func(x, *others, **kwargs)


def _is_linear(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], relevant: int) -> bool:
    """Whether a result is linear in the activations among its arguments."""
    rule = RULES.get(func)
    if rule in PRODUCTS:
        return relevant == 1
    if rule is quotient:
        return not active(pair(args, kwargs)[1])
    return (rule in LINEAR and func not in MAXIMA) or func in IN_PLACE
