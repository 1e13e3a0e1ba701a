"""Saturation mutagenesis beside tangermeme's, and beside forward passes of the same model.

A CNN (64 filters of 11, 64 of 7, pooling by 2 twice, maximum over positions) on 40 sequences of 2,000 letters
and 100 of 500: seconds of tangermeme's over ours, after both gave the same effects within 1e-4. Tangermeme
gets the fastest of three batch sizes, and its fast path also where it would not try. A transformer of the
shape of ESM-2 8M on one sequence of 200 letters: seconds of plain forward passes of as many sequences as it
has mutants, at the batch size that the program found best, over ours. Each with one and with two threads.

Target: not slower than tangermeme's, and at least 0.9 of the forward throughput.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from math import inf
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from transformers import EsmConfig, EsmForSequenceClassification

from benchmarks import Row, ratios, seconds
from relevome.attribution.mutagenesis import Mutagenesis
from relevome.data.sequences import DNA, Sequence
from relevome.models.base import Batch, Model, Source, Target
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokens import LetterTokenizer

THREADS = (1, 2)


def measure(quick: bool = False) -> list[Row]:
    """Medians of ratios, and the middle half of them."""
    repetitions = 3 if quick else 7
    rows = []
    for threads in THREADS:
        with _threads(threads):
            for count, length in ((4, 2000), (10, 500)) if quick else ((40, 2000), (100, 500)):
                ours, theirs = _tangermeme(count, length)
                name = f"tangermeme's over ours, {count} x {length:,} letters, threads: {threads}"
                rows += _rows(name, ratios(theirs, ours, repetitions), "at least 1")
            ours, forward = _transformer(50 if quick else 200)
            found = ratios(forward, ours, repetitions)
            rows += _rows(f"forward passes over ours, transformer, threads: {threads}", found, "at least 0.9")
    return rows


def _rows(name: str, found: np.ndarray, target: str) -> list[Row]:
    middle = "{:.2f} to {:.2f}".format(*np.quantile(found, [0.25, 0.75]))
    return [Row(name, float(np.median(found)), target), Row("  middle half of the ratios", middle)]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _tangermeme(count: int, length: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """Our mutagenesis of a CNN and tangermeme's, the latter at its best batch size."""
    torch.manual_seed(0)
    module = CnnForSequenceClassification(CnnConfig()).eval()
    model, batch = _model_and_batch(module, letter_tokenizer(DNA), count, length)
    plain = OneHotCnn(module)
    ids = torch.from_numpy(np.stack([tokens.ids for tokens in batch.tokens]))
    one_hot = module.embedding(ids).transpose(1, 2).contiguous()

    def theirs(size: int) -> Tensor:
        verb = import_module("tangermeme.saturation_mutagenesis")
        with patch.multiple(verb, _FAST_MIN_SECONDS=0.0, _FAST_MAX_RELATIVE_TIME=inf):
            wild, mutants = verb.saturation_mutagenesis(
                plain, one_hot, raw_outputs=True, batch_size=size, fast=True, device="cpu"
            )
        return (mutants - wild[:, None, None])[..., 0].transpose(1, 2)

    found = Mutagenesis().attribute(model, batch)
    expected = theirs(128)
    error = max(np.abs(a.letter_scores - b.numpy()).max() for a, b in zip(found, expected, strict=True))
    if not error < 1e-4:
        raise RuntimeError(f"the effects differ from tangermeme's by {error:.1e}: expected less than 1e-4")
    size = min((32, 128, 512), key=lambda size: seconds(lambda: theirs(size)))
    return lambda: Mutagenesis().attribute(model, batch), lambda: theirs(size)


class OneHotCnn(nn.Module):
    """The same CNN as tangermeme takes it: one-hot letters (batch, 4, positions) to logits."""

    def __init__(self, module: CnnForSequenceClassification) -> None:
        super().__init__()
        first, second = module.convolutions
        pool = nn.MaxPool1d(2, ceil_mode=True)
        self.blocks = nn.Sequential(first, nn.ReLU(), pool, second, nn.ReLU(), pool)
        self.head = nn.Sequential(module.hidden, nn.ReLU(), module.classifier)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(x).amax(-1))


def _transformer(length: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """Our mutagenesis of one sequence, and plain forward passes of as many sequences."""
    torch.manual_seed(0)
    tokenizer = letter_tokenizer(DNA, specials=True)
    vocabulary = tokenizer.get_vocab()
    config = EsmConfig(
        vocab_size=len(vocabulary),
        hidden_size=320,
        num_hidden_layers=6,
        num_attention_heads=20,
        intermediate_size=1280,
        max_position_embeddings=1026,
        position_embedding_type="rotary",
        mask_token_id=vocabulary["[MASK]"],
        pad_token_id=vocabulary["[PAD]"],
    )
    model, batch = _model_and_batch(EsmForSequenceClassification(config).eval(), tokenizer, 1, length)
    rows, mutants = model.rows(batch.width), 3 * length

    def forward() -> None:
        with torch.inference_mode():
            for first in range(0, mutants, rows):
                ids = torch.from_numpy(batch.tokens[0].ids).repeat(min(rows, mutants - first), 1)
                model.module(input_ids=ids, attention_mask=torch.ones_like(ids))

    return lambda: Mutagenesis().attribute(model, batch), forward


def _model_and_batch(module: nn.Module, tokenizer: Any, count: int, length: int) -> tuple[Model, Batch]:
    source = Source("random weights", "letters")
    model = Model(module, LetterTokenizer(tokenizer, DNA), "sequence", ("score",), None, source)
    draw = np.random.default_rng(0).choice(list(DNA.letters), (count, length))
    sequences = [Sequence(f"s{i}", "".join(row), DNA) for i, row in enumerate(draw)]
    tokens = tuple(model.tokenize(sequence) for sequence in sequences)
    return model, Batch(tokens, (Target(0, "score"),) * count)
