"""Log-odds of probabilities, as one operation that rules of relevance know by its name."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

_LEAST = 1e-30


def log_odds(p: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Log p / (1 - p), finite at 0 and 1."""
    if has_torch_function_unary(p):
        return handle_torch_function(log_odds, (p,), p)
    return spelt_out(p)


def odds_of_sigmoid(p: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The same of what is known to be sigmoids of logits, of which it is the inverse."""
    if has_torch_function_unary(p):
        return handle_torch_function(odds_of_sigmoid, (p,), p)
    return spelt_out(p)


def spelt_out(p: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The same by logarithms."""
    least = max(_LEAST, torch.finfo(p.dtype).tiny)
    return p.clamp_min(least).log() - (1 - p).clamp_min(least).log()
