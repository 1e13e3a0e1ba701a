"""A table of embeddings that nothing is learnt of, as for one-hot letters."""

from __future__ import annotations

import torch
from torch import nn


class FixedEmbedding(nn.Embedding):
    """A table that is never trained: its weight is a buffer, which loading cannot make trainable again."""

    def __init__(self, tokens: int, letters: int) -> None:
        super().__init__(tokens, letters)
        del self.weight
        self.register_buffer("weight", torch.zeros(tokens, letters))
