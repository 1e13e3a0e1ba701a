"""What it takes to explain a genome and a proteome: measured rates, and the rest on paper.

Measured, with random weights and one thread: the GFLOP/s that AttnLRP reaches by the processor's seconds, and
their share of what the same core makes of products of large matrices. Of DNABERT-2 117M (8 windows of 512
letters, 102 tokens each) and ESM-2 8M (4 proteins of 558 letters) it is the whole model, of ESM-2 650M and 3B
two layers of the true width: nothing of that size is run. Bytes on disk are those of one whole part that
`relevome.explain` writes, of random letters by small models of the same kinds. Operations are a formula of
the sizes, which is what torch counts where it does (`tests/benchmarks/test_genome_scale.py`).

On paper, core-hours = operations / (share x GFLOP/s of a core), assuming that

- the human genome has 3.1 Gb, all of it letters that the model takes, one strand; windows of 512 letters are
  side by side or overlap by half. An encoding of 4,096 byte pairs learnt from windows of human genes makes
  101.7 tokens of others of them, two special ones included: taken are 102;
- there are 20,400 human proteins of 558 letters on average, as UniProt's reviewed human proteome
  (UP000005640) has about; lengths are lognormal with a median of 415. That proteome as of 2016-04-03, counted
  in the copy that the R package canprot holds, has 21,006 proteins, mean 545, median 404, 10.9% of them
  longer than 1,022 letters with 34% of all letters;
- proteins longer than the 1,022 letters that ESM-2 takes are cut into windows that overlap by half, as
  `--long window` does;
- many layers of a width reach the share that two of them do, and shares stay on a faster core;
- what `explain` does around the model is left out: `end_to_end` measures it;
- every worker has room for the weights, 2.6 GB (650M) and 11.4 GB (3B) in float32; starting up, reading them
  and stragglers are left out; disk is without `--heads`, and keeps all overlapping windows.

Target: none; it says what to ask a cluster for. `relevome explain --plan` says it of your own model and data.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from scipy.stats import norm
from transformers import PreTrainedModel

import relevome
from benchmarks import Row
from benchmarks._hardware import gflops, one_thread, reached
from benchmarks.attnlrp import Passes, dnabert2, esm2, esm2_8m
from benchmarks.end_to_end import fasta_of, model_of, random_sequences
from relevome.data.sequences import DNA, PROTEIN
from relevome.models.base import Model
from relevome.models.dnabert2 import Dnabert2Config, Dnabert2ForSequenceClassification
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

GENOME, WINDOW, TOKENS = 3_100_000_000, 512, 102
PROTEINS, MEAN, MEDIAN, LONGEST = 20_400, 558, 415, 1_022
SPECIAL = 2  # tokens of ESM-2 before and after the letters; those of DNABERT-2 are among the 102
FAST = 150.0  # GFLOP/s of a core to compare with


@dataclass(frozen=True)
class Sizes:
    """Of a transformer: each layer has four matrices of channels, and some between channels and ``inner``."""

    layers: int
    channels: int
    heads: int
    inner: int
    inner_matrices: int = 2

    def operations(self, tokens: Int[np.ndarray, " sequences"] | float) -> float:
        """Of passes forward and back to the embeddings, of all sequences, with a head for two classes.

        Each product with a matrix is done once either way; of attention two products of tokens with tokens
        forward, and five back.
        """
        n, channels = np.asarray(tokens, dtype=np.float64), self.channels
        matrices = 4 * channels**2 + self.inner_matrices * channels * self.inner
        head = channels**2 + 2 * channels
        return float((4 * (self.layers * matrices * n + head) + 14 * self.layers * channels * n**2).sum())


DNABERT2 = Sizes(12, 768, 12, 3072, inner_matrices=3)
ESM2 = {
    "ESM-2 8M": Sizes(6, 320, 20, 1280),
    "ESM-2 650M": Sizes(33, 1280, 20, 5120),
    "ESM-2 3B": Sizes(36, 2560, 40, 10240),
}


@dataclass(frozen=True)
class Work:
    """What a genome or proteome is for one model: operations, sequences or windows, and their letters."""

    operations: float
    sequences: int
    letters: int

    def core_hours(self, rate: float) -> float:
        """At so many GFLOP/s reached by a core."""
        return self.operations / (rate * 1e9) / 3600


def measure(quick: bool = False) -> list[Row]:
    """Rates, then core-hours and disk of five workloads."""
    with one_thread():
        core = gflops()
        found = {name: _reached(*shape, 1 if quick else 3) for name, shape in MEASURED.items()}
        disk = {name: bytes_of_a_letter(make(), *size) for name, (make, *size) in RUNS.items()}
    share = {name: one[1] for name, one in found.items()}
    work = {
        "genome, windows side by side": ("DNABERT-2 117M", genome(WINDOW), disk["DNA"]),
        "genome, windows overlapping by half": ("DNABERT-2 117M", genome(WINDOW // 2), disk["DNA"]),
        **{f"proteome by {name}": (name, proteome(ESM2[name]), disk["protein"]) for name in ESM2},
    }
    return [
        Row("GFLOP/s of one core, float32 products", core),
        *(row for name, one in found.items() for row in _rates(name, *one)),
        *(Row(f"{name}: bytes on disk for each letter", size) for name, size in disk.items()),
        *(
            row
            for what, (name, asked, size) in work.items()
            for row in on_paper(what, asked, share[name], core, size)
        ),
    ]


def _reached(
    make: Callable[[], PreTrainedModel],
    run: Sizes,
    sequences: int,
    tokens: int,
    whole: Sizes,
    repetitions: int,
) -> tuple[float, float, float]:
    """GFLOP/s of a core, their share, and sequences a second of the whole model."""
    work = Passes(make, sequences, tokens).attnlrp
    rate, share = reached(work, round(sequences * run.operations(tokens)), repetitions)
    return rate, share, rate * 1e9 / whole.operations(tokens)


def bytes_of_a_letter(model: Model, count: int, letters: int) -> float:
    """What one part of a run takes, from so many random sequences."""
    with tempfile.TemporaryDirectory() as name:
        fasta = fasta_of(Path(name) / "all.fa", random_sequences(model.alphabet, (letters, letters), count))
        relevome.explain(model, fasta, "attnlrp", target=1, out=Path(name) / "run", batch_size=16)
        (part,) = (Path(name) / "run").glob("part-*")
        return part.stat().st_size / (count * letters)


def genome(stride: int) -> Work:
    """Windows of the human genome through DNABERT-2 117M."""
    windows = ceil((GENOME - WINDOW) / stride) + 1
    return Work(windows * DNABERT2.operations(TOKENS), windows, windows * WINDOW)


def proteome(sizes: Sizes) -> Work:
    """Human proteins through ESM-2 of these sizes."""
    every = np.concatenate([pieces(int(length)) for length in lengths()])
    return Work(sizes.operations(every + SPECIAL), len(every), int(every.sum()))


def lengths() -> Int[np.ndarray, " proteins"]:
    """Of human proteins: quantiles of a lognormal distribution with their mean and median."""
    sigma = np.sqrt(2 * np.log(MEAN / MEDIAN))
    quantiles = (np.arange(PROTEINS) + 0.5) / PROTEINS
    return np.round(MEDIAN * np.exp(sigma * norm.ppf(quantiles))).astype(int)


def pieces(letters: int, longest: int = LONGEST) -> Int[np.ndarray, " windows"]:
    """Letters of the windows that ``--long window`` makes of a sequence: they overlap by half."""
    starts = np.arange(0, max(letters - longest, 0) + longest // 2, longest // 2)
    return np.minimum(letters - starts, longest)


def _rates(name: str, rate: float, share: float, sequences: float) -> Iterator[Row]:
    yield Row(f"{name}: GFLOP/s of a core", rate)
    yield Row("    share of what a core can", share)
    yield Row("    sequences a second of a core", sequences)


def on_paper(name: str, work: Work, share: float, core: float, disk: float) -> Iterator[Row]:
    """Core-hours at this core and at a fast one, and disk."""
    yield Row(f"{name}: windows or proteins", f"{work.sequences:,}")
    yield Row("    PFLOP in all", f"{work.operations / 1e15:,.1f}")
    yield Row(f"    core-hours at {core:.0f} GFLOP/s", f"{work.core_hours(share * core):,.0f}")
    yield Row(f"    core-hours at {FAST:.0f} GFLOP/s", f"{work.core_hours(share * FAST):,.0f}")
    yield Row("    GB on disk", f"{work.letters * disk / 1e9:,.2f}")


def _small_dna() -> Model:
    torch.manual_seed(0)
    learnt = random_sequences(DNA, (2000, 2000), 50)
    tokenizer = bpe_tokenizer([one.letters for one in learnt], 4096)
    config = Dnabert2Config(
        vocab_size=4096, hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48
    )
    return model_of(Dnabert2ForSequenceClassification(config), LetterTokenizer(tokenizer, DNA))


def _small_protein() -> Model:
    torch.manual_seed(0)
    return model_of(esm2(1, 32, 2), LetterTokenizer(letter_tokenizer(PROTEIN, specials=True), PROTEIN))


MEASURED: dict[str, tuple[Callable[[], PreTrainedModel], Sizes, int, int, Sizes]] = {
    "DNABERT-2 117M": (dnabert2, DNABERT2, 8, TOKENS, DNABERT2),
    "ESM-2 8M": (esm2_8m, ESM2["ESM-2 8M"], 4, MEAN + SPECIAL, ESM2["ESM-2 8M"]),
    **{
        name: (partial(esm2, 2, one.channels, one.heads), replace(one, layers=2), 1, MEAN + SPECIAL, one)
        for name, one in ESM2.items()
        if name != "ESM-2 8M"
    },
}
# each makes one whole part, of 65,536 letters at most
RUNS = {"DNA": (_small_dna, 128, WINDOW), "protein": (_small_protein, 117, MEAN)}
