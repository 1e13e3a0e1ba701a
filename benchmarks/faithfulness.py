"""Faithfulness curves beside the model's own forward passes, and beside Quantus 0.6 PixelFlipping.

The share of the time that is spent in the model's forward passes: the shape of ESM-2 8M on ragged proteins,
a DNABERT-2 of 1 layer (BPE, so that all is tokenised afresh) and a CNN (64 filters) on 500 nucleotides; one
thread. Seconds of Quantus over ours, ESM-2 8M: MoRF, LeRF and two random orders in ten steps by the unknown
letter, after both gave the same curves within 1e-3. Quantus takes floats of one length, so that it needs a
wrapper from floats to ids, and proteins padded to the longest; it gets the batch size that we found best.
The proteins lie at even steps of all, by length. Shares and ratios are of the seconds that the processor
spent on this process, which others on the machine disturb less; ratios are given by the clock, too.

Target: at least 0.85 of the time in forward passes; not slower at equal lengths, and at least 1.5 times
faster on ragged proteins.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import EsmConfig, EsmForSequenceClassification, PreTrainedModel

from benchmarks import Row, Unavailable, data
from relevome.data.sequences import DNA, PROTEIN, Alphabet, Sequence
from relevome.evaluation.metrics.faithfulness import Removal, faithfulness_curves
from relevome.models.base import Model, Source, Target
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.dnabert2 import Dnabert2Config, Dnabert2ForSequenceClassification
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.results.evaluation.curves import FaithfulnessCurves

LONGEST = 1022
STEPS = Removal(shares=tuple(round(0.1 * i, 1) for i in range(11)), random_pairs=1)


def measure(quick: bool = False) -> list[Row]:
    """Shares of time, then medians of ratios with their range."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        proteins = _proteins(3, 250) if quick else _proteins(6, LONGEST)
        return [*_shares(quick, proteins), *_beside_quantus(quick, proteins)]
    finally:
        torch.set_num_threads(threads)


def _shares(quick: bool, proteins: list[Sequence]) -> list[Row]:
    nucleotides = _random(DNA, [500] * (2 if quick else 10))
    cases = {
        "ESM-2 8M, ragged proteins": Work(_esm(), proteins),
        "DNABERT-2, 1 layer": Work(_dnabert2(), nucleotides[:2]),
        "CNN": Work(_cnn(), nucleotides, Removal()),
    }
    rows = []
    for name, work in cases.items():
        work()
        rows.append(Row(f"share of time in forward passes, {name}", _forward_share(work), "at least 0.85"))
    return rows


def _beside_quantus(quick: bool, proteins: list[Sequence]) -> list[Row]:
    try:
        flipping = import_module("quantus").PixelFlipping
    except ImportError as missing:
        raise Unavailable("needs Quantus 0.6 (`pip install quantus==0.6.0`)") from missing
    model = _esm()
    length = 100 if quick else 400
    equal = _random(PROTEIN, [length] * len(proteins))
    rows = []
    for name, sequences, target in ((f"{length} residues", equal, 1.0), ("ragged proteins", proteins, 1.5)):
        ours = Work(model, sequences)
        theirs = Flipping(flipping, ours)
        if sequences is equal:
            _check(ours, theirs)
        # Passes take seconds, and the model has run at every length: there is nothing left to warm up.
        found = np.array([_seconds(theirs) / _seconds(ours) for _ in range(1 if quick else 2)])
        processor, clock = np.median(found, axis=0)
        rows += [
            Row(f"Quantus over ours, {name}", processor, f"at least {target}"),
            Row("  range of the ratios", f"{found[:, 0].min():.2f} to {found[:, 0].max():.2f}"),
            Row("  by the clock", clock),
        ]
    return rows


def _seconds(work: Callable[[], object]) -> np.ndarray:
    """How long the processor takes, and how long it takes by the clock."""
    begin = np.array([time.process_time(), time.perf_counter()])
    work()
    return np.array([time.process_time(), time.perf_counter()]) - begin


class Work:
    """Our curves of some sequences, with relevance drawn at random."""

    def __init__(self, model: Model, sequences: list[Sequence], removal: Removal = STEPS) -> None:
        draw = np.random.default_rng(1)
        self.model = model
        self.sequences = sequences
        self.removal = removal
        self.relevance = [draw.normal(size=len(sequence)) for sequence in sequences]
        for width in {len(model.tokenize(sequence)) for sequence in sequences}:
            model.rows(width)

    def __call__(self) -> list[FaithfulnessCurves]:
        targets = [Target(0, "first")] * len(self.sequences)
        found = faithfulness_curves(self.model, self.sequences, targets, self.relevance, self.removal)
        return [curves for curves in found if isinstance(curves, FaithfulnessCurves)]


