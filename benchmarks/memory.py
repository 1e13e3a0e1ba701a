"""Whether memory stays the same however many sequences are explained.

``explain`` by AttnLRP, 64 sequences at once, of the CNN on 500 and on 50,000 sequences of 100 letters, three
times each and each in a process of its own. Memory is what is added at its peak to the resident set of the
process with the model loaded.

Target: for 50,000 sequences at most 1.1 times that for 500, medians.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

import relevome
from benchmarks import Row, added_memory, in_fresh_process
from relevome.data.sequences import DNA
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.own_tokenizers import letter_tokenizer

LENGTH = 100


def measure(quick: bool = False) -> list[Row]:
    """Added memory for few and for many sequences."""
    counts = few, many = 500, 5_000 if quick else 50_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = _save_model(folder / "model")
        for count in counts:
            _save_fasta(folder / f"{count}.fasta", count)
        added = {count: [_added(model, folder / f"{count}.fasta") for _ in range(3)] for count in counts}
    ratio = float(np.median(added[many]) / np.median(added[few]))
    return [
        *(Row(f"{n:,} sequences, MiB on top of the model", _all(found)) for n, found in added.items()),
        Row(f"{many:,} sequences over {few:,}", ratio, "at most 1.1"),
    ]


def _all(found: list[float]) -> str:
    return ", ".join(f"{mib:.1f}" for mib in sorted(found))


def _added(model: Path, fasta: Path) -> float:
    return in_fresh_process(_explain, model, fasta)


def _explain(model: Path, fasta: Path) -> float:
    loaded = relevome.load_model(model)
    return added_memory(lambda: relevome.explain(loaded, fasta, "attnlrp", batch_size=64))


def _save_model(folder: Path) -> Path:
    torch.manual_seed(0)
    CnnForSequenceClassification(CnnConfig(pooling="flatten", sequence_length=LENGTH)).save_pretrained(folder)
    letter_tokenizer(DNA).save_pretrained(folder)
    return folder


def _save_fasta(path: Path, count: int) -> None:
    letters = np.random.default_rng(0).choice(list(DNA.letters), (count, LENGTH))
    path.write_text("".join(f">sequence{i}\n{''.join(row)}\n" for i, row in enumerate(letters)))
