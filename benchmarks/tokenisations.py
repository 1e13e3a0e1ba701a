"""Whether averaging over tokenisations or offsets points at letters, where tokens have several of them.

Promoters are simulated as in the demo (80 letters with one decoy, -10 ends at letter 70), more of them, and
a byte-pair encoding of 128 tokens is learnt from the training table. A small transformer learns to tell
them from shuffles, once from the encoding's own tokens and once with BPE dropout 0.1; of 20 epochs the best
on the validation table is kept. 150 promoters of the test table are explained by the own tokens (each letter
gets an equal share of its token), by 10 tokenisations (own and 9 draws at dropout 0.1) and by 8 offsets, and
compared with what was planted. Figures are means over promoters of all seeds with 95% bootstrap intervals;
gains are over the own tokens, in pairs.

Target: where the model was trained with dropout, 10 tokenisations gain in AUROC and average precision.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

import relevome
from benchmarks import Row, in_fresh_process
from relevome.data.inputs import from_fasta
from relevome.data.sequences import DNA, Sequence
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import promoter_grammar
from relevome.data.simulation.sequence_files import write_simulation
from relevome.data.simulation.sequences import SimulationPlan
from relevome.data.sites import read_sites
from relevome.evaluation.measurement import evaluate_run
from relevome.evaluation.statistics import bootstrap_interval
from relevome.jobs.demo import END_OF_BOX, LENGTH, TRANSFORMER
from relevome.jobs.train import train
from relevome.models.own_tokenizers import bpe_tokenizer
from relevome.training.settings import TrainingSettings

SEQUENCES = 6000
TOKENS = 128
EPOCHS = 20  # with other tokens in every epoch it learns half as fast
EXPLAINED = 150
DROPOUT = 0.1

# Tokens have no fixed place in a sequence, so distances serve better than places.
ARCHITECTURE = TRANSFORMER | {"position_embedding_type": "rotary"}
METHODS = ("attnlrp", "integrated-gradients")
READINGS: dict[str, dict[str, Any]] = {
    "own tokens": {},
    "10 tokenisations": {"tokenisations": 10, "tokenisation_dropout": DROPOUT},
    "8 offsets": {"offsets": 8},
}
METRICS = ("auroc", "average-precision")


class Case(NamedTuple):
    """What is compared: the dropout of the training, the method, the readings, the metric."""

    dropout: float
    method: str
    readings: str
    metric: str


def measure(quick: bool = False) -> list[Row]:
    """Train with and without dropout, explain in every way, and score it against the truth."""
    aurocs: dict[float, list[float]] = {}
    values: dict[Case, list[float]] = {}
    for seed in range(1 if quick else 3):
        for dropout in (0.0, DROPOUT):
            auroc, found = in_fresh_process(one_model, seed, dropout)
            aurocs.setdefault(dropout, []).append(auroc)
            for case, scores in found.items():
                values.setdefault(case, []).extend(scores)
    rows = [
        Row(f"trained with dropout {dropout:g}, AUROC on test", ", ".join(f"{x:.3f}" for x in found))
        for dropout, found in aurocs.items()
    ]
    return rows + [row for case in values for row in _rows(case, values)]


def _rows(case: Case, values: dict[Case, list[float]]) -> Iterator[Row]:
    name = f"dropout {case.dropout:g}, {case.method}, {case.readings}, {case.metric}"
    yield Row(name, _interval(values[case]))
    own = case._replace(readings="own tokens")
    if case != own:
        target = "above 0" if case.dropout and case.readings == "10 tokenisations" else ""
        yield Row("  gain", _interval(np.subtract(values[case], values[own]).tolist()), target)


def _interval(values: list[float]) -> str:
    return "{:.3f} ({:.3f} to {:.3f})".format(*bootstrap_interval(values, seed=0))


def one_model(seed: int, dropout: float) -> tuple[float, dict[Case, list[float]]]:
    """AUROC of one model on its test table, and every metric of every promoter that is explained."""
    torch.set_num_threads(1)  # threads wait for one another longer than models this small compute
    with tempfile.TemporaryDirectory() as name:
        data = simulated(Path(name), seed)
        settings = TrainingSettings(
            str(data / "transformer.json"),
            data / "train.csv",
            data / "validation.csv",
            Path(name, "model"),
            test=data / "test.csv",
            tokenizer=str(data / "tokenizer"),
            epochs=EPOCHS,
            batch_size=32,
            learning_rate=2e-3,
            patience=EPOCHS,
            bpe_dropout=dropout,
            seed=seed,
            device="cpu",
        )
        result = train(settings)
        found = dict(explained(relevome.load_model(result.output), data, dropout))
    return result.metrics["test"]["auroc"] or 0.0, found


def simulated(folder: Path, seed: int) -> Path:
    """Tables, truth, a tokenizer learnt from the training table, and the architecture."""
    data = folder / "data"
    plan = SimulationPlan(
        promoter_grammar(), LENGTH, Background.with_gc(0.5), seed, decoys=1, position=END_OF_BOX
    )
    write_simulation(data, plan, SEQUENCES, SEQUENCES)
    bpe_tokenizer(pd.read_csv(data / "train.csv")["sequence"], TOKENS).save_pretrained(data / "tokenizer")
    (data / "transformer.json").write_text(json.dumps(ARCHITECTURE))
    return data


def explained(model: Any, data: Path, dropout: float) -> Iterator[tuple[Case, list[float]]]:
    """Every metric of every promoter, for every method and way to read."""
    sites = read_sites(data / "test.truth.bed")
    test = (item for item in from_fasta(data / "test.fasta", DNA).read() if isinstance(item, Sequence))
    promoters = [sequence for sequence in test if sequence.id in sites][:EXPLAINED]
    for method in METHODS:
        for readings, options in READINGS.items():
            run = relevome.explain(model, promoters, method, 1, **options)
            for score in evaluate_run(run, METRICS, truth=sites):
                yield Case(dropout, method, readings, score.metric), list(score.values)
