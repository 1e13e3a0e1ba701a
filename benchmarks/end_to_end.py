"""How much of the time of an explanation, from FASTA to Parquet, the model itself takes.

`relevome.explain` by AttnLRP, from a file of sequences to a run folder, beside a bare loop over the same
sequences that does nothing but plain forward and backward passes to the embeddings: tokenised beforehand,
sorted by length, in batches of as many rows as are fastest of those that are tried. Both with the model
loaded, in turns within one process. GFLOP/s are the operations of the bare loop over the processor's seconds
of `explain`, beside what a core makes of products of large matrices.

Target: seconds of the bare loop over those of `explain` at least 0.90 for transformers, 0.80 for a CNN of 500
letters, 0.60 for one of 100.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

import relevome
from benchmarks import Row, ratios, seconds
from benchmarks._hardware import flops, gflops, processor_seconds
from benchmarks.attnlrp import dnabert2, esm2_8m
from relevome.attribution.embeddings import gradients
from relevome.data.sequences import DNA, PROTEIN, Alphabet, Sequence
from relevome.models.annotator import AnnotatorConfig, AnnotatorForTokenClassification
from relevome.models.base import Batch, Model, Source
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.models.questions import Task
from relevome.models.targets import resolve_targets
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

ROWS = (2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True)
class Case:
    """A model, sequences of so many letters (least and most), the share to reach, and perhaps one letter."""

    model: Callable[[], Model]
    letters: tuple[int, int]
    sequences: int
    target: float
    position: int | None = None


def measure(quick: bool = False) -> list[Row]:
    """The share for every shape."""
    return [row for name, case in CASES.items() for row in measured(name, case, 8 if quick else 1)]


def measured(name: str, case: Case, fewer: int = 1, repetitions: int = 3) -> Iterator[Row]:
    """The share for one shape, with that many times fewer sequences."""
    model = case.model()
    drawn = random_sequences(model.alphabet, case.letters, max(64, case.sequences // fewer))
    loop = BareLoop(model, drawn, case.position)
    rows = loop.fastest()
    with tempfile.TemporaryDirectory() as folder:
        fasta = fasta_of(Path(folder) / "sequences.fasta", drawn)

        def explain() -> None:
            relevome.explain(model, fasta, "attnlrp", target=1, position=case.position,
                             out=Path(folder) / "run", overwrite=True)  # fmt: skip

        taken: list[float] = []
        found = 1 / ratios(
            lambda: taken.append(processor_seconds(explain)), lambda: loop.all(rows), repetitions
        )
    title = f"{name}, {len(drawn):,} sequences, {rows} rows in the bare loop"
    yield Row(title, float(np.median(found)), f"at least {case.target}")
    yield Row("    least and largest", f"{found.min():.3f} to {found.max():.3f}")
    rate = flops(lambda: loop.all(rows)) / float(np.median(taken[1:])) / 1e9
    yield Row("    GFLOP/s of a core", rate)
    yield Row("    share of what a core can", rate / gflops())


class BareLoop:
    """Plain passes over sequences that are tokenised and sorted by length."""

    def __init__(self, model: Model, sequences: list[Sequence], position: int | None) -> None:
        self._model = model
        self._tokens = sorted((model.tokenize(one) for one in sequences), key=len, reverse=True)
        (self._target,) = resolve_targets(model, 1, position=position)

    def all(self, rows: int) -> None:
        """Every sequence, so many at once."""
        self._some(self._tokens, rows)

    def fastest(self) -> int:
        """As many rows as are fastest for a part of the sequences."""
        some = self._tokens[:: max(1, len(self._tokens) // 128)]
        self._some(some, ROWS[0])
        taken = {rows: min(seconds(lambda n=rows: self._some(some, n)) for _ in range(2)) for rows in ROWS}
        return min(taken, key=lambda rows: taken[rows])

    def _some(self, tokens: list, rows: int) -> None:
        for first in range(0, len(tokens), rows):
            part = tuple(tokens[first : first + rows])
            gradients(self._model, Batch(part, (self._target,) * len(part)), "word")


def random_sequences(alphabet: Alphabet, letters: tuple[int, int], count: int) -> list[Sequence]:
    """So many of so many letters, least and most, the same each time."""
    draw = np.random.default_rng(0)
    lengths = draw.integers(*letters, count, endpoint=True)
    every = list(alphabet.letters)
    return [Sequence(f"s{i}", "".join(draw.choice(every, n)), alphabet) for i, n in enumerate(lengths)]


def fasta_of(path: Path, sequences: Iterable[Sequence]) -> Path:
    """The file, with the sequences in it."""
    path.write_text("".join(f">{one.id}\n{one.letters}\n" for one in sequences))
    return path


def model_of(module: torch.nn.Module, tokenizer: LetterTokenizer, task: Task = "sequence") -> Model:
    """A module with random weights and two outputs, as relevome holds a model."""
    module.eval()
    return Model(module, tokenizer, task, ("first", "second"), None, Source("random weights", "made here"))


def _esm2() -> Model:
    torch.manual_seed(0)
    return model_of(esm2_8m(), LetterTokenizer(letter_tokenizer(PROTEIN, specials=True), PROTEIN))


def _bert_base() -> Model:
    torch.manual_seed(0)
    module = BertForSequenceClassification(BertConfig())
    return model_of(module, LetterTokenizer(letter_tokenizer(PROTEIN, specials=True), PROTEIN))


def _dnabert2() -> Model:
    torch.manual_seed(0)
    learnt = random_sequences(DNA, (2000, 2000), 50)
    return model_of(dnabert2(), LetterTokenizer(bpe_tokenizer([one.letters for one in learnt], 4096), DNA))


def _annotator() -> Model:
    torch.manual_seed(0)
    module = AnnotatorForTokenClassification(AnnotatorConfig(**AnnotatorConfig.small))
    return model_of(module, LetterTokenizer(letter_tokenizer(DNA), DNA), "token")


def _cnn(pooling: str, length: int) -> Callable[[], Model]:
    def made() -> Model:
        torch.manual_seed(0)
        module = CnnForSequenceClassification(CnnConfig(pooling=pooling, sequence_length=length))
        return model_of(module, LetterTokenizer(letter_tokenizer(DNA), DNA))

    return made


CASES = {
    "CNN, 100 letters": Case(_cnn("flatten", 100), (100, 100), 10_000, 0.60),
    "CNN, 500 letters": Case(_cnn("flatten", 500), (500, 500), 2_000, 0.80),
    "annotator, 512 letters": Case(_annotator, (512, 512), 2_000, 0.90, 256),
    "ESM-2 8M, 50 to 600 residues": Case(_esm2, (50, 600), 2_000, 0.90),
    "BERT-base, 126 residues": Case(_bert_base, (126, 126), 2_000, 0.90),
    "DNABERT-2 117M, 600 letters": Case(_dnabert2, (600, 600), 2_000, 0.90),
}
