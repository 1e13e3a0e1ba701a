"""A small transformer on single letters: convolutions that see motifs, rotary positions, a head over letters.

Importing it enters the architecture in transformers' Auto classes.
"""

from __future__ import annotations

from relevome.models.transformer.config import TransformerConfig
from relevome.models.transformer.heads import (
    TransformerForMaskedLM,
    TransformerForSequenceClassification,
    TransformerForTokenClassification,
    TransformerModel,
)

__all__ = [
    "TransformerConfig",
    "TransformerForMaskedLM",
    "TransformerForSequenceClassification",
    "TransformerForTokenClassification",
    "TransformerModel",
]
