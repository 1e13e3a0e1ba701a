"""Attention in one call: its arguments by name, and the weights that it keeps to itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class FusedAttention:
    """One call of `F.scaled_dot_product_attention`, from its arguments however they were given."""

    query: Tensor
    key: Tensor
    value: Tensor
    attn_mask: Tensor | None = None
    dropout_p: float = 0.0
    is_causal: bool = False
    scale: float | None = None
    enable_gqa: bool = False

    def by_head(self, shared: Tensor) -> Tensor:
        """Keys or values, once for every head of queries."""
        if not self.enable_gqa:
            return shared
        return shared.repeat_interleave(self.query.shape[-3] // shared.shape[-3], dim=-3)

    def bias(self) -> Float[Tensor, "... queries keys"]:
        """What is added to the logits, -inf where a query does not see a key."""
        bias = torch.zeros(
            self.query.shape[-2], self.key.shape[-2], dtype=self._dtype, device=self.query.device
        )
        if self.is_causal:
            bias = bias.masked_fill(torch.ones_like(bias, dtype=torch.bool).triu(1), float("-inf"))
        if self.attn_mask is None:
            return bias
        if self.attn_mask.dtype == torch.bool:
            return torch.where(self.attn_mask, bias, float("-inf"))
        return bias + self.attn_mask

    def logits(self) -> Float[Tensor, "... queries keys"]:
        """Scaled products of queries and keys, and the bias."""
        query, key = self.query.to(self._dtype), self.by_head(self.key).to(self._dtype)
        scale = query.shape[-1] ** -0.5 if self.scale is None else self.scale
        return query @ key.mT * scale + self.bias()

    def weights(self) -> Float[Tensor, "... queries keys"]:
        """What values are weighed by; 0 for a query that sees no key."""
        logits = self.logits()
        # without a key to see, a softmax has neither a value nor a gradient
        blind = logits.amax(-1, keepdim=True) == float("-inf")
        return torch.softmax(logits.masked_fill(blind, 0.0), dim=-1).masked_fill(blind, 0.0)

    def by(self, weights: Float[Tensor, "... queries keys"]) -> Float[Tensor, "... queries size"]:
        """The context that weights give."""
        return weights @ self.by_head(self.value).to(weights.dtype)

    @property
    def _dtype(self) -> torch.dtype:
        """Single precision or better."""
        return torch.promote_types(self.query.dtype, torch.float32)
