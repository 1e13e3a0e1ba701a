"""What AttnLRP costs beyond a plain forward and backward pass to the embeddings of the same model.

Two shapes with random weights: ESM-2 8M with 8 sequences of 256 tokens, and BERT-base with 4 of 128; fused
attention, parameters frozen. Seconds are medians of ratios measured in turns. Memory is what one pass adds to
the resident set of a fresh process at its peak.

Target: at most 1.05 times the seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    EsmConfig,
    EsmForSequenceClassification,
)

from benchmarks import Row, peak_memory, ratios
from relevome.attribution.embeddings import leaf
from relevome.attribution.lrp.engine import Rules


def esm2_8m() -> nn.Module:
    """The shape of facebook/esm2_t6_8M_UR50D, with a head for two classes."""
    config = EsmConfig(
        vocab_size=33,
        hidden_size=320,
        num_hidden_layers=6,
        num_attention_heads=20,
        intermediate_size=1280,
        max_position_embeddings=1026,
        position_embedding_type="rotary",
        token_dropout=True,
        mask_token_id=32,
        pad_token_id=1,
    )
    return EsmForSequenceClassification(config)


def bert_base() -> nn.Module:
    """The shape of bert-base, with a head for two classes."""
    return BertForSequenceClassification(BertConfig())


# Name, how it is made, sequences, tokens.
SHAPES: tuple[tuple[str, Callable[[], nn.Module], int, int], ...] = (
    ("ESM-2 8M, 8 x 256", esm2_8m, 8, 256),
    ("BERT-base, 4 x 128", bert_base, 4, 128),
)


def measure(quick: bool = False) -> list[Row]:
    """Seconds and memory of both passes, as ratios."""
    rows = []
    for name, make, sequences, length in SHAPES:
        plain, relevance = passes(make, sequences, length)
        found = ratios(relevance, plain, 5 if quick else 31)
        rows += [
            Row(f"{name}, seconds", float(np.median(found)), "at most 1.05"),
            Row(
                f"{name}, middle half of the ratios",
                "{:.3f} to {:.3f}".format(*np.quantile(found, [0.25, 0.75])),
            ),
        ]
    return rows


def passes(make: Callable[[], nn.Module], sequences: int, length: int) -> tuple[Callable[[], Tensor], ...]:
    """The plain pass and that under the rules, each giving the gradient to the embeddings."""
    torch.manual_seed(0)
    model = make().eval().requires_grad_(False)
    ids = torch.randint(5, 24, (sequences, length))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    embedding = model.get_input_embeddings()

    def run(rules: Callable[[], AbstractContextManager[Any]]) -> Tensor:
        with leaf(embedding) as seen, rules():
            score = model(**inputs).logits[:, 1].sum()
        return torch.autograd.grad(score, seen.tensor)[0]

    return lambda: run(nullcontext), lambda: run(Rules)
