"""Saturation mutagenesis beside tangermeme's, and beside forward passes of the same model.

Networks of other people, in windows or as whole passes, whichever is chosen by itself: five of the shapes of
tangermeme's own tests (100 letters), a Basset-like CNN, a dilated residual network, and a convolution with a
transformer; and SpliceAI's mean of five, for the middle of 5,000 letters, mutants at some places around it.
The effects are compared first.

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
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from transformers import EsmConfig, EsmForSequenceClassification

import relevome
from benchmarks import Row, data, ratios, seconds
from relevome.attribution.mutagenesis import Mutagenesis
from relevome.data.sequences import DNA, Sequence
from relevome.models.base import Batch, Model, Source, Target
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.published.spliceai import CONTEXT
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

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
            for name, (network, length) in NETWORKS.items():
                ours, theirs = _of_others(network(), length)
                found = ratios(theirs, ours, repetitions)
                rows += _rows(f"tangermeme's over ours, {name}, threads: {threads}", found, "at least 1")
            ours, forward = _transformer(50 if quick else 200)
            found = ratios(forward, ours, repetitions)
            rows += _rows(f"forward passes over ours, transformer, threads: {threads}", found, "at least 0.9")
    return rows + _spliceai(4 if quick else 20)


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


class Residual(nn.Module):
    """Convolutions of growing dilation, each added to what was before, and a mean."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(4, channels, 21, padding=10)
        self.layers = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, padding=2**i, dilation=2**i) for i in range(layers)
        )
        self.last = nn.Linear(channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x))
        for layer in self.layers:
            x = x + torch.relu(layer(x))
        return self.last(x.mean(-1))


class Hybrid(nn.Module):
    """A convolution, pooling by 8, and two layers of a transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv1d(4, 64, 15, padding=7), nn.ReLU(), nn.MaxPool1d(8))
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
        self.layers, self.last = nn.TransformerEncoder(layer, 2), nn.Linear(64, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layers(self.first(x).transpose(1, 2)).mean(1))


def _pooled(*sizes: tuple[int, int, int], last: int) -> nn.Sequential:
    """Blocks of a convolution of so many filters and a width, and pooling; a linear layer on it all."""
    layers: list[nn.Module] = []
    channels = 4
    for filters, width, pool in sizes:
        conv = nn.Conv1d(channels, filters, width, padding="same")
        layers += [conv, nn.BatchNorm1d(filters), nn.ReLU(), nn.MaxPool1d(pool)]
        channels = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(last, 32), nn.ReLU(), nn.Linear(32, 1))


def _mean() -> nn.Sequential:
    pool = nn.AdaptiveAvgPool1d(1)
    return nn.Sequential(nn.Conv1d(4, 12, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(12, 1))


def _flat() -> nn.Sequential:
    convolutions = nn.Conv1d(4, 4, 3, padding="same"), nn.ReLU(), nn.Conv1d(4, 4, 3, padding="same")
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(400, 1))


def _in_two_dimensions() -> nn.Sequential:
    convolution = nn.Sequential(nn.Unflatten(1, (1, 4)), nn.Conv2d(1, 8, (4, 3)), nn.ReLU())
    return nn.Sequential(convolution, nn.Flatten(), nn.Linear(8 * 98, 1))


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "convolution and mean, 100 letters": (_mean, 100),
    "two small convolutions, 100 letters": (_flat, 100),
    "two-dimensional convolution, 100 letters": (_in_two_dimensions, 100),
    "two convolutions with pooling, 100 letters": (lambda: _pooled((32, 3, 3), (16, 5, 3), last=176), 100),
    "a linear layer, 100 letters": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(400, 3)), 100),
    "like Basset, 600 letters": (
        lambda: _pooled((100, 19, 3), (100, 11, 4), (100, 7, 4), last=1_200), 600,
    ),
    "dilated residual, 8 layers, 1,000 letters": (lambda: Residual(64, 8), 1_000),
    "convolution and transformer, 800 letters": (Hybrid, 800),
}  # fmt: skip


def _of_others(network: nn.Module, length: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """The same for any network of one-hot letters."""
    torch.manual_seed(0)
    network.eval()
    model = relevome.from_module(network, length=length)
    draw = np.random.default_rng(0).choice(list(DNA.letters), length)
    tokens = model.tokenize(Sequence("a", "".join(draw), DNA))
    batch = Batch((tokens,), (Target(0, "0"),))
    one_hot = torch.from_numpy((draw == np.array(list(DNA.letters))[:, None]).astype(np.float32))[None]
    return _alike(model, batch, network, one_hot, 0, length)


def _alike(
    model: Model, batch: Batch, network: nn.Module, one_hot: Tensor, start: int, end: int
) -> tuple[Callable[[], object], Callable[[], object]]:
    """Mutants from ``start`` to ``end`` by us and by tangermeme; raises RuntimeError where they differ."""
    tokens, target = batch.tokens[0], batch.targets[0]
    ids = np.array(model.tokenizer.letter_ids())
    places, letters = (part.ravel() for part in np.mgrid[start:end, 0:4])
    others = ids[letters] != tokens.ids[places]

    def ours() -> np.ndarray:
        with model.frozen(), torch.inference_mode():
            return model.substituted_scores(tokens, target, places[others], ids[letters][others])

    def theirs(size: int) -> Tensor:
        verb = import_module("tangermeme.saturation_mutagenesis")
        with patch.multiple(verb, _FAST_MIN_SECONDS=0.0, _FAST_MAX_RELATIVE_TIME=inf):
            _, mutants = verb.saturation_mutagenesis(
                network, one_hot, start=start, end=end, raw_outputs=True, batch_size=size, fast=True,
                device="cpu",
            )  # fmt: skip
        return mutants[0, ..., target.index].T

    expected = theirs(128).numpy().ravel()[others]
    error = np.abs(ours() - expected).max() / max(1.0, np.abs(expected).max())
    if not error < 1e-5:
        raise RuntimeError(f"the effects differ from tangermeme's by {error:.1e}: expected less than 1e-5")
    if start:
        return ours, lambda: theirs(128)
    size = min((32, 128, 512), key=lambda size: seconds(lambda: theirs(size)))
    return ours, lambda: theirs(size)


class _AtOneLetter(nn.Module):
    """The logits of a network for one letter, with context of nothing on either side."""

    def __init__(self, network: nn.Module, letter: int, context: int) -> None:
        super().__init__()
        self.network, self.letter, self.context = network, letter, context

    def forward(self, x: Tensor) -> Tensor:
        padded = nn.functional.pad(x, (self.context, self.context)).transpose(1, 2)
        return self.network(padded)[:, self.letter]


def _spliceai(places: int) -> list[Row]:
    """SpliceAI for the letter in the middle of 5,000; two threads, once."""
    folder = data("..", "models", "spliceai")
    model = relevome.load_model(folder, device="cpu")
    draw = np.random.default_rng(0).choice(list(DNA.letters), 5_000)
    tokens = model.tokenize(Sequence("a", "".join(draw), DNA))
    batch = Batch((tokens,), (Target(2, "donor", 2_500),))
    network = _AtOneLetter(cast(Any, model.module).module, 2_500, CONTEXT).eval()
    one_hot = torch.from_numpy((draw == np.array(list(DNA.letters))[:, None]).astype(np.float32))[None]
    with _threads(2):
        ours, theirs = _alike(model, batch, network, one_hot, 2_500 - places // 2, 2_500 + places // 2)
        found = seconds(theirs) / seconds(ours)
    return [Row(f"tangermeme's over ours, SpliceAI, {places} places of 5,000 letters", found, "at least 1")]


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
