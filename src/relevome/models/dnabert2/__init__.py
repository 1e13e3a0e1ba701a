"""DNABERT-2 (Zhou et al. 2023, arXiv 2306.15006) in plain PyTorch: a BERT with ALiBi and gated layers.

It reads the published checkpoints, whose config.json names code of its own, without that code, Triton or
flash-attn. Importing it enters the architecture in transformers' Auto classes.
"""

from __future__ import annotations

from relevome.models.dnabert2.config import Dnabert2Config
from relevome.models.dnabert2.heads import (
    Dnabert2ForMaskedLM,
    Dnabert2ForSequenceClassification,
    Dnabert2ForTokenClassification,
    Dnabert2Model,
)

__all__ = [
    "Dnabert2Config",
    "Dnabert2ForMaskedLM",
    "Dnabert2ForSequenceClassification",
    "Dnabert2ForTokenClassification",
    "Dnabert2Model",
]
