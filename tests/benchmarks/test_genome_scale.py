from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from benchmarks._hardware import flops
from benchmarks.attnlrp import Passes, esm2
from benchmarks.genome_scale import (
    ESM2,
    GENOME,
    MEAN,
    MEDIAN,
    PROTEINS,
    SPECIAL,
    WINDOW,
    Sizes,
    Work,
    _small_protein,
    genome,
    lengths,
    on_paper,
    pieces,
)
from relevome.data.sequences import PROTEIN, Sequence
from relevome.models.dnabert2 import Dnabert2Config, Dnabert2ForSequenceClassification
from relevome.models.long_sequences import windows


@pytest.mark.parametrize("which", ["plain", "attnlrp"])
@pytest.mark.parametrize("tokens", [7, 30])
def test_operations_of_esm2_are_what_torch_counts(tokens: int, which: str) -> None:
    passes = Passes(partial(esm2, 3, 32, 2), 2, tokens)
    assert flops(getattr(passes, which)) == 2 * Sizes(3, 32, 2, 128).operations(tokens)


def test_operations_of_dnabert2_are_what_torch_counts() -> None:
    config = Dnabert2Config(
        vocab_size=50, hidden_size=24, num_hidden_layers=3, num_attention_heads=2, intermediate_size=40
    )
    passes = Passes(
        lambda: Dnabert2ForSequenceClassification._from_config(config, attn_implementation="sdpa"), 2, 9
    )
    assert flops(passes.attnlrp) == 2 * Sizes(3, 24, 2, 40, inner_matrices=3).operations(9)


def test_sizes_have_the_parameters_of_the_published_models() -> None:
    found = {
        name: one.layers * (4 * one.channels**2 + one.inner_matrices * one.channels * one.inner) / 1e6
        for name, one in ESM2.items()
    }
    # what is left is embeddings, biases and norms
    assert found == pytest.approx({"ESM-2 8M": 7.4, "ESM-2 650M": 649, "ESM-2 3B": 2831}, rel=0.01)


@pytest.mark.parametrize("letters", [1, 9, 10, 11, 15, 16, 40, 43])
def test_long_proteins_are_cut_as_the_product_cuts_them(letters: int) -> None:
    model = _small_protein()
    model.max_tokens = 10 + SPECIAL
    every = windows(model, Sequence("long", "ACDEFGHIKL" * 5, PROTEIN).window(0, letters))
    assert pieces(letters, longest=10).tolist() == [len(window) for window in every]


def test_the_genome_is_covered_once_or_twice() -> None:
    once, twice = genome(WINDOW), genome(WINDOW // 2)
    assert GENOME <= once.letters < GENOME + WINDOW
    assert once.sequences == 6_054_688  # 3.1e9 / 512, rounded up
    assert twice.sequences == 12_109_374
    assert twice.operations / once.operations == pytest.approx(twice.sequences / once.sequences)


def test_proteins_have_the_mean_and_median_that_are_assumed() -> None:
    found = lengths()
    assert len(found) == PROTEINS
    assert found.mean() == pytest.approx(MEAN, abs=0.5)
    assert np.median(found) == MEDIAN
    assert 0.10 < (found > 1022).mean() < 0.13


def test_paper_agrees_with_arithmetic_by_hand() -> None:
    work = Work(operations=36e15, sequences=1_000, letters=2_000_000)
    # 36e15 / (0.5 x 100e9) = 720,000 s; at 150 GFLOP/s 480,000 s; 2e6 letters x 6 bytes
    rows = {row.name.strip(): row.value for row in on_paper("all", work, share=0.5, core=100.0, disk=6.0)}
    assert rows == {
        "all: windows or proteins": "1,000",
        "PFLOP in all": "36.0",
        "core-hours at 100 GFLOP/s": "200",
        "core-hours at 150 GFLOP/s": "133",
        "GB on disk": "0.01",
    }