class Flipping:
    """The same by Quantus: sequences of one length, or padded to that of the longest."""

    def __init__(self, metric: Callable[..., Any], ours: Work) -> None:
        model = ours.model
        step = int(np.ceil(max(map(len, ours.sequences)) / 10))
        letters = 10 * step  # Quantus asks for steps that are all alike
        self._pad, self._unknown = model.pad_id or 0, model.tokenizer.hf.get_vocab()["X"]
        self._ids = np.full((len(ours.sequences), 1, letters), float(self._pad))
        # Padding is flipped last, and stays what it is.
        self._relevance = np.full(self._ids.shape, -1e9)
        for row, (sequence, values) in enumerate(zip(ours.sequences, ours.relevance, strict=True)):
            self._ids[row, 0, : len(values)] = model.tokenize(sequence).ids
            self._relevance[row, 0, : len(values)] = values
        self._metric = metric(
            features_in_step=step, perturb_func=self._replace, abs=False,
            normalise=False, disable_warnings=True, display_progressbar=False,
        )  # fmt: skip
        self._module = _FromFloats(model.module, self._pad).eval()
        self._rows = min(model.rows(letters), len(ours.sequences))

    def __call__(self) -> list[list[list[float]]]:
        draw = np.random.default_rng(2)
        random = np.where(self._ids == self._pad, -1e9, draw.normal(size=self._ids.shape))
        least = np.where(self._ids == self._pad, -1e9, -self._relevance)
        reverse = np.where(self._ids == self._pad, -1e9, -random)
        return [self._flipped(order) for order in (self._relevance, least, random, reverse)]

    def _flipped(self, relevance: np.ndarray) -> list[list[float]]:
        with torch.inference_mode():
            return self._metric(
                model=self._module, x_batch=self._ids, y_batch=np.zeros(len(self._ids), dtype=int),
                a_batch=relevance, channel_first=True, softmax=False, device="cpu", batch_size=self._rows,
            )  # fmt: skip

    def _replace(self, arr: np.ndarray, indices: np.ndarray, **_: Any) -> np.ndarray:
        new = arr.copy()
        own = np.take_along_axis(arr, indices, 1)
        np.put_along_axis(new, indices, np.where(own == self._pad, own, self._unknown), 1)
        return new


class _FromFloats(nn.Module):
    """Ids written as floats (batch, 1, letters) to logits."""

    def __init__(self, module: nn.Module, pad: int) -> None:
        super().__init__()
        self.module = module
        self.pad = pad

    def forward(self, x: Tensor) -> Tensor:
        ids = x[:, 0].long()
        return self.module(input_ids=ids, attention_mask=(ids != self.pad).long()).logits


def _check(ours: Work, theirs: Flipping) -> None:
    morf, lerf = theirs()[:2]
    for curves, most, least in zip(ours(), morf, lerf, strict=True):
        error = max(np.abs(curves.morf[1:] - most).max(), np.abs(curves.lerf[1:] - least).max())
        if not error < 1e-3:
            raise RuntimeError(f"the curves differ from those of Quantus by {error:.1e}: expected below 1e-3")


def _forward_share(work: Work) -> float:
    """Seconds inside of the module's forward over all seconds."""
    clock = time.process_time
    begun, spent = [], []
    module = work.model.module
    hooks = [
        module.register_forward_pre_hook(lambda *_: begun.append(clock())),
        module.register_forward_hook(lambda *_: spent.append(clock() - begun[-1])),
    ]
    try:
        whole = _seconds(work)[0]
    finally:
        for hook in hooks:
            hook.remove()
    return sum(spent) / whole


def _esm() -> Model:
    """The shape of ESM-2 with 8 million parameters."""
    tokenizer = letter_tokenizer(PROTEIN)
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
    return _model(EsmForSequenceClassification, config, tokenizer, PROTEIN)


def _dnabert2() -> Model:
    tokenizer = bpe_tokenizer([sequence.letters for sequence in _random(DNA, [2000] * 50, 7)], 1024)
    config = Dnabert2Config(vocab_size=1024, num_hidden_layers=1)
    return _model(Dnabert2ForSequenceClassification, config, tokenizer, DNA)


def _cnn() -> Model:
    return _model(CnnForSequenceClassification, CnnConfig(), letter_tokenizer(DNA), DNA)


def _model(kind: type[PreTrainedModel], config: Any, tokenizer: Any, alphabet: Alphabet) -> Model:
    torch.manual_seed(0)
    source = Source("random weights", "made here")
    letters = LetterTokenizer(tokenizer, alphabet)
    return Model(kind(config).eval(), letters, "sequence", ("first", "second"), None, source)


def _random(alphabet: Alphabet, lengths: list[int], seed: int = 0) -> list[Sequence]:
    draw = np.random.default_rng(seed)
    letters = list(alphabet.letters)
    return [Sequence(f"s{i}", "".join(draw.choice(letters, n)), alphabet) for i, n in enumerate(lengths)]


def _proteins(count: int, longest: int) -> list[Sequence]:
    """Some of the globular proteins that ESM-2 takes, at even steps of all by length."""
    path = data("protein", "tmbed_globular_cv0-3.3line.fasta.gz")
    with gzip.open(path, "rt") as lines:
        letters = [line.strip() for number, line in enumerate(lines) if number % 3 == 1]
    fitting = [text for text in letters if len(text) <= longest and set(text) <= set(PROTEIN.letters)]
    fitting.sort(key=len)
    places = [(2 * i + 1) * len(fitting) // (2 * count) for i in range(count)]
    return [Sequence(f"p{i}", fitting[i], PROTEIN) for i in places]
